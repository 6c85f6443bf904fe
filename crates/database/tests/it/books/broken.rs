//! Each row that breaks an invariant of lots, entries, charges and states is found, by its name, and nothing else is.

use super::scene::breaks;

breaks! {
    remaining_that_does_not_add_up: "UPDATE credit_lots SET remaining = remaining + 1 WHERE id = {short}"
        => ["lot-remaining {short}"];
    a_lot_that_was_granted_something_else: "UPDATE credit_lots SET granted = granted + 1 WHERE id = {spare}"
        => ["lot-opening {spare}"];
    a_refund_lot_that_was_granted_something_else: "UPDATE credit_lots SET granted = granted + 1 WHERE id = {refund}"
        => ["lot-opening {refund}"];
    remaining_out_of_bounds: "UPDATE credit_lots SET granted = 49 WHERE id = {spare}"
        => ["lot-bounds {spare}", "lot-opening {spare}"];
    a_negative_lot: "UPDATE credit_lots SET remaining = -1 WHERE id = {short}"
        => ["lot-bounds {short}", "lot-remaining {short}"];
    a_refund_that_never_expires: "UPDATE credit_lots SET expires_at = NULL WHERE id = {refund}"
        => ["refund-lot {refund}"];
    a_refund_of_a_lot_that_did_not_pay: "UPDATE credit_lots SET refund_of_lot_id = {spare} WHERE id = {refund}"
        => ["refund-lot {refund}", "refund-place {refund}", "refund-source {failed}"];
    an_entry_of_the_wrong_sign: "UPDATE ledger_entries SET amount = -50 WHERE id = {grant}; UPDATE credit_lots SET remaining = -50 WHERE id = {spare}"
        => ["entry-sign {grant}", "lot-bounds {spare}", "lot-opening {spare}"];
    an_entry_of_another_mode: "UPDATE ledger_entries SET mode = 'test' WHERE id = {grant}"
        => ["entry-lot {grant}"];
    a_charge_of_another_mode: "UPDATE ledger_entries SET mode = 'test' WHERE id = {charge}"
        => ["entry-generation {charge}", "entry-lot {charge}"];
    a_double_refund: "INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
        SELECT {other}, account_id, lot_id, mode, cause, amount, generation_id, created_at FROM ledger_entries WHERE id = {back};
        UPDATE credit_lots SET remaining = remaining + 4 WHERE id = {lot}"
        => ["entry-unique {lot}", "generation-settled {succeeded}"];
    an_entry_of_the_future: "UPDATE ledger_entries SET created_at = (SELECT max(created_at) FROM ledger_entries) + (SELECT max(created_at) - min(created_at) FROM ledger_entries) * 400 WHERE id = {grant}"
        => ["entry-time {grant}", "lot-opening {spare}"];
    a_charge_at_another_time: "UPDATE ledger_entries SET created_at = (SELECT max(created_at) FROM ledger_entries WHERE cause = 'refund') WHERE id = {charge}"
        => ["charge-time {charge}"];
    a_charge_on_an_expired_lot: "UPDATE credit_lots SET expires_at = created_at WHERE id = {lot}"
        => ["charge-expired {charge}", "charge-expired {charge_of_running}", "charge-expired {charge_of_queued}", "refund-place {back}"];
    an_expiry_before_its_time: "UPDATE credit_lots SET expires_at = NULL WHERE id = {short}"
        => ["expiry-time {expiry}", "refund-place {refund}"];
    a_generation_charged_too_little: "UPDATE ledger_entries SET amount = amount + 1 WHERE id = {charge}; UPDATE credit_lots SET remaining = remaining + 1 WHERE id = {lot}"
        => ["generation-charged {succeeded}", "generation-settled {succeeded}"];
    captured_without_images: "UPDATE generations SET captured_credits = captured_credits + 4 WHERE id = {succeeded}"
        => ["generation-captured {succeeded}", "generation-settled {succeeded}"];
    a_failure_with_an_image: "UPDATE images SET generation_id = {failed}, position = 0 WHERE id = {image}"
        => ["generation-captured {failed}", "generation-captured {succeeded}", "generation-images {failed}", "image-object {image}"];
    images_of_the_unfinished: "UPDATE images SET generation_id = {running}, position = 0 WHERE id = {image}"
        => ["generation-captured {succeeded}", "generation-images {running}", "image-object {image}"];
    a_success_without_images: "DELETE FROM images"
        => ["generation-captured {succeeded}", "generation-images {succeeded}"];
    a_gap_between_images: "UPDATE images SET position = 2 WHERE id = {image}"
        => ["image-positions {succeeded}"];
    more_images_than_asked_for: "UPDATE generations SET n = 1, price_credits = 12 WHERE id = {succeeded}"
        => ["generation-captured {succeeded}", "image-positions {succeeded}"];
    an_end_without_its_time: "UPDATE generations SET completed_at = NULL WHERE id = {failed}"
        => ["generation-state {failed}"];
    running_under_no_fence: "UPDATE generations SET fence = 0 WHERE id = {running}"
        => ["generation-lease {running}", "generation-state {running}"];
    queued_again_after_it_was_sent: "UPDATE generations SET dispatched_at = queue_deadline_at WHERE id = {queued}"
        => ["generation-lease {queued}", "generation-state {queued}"];
    a_generation_of_another_keys_mode: "UPDATE api_keys SET mode = 'test' WHERE id = {key}"
        => ["generation-key {failed}", "generation-key {queued}", "generation-key {running}", "generation-key {succeeded}"];
    a_refund_of_the_unfinished: "UPDATE generations SET status = 'running', completed_at = NULL, captured_credits = NULL,
        balance_after = NULL, error_code = NULL, error_message = NULL WHERE id = {failed}"
        => ["refund-unfinished {failed}"];
    a_lot_refunded_more_than_it_paid: "UPDATE ledger_entries SET lot_id = {spare} WHERE id = {back};
        UPDATE credit_lots SET remaining = remaining + 4 WHERE id = {spare};
        UPDATE credit_lots SET remaining = remaining - 4 WHERE id = {lot}"
        => ["lot-bounds {spare}", "refund-source {succeeded}"];
    a_balance_below_nothing: "UPDATE generations SET balance_after = '{\"credits\":-1,\"account_type\":\"PRO\",\"next_expiration\":null}' WHERE id = {failed}"
        => ["balance-after {failed}"];
    a_malformed_balance: "UPDATE generations SET balance_after = '{\"credits\":\"many\"}' WHERE id = {failed}"
        => ["balance-after {failed}"];
    an_idempotency_key_of_another_mode: "UPDATE idempotency_keys SET mode = 'test' WHERE key = 'a'"
        => ["idempotency-key {failed}"];
    a_key_without_an_account: "UPDATE api_keys SET account_id = {other}"
        => ["orphan {key}", "generation-key {failed}", "generation-key {queued}", "generation-key {running}", "generation-key {succeeded}"];
    a_lot_without_an_account: "UPDATE credit_lots SET account_id = {other} WHERE id = {spare}"
        => ["entry-lot {grant}", "orphan {spare}"];
    an_entry_without_a_lot: "UPDATE ledger_entries SET lot_id = {other} WHERE id = {grant}"
        => ["lot-opening {spare}", "lot-remaining {spare}", "orphan {grant}"];
    a_generation_without_a_key: "UPDATE generations SET api_key_id = {other} WHERE id = {running}"
        => ["orphan {running}"];
    a_lost_generation: "DELETE FROM generations WHERE id = {queued}"
        => ["orphan {charge_of_queued}", "orphan {queued}"];
    a_lost_image_owner: "UPDATE images SET generation_id = {other} WHERE id = {image}"
        => ["generation-captured {succeeded}", "image-object {image}", "orphan {image}"];
}

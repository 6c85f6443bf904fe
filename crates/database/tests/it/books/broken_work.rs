//! The same for where refunds went, who had the work, its keys and its images.

use super::scene::breaks;

breaks! {
    a_refund_at_another_time: "UPDATE ledger_entries SET created_at = (SELECT max(created_at) FROM ledger_entries WHERE cause = 'grant') WHERE id = {back}"
        => ["refund-time {back}"];
    a_refund_into_a_lot_that_is_about_to_expire: "UPDATE credit_lots SET expires_at = (SELECT created_at FROM ledger_entries WHERE id = {back}) WHERE id = {lot}"
        => ["refund-place {back}"];
    // The short lot's life is a day.
    a_refund_into_a_lot_with_a_day_left: "UPDATE credit_lots SET expires_at = (SELECT created_at FROM ledger_entries WHERE id = {back})
        + (SELECT expires_at - created_at FROM credit_lots WHERE id = {short}) WHERE id = {lot}"
        => [];
    a_new_lot_where_the_old_one_would_have_done: "UPDATE credit_lots SET expires_at = (SELECT expires_at FROM credit_lots WHERE id = {lot}) WHERE id = {short}"
        => ["expiry-time {expiry}", "refund-life {refund}", "refund-place {refund}"];
    a_refund_that_lives_too_long: "UPDATE credit_lots SET expires_at = (SELECT expires_at FROM credit_lots WHERE id = {lot}) WHERE id = {refund}"
        => ["refund-life {refund}"];
    a_refund_that_lives_too_short: "UPDATE credit_lots SET expires_at = created_at WHERE id = {refund}"
        => ["refund-life {refund}"];
    a_success_that_was_never_sent: "UPDATE generations SET dispatched_at = NULL, turn = 1 WHERE id = {succeeded}"
        => ["generation-dispatch {succeeded}"];
    canceled_though_it_was_sent: "UPDATE generations SET status = 'canceled' WHERE id = {failed}"
        => ["generation-dispatch {failed}", "generation-lease {failed}"];
    a_success_of_nobody: "UPDATE generations SET fence = 0 WHERE id = {succeeded}"
        => ["generation-lease {succeeded}"];
    sent_by_nobody: "UPDATE generations SET worker_id = NULL WHERE id = {failed}"
        => ["generation-lease {failed}"];
    queued_with_the_times_of_its_last_holder: "UPDATE generations SET started_at = queue_deadline_at WHERE id = {queued}"
        => ["generation-lease {queued}"];
    neither_queued_nor_sent: "UPDATE generations SET dispatched_at = NULL WHERE id = {running}"
        => ["generation-lease {running}"];
    an_idempotency_key_for_eight_days: "UPDATE idempotency_keys SET expires_at = expires_at
        + (SELECT expires_at - created_at FROM credit_lots WHERE id = {short}) WHERE key = 'a'"
        => ["idempotency-life {failed}"];
    an_image_in_anothers_folder: "UPDATE images SET object_name = 'generations/gen_00000000000000000000000000000007/1-0.png' WHERE id = {image}"
        => ["image-object {image}"];
}

//! The audit: silent on books that are in order, and on broken ones it names the invariant and the row. Every check is
//! shown a row that breaks it, on both databases.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;
mod world;

use gih_domain::generation::Lease;
use gih_domain::id::GenerationId;
use gih_domain::ports::{Accept, Accounts, Books, Generations};
use support::{TestDatabase, on_both};
use uuid::Uuid;
use world::*;

/// Books with some of everything: a success with two of three images, a failure refunded into a new lot, an expired lot,
/// work in hand and work queued.
struct Scene {
    world: World,
    succeeded: GenerationId,
    failed: GenerationId,
    queued: GenerationId,
    running: GenerationId,
}

async fn scene(database: &TestDatabase) -> Scene {
    let world = world(
        database,
        &[(100, Some(30 * DAY)), (9, Some(DAY)), (50, None)],
    )
    .await;
    let first = Accept {
        idempotency: idempotency("a", 1),
        ..world.mine(2)
    };
    let claimed = running(database, first).await;
    let failed = claimed.lease.generation;
    database
        .settle(&claimed.lease, &world::failed(), NOW.plus(DAY))
        .await
        .unwrap();
    database.expire(NOW.plus(DAY + MINUTE), 10).await.unwrap();
    // Later, when neither the short lot nor its refund can pay.
    let at = NOW.plus(3 * DAY);
    let claimed = running(
        database,
        Accept {
            at,
            ..world.mine(3)
        },
    )
    .await;
    let succeeded = claimed.lease.generation;
    let ended = at.plus(MINUTE);
    database
        .settle(&claimed.lease, &images(succeeded, 2), ended)
        .await
        .unwrap();
    let running = running(
        database,
        Accept {
            at,
            ..world.mine(1)
        },
    )
    .await
    .lease
    .generation;
    let last = Accept {
        at,
        idempotency: idempotency("b", 1),
        ..world.accept()
    };
    let queued = queued(database, last).await.id;
    assert_audited(database).await;
    Scene {
        world,
        succeeded,
        failed,
        queued,
        running,
    }
}

/// Statements outside of all that guards the books: constraints, foreign keys and the ledger's triggers.
fn corrupt(database: &TestDatabase, sql: &str) {
    let guarded = if database.url.starts_with("sqlite") {
        format!(
            "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
            DROP TRIGGER ledger_entries_no_update; DROP TRIGGER ledger_entries_no_delete; DROP INDEX ledger_entries_of_generation; {sql}"
        )
    } else {
        format!(
            "DO $$ DECLARE found record; BEGIN
                FOR found IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
                    WHERE contype = 'c' AND connamespace = 'public'::regnamespace
                LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.relation, found.conname); END LOOP;
            END $$;
            DROP INDEX ledger_entries_of_generation; SET session_replication_role = 'replica'; {sql}"
        )
    };
    database.execute(&guarded).unwrap();
}

/// What the audit finds, as `invariant subject` in order.
async fn found(database: &TestDatabase) -> Vec<String> {
    let violations = database.audit(NOW.plus(365 * DAY), 10).await.unwrap();
    let mut found: Vec<String> = (violations.iter())
        .map(|violation| {
            assert!(!violation.detail.is_empty(), "{violation:?}");
            format!("{} {}", violation.invariant, violation.subject)
        })
        .collect();
    found.sort();
    found
}

/// Breaks one thing and expects these violations and no others. In `sql` and in what is expected, names in braces are ids
/// of the scene: as literals there, printed here.
async fn breaks(sql: &'static str, expected: &'static [&'static str]) {
    on_both(move |database| async move {
        let scene = scene(&database).await;
        let lot = |filter: &str| id(&database, "credit_lots", filter);
        let ids = [
            ("{succeeded}", "gen", scene.succeeded.0),
            ("{failed}", "gen", scene.failed.0),
            ("{queued}", "gen", scene.queued.0),
            ("{running}", "gen", scene.running.0),
            ("{account}", "acc", scene.world.account.0),
            ("{key}", "key", scene.world.key.0),
            ("{lot}", "lot", lot("granted = 100")),
            ("{short}", "lot", lot("granted = 9")),
            ("{spare}", "lot", lot("granted = 50")),
            ("{refund}", "lot", lot("source = 'refund'")),
            ("{image}", "img", id(&database, "images", "position = 1")),
            ("{other}", "acc", Uuid::from_u128(7)),
        ];
        let entry = |filter: &str| id(&database, "ledger_entries", filter);
        let charge_of = |id: GenerationId| {
            format!(
                "cause = 'charge' AND generation_id = {}",
                literal(&database, id.0)
            )
        };
        let in_succeeded = format!("generation_id = {}", literal(&database, scene.succeeded.0));
        let entries = [
            (
                "{charge}",
                entry(&format!("{in_succeeded} AND cause = 'charge'")),
            ),
            ("{charge_of_running}", entry(&charge_of(scene.running))),
            ("{charge_of_queued}", entry(&charge_of(scene.queued))),
            ("{expiry}", entry("cause = 'expiry'")),
            ("{grant}", entry("cause = 'grant' AND amount = 50")),
            (
                "{back}",
                entry(&format!("{in_succeeded} AND cause = 'refund'")),
            ),
        ];
        let mut sql = sql.to_owned();
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        let all = ids
            .into_iter()
            .chain(entries.map(|(name, id)| (name, "ent", id)));
        for (name, prefix, id) in all {
            sql = sql.replace(name, &literal(&database, id));
            for line in &mut expected {
                *line = line.replace(name, &format!("{prefix}_{}", id.as_simple()));
            }
        }
        expected.sort();
        corrupt(&database, &sql);
        assert_eq!(found(&database).await, expected, "{sql}");
    })
    .await;
}

/// The id of the one row that `filter` picks, byte by byte because tests see numbers alone.
fn id(database: &TestDatabase, table: &str, filter: &str) -> Uuid {
    let is_sqlite = database.url.starts_with("sqlite");
    let digit = |at: u32| format!("instr('0123456789ABCDEF', substr(hex(id), {at}, 1)) - 1");
    let bytes: Vec<String> = (0..16)
        .map(|at| {
            let byte = if is_sqlite {
                format!("({}) * 16 + {}", digit(2 * at + 1), digit(2 * at + 2))
            } else {
                format!("get_byte(uuid_send(id), {at})::bigint")
            };
            format!("SELECT {at} AS place, {byte} AS number FROM {table} WHERE {filter}")
        })
        .collect();
    let bytes = bytes.join(" UNION ALL ");
    let bytes = database.numbers(&format!(
        "SELECT number FROM ({bytes}) AS bytes ORDER BY place"
    ));
    let bytes: Vec<u8> = bytes
        .into_iter()
        .map(|byte| u8::try_from(byte).unwrap())
        .collect();
    Uuid::from_slice(&bytes).unwrap()
}

macro_rules! breaks {
    ($($name:ident: $sql:literal => $expected:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            breaks($sql, &$expected).await;
        }
    )+};
}

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
        => ["refund-lot {refund}", "refund-source {failed}"];
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
        => ["entry-time {grant}"];
    a_charge_at_another_time: "UPDATE ledger_entries SET created_at = (SELECT max(created_at) FROM ledger_entries WHERE cause = 'refund') WHERE id = {charge}"
        => ["charge-time {charge}"];
    a_charge_on_an_expired_lot: "UPDATE credit_lots SET expires_at = created_at WHERE id = {lot}"
        => ["charge-expired {charge}", "charge-expired {charge_of_running}", "charge-expired {charge_of_queued}"];
    an_expiry_before_its_time: "UPDATE credit_lots SET expires_at = NULL WHERE id = {short}"
        => ["expiry-time {expiry}"];
    a_generation_charged_too_little: "UPDATE ledger_entries SET amount = amount + 1 WHERE id = {charge}; UPDATE credit_lots SET remaining = remaining + 1 WHERE id = {lot}"
        => ["generation-charged {succeeded}", "generation-settled {succeeded}"];
    captured_without_images: "UPDATE generations SET captured_credits = captured_credits + 4 WHERE id = {succeeded}"
        => ["generation-captured {succeeded}", "generation-settled {succeeded}"];
    a_failure_with_an_image: "UPDATE images SET generation_id = {failed}, position = 0 WHERE id = {image}"
        => ["generation-captured {failed}", "generation-captured {succeeded}", "generation-images {failed}"];
    images_of_the_unfinished: "UPDATE images SET generation_id = {running}, position = 0 WHERE id = {image}"
        => ["generation-captured {succeeded}", "generation-images {running}"];
    a_success_without_images: "DELETE FROM images"
        => ["generation-captured {succeeded}", "generation-images {succeeded}"];
    a_gap_between_images: "UPDATE images SET position = 2 WHERE id = {image}"
        => ["image-positions {succeeded}"];
    more_images_than_asked_for: "UPDATE generations SET n = 1, price_credits = 12 WHERE id = {succeeded}"
        => ["generation-captured {succeeded}", "image-positions {succeeded}"];
    an_end_without_its_time: "UPDATE generations SET completed_at = NULL WHERE id = {failed}"
        => ["generation-state {failed}"];
    running_under_no_fence: "UPDATE generations SET fence = 0 WHERE id = {running}"
        => ["generation-state {running}"];
    queued_again_after_it_was_sent: "UPDATE generations SET dispatched_at = queue_deadline_at WHERE id = {queued}"
        => ["generation-state {queued}"];
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
        => ["generation-captured {succeeded}", "orphan {image}"];
}

#[tokio::test]
async fn an_idempotency_key_that_lost_its_uniqueness() {
    on_both(|database| async move {
        let scene = scene(&database).await;
        if database.url.starts_with("sqlite") {
            corrupt(&database, "ALTER TABLE idempotency_keys RENAME TO kept; CREATE TABLE idempotency_keys AS SELECT * FROM kept");
        } else {
            corrupt(&database, "ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey");
        }
        database.execute("UPDATE idempotency_keys SET key = 'a'").unwrap();
        assert_eq!(found(&database).await, [format!("idempotency-key {}", scene.world.account)]);
    })
    .await;
}

/// What a worker without a fence would do: end what another has ended.
#[tokio::test]
async fn work_settled_twice_for_want_of_a_fence() {
    on_both(|database| async move {
        let scene = scene(&database).await;
        corrupt(&database, &format!(
            "UPDATE generations SET status = 'running', completed_at = NULL, captured_credits = NULL, balance_after = NULL WHERE id = {}",
            literal(&database, scene.succeeded.0)
        ));
        let lease = Lease { generation: scene.succeeded, worker: scene.world.worker, fence: 1 };
        database.settle(&lease, &failed(), NOW).await.unwrap();
        let found = found(&database).await;
        for invariant in ["generation-settled", "generation-captured", "generation-images"] {
            assert!(found.contains(&format!("{invariant} {}", scene.succeeded)), "{found:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn as_many_violations_as_asked_for() {
    on_both(|database| async move {
        scene(&database).await;
        corrupt(
            &database,
            "UPDATE credit_lots SET remaining = remaining - 1",
        );
        let two = database.audit(NOW.plus(365 * DAY), 2).await.unwrap();
        let count = |invariant| {
            two.iter()
                .filter(|violation| violation.invariant == invariant)
                .count()
        };
        assert_eq!(count("lot-remaining"), 2);
        assert!(two[0].detail.contains("add up to"), "{two:?}");
        assert!(database.audit(NOW, 0).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_ledger_is_append_only() {
    on_both(|database| async move {
        scene(&database).await;
        for sql in [
            "UPDATE ledger_entries SET amount = amount",
            "DELETE FROM ledger_entries",
        ] {
            let problem = database.execute(sql).unwrap_err();
            assert!(problem.contains("append-only"), "{problem}");
        }
    })
    .await;
}

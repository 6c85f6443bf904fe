//! Books with some of everything, and what it takes to break them.

use gih_domain::id::GenerationId;
use gih_domain::ports::{Accept, Accounts, Books, Generations};
use uuid::Uuid;

use crate::support::{TestDatabase, on_both};
use crate::world::{self, *};

/// Books with some of everything: a success with two of three images, a failure refunded into a new lot, an expired lot,
/// work in hand and work queued.
pub struct Scene {
    pub world: World,
    pub succeeded: GenerationId,
    pub failed: GenerationId,
    pub queued: GenerationId,
    pub running: GenerationId,
}

pub async fn scene(database: &TestDatabase) -> Scene {
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
pub fn corrupt(database: &TestDatabase, sql: &str) {
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
pub async fn found(database: &TestDatabase) -> Vec<String> {
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
pub async fn breaks(sql: &'static str, expected: &'static [&'static str]) {
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
pub fn id(database: &TestDatabase, table: &str, filter: &str) -> Uuid {
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

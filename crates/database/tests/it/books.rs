//! The audit: silent on books that are in order, and on broken ones it names the invariant and the row. Every check is
//! shown a row that breaks it, on both databases.

macro_rules! breaks {
    ($($name:ident: $sql:literal => $expected:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            breaks($sql, &$expected).await;
        }
    )+};
}

mod broken;
mod broken_work;
mod late;
mod refunds;
mod scene;

use crate::support::on_both;
use crate::world::*;
use gih_domain::generation::Lease;
use gih_domain::ports::{Books, Generations};
use scene::{corrupt, found, scene};

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

#[tokio::test]
async fn images_that_share_an_object() {
    on_both(|database| async move {
        scene(&database).await;
        if database.url.starts_with("sqlite") {
            corrupt(&database, "ALTER TABLE images RENAME TO kept; CREATE TABLE images AS SELECT * FROM kept");
        } else {
            corrupt(&database, "ALTER TABLE images DROP CONSTRAINT images_object_name_key");
        }
        database.execute("UPDATE images SET object_name = (SELECT object_name FROM images WHERE position = 1)").unwrap();
        let images = database.images(None, 10).await.unwrap();
        let expected: Vec<String> = images.iter().map(|image| format!("image-object {}", image.id)).collect();
        assert_eq!((found(&database).await, images.len()), (expected, 2));
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

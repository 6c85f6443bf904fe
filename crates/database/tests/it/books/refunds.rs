//! Refunds that take more than one lot or more than one refund to go wrong.

use gih_domain::generation::{Ending, Lease};
use gih_domain::ports::{Accept, Generations};

use super::scene::{corrupt, found};
use crate::support::{TestDatabase, on_both};
use crate::world::*;

/// A request of `n` images at a time, ended a minute later.
async fn ended(
    database: &TestDatabase,
    world: &World,
    n: i64,
    after: std::time::Duration,
    images_saved: u8,
) -> Lease {
    let at = NOW.plus(after);
    let lease = running(
        database,
        Accept {
            at,
            ..world.mine(n)
        },
    )
    .await
    .lease;
    let ending = match images_saved {
        0 => failed(),
        count => images(lease.generation, count),
    };
    let is_success = matches!(ending, Ending::Succeeded(_));
    assert_eq!(is_success, images_saved > 0);
    database
        .settle(&lease, &ending, at.plus(MINUTE))
        .await
        .unwrap();
    lease
}

#[tokio::test]
async fn what_is_kept_is_what_expires_first() {
    on_both(|database| async move {
        let world = world(&database, &[(6, Some(10 * DAY)), (50, None)]).await;
        let lease = ended(&database, &world, 3, MINUTE, 2).await;
        assert_audited(&database).await;
        // The same sum, out of the lot that was spent first.
        corrupt(
            &database,
            "UPDATE ledger_entries SET lot_id = (SELECT id FROM credit_lots WHERE granted = 6) WHERE cause = 'refund';
            UPDATE credit_lots SET remaining = remaining - 4 WHERE granted = 50;
            UPDATE credit_lots SET remaining = remaining + 4 WHERE granted = 6",
        );
        assert_eq!(found(&database).await, [format!("refund-order {}", lease.generation)]);
    })
    .await;
}

#[tokio::test]
async fn a_refund_of_a_refund_gets_no_second_extension() {
    on_both(|database| async move {
        let world = world(&database, &[(9, Some(DAY))]).await;
        ended(&database, &world, 2, 1_438 * MINUTE, 0).await;
        // What came back after 1,439 minutes has a day, of which an hour is left when it is spent again.
        let late = 2_819 * MINUTE;
        ended(&database, &world, 2, late, 0).await;
        assert_audited(&database).await;
        let is_second = "source = 'refund' AND refund_of_lot_id IN (SELECT id FROM credit_lots WHERE source = 'refund')";
        let lives = database.numbers(&format!("SELECT count(*) AS number FROM credit_lots WHERE {is_second}"));
        assert_eq!(lives, [1]);
        corrupt(
            &database,
            &format!(
                "UPDATE credit_lots SET expires_at = created_at + (SELECT expires_at - created_at FROM credit_lots WHERE granted = 9)
                WHERE id = (SELECT id FROM credit_lots WHERE {is_second})"
            ),
        );
        let found = found(&database).await;
        assert!(found.len() == 1 && found[0].starts_with("refund-life lot_"), "{found:?}");
    })
    .await;
}

//! The contract of `Statistics`, on both databases.

use std::time::Duration;

use crate::support::on_both;
use crate::world::*;
use gih_database::Database;
use gih_domain::admin::Overview;
use gih_domain::credits::Credits;
use gih_domain::generation::Ending;
use gih_domain::id::GenerationId;
use gih_domain::mode::Mode;
use gih_domain::ports::{Accept, CancelReason, Generations, Statistics};
use gih_domain::size::{RenderingQuality, Tier};
use gih_domain::time::Timestamp;

/// One generation of an image at [`PRICE`], which took so long.
async fn run(
    database: &Database,
    world: &World,
    at: Timestamp,
    took: Duration,
    ending: impl FnOnce(GenerationId) -> Ending,
) {
    let accept = Accept {
        id: GenerationId(fresh_at(at)),
        at,
        ..world.mine(1)
    };
    let claimed = running(database, accept).await;
    let ending = ending(claimed.lease.generation);
    let settled = database.settle(&claimed.lease, &ending, at.plus(took));
    settled.await.unwrap();
}

#[tokio::test]
async fn an_overview_tells_what_became_of_what_was_accepted_since() {
    on_both(|database| async move {
        let world = world(&database, &[(1_000, None)]).await;
        let one = |id| images(id, 1);
        run(&database, &world, NOW.minus(DAY), MINUTE, one).await;
        run(&database, &world, NOW, MINUTE, one).await;
        run(&database, &world, NOW.plus(MINUTE), MINUTE, one).await;
        run(&database, &world, NOW.plus(MINUTE), MINUTE, |_| failed()).await;
        running(&database, world.mine(1)).await;
        let at = NOW.plus(2 * MINUTE);
        let accept = || Accept {
            id: GenerationId(fresh_at(at)),
            at,
            ..world.accept()
        };
        let canceled = queued(&database, accept()).await.id;
        queued(&database, accept()).await;
        let reason = CancelReason::KeyRevoked;
        database.cancel(canceled, reason, at).await.unwrap();

        let expected = Overview {
            queued: 1,
            running: 1,
            succeeded: 2,
            failed: 1,
            canceled: 1,
            charged: Credits::from_u32(6 * PRICE),
            refunded: Credits::from_u32(2 * PRICE),
        };
        assert_eq!(database.overview(None, NOW).await, Ok(expected));
        let live = database.overview(Some(Mode::Live), NOW).await;
        assert_eq!(live, Ok(expected));
        let test = database.overview(Some(Mode::Test), NOW).await;
        assert_eq!(test, Ok(Overview::default()));
        let all = database.overview(None, NOW.minus(2 * DAY)).await.unwrap();
        assert_eq!(all.succeeded, 3);
        let later = database.overview(None, NOW.plus(DAY)).await.unwrap();
        let unfinished = Overview {
            queued: 1,
            running: 1,
            ..Overview::default()
        };
        assert_eq!(later, unfinished);
    })
    .await;
}

#[tokio::test]
async fn samples_are_of_the_newest_that_succeeded() {
    on_both(|database| async move {
        assert_eq!(database.samples(9).await, Ok(vec![]));
        let world = world(&database, &[(1_000, None)]).await;
        let one = |id| images(id, 1);
        for minute in 1..4 {
            let took = Duration::from_secs(u64::from(minute));
            run(&database, &world, NOW.plus(MINUTE * minute), took, one).await;
        }
        run(&database, &world, NOW.plus(DAY), MINUTE, |_| failed()).await;
        let samples = database.samples(2).await.unwrap();
        let seconds: Vec<u64> = samples.iter().map(|sample| sample.took.as_secs()).collect();
        assert_eq!(seconds, [3, 2]);
        let sample = &samples[0];
        assert_eq!((sample.mode, sample.n), (Mode::Live, 1));
        assert_eq!(sample.model, "gpt-image-1");
        assert_eq!(sample.tier, Tier::TwoK);
        assert_eq!(sample.rendering_quality, RenderingQuality::High);
        // When nothing has succeeded for long, nothing is looked for in the whole table.
        for minute in 0..4 {
            let at = NOW.plus(2 * DAY).plus(MINUTE * minute);
            run(&database, &world, at, MINUTE, |_| failed()).await;
        }
        assert_eq!(database.samples(1).await, Ok(vec![]));
        assert_eq!(database.samples(2).await.unwrap().len(), 2);
    })
    .await;
}

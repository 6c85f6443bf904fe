//! More requests than there are credits for.

use std::sync::Arc;

use gih_database::Kind;
use gih_domain::ports::{AcceptError, Accepted, Keys};
use tokio::task::JoinSet;

use super::{Track, accept, rounds};
use crate::torture::chance::figure;
use crate::torture::word;
use crate::world::*;

/// 500 requests of four credits on lots of 400, none of which divides by the price: exactly a hundred are bought.
async fn spend(track: &Track, round: u64) {
    let lots = [
        (130, Some(DAY)),
        (170, Some(2 * DAY)),
        (99, None),
        (1, None),
    ];
    let world = Arc::new(world(&track.database, &lots).await);
    let mut racers = JoinSet::new();
    for racer in 0..500_usize {
        let database = track.handle(racer);
        // In every other round some queue, and all that come after them.
        let queues = round % 2 == 1 && racer % 8 == 7;
        let request = if queues {
            world.accept()
        } else {
            world.mine(1)
        };
        racers.spawn(async move { accept(&database, request).await });
    }
    let (mut running, mut queued, mut insufficient) = (0, 0, 0);
    while let Some(result) = racers.join_next().await {
        match result.unwrap() {
            Ok(Accepted::Running(_)) => running += 1,
            Ok(Accepted::Queued(_)) => queued += 1,
            Err(AcceptError::InsufficientCredits(error)) => {
                assert!(error.available < error.required, "round {round}: {error}");
                insufficient += 1;
            }
            other => panic!("round {round}: {other:?}"),
        }
    }
    assert_eq!(
        (running + queued, insufficient),
        (100, 400),
        "round {round}"
    );
    assert_eq!(
        world.balance(&track.database, NOW).await,
        0,
        "round {round}"
    );
    // What queues is refunded to the last credit; and the queue is empty for the next round.
    let revoked = Keys::revoke(&track.handles[1], None, world.key, NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(revoked.canceled.len(), queued, "round {round}");
    let refunded = i64::try_from(queued).unwrap() * i64::from(PRICE);
    assert_eq!(
        world.balance(&track.database, NOW).await,
        refunded,
        "round {round}"
    );
}

async fn spend_again_and_again(kind: Kind) {
    let track = Track::new(kind).await;
    for round in 0..rounds() {
        spend(&track, round).await;
    }
    assert_audited(&track.database).await;
    figure(
        "rounds of 500 spends on credits for 100",
        word(kind),
        rounds(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_for_a_hundred_buy_exactly_a_hundred_on_sqlite() {
    spend_again_and_again(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_for_a_hundred_buy_exactly_a_hundred_on_postgres() {
    spend_again_and_again(Kind::Postgres).await;
}

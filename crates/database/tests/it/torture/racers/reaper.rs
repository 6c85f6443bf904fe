//! The holder of work against the reaper.

use std::time::Duration;

use gih_database::Kind;
use gih_domain::id::WorkerId;
use gih_domain::ports::{Generations, LeaseError};

use super::{Track, rounds};
use crate::torture::chance::{Chance, Seed, figure, seed};
use crate::torture::word;
use crate::world::*;

/// The holder settles while its lease is gone and a reaper takes the work over: one of them ends it, with its images.
async fn settle_against_reaper(kind: Kind) {
    let seed = Seed(seed());
    let mut chance = Chance::new(seed.0);
    let track = Track::new(kind).await;
    let world = world(&track.database, &[(7, Some(3 * DAY)), (10_000, None)]).await;
    let mut balance = 10_007;
    let (mut by_holder, mut by_reaper) = (0, 0);
    for round in 0..rounds() {
        track.handles[0]
            .register(world.worker, MINUTE)
            .await
            .unwrap();
        let claimed = running(&track.database, world.mine(3)).await;
        track.handles[0].resign(world.worker).await.unwrap();
        let id = claimed.lease.generation;
        let ending = |count| {
            if count > 0 {
                images(id, count)
            } else {
                failed()
            }
        };
        let counts = [0, 0, 1, 3];
        let (holders, reapers) = (*chance.one_of(&counts), *chance.one_of(&counts));
        // One of them begins a little later, so that each has its chances.
        let delays = [
            (chance.below(2) * chance.below(800), 0),
            (0, chance.below(800)),
        ];
        let (late_holder, late_reaper) = *chance.one_of(&delays);
        let holder = tokio::spawn({
            let (database, ending) = (track.handles[0].clone(), ending(holders));
            async move {
                tokio::time::sleep(Duration::from_micros(late_holder)).await;
                database.settle(&claimed.lease, &ending, NOW).await
            }
        });
        let reaper = tokio::spawn({
            let (database, ending) = (track.handles[1].clone(), ending(reapers));
            async move {
                tokio::time::sleep(Duration::from_micros(late_reaper)).await;
                let reaped = database.reap(WorkerId(fresh()), MINUTE, 10).await.unwrap();
                match reaped.taken_over.first() {
                    Some(taken) => database.settle(&taken.lease, &ending, NOW).await.map(Some),
                    None => Ok(None),
                }
            }
        });
        let (holder, reaper) = (holder.await.unwrap(), reaper.await.unwrap().unwrap());
        let (ended, images) = match (holder, reaper) {
            (Ok(ended), None) => {
                by_holder += 1;
                (ended, holders)
            }
            (Err(LeaseError::Lost), Some(ended)) => {
                by_reaper += 1;
                (ended, reapers)
            }
            other => panic!("round {round}: {other:?}"),
        };
        let price = i64::from(PRICE);
        assert_eq!(
            ended.credits_charged().get(),
            i64::from(images) * price,
            "round {round}"
        );
        balance -= i64::from(images) * price;
        assert_eq!(
            world.balance(&track.database, NOW).await,
            balance,
            "round {round}"
        );
    }
    assert!(
        by_holder > 0 && by_reaper > 0,
        "no race: {by_holder} and {by_reaper}"
    );
    assert_audited(&track.database).await;
    figure("rounds of settle against reaper", word(kind), rounds());
    figure("of these won by the reaper", word(kind), by_reaper);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_holder_and_the_reaper_end_work_once_on_sqlite() {
    settle_against_reaper(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_holder_and_the_reaper_end_work_once_on_postgres() {
    settle_against_reaper(Kind::Postgres).await;
}

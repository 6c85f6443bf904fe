//! Two processes on one Postgres, of which one stands still past its lease and comes back.

use std::time::Duration;

use futures_util::future::join_all;

use super::chance::{Chance, Seed, figure, seed};
use super::crowd::{Crowd, within};
use super::reckoning::Reckoning;
use super::upstream::Upstream;
use crate::support::{Hub, Options};

/// Pairs, each on a database of its own, side by side: they mostly sleep.
const PAIRS: usize = 5;
/// Rounds of each pair.
const ROUNDS: usize = 10;
/// New asks of each round.
const ASKS: usize = 6;
/// They come within this time, and so does the stop.
const SPREAD: Duration = Duration::from_millis(200);
/// The shortest that there is.
const LEASE: &str = "1s";
/// A stop lasts from a little less than the lease to past the other's reaper, so that the two meet.
const SHORTEST_STOP: Duration = Duration::from_millis(900);
const STOP_SPREAD: Duration = Duration::from_millis(1_600);
/// Answers come before, in and after the stop.
const SLOWEST: Duration = Duration::from_millis(2_500);

/// What came of a pair, and how often a process came back to find that its lease had passed on.
async fn pair(chance: Chance) -> (Reckoning, u64) {
    let upstream = Upstream::start().await;
    let options = Options::postgres()
        .upstream(&upstream.fake)
        .env("GIH_WORKERS", 4)
        .env("GIH_LEASE", LEASE);
    let first = Hub::start(options).await;
    let second = first.beside(|options| options).await;
    let mut crowd = Crowd::of(&first, chance, SLOWEST);
    for _ in 0..ROUNDS {
        let calls = crowd.ask(&[crowd.api(&first), crowd.api(&second)], ASKS, SPREAD);
        tokio::time::sleep(within(&mut crowd.chance, SPREAD)).await;
        let stopped = *crowd.chance.one_of(&[&first, &second]);
        stopped.process.signal("STOP");
        tokio::time::sleep(SHORTEST_STOP + within(&mut crowd.chance, STOP_SPREAD)).await;
        stopped.process.signal("CONT");
        crowd.hear(calls).await;
    }
    let reckoning = crowd.reckon(&first, &upstream).await;
    first.audit();
    let mut lost = 0;
    for hub in [&first, &second] {
        lost += hub.process.stderr().matches("the lease").count() as u64;
    }
    (reckoning, lost)
}

#[tokio::test]
async fn every_job_is_settled_once_when_one_of_two_stands_still() {
    let seed = Seed(seed());
    let pairs = (0..PAIRS).map(|number| pair(Chance::new(seed.0 ^ (number as u64) << 32)));
    let pairs = join_all(pairs).await;
    let sum = |of: fn(&(Reckoning, u64)) -> u64| pairs.iter().map(of).sum::<u64>();
    let taken_over = sum(|(reckoning, _)| reckoning.interrupted);
    let leases_lost = sum(|(_, lost)| *lost);
    for (name, number) in [
        ("rounds", (PAIRS * ROUNDS) as u64),
        ("generations", sum(|(reckoning, _)| reckoning.generations)),
        ("succeeded", sum(|(reckoning, _)| reckoning.succeeded)),
        ("taken over and refunded", taken_over),
        ("leases found lost", leases_lost),
        ("sent twice", sum(|(reckoning, _)| reckoning.sent_twice)),
    ] {
        figure(
            &format!("stopped past its lease: {name}"),
            "postgres",
            number,
        );
    }
    // Or the stops were for nothing.
    assert!(taken_over > 0 && leases_lost > 0, "{pairs:?}");
}

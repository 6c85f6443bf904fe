//! Many at once, two hundred times: exactly one wins, and not a credit goes astray. On Postgres they race over the
//! connections of two pools, as those of two processes would.

use std::sync::Arc;
use std::time::Duration;

use gih_database::{Database, Kind};
use gih_domain::id::{GenerationId, WorkerId};
use gih_domain::ports::{
    Accept, AcceptError, Accepted, CancelReason, Claimed, DatabaseError, Generations, Keys,
    LeaseError,
};
use tokio::task::JoinSet;

use crate::support::TestDatabase;
use crate::torture::{Chance, Seed, figure, seed};
use crate::word;
use crate::world::*;

const ROUNDS: u64 = 200;

/// A database, and the handles that racers take in turn.
struct Track {
    database: TestDatabase,
    handles: [Database; 2],
}

impl Track {
    async fn new(kind: Kind) -> Self {
        let database = TestDatabase::quick(kind).await;
        let first = Database::clone(&database);
        // One process owns an embedded database.
        let second = match kind {
            Kind::Sqlite => first.clone(),
            Kind::Postgres => database.another(),
        };
        Self {
            database,
            handles: [first, second],
        }
    }

    fn handle(&self, racer: usize) -> Database {
        self.handles[racer % 2].clone()
    }
}

/// Accepts until the database takes it or refuses: with hundreds at once some are told to come back.
async fn accept(database: &Database, accept: Accept) -> Result<Accepted, AcceptError> {
    loop {
        match database.accept(accept.clone()).await {
            Err(AcceptError::Database(DatabaseError::Unavailable(_))) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}

/// How a racer has its request accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    AsEver,
    /// The idempotency key is looked up first and kept by nothing, as without its unique key.
    LookFirst,
}

async fn accept_in(
    way: Way,
    database: &Database,
    request: Accept,
) -> Result<Accepted, AcceptError> {
    let Some(idempotency) = request
        .idempotency
        .clone()
        .filter(|_| way == Way::LookFirst)
    else {
        return accept(database, request).await;
    };
    let (account, mode, at) = (request.account, request.mode, request.at);
    let earlier = loop {
        let found = database
            .find_by_idempotency_key(account, mode, &idempotency.key, at)
            .await;
        match found {
            Err(DatabaseError::Unavailable(_)) => {
                tokio::time::sleep(Duration::from_millis(20)).await
            }
            found => break found?,
        }
    };
    if earlier.is_some() {
        return accept(database, request).await;
    }
    accept(
        database,
        Accept {
            idempotency: None,
            ..request
        },
    )
    .await
}

/// 64 under one key. Half of them would run at once, half queue; one in four is another request under the same key.
/// Whoever came first; an error says why not exactly one did.
async fn one_key(
    track: &Track,
    world: &Arc<World>,
    way: Way,
    name: &str,
) -> Result<Winner, String> {
    let mut racers = JoinSet::new();
    for racer in 0..64_usize {
        let database = track.handle(racer / 2);
        let fingerprint = u8::from(racer % 4 == 3);
        let base = if racer % 2 == 0 {
            world.mine(1)
        } else {
            world.accept()
        };
        let request = Accept {
            idempotency: idempotency(name, fingerprint),
            ..base
        };
        racers.spawn(async move { (fingerprint, accept_in(way, &database, request).await) });
    }
    let (mut winners, mut again, mut mismatched) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(result) = racers.join_next().await {
        match result.unwrap() {
            (fingerprint, Ok(Accepted::Running(claimed))) => {
                winners.push((fingerprint, Winner::Running(claimed)));
            }
            (fingerprint, Ok(Accepted::Queued(generation))) => {
                winners.push((fingerprint, Winner::Queued(generation.id)));
            }
            (fingerprint, Ok(Accepted::Again(generation))) => {
                again.push((fingerprint, generation.id))
            }
            (fingerprint, Err(AcceptError::IdempotencyMismatch)) => mismatched.push(fingerprint),
            other => return Err(format!("{other:?}")),
        }
    }
    if winners.len() != 1 {
        return Err(format!("{} of 64 won", winners.len()));
    }
    let (fingerprint, winner) = winners.remove(0);
    let is_exact = again
        .iter()
        .all(|found| *found == (fingerprint, winner.id()))
        && mismatched.iter().all(|found| *found != fingerprint)
        && again.len() + mismatched.len() == 63;
    if is_exact {
        Ok(winner)
    } else {
        Err(format!(
            "{winner:?} won with {fingerprint}; replays {again:?}, mismatches {mismatched:?}"
        ))
    }
}

#[derive(Debug)]
enum Winner {
    Running(Box<Claimed>),
    Queued(GenerationId),
}

impl Winner {
    fn id(&self) -> GenerationId {
        match self {
            Self::Running(claimed) => claimed.lease.generation,
            Self::Queued(id) => *id,
        }
    }
}

async fn one_key_two_hundred_times(kind: Kind) {
    let _seed = Seed(seed());
    let track = Track::new(kind).await;
    let world = Arc::new(
        world(
            &track.database,
            &[(3, Some(9 * DAY)), (4, Some(DAY)), (4, None)],
        )
        .await,
    );
    for round in 0..ROUNDS {
        let winner = one_key(&track, &world, Way::AsEver, &format!("order-{round}")).await;
        let winner = winner.unwrap_or_else(|problem| panic!("round {round}: {problem}"));
        assert_eq!(
            world.balance(&track.database, NOW).await,
            7,
            "round {round}"
        );
        let generations = "SELECT count(*) AS number FROM generations";
        assert_eq!(
            track.database.numbers(generations),
            [i64::try_from(round).unwrap() + 1]
        );
        // Ended, so that the next round may run at once again, and has the same credits.
        match winner {
            Winner::Running(claimed) => {
                track
                    .database
                    .settle(&claimed.lease, &failed(), NOW)
                    .await
                    .unwrap();
            }
            Winner::Queued(id) => {
                let canceled = track
                    .database
                    .cancel(id, CancelReason::ShuttingDown, NOW)
                    .await;
                assert!(canceled.unwrap().is_some());
            }
        }
        assert_eq!(
            world.balance(&track.database, NOW).await,
            11,
            "round {round}"
        );
    }
    assert_audited(&track.database).await;
    figure("rounds of 64 with one Idempotency-Key", word(kind), ROUNDS);
    // The race is one: without the unique key, several win.
    let mut rounds = 0;
    while one_key(&track, &world, Way::LookFirst, &format!("lost-{rounds}"))
        .await
        .is_ok()
    {
        rounds += 1;
        assert!(rounds < 20, "nobody noticed that the unique key is gone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_makes_one_generation_on_sqlite() {
    one_key_two_hundred_times(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_makes_one_generation_on_postgres() {
    one_key_two_hundred_times(Kind::Postgres).await;
}

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
    let revoked = Keys::revoke(&track.handles[1], world.key, NOW)
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

async fn spend_two_hundred_times(kind: Kind) {
    let _seed = Seed(seed());
    let track = Track::new(kind).await;
    for round in 0..ROUNDS {
        spend(&track, round).await;
    }
    assert_audited(&track.database).await;
    figure(
        "rounds of 500 spends on credits for 100",
        word(kind),
        ROUNDS,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_for_a_hundred_buy_exactly_a_hundred_on_sqlite() {
    spend_two_hundred_times(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_for_a_hundred_buy_exactly_a_hundred_on_postgres() {
    spend_two_hundred_times(Kind::Postgres).await;
}

/// The holder settles while its lease is gone and a reaper takes the work over: one of them ends it, with its images.
async fn settle_against_reaper(kind: Kind) {
    let seed = Seed(seed());
    let mut chance = Chance::new(seed.0);
    let track = Track::new(kind).await;
    let world = world(&track.database, &[(7, Some(3 * DAY)), (10_000, None)]).await;
    let mut balance = 10_007;
    let (mut by_holder, mut by_reaper) = (0, 0);
    for round in 0..ROUNDS {
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
    figure("rounds of settle against reaper", word(kind), ROUNDS);
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

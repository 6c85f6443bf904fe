//! Many requests under one idempotency key.

use std::sync::Arc;
use std::time::Duration;

use gih_database::{Database, Kind};
use gih_domain::id::GenerationId;
use gih_domain::ports::{
    Accept, AcceptError, Accepted, CancelReason, Claimed, DatabaseError, Generations,
};
use tokio::task::JoinSet;

use super::{Track, accept, rounds};
use crate::torture::chance::figure;
use crate::torture::word;
use crate::world::*;

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
                tokio::time::sleep(Duration::from_millis(20)).await;
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
                again.push((fingerprint, generation.id));
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

async fn one_key_again_and_again(kind: Kind) {
    let track = Track::new(kind).await;
    let world = Arc::new(
        world(
            &track.database,
            &[(3, Some(9 * DAY)), (4, Some(DAY)), (4, None)],
        )
        .await,
    );
    for round in 0..rounds() {
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
    figure(
        "rounds of 64 with one Idempotency-Key",
        word(kind),
        rounds(),
    );
    // The race is one: without the unique key, several win.
    let mut tries = 0;
    while one_key(&track, &world, Way::LookFirst, &format!("lost-{tries}"))
        .await
        .is_ok()
    {
        tries += 1;
        assert!(tries < 20, "nobody noticed that the unique key is gone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_makes_one_generation_on_sqlite() {
    one_key_again_and_again(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_makes_one_generation_on_postgres() {
    one_key_again_and_again(Kind::Postgres).await;
}

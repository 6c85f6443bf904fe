//! Many at once: exactly one wins, and the books stay in order. On both databases. More races, each many times, are in
//! `torture/racers`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::support::{TestDatabase, on_both};
use crate::world::*;
use gih_domain::generation::Status;
use gih_domain::id::WorkerId;
use gih_domain::ports::{
    Accept, AcceptError, Accepted, CancelReason, DatabaseError, Generations, Keys,
};
use tokio::task::JoinSet;

/// Accepts until the database takes it or refuses: with hundreds at once some are told to come back.
async fn accept(database: &TestDatabase, accept: Accept) -> Result<Accepted, AcceptError> {
    loop {
        match database.accept(accept.clone()).await {
            Err(AcceptError::Database(DatabaseError::Unavailable(_))) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_idempotency_key_is_taken_once() {
    on_both(|database| async move {
        let world = Arc::new(world(&database, &[(1000, None)]).await);
        let database = Arc::new(database);
        let first = Accept {
            idempotency: idempotency("order", 1),
            ..world.mine(1)
        };
        running(&database, first).await;
        let mut racers = JoinSet::new();
        for _ in 0..32 {
            let (database, world) = (Arc::clone(&database), Arc::clone(&world));
            let at = NOW.plus(8 * DAY);
            let mut request = Accept {
                idempotency: idempotency("order", 2),
                at,
                ..world.mine(1)
            };
            request.idempotency.as_mut().unwrap().expires_at = at.plus(DAY);
            racers.spawn(async move { accept(&database, request).await });
        }
        let mut fresh = 0;
        while let Some(result) = racers.join_next().await {
            match result.unwrap().unwrap() {
                Accepted::Running(_) | Accepted::Queued(_) => fresh += 1,
                Accepted::Again(_) => {}
            }
        }
        assert_eq!(fresh, 1);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_queued_generation_goes_to_one_worker() {
    on_both(|database| async move {
        let world = world(&database, &[(1000, None)]).await;
        for _ in 0..60 {
            queued(&database, world.accept()).await;
        }
        let database = Arc::new(database);
        let mut workers = JoinSet::new();
        for _ in 0..6 {
            let database = Arc::clone(&database);
            workers.spawn(async move {
                let worker = WorkerId(fresh());
                database.register(worker, MINUTE).await.unwrap();
                let mut mine = Vec::new();
                // An empty answer may mean that others hold the rows for the moment: a few are asked for in vain.
                for _ in 0..20 {
                    for claimed in database.claim(&live(worker, MINUTE, 4)).await.unwrap() {
                        mine.push(claimed.lease.generation);
                        database
                            .settle(&claimed.lease, &failed(), NOW)
                            .await
                            .unwrap();
                    }
                }
                mine
            });
        }
        let mut all = Vec::new();
        while let Some(mine) = workers.join_next().await {
            all.append(&mut mine.unwrap());
        }
        all.sort();
        let claims = all.len();
        all.dedup();
        assert_eq!((claims, all.len()), (60, 60));
        assert_eq!(world.balance(&database, NOW).await, 1000);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_queued_under_a_revoked_key() {
    on_both(|database| async move {
        let world = Arc::new(world(&database, &[(1000, None)]).await);
        let database = Arc::new(database);
        for _ in 0..10 {
            let key = add_key(&database, world.account).await;
            let mut racers = JoinSet::new();
            for _ in 0..8 {
                let (database, world) = (Arc::clone(&database), Arc::clone(&world));
                racers.spawn(async move {
                    match accept(
                        &database,
                        Accept {
                            key,
                            ..world.accept()
                        },
                    )
                    .await
                    {
                        Ok(_) | Err(AcceptError::KeyRevoked) => {}
                        other => panic!("{other:?}"),
                    }
                });
            }
            racers.spawn({
                let database = Arc::clone(&database);
                async move {
                    Keys::revoke(&**database, None, key, NOW).await.unwrap();
                }
            });
            while let Some(result) = racers.join_next().await {
                result.unwrap();
            }
            assert_eq!(
                database
                    .numbers("SELECT count(*) AS number FROM generations WHERE status = 'queued'"),
                [0]
            );
        }
        assert_eq!(world.balance(&database, NOW).await, 1000);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_and_a_cancellation_do_not_both_happen() {
    on_both(|database| async move {
        let world = Arc::new(world(&database, &[(1000, None)]).await);
        let database = Arc::new(database);
        let claims = Arc::new(AtomicU32::new(0));
        for _ in 0..30 {
            let id = queued(&database, world.accept()).await.id;
            let claim = tokio::spawn({
                let (database, world, claims) = (
                    Arc::clone(&database),
                    Arc::clone(&world),
                    Arc::clone(&claims),
                );
                async move {
                    for claimed in database
                        .claim(&live(world.worker, MINUTE, 1))
                        .await
                        .unwrap()
                    {
                        claims.fetch_add(1, Ordering::Relaxed);
                        let ending = images(claimed.lease.generation, 1);
                        database.dispatch(&claimed.lease).await.unwrap();
                        database.settle(&claimed.lease, &ending, NOW).await.unwrap();
                    }
                }
            });
            let canceled = database
                .cancel(id, CancelReason::ShuttingDown, NOW)
                .await
                .unwrap();
            claim.await.unwrap();
            let ended = database.ended(&[id]).await.unwrap().remove(0);
            let expected = if canceled.is_some() {
                Status::Canceled
            } else {
                Status::Succeeded
            };
            assert_eq!(ended.status(), expected);
        }
        let claims = i64::from(claims.load(Ordering::Relaxed));
        assert_eq!(
            world.balance(&database, NOW).await,
            1000 - claims * i64::from(PRICE)
        );
        assert_audited(&database).await;
    })
    .await;
}

/// Equal turns would let a burst of one account go before another's single request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_queued_generation_of_an_account_has_a_turn_of_its_own() {
    on_both(|database| async move {
        let world = Arc::new(world(&database, &[(1000, None)]).await);
        let database = Arc::new(database);
        let mut racers = JoinSet::new();
        for _ in 0..16 {
            let (database, world) = (Arc::clone(&database), Arc::clone(&world));
            racers.spawn(async move { accept(&database, world.accept()).await });
        }
        while let Some(accepted) = racers.join_next().await {
            accepted.unwrap().unwrap();
        }
        let turns = "SELECT count(DISTINCT turn) AS number FROM generations";
        assert_eq!(database.numbers(turns), [16]);
    })
    .await;
}

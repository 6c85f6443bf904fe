//! Who is taken off the queue, who is not any more, and why, on both databases.

use std::sync::Arc;
use std::time::Duration;

use crate::support::on_both;
use crate::world::*;
use gih_domain::credits::Credits;
use gih_domain::id::WorkerId;
use gih_domain::mode::Mode;
use gih_domain::ports::{
    Accept, AcceptError, CancelReason, Claim, Generations, Hand, Keys, Limits,
};

fn worker() -> WorkerId {
    WorkerId(fresh())
}

/// Waits, with this much left.
fn waiting(world: &World, timeout: Duration) -> Accept {
    Accept {
        waits: true,
        timeout,
        ..world.accept()
    }
}

#[tokio::test]
async fn a_waiting_caller_is_not_begun_with_too_little_time_left() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        queued(&database, waiting(&world, MINUTE / 20)).await;
        let enough = queued(&database, waiting(&world, MINUTE / 5)).await;
        let patient = queued(
            &database,
            Accept {
                timeout: MINUTE / 20,
                ..world.accept()
            },
        )
        .await;
        let claimed = database
            .claim(&live(world.worker, MINUTE, 10))
            .await
            .unwrap();
        let ids: Vec<_> = claimed.iter().map(|one| one.lease.generation).collect();
        assert_eq!(ids, [enough.id, patient.id]);
    })
    .await;
}

#[tokio::test]
async fn a_waiting_callers_time_goes_on_when_the_work_is_queued_again() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        queued(&database, waiting(&world, MINUTE / 2)).await;
        let dead = worker();
        database.register(dead, MINUTE).await.unwrap();
        database.claim(&live(dead, MINUTE, 1)).await.unwrap();
        database.resign(dead).await.unwrap();
        let reaped = database.reap(world.worker, MINUTE, 10).await.unwrap();
        assert_eq!(reaped.requeued, 1);
        let again = database
            .claim(&live(world.worker, MINUTE, 1))
            .await
            .unwrap();
        assert!(again[0].time_left <= MINUTE / 2, "{again:?}");
        assert!(again[0].time_left > MINUTE / 4, "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn work_queued_again_under_a_key_revoked_meanwhile_is_canceled() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let accept = world.accept();
        queued(&database, accept.clone()).await;
        let dead = worker();
        database.register(dead, MINUTE).await.unwrap();
        assert_eq!(
            database.claim(&live(dead, MINUTE, 1)).await.unwrap().len(),
            1
        );
        // In a worker's hands it is not canceled.
        let revoked = database
            .revoke(None, accept.key, NOW)
            .await
            .unwrap()
            .unwrap();
        assert!(revoked.canceled.is_empty());
        database.resign(dead).await.unwrap();
        let reaped = database.reap(world.worker, MINUTE, 10).await.unwrap();
        assert_eq!(reaped.requeued, 1);
        assert_eq!(reaped.overdue, [(accept.id, CancelReason::KeyRevoked)]);
        assert!(
            database
                .claim(&live(world.worker, MINUTE, 1))
                .await
                .unwrap()
                .is_empty()
        );
        database
            .cancel(accept.id, CancelReason::KeyRevoked, NOW)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(world.balance(&database, NOW).await, 100);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_in_the_moment_of_queueing_again_leaves_nothing_to_claim() {
    on_both(|database| async move {
        let database = Arc::new(database);
        for _ in 0..20 {
            let world = world(&database, &[(100, None)]).await;
            let accept = world.accept();
            queued(&database, accept.clone()).await;
            let dead = worker();
            database.register(dead, MINUTE).await.unwrap();
            assert_eq!(
                database.claim(&live(dead, MINUTE, 1)).await.unwrap().len(),
                1
            );
            database.resign(dead).await.unwrap();
            let revoking = tokio::spawn({
                let database = Arc::clone(&database);
                async move {
                    database
                        .revoke(None, accept.key, NOW)
                        .await
                        .unwrap()
                        .unwrap()
                }
            });
            let reaped = database.reap(world.worker, MINUTE, 10).await.unwrap();
            assert_eq!(reaped.requeued, 1);
            let canceled = revoking.await.unwrap().canceled;
            // Whoever came second has seen the other: the revocation canceled it, or the reaper found the key revoked.
            let claimed = database
                .claim(&live(world.worker, MINUTE, 10))
                .await
                .unwrap();
            assert!(claimed.is_empty(), "{claimed:?}");
            if canceled.is_empty() {
                assert_eq!(reaped.overdue, [(accept.id, CancelReason::KeyRevoked)]);
                database
                    .cancel(accept.id, CancelReason::KeyRevoked, NOW)
                    .await
                    .unwrap()
                    .unwrap();
            }
            assert_eq!(world.balance(&database, NOW).await, 100);
        }
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn each_mode_has_a_queue_of_its_own() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let limits = Limits {
            max_queue: 2,
            max_queued_per_account: 2,
            rate: None,
        };
        let test = |hand| Accept {
            mode: Mode::Test,
            price: Credits::from_u32(0),
            hand,
            limits,
            ..world.accept()
        };
        let here = Hand::Mine {
            worker: world.worker,
        };
        let first = queued(&database, test(Hand::Queue)).await;
        let second = queued(&database, test(here)).await;
        let full = refused(&database, test(here)).await;
        assert!(matches!(full, AcceptError::QueueFull(_)), "{full}");
        // Live work neither waits behind that nor is it counted with it.
        let in_time = Accept {
            limits,
            ..world.mine(1)
        };
        running(&database, in_time).await;
        let queue = || Accept {
            limits,
            ..world.accept()
        };
        let third = queued(&database, queue()).await;
        queued(&database, queue()).await;
        refused(&database, queue()).await;

        let live = live(world.worker, MINUTE, 1);
        let claimed = database.claim(&live).await.unwrap();
        assert_eq!(claimed[0].generation.id, third.id);
        let test = Claim {
            mode: Mode::Test,
            at_most: 5,
            ..live
        };
        let claimed = database.claim(&test).await.unwrap();
        let ids: Vec<_> = claimed.iter().map(|one| one.generation.id).collect();
        assert_eq!(ids, [first.id, second.id]);
    })
    .await;
}

#[tokio::test]
async fn accounts_that_hold_their_share_are_passed_over() {
    on_both(|database| async move {
        let ann = world(&database, &[(100, None)]).await;
        let bob = world(&database, &[(100, None)]).await;
        queued(&database, ann.accept()).await;
        queued(&database, ann.accept()).await;
        let his = queued(&database, bob.accept()).await;
        let claim = Claim {
            except: vec![ann.account],
            ..live(ann.worker, MINUTE, 3)
        };
        let claimed = database.claim(&claim).await.unwrap();
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].generation.id, his.id);
        assert!(database.claim(&claim).await.unwrap().is_empty());
        let all = live(ann.worker, MINUTE, 3);
        assert_eq!(database.claim(&all).await.unwrap().len(), 2);
    })
    .await;
}

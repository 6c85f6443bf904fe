//! Workers, leases, claims and the reaper, on both databases.

use std::time::Duration;

use crate::support::on_both;
use crate::world::*;
use gih_domain::generation::State;
use gih_domain::id::WorkerId;
use gih_domain::mode::Mode;
use gih_domain::ports::{Accept, Books, CancelReason, Generations, LeaseError};

fn worker() -> WorkerId {
    WorkerId(fresh())
}

#[tokio::test]
async fn a_queued_generation_lives_its_whole_life() {
    on_both(|database| async move {
        let world = world(&database, &[(20, None)]).await;
        let accept = world.accept();
        queued(&database, accept.clone()).await;
        let mut claimed = database.claim(&live(world.worker, MINUTE, 5)).await.unwrap();
        assert_eq!(claimed.len(), 1);
        let claimed = claimed.remove(0);
        assert_eq!((claimed.lease.worker, claimed.lease.fence), (world.worker, 1));
        assert_eq!(claimed.time_left, MINUTE);
        assert_eq!(claimed.generation.state, State::Running { dispatched: false });
        assert_eq!(claimed.generation.references, accept.references);
        assert!(database.claim(&live(world.worker, MINUTE, 5)).await.unwrap().is_empty());
        database.dispatch(&claimed.lease).await.unwrap();
        let when = "SELECT count(DISTINCT dispatched_at) AS number FROM generations WHERE dispatched_at >= started_at";
        assert_eq!(database.numbers(when), [1]);
        database.dispatch(&claimed.lease).await.unwrap();
        let found = Generations::find(&*database, world.account, Mode::Live, accept.id).await.unwrap();
        assert_eq!(found.unwrap().state, State::Running { dispatched: true });
        let ended = database.settle(&claimed.lease, &images(accept.id, 1), NOW).await.unwrap();
        assert_eq!(database.ended(&[accept.id]).await.unwrap(), [ended]);
        assert_eq!(database.dispatch(&claimed.lease).await, Err(LeaseError::Lost));
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn claims_are_bounded_and_pass_over_what_is_overdue() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let overdue = queued(
            &database,
            Accept {
                queue_timeout: Duration::ZERO,
                ..world.accept()
            },
        )
        .await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(queued(&database, world.accept()).await.id);
        }
        let first = database
            .claim(&live(world.worker, MINUTE, 2))
            .await
            .unwrap();
        let second = database
            .claim(&live(world.worker, MINUTE, 2))
            .await
            .unwrap();
        let order: Vec<_> = first
            .iter()
            .chain(&second)
            .map(|claimed| claimed.lease.generation)
            .collect();
        assert_eq!(order, ids);
        let reaped = database.reap(world.worker, MINUTE, 10).await.unwrap();
        let late = CancelReason::NotStartedInTime { waits: false };
        assert_eq!(reaped.overdue, [(overdue.id, late)]);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn only_a_live_worker_claims() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        queued(&database, world.accept()).await;
        assert!(
            database
                .claim(&live(worker(), MINUTE, 1))
                .await
                .unwrap()
                .is_empty()
        );
        set_time(&database, "workers", "lease_until", -1, "1 = 1");
        assert!(
            database
                .claim(&live(world.worker, MINUTE, 1))
                .await
                .unwrap()
                .is_empty()
        );
        // What nobody took meanwhile is its own again.
        database.renew(world.worker, MINUTE).await.unwrap();
        assert_eq!(
            database
                .claim(&live(world.worker, MINUTE, 1))
                .await
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            database.renew(worker(), MINUTE).await,
            Err(LeaseError::Lost)
        );
    })
    .await;
}

#[tokio::test]
async fn a_waiting_callers_time_runs_from_acceptance() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        for waits in [true, false] {
            queued(
                &database,
                Accept {
                    waits,
                    timeout: MINUTE,
                    ..world.accept()
                },
            )
            .await;
        }
        let claimed = database
            .claim(&live(world.worker, 5 * MINUTE, 2))
            .await
            .unwrap();
        assert!(claimed[0].time_left <= MINUTE, "{:?}", claimed[0].time_left);
        assert!(
            claimed[0].time_left > MINUTE / 2,
            "{:?}",
            claimed[0].time_left
        );
        assert_eq!(claimed[1].time_left, 5 * MINUTE);
    })
    .await;
}

#[tokio::test]
async fn a_dead_holders_work_is_queued_again_unless_it_was_sent() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let dead = worker();
        database.register(dead, MINUTE).await.unwrap();
        let kept = queued(&database, world.accept()).await.id;
        let sent = queued(&database, world.accept()).await.id;
        let claimed = database.claim(&live(dead, MINUTE, 2)).await.unwrap();
        database.dispatch(&claimed[1].lease).await.unwrap();
        let nothing = database.reap(world.worker, MINUTE, 10).await.unwrap();
        assert_eq!(
            (
                nothing.requeued,
                nothing.taken_over.len(),
                nothing.overdue.len()
            ),
            (0, 0, 0)
        );

        database.resign(dead).await.unwrap();
        assert_eq!(
            database.dispatch(&claimed[0].lease).await,
            Err(LeaseError::Lost)
        );
        let reaped = database.reap(world.worker, MINUTE, 10).await.unwrap();
        assert_eq!((reaped.requeued, reaped.taken_over.len()), (1, 1));
        let taken = &reaped.taken_over[0];
        assert_eq!(
            (
                taken.lease.generation,
                taken.lease.worker,
                taken.lease.fence
            ),
            (sent, world.worker, 2)
        );
        assert_eq!(taken.time_left, Duration::ZERO);
        assert_eq!(taken.generation.state, State::Running { dispatched: true });
        // The one who held them writes nothing any more.
        for lost in &claimed {
            assert_eq!(
                database.settle(&lost.lease, &failed(), NOW).await,
                Err(LeaseError::Lost)
            );
        }
        database.settle(&taken.lease, &failed(), NOW).await.unwrap();
        // What was queued again kept its turn and its charge, and goes under a new fence.
        let again = database
            .claim(&live(world.worker, MINUTE, 10))
            .await
            .unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!((again[0].lease.generation, again[0].lease.fence), (kept, 2));
        database.dispatch(&again[0].lease).await.unwrap();
        database
            .settle(&again[0].lease, &images(kept, 1), NOW)
            .await
            .unwrap();
        assert_eq!(world.balance(&database, NOW).await, 96);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn dead_workers_are_forgotten_when_nothing_is_left() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let dead = worker();
        database.register(dead, MINUTE).await.unwrap();
        for _ in 0..3 {
            queued(&database, world.accept()).await;
        }
        for claimed in database.claim(&live(dead, MINUTE, 3)).await.unwrap() {
            database.dispatch(&claimed.lease).await.unwrap();
        }
        set_time(
            &database,
            "workers",
            "lease_until",
            -1,
            &format!("id = {}", literal(&database, dead.0)),
        );
        let workers = "SELECT count(*) AS number FROM workers";
        let first = database.reap(world.worker, MINUTE, 2).await.unwrap();
        assert_eq!(
            (first.taken_over.len(), database.numbers(workers)),
            (2, vec![2])
        );
        let second = database.reap(world.worker, MINUTE, 2).await.unwrap();
        assert_eq!(
            (second.taken_over.len(), database.numbers(workers)),
            (1, vec![1])
        );
    })
    .await;
}

#[tokio::test]
async fn work_past_its_deadline_is_taken_from_the_living_too() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let hanging = running(&database, world.mine(1)).await;
        queued(&database, world.accept()).await;
        let unsent = database
            .claim(&live(world.worker, MINUTE, 1))
            .await
            .unwrap()
            .remove(0);
        set_time(&database, "generations", "started_at", -60, "1 = 1");
        set_time(&database, "generations", "deadline_at", -30, "1 = 1");
        assert!(
            database
                .reap(world.worker, MINUTE, 10)
                .await
                .unwrap()
                .taken_over
                .is_empty()
        );
        let reaper = worker();
        database.register(reaper, MINUTE).await.unwrap();
        let first = database.reap(reaper, MINUTE / 6, 10).await.unwrap();
        assert_eq!((first.requeued, first.taken_over.len()), (0, 2));
        // It is as late as it was, for whoever audits.
        let late = database.overdue(MINUTE / 3, 10).await.unwrap().work;
        assert_eq!(late.len(), 2);
        for old in [hanging, unsent] {
            assert_eq!(
                database.settle(&old.lease, &failed(), NOW).await,
                Err(LeaseError::Lost)
            );
        }
        // Its own are not taken again while there is time to settle them, and are when there was.
        assert!(
            database
                .reap(reaper, MINUTE / 6, 10)
                .await
                .unwrap()
                .taken_over
                .is_empty()
        );
        set_time(&database, "generations", "started_at", -30, "1 = 1");
        let again = database
            .reap(reaper, MINUTE / 6, 10)
            .await
            .unwrap()
            .taken_over;
        assert_eq!(again.len(), 2);
        for (old, new) in first.taken_over.iter().zip(&again) {
            assert_eq!(
                database.settle(&old.lease, &failed(), NOW).await,
                Err(LeaseError::Lost)
            );
            database.settle(&new.lease, &failed(), NOW).await.unwrap();
        }
        assert_eq!(world.balance(&database, NOW).await, 100);
        assert_audited(&database).await;
    })
    .await;
}

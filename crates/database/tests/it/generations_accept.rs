//! Accepting and charging, on both databases.

use std::time::Duration;

use crate::support::on_both;
use crate::world::*;
use gih_domain::credits::Credits;
use gih_domain::generation::{State, Status};
use gih_domain::id::{GenerationId, WorkerId};
use gih_domain::lots::InsufficientCredits;
use gih_domain::mode::Mode;
use gih_domain::ports::{
    Accept, AcceptError, Accepted, Generations, Hand, Keys, Limits, QueueFull,
};

#[tokio::test]
async fn a_waiting_call_is_born_running_and_dispatched() {
    on_both(|database| async move {
        let world = world(&database, &[(10, None)]).await;
        let accept = world.mine(2);
        let claimed = running(&database, accept.clone()).await;
        assert_eq!(claimed.lease.generation, accept.id);
        assert_eq!(
            (claimed.lease.worker, claimed.lease.fence),
            (world.worker, 1)
        );
        assert_eq!(claimed.time_left, MINUTE);
        assert_eq!(
            claimed.generation.state,
            State::Running { dispatched: true }
        );
        assert_eq!(claimed.generation.prompt, accept.prompt.as_str());
        assert_eq!(claimed.generation.references, accept.references);
        // What is answered is what is stored.
        let stored = Generations::find(&*database, world.account, Mode::Live, accept.id)
            .await
            .unwrap();
        assert_eq!(stored, Some(claimed.generation));
        assert_eq!(world.balance(&database, NOW).await, 2);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_taken_at_once_is_queued() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let accept = world.accept();
        let generation = queued(&database, accept.clone()).await;
        assert_eq!(generation.state, State::Queued);
        let stored = Generations::find(&*database, world.account, Mode::Live, accept.id).await.unwrap();
        assert_eq!(stored, Some(generation));
        // Somebody queues: nobody is taken before them.
        queued(&database, world.mine(1)).await;
        // A worker whose lease has lapsed, or who never had one, takes nothing.
        database.execute("UPDATE generations SET status = 'running', worker_id = id, fence = 1, started_at = queue_deadline_at, deadline_at = queue_deadline_at").unwrap();
        let stranger = Hand::Mine { worker: WorkerId(fresh()) };
        queued(&database, Accept { hand: stranger, ..world.mine(1) }).await;
        database.execute("UPDATE generations SET status = 'running', worker_id = id, fence = 1, started_at = queue_deadline_at, deadline_at = queue_deadline_at").unwrap();
        set_time(&database, "workers", "lease_until", -1, "1 = 1");
        queued(&database, world.mine(1)).await;
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn the_soonest_expiring_lots_pay() {
    on_both(|database| async move {
        let lots = [
            (5, None),
            (3, Some(2 * DAY)),
            (4, Some(DAY)),
            (9, Some(Duration::ZERO)),
        ];
        let world = world(&database, &lots).await;
        running(&database, world.mine(2)).await;
        let left = "SELECT remaining AS number FROM credit_lots ORDER BY granted";
        assert_eq!(database.numbers(left), [0, 0, 4, 9]);
        let entries =
            "SELECT amount AS number FROM ledger_entries WHERE cause = 'charge' ORDER BY amount";
        assert_eq!(database.numbers(entries), [-4, -3, -1]);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn a_charge_over_many_lots_is_one_charge() {
    on_both(|database| async move {
        let world = world(&database, &[(1, None); 70]).await;
        let claimed = running(
            &database,
            Accept {
                price: Credits::from_u32(7),
                ..world.mine(10)
            },
        )
        .await;
        assert_eq!(world.balance(&database, NOW).await, 0);
        database
            .settle(&claimed.lease, &failed(), NOW)
            .await
            .unwrap();
        assert_eq!(world.balance(&database, NOW).await, 70);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn what_costs_nothing_charges_nothing() {
    on_both(|database| async move {
        let world = world(&database, &[]).await;
        let claimed = running(
            &database,
            Accept {
                price: Credits::ZERO,
                ..world.mine(1)
            },
        )
        .await;
        let ending = images(claimed.lease.generation, 1);
        database.settle(&claimed.lease, &ending, NOW).await.unwrap();
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn refusals_leave_no_trace_and_come_in_order() {
    on_both(|database| async move {
        let world = world(&database, &[(5, None)]).await;
        let first = Accept {
            idempotency: idempotency("again", 1),
            ..world.accept()
        };
        queued(&database, first.clone()).await;
        let before = traces(&database);
        // Everything is wrong with this one; the causes are taken away one by one.
        let mut accept = Accept {
            idempotency: idempotency("again", 2),
            limits: Limits {
                max_queue: 1,
                max_queued_per_account: 1,
                rate: None,
            },
            ..world.accept()
        };
        let revoked = add_key(&database, world.account).await;
        Keys::revoke(&*database, None, revoked, NOW).await.unwrap();
        accept.key = revoked;
        let error = refused(&database, accept.clone()).await;
        assert!(
            matches!(error, AcceptError::IdempotencyMismatch),
            "{error:?}"
        );
        accept.idempotency = None;
        let error = refused(&database, accept.clone()).await;
        assert!(matches!(error, AcceptError::KeyRevoked), "{error:?}");
        accept.key = world.key;
        let error = refused(&database, accept.clone()).await;
        assert!(
            matches!(error, AcceptError::QueueFull(QueueFull::Hub(1))),
            "{error:?}"
        );
        accept.limits.max_queue = 2;
        let error = refused(&database, accept.clone()).await;
        assert!(
            matches!(error, AcceptError::QueueFull(QueueFull::Account(1))),
            "{error:?}"
        );
        accept.limits.max_queued_per_account = 2;
        let error = refused(&database, accept.clone()).await;
        let (required, available) = (Credits::from_u32(4), Credits::from_u32(1));
        let expected = InsufficientCredits {
            required,
            available,
        };
        assert!(
            matches!(error, AcceptError::InsufficientCredits(found) if found == expected),
            "{error:?}"
        );
        assert_eq!(traces(&database), before);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn an_unknown_key_is_a_revoked_one() {
    on_both(|database| async move {
        let world = world(&database, &[(5, None)]).await;
        let before = traces(&database);
        let unknown = Accept {
            key: gih_domain::id::KeyId(fresh()),
            ..world.accept()
        };
        let error = refused(&database, unknown).await;
        assert!(matches!(error, AcceptError::KeyRevoked), "{error:?}");
        assert_eq!(traces(&database), before);
    })
    .await;
}

#[tokio::test]
async fn the_same_request_again_is_the_same_generation() {
    on_both(|database| async move {
        let world = world(&database, &[(10, None)]).await;
        let first = Accept {
            idempotency: idempotency("order-1", 1),
            ..world.mine(1)
        };
        let claimed = running(&database, first.clone()).await;
        let again = || Accept {
            id: GenerationId(fresh()),
            ..first.clone()
        };
        let Accepted::Again(found) = database.accept(again()).await.unwrap() else {
            panic!()
        };
        assert_eq!(*found, claimed.generation);
        let ended = database
            .settle(&claimed.lease, &images(first.id, 1), NOW)
            .await
            .unwrap();
        let Accepted::Again(found) = database.accept(again()).await.unwrap() else {
            panic!()
        };
        assert_eq!(*found, ended);
        let key = first.idempotency.clone().unwrap().key;
        let by_key = database
            .find_by_idempotency_key(world.account, Mode::Live, &key, NOW)
            .await
            .unwrap();
        assert_eq!(by_key, Some((ended, [1; 32])));
        let other = database
            .find_by_idempotency_key(world.account, Mode::Test, &key, NOW)
            .await
            .unwrap();
        assert_eq!(other, None);
        assert_eq!(world.balance(&database, NOW).await, 6);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn an_expired_idempotency_key_may_be_used_again() {
    on_both(|database| async move {
        let world = world(&database, &[(10, None)]).await;
        let first = Accept {
            idempotency: idempotency("order-1", 1),
            ..world.mine(1)
        };
        running(&database, first.clone()).await;
        let later = NOW.plus(7 * DAY);
        let key = first.idempotency.clone().unwrap().key;
        let expired = database
            .find_by_idempotency_key(world.account, Mode::Live, &key, later)
            .await
            .unwrap();
        assert_eq!(expired, None);
        let mut second = Accept {
            idempotency: idempotency("order-1", 2),
            at: later,
            ..world.mine(1)
        };
        second.idempotency.as_mut().unwrap().expires_at = later.plus(DAY);
        running(&database, second.clone()).await;
        let (found, fingerprint) = database
            .find_by_idempotency_key(world.account, Mode::Live, &key, later)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.id, fingerprint), (second.id, [2; 32]));
        assert_eq!(
            database.forget_idempotency_keys(later, 10).await.unwrap(),
            0
        );
        assert_eq!(
            database
                .forget_idempotency_keys(later.plus(DAY), 10)
                .await
                .unwrap(),
            1
        );
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn forgetting_is_bounded() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        for number in 0..3 {
            let key = idempotency(&format!("order-{number}"), 1);
            running(
                &database,
                Accept {
                    idempotency: key,
                    ..world.mine(1)
                },
            )
            .await;
        }
        assert_eq!(
            database
                .forget_idempotency_keys(NOW.plus(7 * DAY), 2)
                .await
                .unwrap(),
            2
        );
        assert_eq!(
            database
                .forget_idempotency_keys(NOW.plus(7 * DAY), 2)
                .await
                .unwrap(),
            1
        );
    })
    .await;
}

#[tokio::test]
async fn turns_are_fair_between_accounts() {
    on_both(|database| async move {
        let busy = world(&database, &[(100, None)]).await;
        let other = world(&database, &[(100, None)]).await;
        let turn = |id: GenerationId| {
            let id = literal(&database, id.0);
            database.numbers(&format!(
                "SELECT turn AS number FROM generations WHERE id = {id}"
            ))[0]
        };
        let mut busy_ids = Vec::new();
        for _ in 0..3 {
            busy_ids.push(queued(&database, busy.accept()).await.id);
        }
        assert_eq!(
            busy_ids.iter().map(|id| turn(*id)).collect::<Vec<_>>(),
            [1, 2, 3]
        );
        let late = queued(&database, other.accept()).await.id;
        assert_eq!(turn(late), 1);
        let taken = database
            .claim(&live(busy.worker, MINUTE, 10))
            .await
            .unwrap();
        let order: Vec<_> = taken
            .iter()
            .map(|claimed| claimed.lease.generation)
            .collect();
        assert_eq!(order, [busy_ids[0], late, busy_ids[1], busy_ids[2]]);
        // What was used in the past does not put an account behind.
        assert_eq!(turn(queued(&database, busy.accept()).await.id), 1);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn test_and_live_credits_are_apart() {
    on_both(|database| async move {
        let world = world(&database, &[(100, None)]).await;
        let error = refused(
            &database,
            Accept {
                mode: Mode::Test,
                ..world.accept()
            },
        )
        .await;
        assert!(
            matches!(error, AcceptError::InsufficientCredits(_)),
            "{error:?}"
        );
        let generation = queued(&database, world.accept()).await;
        assert_eq!(generation.status(), Status::Queued);
        assert_eq!(
            Generations::find(&*database, world.account, Mode::Test, generation.id)
                .await
                .unwrap(),
            None
        );
        let stranger = gih_domain::id::AccountId(fresh());
        assert_eq!(
            Generations::find(&*database, stranger, Mode::Live, generation.id)
                .await
                .unwrap(),
            None
        );
    })
    .await;
}

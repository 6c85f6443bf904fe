//! Ending generations: settle, cancel, revoke, and where refunds go; on both databases.

use crate::support::on_both;
use crate::world::*;
use gih_domain::account::AccountType;
use gih_domain::balance::{Balance, NextExpiration};
use gih_domain::credits::Credits;
use gih_domain::generation::{Ending, FailureCode, Lease, State, Status};
use gih_domain::id::WorkerId;
use gih_domain::mode::Mode;
use gih_domain::ports::{
    Accept, Accounts, CancelReason, DatabaseError, Generations, Keys, LeaseError,
};

fn with_fence(lease: &Lease, fence: i64) -> Lease {
    Lease {
        generation: lease.generation,
        worker: lease.worker,
        fence,
    }
}

#[tokio::test]
async fn a_success_is_captured_and_the_balance_recorded() {
    on_both(|database| async move {
        let world = world(&database, &[(20, Some(30 * DAY)), (5, None)]).await;
        let claimed = running(&database, world.mine(3)).await;
        let ending = images(claimed.lease.generation, 3);
        let at = NOW.plus(MINUTE);
        let ended = database.settle(&claimed.lease, &ending, at).await.unwrap();
        let State::Ended(end) = &ended.state else {
            panic!("{ended:?}")
        };
        assert_eq!((&end.ending, end.completed_at), (&ending, at));
        let next = NextExpiration {
            credits: Credits::from_u32(8),
            expires_at: NOW.plus(30 * DAY),
        };
        let balance = Balance {
            credits: Credits::from_u32(13),
            account_type: AccountType::Pro,
            next_expiration: Some(next),
        };
        assert_eq!(end.balance, balance);
        assert_eq!(ended.credits_charged(), Credits::from_u32(12));
        let stored = Generations::find(&*database, world.account, Mode::Live, ended.id)
            .await
            .unwrap();
        assert_eq!(stored, Some(ended));
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_is_refunded_to_the_lot_that_expires_last() {
    on_both(|database| async move {
        let world = world(&database, &[(6, Some(2 * DAY)), (10, Some(9 * DAY))]).await;
        let claimed = running(&database, world.mine(4)).await;
        let ending = images(claimed.lease.generation, 1);
        let ended = database.settle(&claimed.lease, &ending, NOW).await.unwrap();
        // 16 were held, 12 come back: 10 to the later lot, 2 to the sooner.
        let left = "SELECT remaining AS number FROM credit_lots ORDER BY granted";
        assert_eq!(database.numbers(left), [2, 10]);
        assert_eq!(ended.end().unwrap().balance.credits, Credits::from_u32(12));
        assert_eq!(ended.status(), Status::Succeeded);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn settling_twice_returns_the_first_end() {
    on_both(|database| async move {
        let world = world(&database, &[(20, None)]).await;
        let claimed = running(&database, world.mine(2)).await;
        let first = database
            .settle(&claimed.lease, &failed(), NOW)
            .await
            .unwrap();
        let before = traces(&database);
        let other = images(claimed.lease.generation, 2);
        let second = database
            .settle(&claimed.lease, &other, NOW.plus(DAY))
            .await
            .unwrap();
        assert_eq!(first, second);
        assert_eq!(traces(&database), before);
        assert_eq!(world.balance(&database, NOW).await, 20);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn a_stale_fence_writes_nothing() {
    on_both(|database| async move {
        let world = world(&database, &[(20, None)]).await;
        let claimed = running(&database, world.mine(2)).await;
        let before = traces(&database);
        let stranger = Lease {
            worker: WorkerId(fresh()),
            ..with_fence(&claimed.lease, 1)
        };
        for lease in [
            with_fence(&claimed.lease, 0),
            with_fence(&claimed.lease, 2),
            stranger,
        ] {
            let ending = images(lease.generation, 2);
            assert_eq!(
                database.settle(&lease, &ending, NOW).await,
                Err(LeaseError::Lost)
            );
            assert_eq!(database.dispatch(&lease).await, Err(LeaseError::Lost));
        }
        assert_eq!(traces(&database), before);
        database
            .settle(&claimed.lease, &failed(), NOW)
            .await
            .unwrap();
        let stale = with_fence(&claimed.lease, 0);
        assert_eq!(
            database.settle(&stale, &failed(), NOW).await,
            Err(LeaseError::Lost)
        );
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn more_images_than_paid_for_are_not_recorded() {
    on_both(|database| async move {
        let world = world(&database, &[(20, None)]).await;
        let claimed = running(&database, world.mine(2)).await;
        let before = traces(&database);
        for ending in [
            images(claimed.lease.generation, 3),
            images(claimed.lease.generation, 0),
        ] {
            let result = database.settle(&claimed.lease, &ending, NOW).await;
            let unexpected = matches!(
                result,
                Err(LeaseError::Database(DatabaseError::Unexpected(_)))
            );
            assert!(unexpected, "{result:?}");
        }
        assert_eq!(traces(&database), before);
        // The same object under two names breaks a key of the schema: nothing of the settlement stays.
        let Ending::Succeeded(mut twins) = images(claimed.lease.generation, 2) else {
            panic!()
        };
        twins[1].object_name = twins[0].object_name.clone();
        let result = database
            .settle(&claimed.lease, &Ending::Succeeded(twins), NOW)
            .await;
        assert!(matches!(result, Err(LeaseError::Database(_))), "{result:?}");
        assert_eq!(traces(&database), before);
        database
            .settle(&claimed.lease, &images(claimed.lease.generation, 2), NOW)
            .await
            .unwrap();
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn refunds_of_lots_at_their_end_become_new_lots() {
    on_both(|database| async move {
        // One lot expires while its credits are held, one is about to.
        let world = world(&database, &[(4, Some(MINUTE)), (4, Some(2 * DAY))]).await;
        let claimed = running(&database, world.mine(2)).await;
        let at = NOW.plus(DAY + MINUTE);
        let ended = database
            .settle(&claimed.lease, &failed(), at)
            .await
            .unwrap();
        let new = "SELECT granted AS number FROM credit_lots WHERE source = 'refund'";
        assert_eq!(database.numbers(new), [4, 4]);
        let next = ended.end().unwrap().balance.next_expiration.unwrap();
        assert_eq!(next.expires_at, at.plus(DAY), "at least a day");
        assert_eq!(
            world.balance(&database, at.plus(DAY)).await,
            4,
            "the other had two days left when it was charged"
        );
        assert_eq!(world.balance(&database, at.plus(2 * DAY)).await, 0);
        assert_audited(&database).await;
        // A refund's lot that is refunded within its last day is replaced by one that lives as long as it had left when
        // it was charged: holding costs no life, and there is no second extension. The other has over a day left.
        let again = running(
            &database,
            Accept {
                at,
                ..world.mine(2)
            },
        )
        .await;
        let later = at.plus(MINUTE * (24 * 60 - 1));
        database
            .settle(&again.lease, &failed(), later)
            .await
            .unwrap();
        assert_eq!(database.numbers(new), [4, 4, 4]);
        assert_eq!(world.balance(&database, later.plus(DAY)).await, 4);
        // And so on.
        let again = running(
            &database,
            Accept {
                at: later,
                ..world.mine(1)
            },
        )
        .await;
        let latest = later.plus(2 * MINUTE);
        database
            .settle(&again.lease, &failed(), latest)
            .await
            .unwrap();
        assert_eq!(database.numbers(new).len(), 4);
        assert_eq!(world.balance(&database, latest).await, 8);
        let a_minute_less = latest.plus(MINUTE * (24 * 60 - 1));
        assert_eq!(world.balance(&database, a_minute_less).await, 4);
        assert_eq!(world.balance(&database, latest.plus(DAY)).await, 0);
        database.expire(latest.plus(9 * DAY), 100).await.unwrap();
        assert_eq!(world.balance(&database, latest).await, 0);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn queued_work_is_canceled_once() {
    on_both(|database| async move {
        let world = world(&database, &[(4, None)]).await;
        let generation = queued(&database, world.accept()).await;
        let reason = CancelReason::NotStartedInTime { waits: false };
        let ended = database
            .cancel(generation.id, reason, NOW)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(ended.end().unwrap().ending, reason.ending());
        assert_eq!(ended.end().unwrap().balance.credits, Credits::from_u32(4));
        assert_eq!(ended.status(), Status::Failed);
        assert_eq!(
            database
                .cancel(generation.id, CancelReason::ShuttingDown, NOW)
                .await
                .unwrap(),
            None
        );
        let claimed = running(&database, world.mine(1)).await;
        let id = claimed.lease.generation;
        assert_eq!(
            database
                .cancel(id, CancelReason::ShuttingDown, NOW)
                .await
                .unwrap(),
            None
        );
        let unknown = gih_domain::id::GenerationId(fresh());
        assert_eq!(
            database
                .cancel(unknown, CancelReason::ShuttingDown, NOW)
                .await
                .unwrap(),
            None
        );
        database
            .settle(&claimed.lease, &failed(), NOW)
            .await
            .unwrap();
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn revoking_a_key_cancels_what_it_has_queued() {
    on_both(|database| async move {
        let world = world(&database, &[(6, Some(2 * DAY)), (100, None)]).await;
        let working = running(&database, world.mine(1)).await;
        let other_key = add_key(&database, world.account).await;
        let mut mine = Vec::new();
        for _ in 0..3 {
            mine.push(queued(&database, world.accept()).await.id);
        }
        let others = queued(
            &database,
            Accept {
                key: other_key,
                ..world.accept()
            },
        )
        .await;
        let mut revoked = Keys::revoke(&*database, None, world.key, NOW)
            .await
            .unwrap()
            .unwrap();
        revoked.canceled.sort();
        assert_eq!(revoked.canceled, mine);
        let ended = database.ended(&mine).await.unwrap();
        assert_eq!(ended.len(), 3);
        for generation in ended {
            assert_eq!(generation.status(), Status::Canceled);
            let failure = generation.end().unwrap().ending.failure().cloned().unwrap();
            assert_eq!(failure.code, FailureCode::GenerationCanceled);
        }
        assert_eq!(
            database
                .ended(&[others.id, working.lease.generation])
                .await
                .unwrap(),
            []
        );
        let again = Keys::revoke(&*database, None, world.key, NOW)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(again.canceled, []);
        // What was sent already finishes.
        database
            .settle(&working.lease, &images(working.lease.generation, 1), NOW)
            .await
            .unwrap();
        assert_eq!(world.balance(&database, NOW).await, 106 - 8);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn a_corrupt_row_is_named() {
    on_both(|database| async move {
        let world = world(&database, &[(4, None)]).await;
        let generation = queued(&database, world.accept()).await;
        database
            .execute("UPDATE generations SET rendering_quality = 'exquisite'")
            .unwrap();
        let result = Generations::find(&*database, world.account, Mode::Live, generation.id).await;
        let Err(DatabaseError::Unexpected(problem)) = result else {
            panic!("{result:?}")
        };
        assert!(problem.contains(&generation.id.to_string()), "{problem}");
        assert!(problem.contains("exquisite"), "{problem}");
    })
    .await;
}

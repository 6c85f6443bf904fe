//! Blocking an account: all that it ends, in one transaction.

use gih_domain::admin::{AccountChange, Act, NewAct};
use gih_domain::generation::{FailureCode, Status};
use gih_domain::id::ActId;
use gih_domain::ports::{Accept, AcceptError, Accounts, Generations, Hand};

use super::{act, new_admin};
use crate::support::on_both;
use crate::world::*;

#[tokio::test]
async fn blocking_ends_what_is_signed_in_and_what_is_queued() {
    on_both(|database| async move {
        let ann = world(&database, &[(100, None)]).await;
        let bob = world(&database, &[(100, None)]).await;
        let second = add_key(&database, ann.account).await;
        let runs = running(&database, ann.mine(1)).await.lease;
        let mut queued_ids = vec![queued(&database, ann.accept()).await.id];
        let with_second = Accept {
            key: second,
            ..ann.accept()
        };
        queued_ids.push(queued(&database, with_second).await.id);
        let bobs = queued(&database, bob.accept()).await.id;
        for world in [&ann, &bob] {
            let account = literal(&database, world.account.0);
            for table in ["sessions", "devices"] {
                // Any bytes of the database's own: each account's id.
                let digest = if database.url.starts_with("sqlite") {
                    account.clone()
                } else {
                    format!("uuid_send({account})")
                };
                let time = if database.url.starts_with("sqlite") {
                    "1"
                } else {
                    "now()"
                };
                database
                    .execute(&format!(
                        "INSERT INTO {table} (digest, account_id, created_at, expires_at) \
                        VALUES ({digest}, {account}, {time}, {time})"
                    ))
                    .unwrap();
            }
        }
        let admin = new_admin();
        Accounts::create(&*database, &admin).await.unwrap();
        let block = AccountChange {
            is_blocked: Some(true),
            ..AccountChange::default()
        };
        let act = act(admin.id, Act::ChangeAccount);
        let changed = database.change(ann.account, &block, &act).await;
        let changed = changed.unwrap();
        assert_eq!(changed.canceled, queued_ids);
        for id in &queued_ids {
            let ended = database.find_any(*id).await.unwrap().unwrap();
            assert_eq!(ended.status(), Status::Canceled);
            let end = ended.end().unwrap();
            assert_eq!(end.completed_at, act.created_at);
            let failure = end.ending.failure().unwrap();
            assert_eq!(failure.code, FailureCode::GenerationCanceled);
            assert!(failure.message.contains("blocked"), "{}", failure.message);
        }
        // What runs is finished, and paid for.
        assert_eq!(ann.balance(&database, NOW).await, 96);
        let ending = images(runs.generation, 1);
        database
            .settle(&runs, &ending, NOW.plus(MINUTE))
            .await
            .unwrap();
        assert_eq!(ann.balance(&database, NOW).await, 96);
        let others = database.find_any(bobs).await.unwrap().unwrap();
        assert_eq!(others.status(), Status::Queued);
        for table in ["sessions", "devices"] {
            let bobs = literal(&database, bob.account.0);
            let rows = |filter: &str| {
                database.numbers(&format!("SELECT count(*) AS number FROM {table}{filter}"))
            };
            assert_eq!(rows(""), [1], "{table}");
            assert_eq!(rows(&format!(" WHERE account_id = {bobs}")), [1], "{table}");
        }
        // Nothing new is begun, in whoever's hand.
        for hand in [Hand::Queue, ann.mine(1).hand] {
            let accept = Accept {
                hand,
                ..ann.accept()
            };
            let refused = refused(&database, accept).await;
            assert!(matches!(refused, AcceptError::KeyRevoked), "{refused:?}");
        }
        let unblock = AccountChange {
            is_blocked: Some(false),
            ..AccountChange::default()
        };
        let act = NewAct {
            id: ActId(fresh()),
            ..act
        };
        database.change(ann.account, &unblock, &act).await.unwrap();
        queued(&database, ann.accept()).await;
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_queued_again_under_a_blocked_account_is_to_be_canceled() {
    on_both(|database| async move {
        let ann = world(&database, &[(100, None)]).await;
        let id = queued(&database, ann.accept()).await.id;
        let claimed = database.claim(&live(ann.worker, MINUTE, 1)).await.unwrap();
        assert_eq!(claimed[0].lease.generation, id);
        let block = AccountChange {
            is_blocked: Some(true),
            ..AccountChange::default()
        };
        let admin = new_admin();
        Accounts::create(&*database, &admin).await.unwrap();
        let act = act(admin.id, Act::ChangeAccount);
        let changed = database.change(ann.account, &block, &act).await;
        assert_eq!(changed.unwrap().canceled, []);
        database.resign(ann.worker).await.unwrap();
        let other = world(&database, &[]).await;
        let reaped = database.reap(other.worker, MINUTE, 9).await.unwrap();
        assert_eq!(reaped.requeued, 1);
        let reaped = database.reap(other.worker, MINUTE, 9).await.unwrap();
        let [(overdue, reason)] = reaped.overdue[..] else {
            panic!("{reaped:?}");
        };
        assert_eq!(overdue, id);
        database.cancel(id, reason, NOW).await.unwrap().unwrap();
        assert_eq!(ann.balance(&database, NOW).await, 100);
    })
    .await;
}

//! The contract of `Sessions`, and of `Accounts` where it is about passwords, on both databases.

use std::time::Duration;

use crate::support::{TestDatabase, on_both};
use gih_database::Database;
use gih_domain::account::{Account, AccountType, Email};
use gih_domain::api_key::Digest;
use gih_domain::id::AccountId;
use gih_domain::ports::{Accounts, NewAccount, NewSession, Sessions};
use gih_domain::time::Timestamp;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_123_456);
const HASH: &str = "$argon2id$old";
const NEW_HASH: &str = "$argon2id$new";

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

async fn account(database: &Database, email: &str) -> AccountId {
    let account = NewAccount {
        id: AccountId(Uuid::now_v7()),
        email: Email::parse(email).unwrap(),
        account_type: AccountType::Pro,
        is_admin: true,
        password_hash: Some(HASH.to_owned()),
        password_is_temporary: true,
        lots: vec![],
        act: None,
        created_at: NOW,
    };
    Accounts::create(database, &account).await.unwrap();
    account.id
}

/// A session of a minute, on a device known for an hour.
fn session(account: AccountId, token: u8, device: u8) -> NewSession {
    NewSession {
        digest: [token; 32],
        account,
        password_hash: HASH.to_owned(),
        device: Some([device; 32]),
        replaces: None,
        created_at: NOW,
        expires_at: later(60),
        device_expires_at: later(3_600),
    }
}

async fn begin(database: &Database, session: &NewSession) -> bool {
    Sessions::create(database, session).await.unwrap()
}

/// Whose session it is at that time.
async fn owner(database: &Database, token: u8, at: Timestamp) -> Option<AccountId> {
    let digest: Digest = [token; 32];
    let found = Sessions::find(database, &digest, at).await.unwrap();
    found.map(|account| account.id)
}

async fn knows(database: &Database, account: AccountId, device: u8, at: Timestamp) -> bool {
    database
        .knows_device(account, &[device; 32], at)
        .await
        .unwrap()
}

fn block(database: &TestDatabase) {
    let now = match database.kind() {
        gih_database::Kind::Sqlite => "1",
        gih_database::Kind::Postgres => "now()",
    };
    let sql = format!("UPDATE accounts SET blocked_at = {now}");
    database.execute(&sql).unwrap();
}

#[tokio::test]
async fn a_session_opens_until_its_instant_of_expiry() {
    on_both(|database| async move {
        let ann = account(&database, "ann@example.com").await;
        assert!(begin(&database, &session(ann, 1, 2)).await);
        let found = Sessions::find(&*database, &[1; 32], NOW).await.unwrap();
        let expected = Account {
            id: ann,
            email: Email::parse("ann@example.com").unwrap(),
            account_type: AccountType::Pro,
            is_admin: true,
            created_at: NOW,
            blocked_at: None,
            password_is_temporary: true,
        };
        assert_eq!(found, Some(expected));
        let last = Timestamp::from_micros(later(60).as_micros() - 1);
        assert_eq!(owner(&database, 1, last).await, Some(ann));
        assert_eq!(owner(&database, 1, later(60)).await, None);
        assert_eq!(owner(&database, 2, NOW).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_once_and_the_one_it_replaces_with_it() {
    on_both(|database| async move {
        let ann = account(&database, "ann@example.com").await;
        let bob = account(&database, "bob@example.com").await;
        begin(&database, &session(bob, 1, 9)).await;
        begin(&database, &session(ann, 2, 9)).await;
        let replacing = NewSession {
            replaces: Some([1; 32]),
            ..session(ann, 3, 9)
        };
        assert!(begin(&database, &replacing).await);
        assert_eq!(owner(&database, 1, NOW).await, None); // in the same browser, whosever it was
        assert_eq!(owner(&database, 2, NOW).await, Some(ann));
        assert_eq!(owner(&database, 3, NOW).await, Some(ann));
        for _ in 0..2 {
            database.end(&[3; 32]).await.unwrap();
            assert_eq!(owner(&database, 3, NOW).await, None);
        }
        assert_eq!(owner(&database, 2, NOW).await, Some(ann));
        assert!(knows(&database, ann, 9, NOW).await); // signing out forgets no device
    })
    .await;
}

#[tokio::test]
async fn a_device_is_known_to_the_accounts_that_signed_in_there() {
    on_both(|database| async move {
        let ann = account(&database, "ann@example.com").await;
        let bob = account(&database, "bob@example.com").await;
        begin(&database, &session(ann, 1, 9)).await;
        assert!(knows(&database, ann, 9, NOW).await);
        assert!(!knows(&database, ann, 8, NOW).await);
        assert!(!knows(&database, bob, 9, NOW).await);
        assert!(!knows(&database, AccountId::NOBODY, 9, NOW).await);
        assert!(!knows(&database, ann, 9, later(3_600)).await);
        // The next sign-in there makes it known for longer; another account's does not.
        let again = NewSession {
            device_expires_at: later(7_200),
            ..session(bob, 2, 9)
        };
        begin(&database, &again).await;
        assert!(!knows(&database, ann, 9, later(3_600)).await);
        let again = NewSession {
            device_expires_at: later(7_200),
            ..session(ann, 3, 9)
        };
        begin(&database, &again).await;
        assert!(knows(&database, ann, 9, later(3_600)).await);
        let nowhere = NewSession {
            device: None,
            ..session(ann, 4, 7)
        };
        assert!(begin(&database, &nowhere).await);
        assert!(!knows(&database, ann, 7, NOW).await);
    })
    .await;
}

#[tokio::test]
async fn a_changed_password_and_a_block_begin_nothing() {
    on_both(|database| async move {
        let ann = account(&database, "ann@example.com").await;
        begin(&database, &session(ann, 1, 9)).await;
        let stale = NewSession {
            password_hash: NEW_HASH.to_owned(),
            replaces: Some([1; 32]),
            ..session(ann, 2, 8)
        };
        assert!(!begin(&database, &stale).await);
        assert!(!begin(&database, &session(AccountId(Uuid::now_v7()), 3, 8)).await);
        assert_eq!(owner(&database, 1, NOW).await, Some(ann));
        assert_eq!(owner(&database, 2, NOW).await, None);
        assert!(!knows(&database, ann, 8, NOW).await);
        block(&database);
        assert_eq!(owner(&database, 1, NOW).await, None);
        assert!(!begin(&database, &session(ann, 4, 8)).await);
        let refused = database
            .change_password(NEW_HASH, &session(ann, 5, 8))
            .await;
        assert_eq!(refused, Ok(false));
    })
    .await;
}

#[tokio::test]
async fn credentials_are_those_of_the_address() {
    on_both(|database| async move {
        let ann = account(&database, "ann@example.com").await;
        let email = Email::parse("ann@example.com").unwrap();
        let found = database.credentials(&email).await.unwrap().unwrap();
        assert_eq!(found.account.id, ann);
        assert_eq!(found.password_hash.as_deref(), Some(HASH));
        let same = Accounts::find_by_id(&*database, ann).await;
        assert_eq!(same, Ok(Some(found.account)));
        let nobody = Email::parse("bob@example.com").unwrap();
        assert!(database.credentials(&nobody).await.unwrap().is_none());
        let nobody = Accounts::find_by_id(&*database, AccountId::NOBODY).await;
        assert_eq!(nobody, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn another_password_ends_everything_but_the_session_it_begins() {
    on_both(|database| async move {
        let ann = account(&database, "ann@example.com").await;
        let bob = account(&database, "bob@example.com").await;
        for session in [session(ann, 1, 9), session(ann, 2, 8), session(bob, 3, 9)] {
            begin(&database, &session).await;
        }
        // From a password that is not the account's nothing is changed.
        let stale = NewSession {
            password_hash: NEW_HASH.to_owned(),
            ..session(ann, 4, 7)
        };
        assert_eq!(database.change_password("$other", &stale).await, Ok(false));
        assert_eq!(owner(&database, 1, NOW).await, Some(ann));

        let changed = database
            .change_password(NEW_HASH, &session(ann, 4, 7))
            .await;
        assert_eq!(changed, Ok(true));
        assert_eq!(owner(&database, 1, NOW).await, None);
        assert_eq!(owner(&database, 2, NOW).await, None);
        assert_eq!(owner(&database, 3, NOW).await, Some(bob));
        assert_eq!(owner(&database, 4, NOW).await, Some(ann));
        assert!(!knows(&database, ann, 9, NOW).await);
        assert!(!knows(&database, ann, 8, NOW).await);
        assert!(knows(&database, ann, 7, NOW).await);
        assert!(knows(&database, bob, 9, NOW).await);
        let email = Email::parse("ann@example.com").unwrap();
        let found = database.credentials(&email).await.unwrap().unwrap();
        assert_eq!(found.password_hash.as_deref(), Some(NEW_HASH));
        assert!(!found.account.password_is_temporary);
    })
    .await;
}

/// A sign-in with the old password, checked before the change and written after or beside it, leaves nobody in.
#[tokio::test]
async fn a_sign_in_that_races_a_change_of_the_password_is_ended_by_it() {
    on_both(|database| async move {
        let ann = account(&database, "ann@example.com").await;
        let tasks = (10..30).map(|token| {
            let database = database.another();
            tokio::spawn(async move { begin(&database, &session(ann, token, token)).await })
        });
        let tasks: Vec<_> = tasks.collect();
        let changed = database
            .change_password(NEW_HASH, &session(ann, 1, 1))
            .await;
        assert_eq!(changed, Ok(true));
        for task in tasks {
            task.await.unwrap();
        }
        for token in 10..30 {
            assert_eq!(owner(&database, token, NOW).await, None, "{token}");
            assert!(!knows(&database, ann, token, NOW).await, "{token}");
        }
        assert_eq!(owner(&database, 1, NOW).await, Some(ann));
    })
    .await;
}

#[tokio::test]
async fn what_has_expired_is_forgotten_a_batch_at_a_time() {
    on_both(|database| async move {
        let ann = account(&database, "ann@example.com").await;
        for token in 1..=3 {
            begin(&database, &session(ann, token, token)).await;
        }
        let longer = NewSession {
            expires_at: later(7_200),
            device_expires_at: later(7_200),
            ..session(ann, 4, 4)
        };
        begin(&database, &longer).await;
        let count =
            |table: &str| database.numbers(&format!("SELECT count(*) AS number FROM {table}"));
        let forget = |at, at_most| database.forget_expired(at, at_most);
        assert_eq!(forget(NOW, 10).await, Ok(0));
        assert_eq!(forget(later(60), 2).await, Ok(2)); // devices are known for longer
        assert_eq!((count("sessions"), count("devices")), (vec![2], vec![4]));
        assert_eq!(forget(later(3_600), 2).await, Ok(3)); // one session, two devices
        assert_eq!(forget(later(3_600), 2).await, Ok(1));
        assert_eq!(forget(later(3_600), 2).await, Ok(0));
        assert_eq!((count("sessions"), count("devices")), (vec![1], vec![1]));
        assert_eq!(owner(&database, 4, later(3_600)).await, Some(ann));
    })
    .await;
}

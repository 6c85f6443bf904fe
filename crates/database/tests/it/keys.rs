//! The contract of `Keys`, on both databases; what a revocation cancels is in the generations' tests.

mod console;
mod rotate;
mod uses;

use crate::support::on_both;
use gih_database::Database;
use gih_domain::account::{AccountType, Email};
use gih_domain::api_key::{ApiKey, KeyName};
use gih_domain::id::{AccountId, KeyId};
use gih_domain::mode::Mode;
use gih_domain::ports::{Accounts, DatabaseError, Keys, NewAccount, NewKey};
use gih_domain::time::Timestamp;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_123_456);

async fn ann(database: &Database) -> AccountId {
    somebody(database, "ann@example.com").await
}

async fn somebody(database: &Database, email: &str) -> AccountId {
    let account = NewAccount {
        id: AccountId(Uuid::now_v7()),
        email: Email::parse(email).unwrap(),
        account_type: AccountType::Enterprise,
        is_admin: false,
        password_hash: None,
        password_is_temporary: false,
        lots: vec![],
        created_at: NOW,
        act: None,
    };
    Accounts::create(database, &account).await.unwrap();
    account.id
}

fn key(account: AccountId, byte: u8) -> NewKey {
    NewKey {
        key: ApiKey {
            id: KeyId(Uuid::now_v7()),
            account,
            mode: Mode::Test,
            name: KeyName::parse("my key").unwrap(),
            prefix: "gih_test_abcdef".to_owned(),
            created_at: NOW,
            expires_at: Some(Timestamp::from_micros(NOW.as_micros() + 1)),
            revoked_at: None,
            last_used_at: None,
            previous: None,
        },
        digest: [byte; 32],
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_digest() {
    on_both(|database| async move {
        let new = key(ann(&database).await, 1);
        Keys::create(&*database, &new).await.unwrap();
        let found = Keys::find(&*database, &[1; 32]).await.unwrap().unwrap();
        assert_eq!(found.key, new.key);
        assert_eq!(found.account_type, AccountType::Enterprise);
        assert!(!found.is_blocked && !found.is_previous);
        assert!(Keys::find(&*database, &[2; 32]).await.unwrap().is_none());
        let twin = key(new.key.account, 1);
        let refused = Keys::create(&*database, &twin).await;
        assert!(
            matches!(refused, Err(DatabaseError::Unexpected(_))),
            "{refused:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn keys_are_listed_newest_first() {
    on_both(|database| async move {
        let account = ann(&database).await;
        let keys: Vec<NewKey> = (1..=3).map(|byte| key(account, byte)).collect();
        for key in &keys {
            Keys::create(&*database, key).await.unwrap();
        }
        let listed = Keys::list(&*database, account).await.unwrap();
        let newest_first: Vec<ApiKey> = keys.into_iter().rev().map(|new| new.key).collect();
        assert_eq!(listed, newest_first);
        assert_eq!(
            Keys::list(&*database, AccountId(Uuid::now_v7())).await,
            Ok(vec![])
        );
    })
    .await;
}

#[tokio::test]
async fn a_key_is_revoked_since_the_first_time() {
    on_both(|database| async move {
        let new = key(ann(&database).await, 1);
        Keys::create(&*database, &new).await.unwrap();
        let revoked = database
            .revoke(None, new.key.id, NOW)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(revoked.key.revoked_at, Some(NOW));
        assert_eq!(revoked.canceled, []);
        let later = Timestamp::from_micros(NOW.as_micros() + 5);
        let again = database
            .revoke(Some(new.key.account), new.key.id, later)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(again.key.revoked_at, Some(NOW));
        let found = Keys::find(&*database, &[1; 32]).await.unwrap().unwrap();
        assert_eq!(found.key.revoked_at, Some(NOW));
        assert!(
            database
                .revoke(None, KeyId(Uuid::now_v7()), NOW)
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}

#[tokio::test]
async fn a_key_is_its_owners_alone() {
    on_both(|database| async move {
        let new = key(ann(&database).await, 1);
        let (id, anns) = (new.key.id, Some(new.key.account));
        let bob = Some(somebody(&database, "bob@example.com").await);
        Keys::create(&*database, &new).await.unwrap();
        for whose in [anns, None] {
            let found = Keys::find_by_id(&*database, whose, id).await;
            assert_eq!(found, Ok(Some(new.key.clone())));
        }
        assert_eq!(Keys::find_by_id(&*database, bob, id).await, Ok(None));
        assert!(database.revoke(bob, id, NOW).await.unwrap().is_none());
        let found = Keys::find(&*database, &[1; 32]).await.unwrap().unwrap();
        assert_eq!(found.key.revoked_at, None);
        assert!(database.revoke(anns, id, NOW).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn the_key_of_a_blocked_account_says_so() {
    on_both(|database| async move {
        let new = key(ann(&database).await, 1);
        Keys::create(&*database, &new).await.unwrap();
        let now = match database.kind() {
            gih_database::Kind::Sqlite => "1",
            gih_database::Kind::Postgres => "now()",
        };
        database
            .execute(&format!("UPDATE accounts SET blocked_at = {now}"))
            .unwrap();
        let found = Keys::find(&*database, &[1; 32]).await.unwrap().unwrap();
        assert!(found.is_blocked);
    })
    .await;
}

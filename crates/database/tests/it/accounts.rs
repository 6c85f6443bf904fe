//! The contract of `Accounts`, on both databases.

mod grants;

use std::time::Duration;

use crate::support::on_both;
use gih_database::Database;
use gih_domain::account::{AccountType, Email};
use gih_domain::balance::NextExpiration;
use gih_domain::credits::Credits;
use gih_domain::id::{AccountId, LotId};
use gih_domain::mode::Mode;
use gih_domain::ports::{AccountError, Accounts, Grant, Granted, LotSource, NewAccount, NewLot};
use gih_domain::time::Timestamp;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_123_456);

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn lot(credits: u32, expires_at: Option<Timestamp>) -> NewLot {
    NewLot {
        id: LotId(Uuid::now_v7()),
        mode: Mode::Live,
        source: LotSource::Grant,
        credits: Credits::from_u32(credits),
        expires_at,
        note: Some("a note".to_owned()),
    }
}

fn account(email: &str, lots: Vec<NewLot>) -> NewAccount {
    NewAccount {
        id: AccountId(Uuid::now_v7()),
        email: Email::parse(email).unwrap(),
        account_type: AccountType::Pro,
        is_admin: true,
        password_hash: Some("$argon2id$…".to_owned()),
        password_is_temporary: true,
        lots,
        created_at: NOW,
        act: None,
    }
}

async fn ann(database: &Database, lots: Vec<NewLot>) -> AccountId {
    let account = account("ann@example.com", lots);
    database.create_account(&account).await.unwrap();
    account.id
}

/// `create` and `find` are names of several ports.
trait Named {
    async fn create_account(&self, account: &NewAccount) -> Result<(), AccountError>;
}

impl Named for Database {
    async fn create_account(&self, account: &NewAccount) -> Result<(), AccountError> {
        Accounts::create(self, account).await
    }
}

async fn credits(database: &Database, account: AccountId, mode: Mode, at: Timestamp) -> i64 {
    let balance = database.balance(account, mode, at).await.unwrap().unwrap();
    balance.credits.get()
}

async fn grant(
    database: &Database,
    account: AccountId,
    lot: NewLot,
    reference: Option<&str>,
) -> Result<Granted, AccountError> {
    let grant = Grant {
        account,
        lot,
        reference: reference.map(str::to_owned),
        created_at: NOW,
        act: None,
    };
    database.grant(&grant).await
}

#[tokio::test]
async fn an_account_begins_with_its_lots() {
    on_both(|database| async move {
        let test = NewLot {
            mode: Mode::Test,
            source: LotSource::Signup,
            ..lot(500, None)
        };
        let new = account("ann@example.com", vec![lot(100, Some(later(60))), test]);
        Accounts::create(&*database, &new).await.unwrap();
        let found = Accounts::find(&*database, &new.email)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.id, new.id);
        assert_eq!(found.email, new.email);
        assert_eq!(found.account_type, AccountType::Pro);
        assert!(found.is_admin);
        assert_eq!(found.created_at, NOW);
        assert_eq!(found.blocked_at, None);
        assert!(found.password_is_temporary);
        let by_id = Accounts::find_by_id(&*database, new.id).await;
        assert_eq!(by_id, Ok(Some(found)));
        assert_eq!(database.count().await, Ok(1));
        assert_eq!(credits(&database, new.id, Mode::Live, NOW).await, 100);
        assert_eq!(credits(&database, new.id, Mode::Test, NOW).await, 500);
        let entries =
            "SELECT amount AS number FROM ledger_entries WHERE cause = 'grant' ORDER BY amount";
        assert_eq!(database.numbers(entries), [100, 500]);
        let nobody = Email::parse("bob@example.com").unwrap();
        assert_eq!(Accounts::find(&*database, &nobody).await, Ok(None));
        let nobody = AccountId(Uuid::now_v7());
        assert_eq!(database.balance(nobody, Mode::Live, NOW).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn an_address_is_taken_once_and_nothing_is_left_of_the_second() {
    on_both(|database| async move {
        ann(&database, vec![]).await;
        let second = account("ann@example.com", vec![lot(100, None)]);
        let refused = Accounts::create(&*database, &second).await;
        assert_eq!(refused, Err(AccountError::EmailTaken));
        assert_eq!(database.count().await, Ok(1));
        assert_eq!(
            database.numbers("SELECT count(*) AS number FROM credit_lots"),
            [0]
        );
    })
    .await;
}

#[tokio::test]
async fn racing_accounts_of_one_address_make_one() {
    on_both(|database| async move {
        let other = database.another();
        let creations: Vec<_> = (0..8)
            .map(|i| {
                let database = if i % 2 == 0 {
                    (*database).clone()
                } else {
                    other.clone()
                };
                let new = account("ann@example.com", vec![lot(1, None)]);
                tokio::spawn(async move { Accounts::create(&database, &new).await })
            })
            .collect();
        let mut created = 0;
        for creation in creations {
            match creation.await.unwrap() {
                Ok(()) => created += 1,
                Err(error) => assert_eq!(error, AccountError::EmailTaken),
            }
        }
        assert_eq!(created, 1);
        assert_eq!(
            database.numbers("SELECT count(*) AS number FROM credit_lots"),
            [1]
        );
    })
    .await;
}

#[tokio::test]
async fn a_lot_is_worth_nothing_from_its_instant_on() {
    on_both(|database| async move {
        let lots = vec![
            lot(1, Some(later(10))),
            lot(10, Some(later(20))),
            lot(100, None),
        ];
        let id = ann(&database, lots).await;
        let before = Timestamp::from_micros(later(10).as_micros() - 1);
        for (at, expected) in [
            (NOW, 111),
            (before, 111),
            (later(10), 110),
            (later(20), 100),
            (later(10_000), 100),
        ] {
            assert_eq!(
                credits(&database, id, Mode::Live, at).await,
                expected,
                "{at}"
            );
        }
        let balance = database
            .balance(id, Mode::Live, later(10))
            .await
            .unwrap()
            .unwrap();
        let next = NextExpiration {
            credits: Credits::from_u32(10),
            expires_at: later(20),
        };
        assert_eq!(balance.next_expiration, Some(next));
        let empty = database
            .balance(id, Mode::Test, NOW)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (empty.credits, empty.next_expiration),
            (Credits::ZERO, None)
        );
    })
    .await;
}

#[tokio::test]
async fn what_expired_leaves_the_books_once() {
    on_both(|database| async move {
        let lots = vec![
            lot(1, Some(later(10))),
            lot(10, Some(later(20))),
            lot(100, Some(later(30))),
            lot(1000, None),
        ];
        let id = ann(&database, lots).await;
        assert_eq!(database.expire(NOW, 10).await, Ok(0));
        assert_eq!(database.expire(later(30), 2).await, Ok(2));
        assert_eq!(database.expire(later(30), 2).await, Ok(1));
        assert_eq!(database.expire(later(30), 2).await, Ok(0));
        let expired = "SELECT amount AS number FROM ledger_entries WHERE cause = 'expiry' ORDER BY amount DESC";
        assert_eq!(database.numbers(expired), [-1, -10, -100]);
        let left = "SELECT CAST(sum(remaining) AS bigint) AS number FROM credit_lots";
        assert_eq!(database.numbers(left), [1000]);
        assert_eq!(credits(&database, id, Mode::Live, later(30)).await, 1000);
    })
    .await;
}

#[tokio::test]
async fn racing_sweeps_expire_each_lot_once() {
    on_both(|database| async move {
        let lots = (1..=40).map(|_| lot(1, Some(later(1)))).collect();
        ann(&database, lots).await;
        let other = database.another();
        let sweeps: Vec<_> = (0..8)
            .map(|i| {
                let database = if i % 2 == 0 {
                    (*database).clone()
                } else {
                    other.clone()
                };
                tokio::spawn(async move { database.expire(later(1), 10).await.unwrap() })
            })
            .collect();
        let mut expired = 0;
        for sweep in sweeps {
            expired += sweep.await.unwrap();
        }
        expired += database.expire(later(1), 100).await.unwrap();
        assert_eq!(expired, 40);
        let entries = "SELECT count(*) AS number FROM ledger_entries WHERE cause = 'expiry'";
        assert_eq!(database.numbers(entries), [40]);
    })
    .await;
}

#[tokio::test]
async fn the_ledger_is_append_only_and_lots_stay_within_their_bounds() {
    on_both(|database| async move {
        ann(&database, vec![lot(100, None)]).await;
        for sql in [
            "UPDATE ledger_entries SET amount = 1",
            "DELETE FROM ledger_entries",
        ] {
            let refused = database.execute(sql).unwrap_err();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
        for sql in [
            "UPDATE credit_lots SET remaining = -1",
            "UPDATE credit_lots SET remaining = 101",
        ] {
            let refused = database.execute(sql).unwrap_err();
            assert!(
                refused.contains("credit_lots_remaining"),
                "{sql}: {refused}"
            );
        }
        assert_eq!(
            database.numbers("SELECT amount AS number FROM ledger_entries"),
            [100]
        );
        assert_eq!(
            database.numbers("SELECT remaining AS number FROM credit_lots"),
            [100]
        );
    })
    .await;
}

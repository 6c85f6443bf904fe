//! What admins do, on both databases: each act changes what it says, in one transaction with its record.

mod blocking;
mod demoted;

use crate::support::{TestDatabase, on_both};
use crate::world::*;
use gih_domain::account::{Account, AccountType, Email};
use gih_domain::admin::{AccountChange, AccountFilter, Act, AuditRecord, NewAct, RecordedAct};
use gih_domain::catalog::shipped_models;
use gih_domain::credits::Credits;
use gih_domain::id::{AccountId, ActId, LotId};
use gih_domain::mode::Mode;
use gih_domain::ports::{
    AccountError, AccountPage, Accounts, Acts, Books, Catalog, ChangeAccountError, DatabaseError,
    Grant, LotSource, NewAccount, NewLot, NewPassword, NewSession, Sessions,
};

fn act(admin: AccountId, act: Act) -> NewAct {
    NewAct {
        id: ActId(fresh()),
        admin,
        act,
        subject: "ann@example.com".to_owned(),
        detail: "something".to_owned(),
        created_at: NOW.plus(MINUTE),
    }
}

fn new_admin() -> NewAccount {
    NewAccount {
        is_admin: true,
        ..new_account("admin@example.com")
    }
}

fn new_account(email: &str) -> NewAccount {
    NewAccount {
        id: AccountId(fresh()),
        email: Email::parse(email).unwrap(),
        account_type: AccountType::Free,
        is_admin: false,
        password_hash: None,
        password_is_temporary: false,
        lots: Vec::new(),
        created_at: NOW,
        act: None,
    }
}

async fn recorded(database: &TestDatabase) -> Vec<RecordedAct> {
    Acts::list(&**database, None, 9).await.unwrap().acts
}

#[tokio::test]
async fn an_act_is_recorded_with_what_it_does_and_not_without() {
    on_both(|database| async move {
        let admin = new_admin();
        Accounts::create(&*database, &admin).await.unwrap();
        let created = act(admin.id, Act::CreateAccount);
        let ann = NewAccount {
            act: Some(created.clone()),
            ..new_account("ann@example.com")
        };
        Accounts::create(&*database, &ann).await.unwrap();
        let expected = RecordedAct {
            id: created.id,
            admin: admin.email.clone(),
            act: Act::CreateAccount,
            subject: created.subject,
            detail: created.detail,
            created_at: created.created_at,
        };
        assert_eq!(recorded(&database).await, [expected]);
        let again = NewAccount {
            id: AccountId(fresh()),
            act: Some(act(admin.id, Act::CreateAccount)),
            ..ann.clone()
        };
        let taken = Accounts::create(&*database, &again).await;
        assert_eq!(taken, Err(AccountError::EmailTaken));

        let grant = |reference: &str| Grant {
            account: ann.id,
            lot: NewLot {
                id: LotId(fresh()),
                mode: Mode::Live,
                source: LotSource::Grant,
                credits: Credits::from_u32(5),
                expires_at: None,
                note: None,
            },
            reference: Some(reference.to_owned()),
            created_at: NOW,
            act: Some(act(admin.id, Act::Grant)),
        };
        for _ in 0..2 {
            database.grant(&grant("order 7")).await.unwrap();
        }
        let expired = Grant {
            lot: NewLot {
                expires_at: Some(NOW),
                ..grant("").lot
            },
            ..grant("order 8")
        };
        let refused = database.grant(&expired).await;
        assert_eq!(refused, Err(AccountError::AlreadyExpired));
        let model = shipped_models().remove(0);
        let priced = act(admin.id, Act::ChangeModel);
        database.put(&model, Some(&priced)).await.unwrap();
        database.put(&model, None).await.unwrap();

        let acts: Vec<Act> = recorded(&database)
            .await
            .iter()
            .map(|recorded| recorded.act)
            .collect();
        assert_eq!(acts, [Act::ChangeModel, Act::Grant, Act::CreateAccount]);
        assert_audited(&database).await;
    })
    .await;
}

#[tokio::test]
async fn acts_page_and_are_never_altered() {
    on_both(|database| async move {
        let admin = new_admin();
        Accounts::create(&*database, &admin).await.unwrap();
        let model = shipped_models().remove(0);
        let mut ids = Vec::new();
        for _ in 0..3 {
            let act = act(admin.id, Act::ChangeModel);
            database.put(&model, Some(&act)).await.unwrap();
            ids.push(act.id);
        }
        ids.reverse();
        let list = |after, limit| {
            let another = database.another();
            async move {
                let page = Acts::list(&another, after, limit).await.unwrap();
                let ids: Vec<ActId> = page.acts.iter().map(|act| act.id).collect();
                (ids, page.has_more)
            }
        };
        assert_eq!(list(None, 2).await, (ids[..2].to_vec(), true));
        assert_eq!(list(Some(ids[1]), 2).await, (ids[2..].to_vec(), false));
        for sql in [
            "UPDATE admin_acts SET detail = 'nothing'",
            "DELETE FROM admin_acts",
        ] {
            let refused = database.execute(sql).unwrap_err();
            assert!(refused.contains("append-only"), "{refused}");
        }
        assert_eq!(list(None, 9).await, (ids, false));
    })
    .await;
}

#[tokio::test]
async fn an_account_is_changed_in_what_is_named() {
    on_both(|database| async move {
        let admin = new_admin();
        Accounts::create(&*database, &admin).await.unwrap();
        let ann = new_account("ann@example.com");
        Accounts::create(&*database, &ann).await.unwrap();
        let find = || async { database.find_by_id(ann.id).await.unwrap().unwrap() };
        let before = find().await;
        assert_eq!((before.blocked_at, before.password_is_temporary), (None, false));
        let change = |change: AccountChange| {
            let (another, act) = (database.another(), act(admin.id, Act::ChangeAccount));
            async move {
                let changed = another.change(ann.id, &change, &act).await;
                changed.unwrap().account
            }
        };
        let promoted = Account {
            account_type: AccountType::Enterprise,
            is_admin: true,
            ..before.clone()
        };
        let changed = change(AccountChange {
            account_type: Some(AccountType::Enterprise),
            is_admin: Some(true),
            is_blocked: None,
        });
        assert_eq!(changed.await, promoted);
        assert_eq!(find().await, promoted);
        let block = AccountChange {
            is_blocked: Some(true),
            ..AccountChange::default()
        };
        let blocked = Account {
            blocked_at: Some(NOW.plus(MINUTE)),
            ..promoted.clone()
        };
        assert_eq!(change(block).await, blocked);
        // Neither another change nor another blocking moves it.
        database
            .execute("UPDATE accounts SET blocked_at = created_at WHERE is_admin AND blocked_at IS NOT NULL")
            .unwrap();
        let since = Account {
            blocked_at: Some(NOW),
            ..promoted.clone()
        };
        assert_eq!(change(block).await, since);
        assert_eq!(change(AccountChange::default()).await, since);
        let unblock = AccountChange {
            is_blocked: Some(false),
            ..AccountChange::default()
        };
        assert_eq!(change(unblock).await, promoted);
        assert_eq!(find().await, promoted);
        assert_eq!(recorded(&database).await.len(), 5);

        let nobody = AccountId(fresh());
        let act = act(admin.id, Act::ChangeAccount);
        let refused = database.change(nobody, &unblock, &act).await;
        assert_eq!(refused, Err(ChangeAccountError::NotFound));
        assert_eq!(recorded(&database).await.len(), 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_admins_who_shut_each_other_out_one_is_left() {
    on_both(|database| async move {
        for round in 0..20 {
            let [one, two] = ["one", "two"].map(|name| NewAccount {
                is_admin: true,
                ..new_account(&format!("{name}{round}@example.com"))
            });
            for admin in [&one, &two] {
                Accounts::create(&*database, admin).await.unwrap();
            }
            let shut_out = |admin: AccountId, other: AccountId| {
                let (another, act) = (database.another(), act(admin, Act::ChangeAccount));
                let change = AccountChange {
                    is_admin: Some(false),
                    is_blocked: (round % 2 == 0).then_some(true),
                    ..AccountChange::default()
                };
                tokio::spawn(async move { another.change(other, &change, &act).await })
            };
            let (first, second) = tokio::join!(shut_out(one.id, two.id), shut_out(two.id, one.id));
            let ends = [first.unwrap(), second.unwrap()];
            let refused = |end: &&Result<_, _>| **end == Err(ChangeAccountError::NotAdmin);
            assert_eq!(ends.iter().filter(refused).count(), 1, "{ends:?}");
        }
        let left = "SELECT count(*) AS number FROM accounts WHERE is_admin AND blocked_at IS NULL";
        assert_eq!(database.numbers(left), [20]);
    })
    .await;
}

#[tokio::test]
async fn a_password_from_outside_ends_what_the_old_one_began() {
    on_both(|database| async move {
        let admin = new_admin();
        Accounts::create(&*database, &admin).await.unwrap();
        let ann = new_account("ann@example.com");
        Accounts::create(&*database, &ann).await.unwrap();
        let set = |account: AccountId, hash: &str, is_temporary: bool, act: Option<NewAct>| {
            let another = database.another();
            let new = NewPassword {
                hash: hash.to_owned(),
                is_temporary,
                act,
            };
            async move { another.set_password(account, &new).await.unwrap() }
        };
        assert!(set(ann.id, "first", false, None).await);
        let session = NewSession {
            digest: [1; 32],
            account: ann.id,
            password_hash: "first".to_owned(),
            device: Some([2; 32]),
            replaces: None,
            created_at: NOW,
            expires_at: NOW.plus(60 * MINUTE),
            device_expires_at: NOW.plus(60 * MINUTE),
        };
        assert!(Sessions::create(&*database, &session).await.unwrap());
        let given = act(admin.id, Act::SetPassword);
        assert!(set(ann.id, "second", true, Some(given.clone())).await);
        let found = database.credentials(&ann.email).await.unwrap().unwrap();
        assert_eq!(found.password_hash.as_deref(), Some("second"));
        assert!(found.account.password_is_temporary);
        let begun = Sessions::find(&*database, &[1; 32], NOW).await.unwrap();
        assert_eq!(begun, None);
        let is_known = database.knows_device(ann.id, &[2; 32], NOW).await.unwrap();
        assert!(!is_known);
        // With the old password nothing begins any more.
        assert!(!Sessions::create(&*database, &session).await.unwrap());
        let acts = recorded(&database).await;
        assert_eq!(acts.len(), 1, "{acts:?}");
        assert_eq!((acts[0].act, acts[0].id), (Act::SetPassword, given.id));

        assert!(
            !set(
                AccountId(fresh()),
                "third",
                true,
                Some(act(admin.id, Act::SetPassword))
            )
            .await
        );
        assert_eq!(recorded(&database).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn accounts_page_and_are_searched() {
    on_both(|database| async move {
        let emails = [
            "ann@example.com",
            "bob_1@example.com",
            "bobx1@other.org",
            "c%@example.com",
        ];
        for email in emails {
            Accounts::create(&*database, &new_account(email))
                .await
                .unwrap();
        }
        let list = |search: Option<&str>, after, limit| {
            let (another, search) = (database.another(), search.map(str::to_owned));
            async move {
                let filter = AccountFilter {
                    search,
                    after,
                    limit,
                };
                let AccountPage { accounts, has_more } =
                    Accounts::list(&another, &filter).await.unwrap();
                let last = accounts.last().map(|account| account.id);
                let emails: Vec<String> = accounts
                    .iter()
                    .map(|account| account.email.as_str().to_owned())
                    .collect();
                (emails, has_more, last)
            }
        };
        let (listed, has_more, cursor) = list(None, None, 3).await;
        assert_eq!(
            (listed, has_more),
            (
                vec![emails[3].into(), emails[2].into(), emails[1].into()],
                true
            )
        );
        let (listed, has_more, _) = list(None, cursor, 3).await;
        assert_eq!((listed, has_more), (vec![emails[0].to_owned()], false));
        for (search, expected) in [
            ("example.com", vec![emails[3], emails[1], emails[0]]),
            ("b_1", vec![emails[1]]),
            ("%", vec![emails[3]]),
            ("\\", vec![]),
            ("ann@example.com", vec![emails[0]]),
        ] {
            assert_eq!(list(Some(search), None, 9).await.0, expected, "{search}");
        }
        let (page, has_more, _) = list(Some("bob"), None, 1).await;
        assert_eq!((page, has_more), (vec![emails[2].to_owned()], true));
    })
    .await;
}

#[tokio::test]
async fn the_newest_audits_are_kept() {
    on_both(|database| async move {
        assert_eq!(database.last_audit().await, Ok(None));
        let audit = |number: u32| AuditRecord {
            completed_at: NOW.plus(MINUTE * number),
            violations: number,
            detail: format!("audit {number}"),
        };
        for number in 0..103 {
            database.record_audit(&audit(number)).await.unwrap();
        }
        assert_eq!(database.last_audit().await, Ok(Some(audit(102))));
        let kept =
            "SELECT count(*) AS number FROM audits UNION ALL SELECT min(violations) FROM audits";
        assert_eq!(database.numbers(kept), [100, 3]);
    })
    .await;
}

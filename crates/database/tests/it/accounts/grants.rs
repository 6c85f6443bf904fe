//! Grants.

use super::*;

#[tokio::test]
async fn a_reference_is_granted_once() {
    on_both(|database| async move {
        let id = ann(&database, vec![]).await;
        let first = lot(100, Some(later(60)));
        let granted = grant(&database, id, first.clone(), Some("order-1"))
            .await
            .unwrap();
        assert_eq!(granted.lot.id, first.id);
        assert_eq!(granted.lot.expires_at, Some(later(60)));
        assert_eq!(granted.credits.get(), 100);
        assert_eq!(granted.balance.credits.get(), 100);
        assert_eq!(granted.balance.account_type, AccountType::Pro);
        let again = grant(&database, id, lot(7, None), Some("order-1"))
            .await
            .unwrap();
        assert_eq!(again, granted);
        // Another reference and no reference are other grants.
        grant(&database, id, lot(10, None), Some("order-2"))
            .await
            .unwrap();
        grant(&database, id, lot(1, None), None).await.unwrap();
        let sum = grant(&database, id, lot(1, None), None).await.unwrap();
        assert_eq!(sum.balance.credits.get(), 112);
        let bob = account("bob@example.com", vec![]);
        Accounts::create(&*database, &bob).await.unwrap();
        let bobs = grant(&database, bob.id, lot(100, None), Some("order-1")).await;
        assert_eq!(bobs, Err(AccountError::ReferenceOfAnother));
        assert_eq!(
            database.numbers("SELECT amount AS number FROM ledger_entries ORDER BY amount"),
            [1, 1, 10, 100]
        );
    })
    .await;
}

#[tokio::test]
async fn a_repeated_grant_counts_no_credits_that_have_expired_since() {
    on_both(|database| async move {
        let id = ann(&database, vec![]).await;
        let first = Grant {
            account: id,
            lot: lot(100, Some(later(60))),
            reference: Some("order-1".to_owned()),
            created_at: NOW,
            act: None,
        };
        assert_eq!(
            database.grant(&first).await.unwrap().balance.credits.get(),
            100
        );
        let late = Grant {
            created_at: later(60),
            act: None,
            ..first
        };
        let again = database.grant(&late).await.unwrap();
        assert_eq!(again.balance.credits, Credits::ZERO);
        assert_eq!(again.lot.remaining.get(), 100);
    })
    .await;
}

#[tokio::test]
async fn what_would_have_expired_already_is_not_granted() {
    on_both(|database| async move {
        let id = ann(&database, vec![]).await;
        for reference in [None, Some("order-1")] {
            let refused = grant(&database, id, lot(100, Some(NOW)), reference).await;
            assert_eq!(refused, Err(AccountError::AlreadyExpired));
        }
        for table in ["credit_lots", "ledger_entries"] {
            let rows = database.numbers(&format!("SELECT count(*) AS number FROM {table}"));
            assert_eq!(rows, [0], "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn racing_grants_of_one_reference_add_one_lot() {
    on_both(|database| async move {
        let id = ann(&database, vec![]).await;
        let other = database.another();
        let grants: Vec<_> = (0..16)
            .map(|i| {
                let database = if i % 2 == 0 {
                    (*database).clone()
                } else {
                    other.clone()
                };
                tokio::spawn(
                    async move { grant(&database, id, lot(100, None), Some("order-1")).await },
                )
            })
            .collect();
        let mut lots = Vec::new();
        for granted in grants {
            let granted = granted.await.unwrap().unwrap();
            assert_eq!(granted.balance.credits.get(), 100);
            lots.push(granted.lot.id);
        }
        lots.dedup();
        assert_eq!(lots.len(), 1);
        assert_eq!(
            database.numbers("SELECT count(*) AS number FROM credit_lots"),
            [1]
        );
        assert_eq!(
            database.numbers("SELECT count(*) AS number FROM ledger_entries"),
            [1]
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_is_granted_nothing() {
    on_both(|database| async move {
        let nobody = AccountId(Uuid::now_v7());
        for reference in [None, Some("order-1")] {
            let refused = grant(&database, nobody, lot(1, None), reference).await;
            assert_eq!(refused, Err(AccountError::NotFound));
        }
        assert_eq!(
            database.numbers("SELECT count(*) AS number FROM credit_lots"),
            [0]
        );
    })
    .await;
}

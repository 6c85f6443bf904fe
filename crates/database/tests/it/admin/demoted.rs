//! Who is no admin any more when their act is written.

use super::*;

#[tokio::test]
async fn who_is_no_admin_any_more_does_nothing() {
    on_both(|database| async move {
        let ann = new_account("ann@example.com");
        Accounts::create(&*database, &ann).await.unwrap();
        let [demoted, blocked] = ["demoted", "blocked"].map(|name| NewAccount {
            is_admin: true,
            ..new_account(&format!("{name}@example.com"))
        });
        for admin in [&demoted, &blocked] {
            Accounts::create(&*database, admin).await.unwrap();
        }
        let numbers = || {
            [
                "SELECT count(*) AS number FROM accounts",
                "SELECT count(*) AS number FROM credit_lots",
                "SELECT count(*) AS number FROM ledger_entries",
                "SELECT count(*) AS number FROM models",
                "SELECT count(*) AS number FROM admin_acts",
                "SELECT count(*) AS number FROM accounts WHERE password_hash IS NOT NULL",
            ]
            .map(|query| database.numbers(query))
        };
        database
            .execute("UPDATE accounts SET is_admin = FALSE WHERE email LIKE 'demoted%'")
            .unwrap();
        database
            .execute("UPDATE accounts SET blocked_at = created_at WHERE email LIKE 'blocked%'")
            .unwrap();
        let before = numbers();
        for admin in [demoted.id, blocked.id] {
            let new = NewAccount {
                is_admin: true,
                act: Some(act(admin, Act::CreateAccount)),
                ..new_account("accomplice@example.com")
            };
            let created = Accounts::create(&*database, &new).await;
            assert_eq!(
                created,
                Err(AccountError::Database(DatabaseError::NotAdmin))
            );
            let grant = Grant {
                account: ann.id,
                lot: NewLot {
                    id: LotId(fresh()),
                    mode: Mode::Live,
                    source: LotSource::Grant,
                    credits: Credits::from_u32(100),
                    expires_at: None,
                    note: None,
                },
                reference: Some("form".to_owned()),
                created_at: NOW,
                act: Some(act(admin, Act::Grant)),
            };
            let granted = database.grant(&grant).await.map(|_| ());
            assert_eq!(
                granted,
                Err(AccountError::Database(DatabaseError::NotAdmin))
            );
            let password = NewPassword {
                hash: "hash".to_owned(),
                is_temporary: true,
                act: Some(act(admin, Act::SetPassword)),
            };
            let set = database.set_password(ann.id, &password).await;
            assert_eq!(set, Err(DatabaseError::NotAdmin));
            let model = shipped_models().remove(0);
            let put = act(admin, Act::ChangeModel);
            let put = Catalog::put(&*database, &model, Some(&put)).await;
            assert_eq!(put, Err(DatabaseError::NotAdmin));
        }
        assert_eq!(numbers(), before);
    })
    .await;
}

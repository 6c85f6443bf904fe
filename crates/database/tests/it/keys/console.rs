use super::*;

async fn ask(database: &Database, account: AccountId, mode: Mode, byte: u8) -> KeyId {
    let mut new = key(account, byte);
    new.key.mode = mode;
    database.find_or_create_console(&new).await.unwrap()
}

#[tokio::test]
async fn the_console_has_one_key_an_account_and_mode() {
    on_both(|database| async move {
        let ann = ann(&database).await;
        let bob = somebody(&database, "bob@example.com").await;
        let first = ask(&database, ann, Mode::Test, 1).await;
        assert_eq!(ask(&database, ann, Mode::Test, 2).await, first);
        let others = [
            ask(&database, ann, Mode::Live, 3).await,
            ask(&database, bob, Mode::Test, 4).await,
        ];
        assert!(!others.contains(&first) && others[0] != others[1]);
    })
    .await;
}

#[tokio::test]
async fn the_console_s_key_is_nobody_s_to_see_or_change() {
    on_both(|database| async move {
        let ann = ann(&database).await;
        let id = ask(&database, ann, Mode::Test, 1).await;
        assert_eq!(Keys::list(&*database, ann).await, Ok(vec![]));
        for whose in [Some(ann), None] {
            assert_eq!(Keys::find_by_id(&*database, whose, id).await, Ok(None));
            assert!(database.revoke(whose, id, NOW).await.unwrap().is_none());
        }
    })
    .await;
}

#[tokio::test]
async fn of_many_that_ask_at_once_all_get_the_same() {
    on_both(|database| async move {
        let ann = ann(&database).await;
        let tasks = (1..10).map(|byte| {
            let database = database.another();
            tokio::spawn(async move { ask(&database, ann, Mode::Test, byte).await })
        });
        let tasks: Vec<_> = tasks.collect();
        let mut keys = Vec::new();
        for task in tasks {
            keys.push(task.await.unwrap());
        }
        keys.dedup();
        assert_eq!(keys.len(), 1);
    })
    .await;
}

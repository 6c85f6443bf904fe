use std::time::Duration;

use gih_domain::api_key::PreviousSecret;
use gih_domain::ports::Rotation;

use super::*;

const HOUR: Duration = Duration::from_hours(1);

fn rotation(byte: u8, overlap: Duration) -> Rotation {
    Rotation {
        digest: [byte; 32],
        prefix: format!("gih_test_{byte:06}"),
        replaces: None,
        previous_expires_at: NOW.plus(overlap),
        at: NOW,
    }
}

/// Which key this secret is of, and whether it is the previous one.
async fn shown(database: &Database, byte: u8) -> Option<(KeyId, bool)> {
    let found = Keys::find(database, &[byte; 32]).await.unwrap();
    found.map(|owner| (owner.key.id, owner.is_previous))
}

#[tokio::test]
async fn both_secrets_are_of_the_key_while_they_overlap() {
    on_both(|database| async move {
        let new = key(ann(&database).await, 1);
        let id = new.key.id;
        Keys::create(&*database, &new).await.unwrap();
        let rotated = database
            .rotate(Some(new.key.account), id, &rotation(2, HOUR))
            .await
            .unwrap()
            .unwrap();
        let expected = ApiKey {
            prefix: "gih_test_000002".to_owned(),
            previous: Some(PreviousSecret {
                prefix: new.key.prefix.clone(),
                expires_at: NOW.plus(HOUR),
            }),
            ..new.key.clone()
        };
        assert_eq!(rotated, expected);
        assert_eq!(
            Keys::list(&*database, new.key.account).await,
            Ok(vec![expected])
        );
        assert_eq!(shown(&database, 1).await, Some((id, true)));
        assert_eq!(shown(&database, 2).await, Some((id, false)));

        // The next rotation ends the secret before the previous one.
        let rotated = database.rotate(None, id, &rotation(3, HOUR)).await;
        let previous = rotated.unwrap().unwrap().previous.unwrap();
        assert_eq!(previous.prefix, "gih_test_000002");
        assert_eq!(shown(&database, 1).await, None);
        assert_eq!(shown(&database, 2).await, Some((id, true)));
        assert_eq!(shown(&database, 3).await, Some((id, false)));
    })
    .await;
}

#[tokio::test]
async fn without_an_overlap_nothing_is_kept_of_the_old_secret() {
    on_both(|database| async move {
        let new = key(ann(&database).await, 1);
        let id = new.key.id;
        Keys::create(&*database, &new).await.unwrap();
        for (byte, overlap) in [(2, HOUR), (3, Duration::ZERO)] {
            database
                .rotate(None, id, &rotation(byte, overlap))
                .await
                .unwrap();
        }
        assert_eq!(shown(&database, 1).await, None);
        assert_eq!(shown(&database, 2).await, None);
        let found = Keys::find(&*database, &[3; 32]).await.unwrap().unwrap();
        assert_eq!(found.key.previous, None);
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_is_gone_is_not_replaced_again() {
    on_both(|database| async move {
        let new = key(ann(&database).await, 1);
        let id = new.key.id;
        Keys::create(&*database, &new).await.unwrap();
        let replacing = |prefix: &str, byte| Rotation {
            replaces: Some(prefix.to_owned()),
            ..rotation(byte, HOUR)
        };
        let first = replacing(&new.key.prefix, 2);
        assert!(database.rotate(None, id, &first).await.unwrap().is_some());
        let again = replacing(&new.key.prefix, 3);
        assert!(database.rotate(None, id, &again).await.unwrap().is_none());
        assert_eq!(shown(&database, 1).await, Some((id, true)));
        assert_eq!(shown(&database, 2).await, Some((id, false)));
        assert_eq!(shown(&database, 3).await, None);
        let next = replacing("gih_test_000002", 3);
        assert!(database.rotate(None, id, &next).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn only_a_valid_key_of_ones_own_is_rotated() {
    on_both(|database| async move {
        let new = key(ann(&database).await, 1);
        let id = new.key.id;
        Keys::create(&*database, &new).await.unwrap();
        let rotate = async |account: Option<AccountId>, id: KeyId, at: Timestamp| {
            let rotation = Rotation {
                at,
                ..rotation(2, HOUR)
            };
            database.rotate(account, id, &rotation).await.unwrap()
        };
        let bob = somebody(&database, "bob@example.com").await;
        assert_eq!(rotate(Some(bob), id, NOW).await, None);
        assert_eq!(rotate(None, KeyId(Uuid::now_v7()), NOW).await, None);
        // It expires a microsecond after now.
        let expiry = new.key.expires_at.unwrap();
        assert_eq!(rotate(None, id, expiry).await, None);
        database.revoke(None, id, NOW).await.unwrap();
        assert_eq!(rotate(None, id, NOW).await, None);
        assert_eq!(shown(&database, 1).await, Some((id, false)));
        assert_eq!(shown(&database, 2).await, None);
    })
    .await;
}

#[tokio::test]
async fn of_rotations_at_once_the_last_two_secrets_are_left() {
    on_both(|database| async move {
        let new = key(ann(&database).await, 1);
        let id = new.key.id;
        Keys::create(&*database, &new).await.unwrap();
        let tasks = (2..10).map(|byte| {
            let database = database.another();
            tokio::spawn(async move { database.rotate(None, id, &rotation(byte, HOUR)).await })
        });
        let tasks: Vec<_> = tasks.collect();
        for task in tasks {
            task.await.unwrap().unwrap().unwrap();
        }
        let mut left = Vec::new();
        for byte in 1..10 {
            left.extend(
                shown(&database, byte)
                    .await
                    .map(|(_, is_previous)| is_previous),
            );
        }
        left.sort_unstable();
        assert_eq!(left, [false, true]);
    })
    .await;
}

use std::sync::Mutex;

use super::*;
use crate::api_key::Secret;
use crate::id::GenerationId;
use crate::testing::uuid;

fn name() -> KeyName {
    KeyName::parse("laptop").unwrap()
}

#[test]
fn a_key_is_kept_by_its_digest_and_shown_once() {
    for (mode, begins) in [(Mode::Live, "gih_live_"), (Mode::Test, "gih_test_")] {
        let kept = Arc::new(Mutex::new(None));
        let mut outside = Outside::with_ann();
        let keep = Arc::clone(&kept);
        outside.keys.expect_create().once().returning(move |key| {
            *keep.lock().unwrap() = Some(key.clone());
            Ok(())
        });
        let created = now(outside
            .operate()
            .create_key(&ann(), name(), mode, Some(hour(1))))
        .unwrap();
        let kept = kept.lock().unwrap().take().unwrap();
        assert_eq!(kept.key, created.key);
        assert_eq!(kept.digest, created.secret.digest());
        assert_eq!((created.key.account, created.key.mode), (account(), mode));
        assert_eq!(
            (created.key.created_at, created.key.expires_at),
            (start(), Some(hour(1)))
        );
        assert_eq!(created.key.revoked_at, None);
        let secret = created.secret.reveal();
        assert!(secret.starts_with(begins) && secret.starts_with(&created.key.prefix));
        assert_eq!(Secret::parse(secret).unwrap(), created.secret);
        for shown in [format!("{kept:?}"), format!("{created:?}")] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[test]
fn no_two_keys_are_the_same() {
    let mut outside = Outside::with_ann();
    outside.keys.expect_create().times(2).returning(|_| Ok(()));
    let operate = outside.operate();
    let [one, two] =
        [(); 2].map(|()| now(operate.create_key(&ann(), name(), Mode::Live, None)).unwrap());
    assert_ne!(one.secret, two.secret);
    assert_ne!(one.key.id, two.key.id);
}

#[test]
fn a_key_that_has_expired_already_is_refused() {
    for expires_at in [hour(-1), start()] {
        let operate = Outside::with_ann().operate();
        let refused =
            now(operate.create_key(&ann(), name(), Mode::Live, Some(expires_at))).unwrap_err();
        assert!(matches!(refused, OperateError::InThePast(at) if at == expires_at));
        assert_eq!(refused.to_string(), format!("{expires_at} is in the past"));
    }
}

#[test]
fn keys_belong_to_accounts() {
    let created = now(Outside::empty()
        .operate()
        .create_key(&ann(), name(), Mode::Live, None));
    assert!(matches!(created, Err(OperateError::NoSuchAccount(email)) if email == ann()));
    let listed = now(Outside::empty().operate().list_keys(&ann()));
    assert!(matches!(listed, Err(OperateError::NoSuchAccount(email)) if email == ann()));
}

#[test]
fn an_account_s_keys_are_listed() {
    let mut outside = Outside::with_ann();
    outside
        .keys
        .expect_list()
        .withf(|&of| of == account())
        .once()
        .returning(|_| Ok(vec![key()]));
    assert_eq!(now(outside.operate().list_keys(&ann())).unwrap(), [key()]);
}

fn key() -> ApiKey {
    ApiKey {
        id: KeyId(uuid(5)),
        account: account(),
        mode: Mode::Live,
        name: name(),
        prefix: "gih_live_012345".to_owned(),
        created_at: hour(-1),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        previous: None,
    }
}

#[test]
fn a_key_is_revoked_from_now_on() {
    let mut outside = Outside::default();
    outside
        .keys
        .expect_revoke()
        .withf(|&account, &id, &at| (account, id, at) == (None, KeyId(uuid(5)), start()))
        .once()
        .returning(|_, _, at| {
            let key = ApiKey {
                revoked_at: Some(at),
                ..key()
            };
            Ok(Some(Revoked {
                key,
                canceled: vec![GenerationId(uuid(6))],
            }))
        });
    let revoked = now(outside.operate().revoke_key(KeyId(uuid(5)))).unwrap();
    assert_eq!(revoked.key.revoked_at, Some(start()));
    assert_eq!(revoked.canceled, [GenerationId(uuid(6))]);
}

#[test]
fn a_key_that_is_not_there_cannot_be_revoked() {
    let mut outside = Outside::default();
    outside
        .keys
        .expect_revoke()
        .once()
        .returning(|_, _, _| Ok(None));
    let refused = now(outside.operate().revoke_key(KeyId(uuid(5)))).unwrap_err();
    assert!(matches!(refused, OperateError::NoSuchKey(id) if id == KeyId(uuid(5))));
}

#[test]
fn a_database_that_is_away_is_said_so() {
    let mut outside = Outside::with_ann();
    outside.keys.expect_create().returning(|_| Err(away()));
    outside.keys.expect_list().returning(|_| Err(away()));
    outside
        .keys
        .expect_revoke()
        .returning(|_, _, _| Err(away()));
    let operate = outside.operate();
    assert!(is_away(
        &now(operate.create_key(&ann(), name(), Mode::Live, None)).unwrap_err()
    ));
    assert!(is_away(&now(operate.list_keys(&ann())).unwrap_err()));
    assert!(is_away(
        &now(operate.revoke_key(KeyId(uuid(5)))).unwrap_err()
    ));
}

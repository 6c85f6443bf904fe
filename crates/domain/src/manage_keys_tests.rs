use std::sync::Mutex;

use futures_util::FutureExt as _;

use super::*;
use crate::account::{AccountType, Email};
use crate::api_key::PreviousSecret;
use crate::ports::MockKeys;
use crate::testing::{SequentialIds, TestClock, account, away, hour, start, uuid};

const DAY: Duration = Duration::from_hours(24);

fn manage(keys: MockKeys) -> ManageKeys {
    ManageKeys {
        keys: Arc::new(keys),
        clock: Arc::new(TestClock::default()),
        ids: Arc::new(SequentialIds::default()),
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("mocks answer at once")
}

fn id() -> KeyId {
    KeyId(uuid(5))
}

fn name() -> KeyName {
    KeyName::parse("laptop").unwrap()
}

fn key(mode: Mode) -> ApiKey {
    ApiKey {
        id: id(),
        account: account(),
        mode,
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
fn a_key_is_made_for_the_account() {
    let kept = Arc::new(Mutex::new(None));
    let mut keys = MockKeys::new();
    let keep = Arc::clone(&kept);
    keys.expect_create().once().returning(move |new| {
        *keep.lock().unwrap() = Some(new.clone());
        Ok(())
    });
    let manage = manage(keys);
    let created = now(manage.create(account(), name(), Mode::Test, Some(hour(1)))).unwrap();
    let kept = kept.lock().unwrap().take().unwrap();
    assert_eq!(kept.key, created.key);
    assert_eq!(kept.digest, created.secret.digest());
    assert_eq!(
        (created.key.account, created.key.expires_at),
        (account(), Some(hour(1)))
    );
    assert_eq!(
        (created.key.last_used_at, created.key.previous),
        (None, None)
    );
}

#[test]
fn a_key_that_has_expired_already_is_refused() {
    let mut keys = MockKeys::new();
    keys.expect_create().never();
    let refused = now(manage(keys).create(account(), name(), Mode::Live, Some(start())));
    assert_eq!(refused.unwrap_err(), CreateKeyError::InThePast(start()));
}

#[test]
fn keys_are_looked_for_and_revoked_in_the_account_alone() {
    let mut keys = MockKeys::new();
    keys.expect_list()
        .once()
        .withf(|&of| of == account())
        .returning(|_| Ok(vec![key(Mode::Live)]));
    keys.expect_find_by_id()
        .once()
        .withf(|&of, &which| (of, which) == (Some(account()), id()))
        .returning(|_, _| Ok(None));
    keys.expect_revoke()
        .once()
        .withf(|&of, &which, &at| (of, which, at) == (Some(account()), id(), start()))
        .returning(|_, _, _| Ok(None));
    let manage = manage(keys);
    assert_eq!(now(manage.list(account())), Ok(vec![key(Mode::Live)]));
    assert_eq!(now(manage.find(account(), id())), Ok(None));
    assert!(now(manage.revoke(account(), id())).unwrap().is_none());
}

/// Rotates a key that is there; what the database was asked for, and the answer.
fn rotate(mode: Mode, of: Option<AccountId>, overlap: Duration) -> (Rotation, CreatedKey) {
    let asked = Arc::new(Mutex::new(None));
    let mut keys = MockKeys::new();
    keys.expect_find_by_id()
        .once()
        .withf(move |&account, &which| (account, which) == (of, id()))
        .returning(move |_, _| Ok(Some(key(mode))));
    let keep = Arc::clone(&asked);
    keys.expect_rotate()
        .once()
        .withf(move |&account, &which, _| (account, which) == (of, id()))
        .returning(move |_, _, rotation| {
            *keep.lock().unwrap() = Some(rotation.clone());
            let previous = PreviousSecret {
                prefix: key(mode).prefix,
                expires_at: rotation.previous_expires_at,
            };
            Ok(Some(ApiKey {
                prefix: rotation.prefix.clone(),
                previous: Some(previous),
                ..key(mode)
            }))
        });
    let rotated = now(manage(keys).rotate(of, id(), overlap, Some(&key(mode).prefix))).unwrap();
    let asked = asked.lock().unwrap().take().unwrap();
    (asked, rotated)
}

#[test]
fn a_rotated_key_keeps_its_name_and_mode() {
    for (mode, of) in [(Mode::Live, Some(account())), (Mode::Test, None)] {
        let (asked, rotated) = rotate(mode, of, DAY);
        assert_eq!(rotated.key.id, id());
        assert_eq!(rotated.secret.mode(), mode);
        assert_eq!(rotated.key.prefix, rotated.secret.prefix());
        assert_eq!(asked.digest, rotated.secret.digest());
        assert_eq!(asked.replaces, Some(key(mode).prefix));
        assert_eq!((asked.at, asked.previous_expires_at), (start(), hour(24)));
    }
}

#[test]
fn an_overlap_may_be_nothing_and_is_bounded() {
    let (asked, _) = rotate(Mode::Live, None, Duration::ZERO);
    assert_eq!(asked.previous_expires_at, start());
    let (asked, _) = rotate(Mode::Live, None, MAX_OVERLAP);
    assert_eq!(asked.previous_expires_at, hour(90 * 24));
    let longer = MAX_OVERLAP + Duration::from_micros(1);
    let refused = now(manage(MockKeys::new()).rotate(None, id(), longer, None)).unwrap_err();
    assert_eq!(refused, RotateError::OverlapTooLong);
    assert_eq!(refused.to_string(), "the overlap is at most 90 days");
}

#[test]
fn what_is_not_there_or_not_valid_is_not_rotated() {
    let mut keys = MockKeys::new();
    keys.expect_find_by_id().returning(|_, _| Ok(None));
    keys.expect_rotate().never();
    let refused = now(manage(keys).rotate(Some(account()), id(), DAY, None));
    assert_eq!(refused.unwrap_err(), RotateError::NoSuchKey);

    let mut keys = MockKeys::new();
    keys.expect_find_by_id()
        .returning(|_, _| Ok(Some(key(Mode::Live))));
    keys.expect_rotate().returning(|_, _, _| Ok(None));
    let refused = now(manage(keys).rotate(Some(account()), id(), DAY, None));
    assert_eq!(refused.unwrap_err(), RotateError::NotValid);

    let mut keys = MockKeys::new();
    keys.expect_find_by_id().returning(|_, _| Err(away()));
    let refused = now(manage(keys).rotate(None, id(), DAY, None));
    assert_eq!(refused.unwrap_err(), RotateError::Database(away()));
}

#[test]
fn asked_twice_a_key_is_rotated_once() {
    let renewed = ApiKey {
        prefix: "gih_live_renew".to_owned(),
        ..key(Mode::Live)
    };
    let already = || RotateError::RotatedAlready("gih_live_renew".to_owned());
    let shown = key(Mode::Live).prefix;

    // The second after the first.
    let mut keys = MockKeys::new();
    let found = renewed.clone();
    keys.expect_find_by_id()
        .returning(move |_, _| Ok(Some(found.clone())));
    keys.expect_rotate().never();
    let refused = now(manage(keys).rotate(Some(account()), id(), DAY, Some(&shown)));
    assert_eq!(refused.unwrap_err(), already());

    // Both at once: the second finds the key as it was and comes too late.
    let mut keys = MockKeys::new();
    let mut found = vec![renewed, key(Mode::Live)];
    keys.expect_find_by_id()
        .returning(move |_, _| Ok(found.pop()));
    keys.expect_rotate().once().returning(|_, _, _| Ok(None));
    let refused = now(manage(keys).rotate(Some(account()), id(), DAY, Some(&shown)));
    assert_eq!(refused.unwrap_err(), already());
}

#[test]
fn the_console_asks_with_a_key_of_its_own() {
    let ann = Account {
        id: account(),
        email: Email::parse("ann@example.com").unwrap(),
        account_type: AccountType::Pro,
        is_admin: false,
        created_at: hour(-100),
        blocked_at: None,
        password_is_temporary: false,
    };
    for mode in [Mode::Live, Mode::Test] {
        let mut keys = MockKeys::new();
        keys.expect_find_or_create_console()
            .once()
            .withf(move |new| {
                (new.key.account, new.key.mode, new.key.expires_at) == (account(), mode, None)
            })
            .returning(|_| Ok(id()));
        let expected = Caller {
            account: account(),
            account_type: AccountType::Pro,
            key: id(),
            mode,
        };
        assert_eq!(now(manage(keys).caller(&ann, mode)), Ok(expected));
    }
}

use futures_util::FutureExt as _;

use super::*;
use crate::account::AccountType;
use crate::api_key::{ApiKey, KeyName, PreviousSecret};
use crate::mode::Mode;
use crate::ports::{KeyOwner, MockKeys};
use crate::testing::{TestClock, account, away, caller, hour, start};
use crate::time::Timestamp;

fn secret(mode: Mode) -> Secret {
    Secret::generate(mode, &[7; Secret::RANDOM_BYTES])
}

fn owner(mode: Mode, expires_at: Option<Timestamp>, revoked_at: Option<Timestamp>) -> KeyOwner {
    let secret = secret(mode);
    KeyOwner {
        key: ApiKey {
            id: caller(mode).key,
            account: account(),
            mode,
            name: KeyName::parse("laptop").unwrap(),
            prefix: secret.prefix().to_owned(),
            created_at: hour(-10),
            expires_at,
            revoked_at,
            last_used_at: None,
            previous: None,
        },
        account_type: AccountType::Pro,
        is_blocked: false,
        is_previous: false,
    }
}

/// Asks with a well-formed key at the start of time, the database answering so.
fn ask(
    mode: Mode,
    answer: Result<Option<KeyOwner>, DatabaseError>,
) -> Result<Caller, AuthenticateError> {
    ask_recording(mode, answer, &Arc::default())
}

fn ask_recording(
    mode: Mode,
    answer: Result<Option<KeyOwner>, DatabaseError>,
    uses: &Arc<LastUses>,
) -> Result<Caller, AuthenticateError> {
    let mut keys = MockKeys::new();
    let digest = secret(mode).digest();
    keys.expect_find()
        .withf(move |asked| *asked == digest)
        .once()
        .return_once(move |_| answer);
    let clock = Arc::new(TestClock::default());
    let authenticate = Authenticate::new(Arc::new(keys), clock, Arc::clone(uses));
    let secret = secret(mode);
    authenticate.run(secret.reveal()).now_or_never().unwrap()
}

#[test]
fn a_valid_key_stands_for_its_caller() {
    for mode in [Mode::Live, Mode::Test] {
        assert_eq!(
            ask(mode, Ok(Some(owner(mode, None, None)))),
            Ok(caller(mode))
        );
        assert_eq!(
            ask(mode, Ok(Some(owner(mode, Some(hour(1)), None)))),
            Ok(caller(mode))
        );
    }
}

#[test]
fn a_malformed_or_mistyped_key_costs_no_query() {
    let mut mistyped = secret(Mode::Live).reveal().to_owned();
    let last = mistyped.pop().unwrap();
    mistyped.push(if last == 'x' { 'y' } else { 'x' });
    for token in [
        "",
        "gih_live_",
        "sk-123",
        "Bearer",
        mistyped.as_str(),
        "gih_live_\u{1F511}",
    ] {
        let mut keys = MockKeys::new();
        keys.expect_find().never();
        let clock = Arc::new(TestClock::default());
        let authenticate = Authenticate::new(Arc::new(keys), clock, Arc::default());
        assert_eq!(
            authenticate.run(token).now_or_never().unwrap(),
            Err(AuthenticateError::Invalid),
            "{token}"
        );
    }
}

#[test]
fn unknown_and_revoked_keys_are_not_told_apart() {
    assert_eq!(ask(Mode::Live, Ok(None)), Err(AuthenticateError::Invalid));
    let revoked = owner(Mode::Live, None, Some(start()));
    assert_eq!(
        ask(Mode::Live, Ok(Some(revoked))),
        Err(AuthenticateError::Invalid)
    );
}

#[test]
fn a_revoked_key_that_has_expired_as_well_is_a_revoked_one() {
    let both = owner(Mode::Live, Some(hour(-1)), Some(hour(-2)));
    assert_eq!(
        ask(Mode::Live, Ok(Some(both))),
        Err(AuthenticateError::Invalid)
    );
}

#[test]
fn a_key_is_expired_from_its_instant_of_expiry_on() {
    let at = |micros: i64| {
        let expires_at = Timestamp::from_micros(start().as_micros() + micros);
        ask(
            Mode::Live,
            Ok(Some(owner(Mode::Live, Some(expires_at), None))),
        )
    };
    assert_eq!(at(1), Ok(caller(Mode::Live)));
    assert_eq!(at(0), Err(AuthenticateError::Expired));
    assert_eq!(at(-1), Err(AuthenticateError::Expired));
}

#[test]
fn a_database_that_is_away_is_no_verdict_on_the_key() {
    assert_eq!(
        ask(Mode::Live, Err(away())),
        Err(AuthenticateError::Database(away()))
    );
}

#[test]
fn a_rotated_secret_is_good_until_its_overlap_ends() {
    let at = |micros: i64| {
        let previous = PreviousSecret {
            prefix: secret(Mode::Live).prefix().to_owned(),
            expires_at: Timestamp::from_micros(start().as_micros() + micros),
        };
        let mut owner = owner(Mode::Live, None, None);
        owner.is_previous = true;
        owner.key.previous = Some(previous);
        ask(Mode::Live, Ok(Some(owner)))
    };
    assert_eq!(at(1), Ok(caller(Mode::Live)));
    assert_eq!(at(0), Err(AuthenticateError::Invalid));
    assert_eq!(at(-1), Err(AuthenticateError::Invalid));
    let mut lost = owner(Mode::Live, None, None);
    lost.is_previous = true; // of whose end nothing is known
    assert_eq!(
        ask(Mode::Live, Ok(Some(lost))),
        Err(AuthenticateError::Invalid)
    );
}

#[test]
fn the_new_secret_outlives_the_overlap_of_the_old_one() {
    let mut owner = owner(Mode::Live, None, None);
    owner.key.previous = Some(PreviousSecret {
        prefix: "gih_live_012345".to_owned(),
        expires_at: hour(-1),
    });
    assert_eq!(ask(Mode::Live, Ok(Some(owner))), Ok(caller(Mode::Live)));
}

#[test]
fn a_blocked_account_has_no_valid_key() {
    for expires_at in [None, Some(hour(-1))] {
        let mut owner = owner(Mode::Live, expires_at, None);
        owner.is_blocked = true;
        assert_eq!(
            ask(Mode::Live, Ok(Some(owner))),
            Err(AuthenticateError::Invalid)
        );
    }
}

#[test]
fn only_the_use_of_a_valid_key_is_recorded() {
    let uses = Arc::new(LastUses::default());
    let mut blocked = owner(Mode::Live, None, None);
    blocked.is_blocked = true;
    for refused in [
        Ok(None),
        Err(away()),
        Ok(Some(blocked)),
        Ok(Some(owner(Mode::Live, Some(start()), None))),
        Ok(Some(owner(Mode::Live, None, Some(start())))),
    ] {
        assert!(ask_recording(Mode::Live, refused, &uses).is_err());
    }
    let mut keys = MockKeys::new();
    keys.expect_record_uses().never();
    assert_eq!(uses.flush(&keys).now_or_never().unwrap(), Ok(()));

    let valid = owner(Mode::Live, None, None);
    ask_recording(Mode::Live, Ok(Some(valid)), &uses).unwrap();
    let mut keys = MockKeys::new();
    keys.expect_record_uses()
        .once()
        .withf(|uses| uses == [(caller(Mode::Live).key, start())])
        .returning(|_| Ok(()));
    assert_eq!(uses.flush(&keys).now_or_never().unwrap(), Ok(()));
}

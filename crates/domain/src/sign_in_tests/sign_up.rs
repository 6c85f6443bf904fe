use super::*;
use crate::credits::Credits;
use crate::mode::Mode;
use crate::ports::LotSource;

/// A throttle that admits and a hasher that hashes.
fn open() -> Outside {
    let mut outside = Outside::default();
    outside
        .throttle
        .expect_admit_sign_up()
        .withf(|&address| address == attempt().address)
        .returning(|_| Ok(()));
    outside
        .passwords
        .expect_hash()
        .withf(|password, asker| (password.reveal(), *asker) == (PASSWORD, Asker::Stranger))
        .returning(|_, _| Ok(HASH.to_owned()));
    outside
}

#[test]
fn a_new_account_is_a_small_one_and_its_owner_is_in() {
    let mut outside = open().begins(true);
    outside
        .accounts
        .expect_create()
        .once()
        .withf(|account| {
            let [lot] = &account.lots[..] else {
                return false;
            };
            let lot = (lot.mode, lot.source, lot.credits, lot.expires_at);
            lot == (
                Mode::Test,
                LotSource::Signup,
                Credits::from_u32(1_000),
                None,
            ) && account.email.as_str() == "ann@example.com"
                && account.account_type == AccountType::Free
                && !account.is_admin
                && account.password_hash.as_deref() == Some(HASH)
                && !account.password_is_temporary
                && account.created_at == start()
        })
        .returning(|_| Ok(()));
    let begun = Arc::clone(&outside.begun);
    let signed_in = now(outside.sign_in().sign_up(Attempt {
        session: Some(token(1).reveal()),
        device: Some(token(2).reveal()),
        ..attempt()
    }))
    .unwrap();
    let session = the_only(&begun);
    assert_eq!(session.account, signed_in.account.id);
    assert_eq!(session.digest, signed_in.session.digest());
    assert_eq!(session.password_hash, HASH);
    assert_eq!(session.replaces, Some(token(1).digest()));
    assert_ne!(signed_in.device, token(2));
    assert_eq!(signed_in.account.account_type, AccountType::Free);
    assert!(!signed_in.account.is_admin);
}

#[test]
fn a_closed_door_is_closed() {
    let outside = Outside {
        is_sign_up_open: false,
        ..Outside::default()
    };
    let refused = now(outside.sign_in().sign_up(attempt()));
    assert_eq!(refused.unwrap_err(), SignUpError::Closed);
}

#[test]
fn what_is_ill_formed_costs_nothing() {
    let sign_up = |email, password| {
        let attempt = Attempt {
            email,
            password,
            ..attempt()
        };
        now(Outside::default().sign_in().sign_up(attempt)).unwrap_err()
    };
    assert!(matches!(
        sign_up("nobody", PASSWORD),
        SignUpError::InvalidEmail(_)
    ));
    assert!(matches!(
        sign_up("ann@example.com", "short"),
        SignUpError::InvalidPassword(_)
    ));
}

#[test]
fn an_account_that_cannot_be_made_is_told_why() {
    let mut outside = Outside::default();
    outside
        .throttle
        .expect_admit_sign_up()
        .returning(|_| Err(wait()));
    let refused = now(outside.sign_in().sign_up(attempt()));
    assert_eq!(refused.unwrap_err(), SignUpError::Throttled(wait()));

    let mut outside = Outside::default();
    outside
        .throttle
        .expect_admit_sign_up()
        .returning(|_| Ok(()));
    outside.passwords.expect_hash().returning(|_, _| Err(Busy));
    let refused = now(outside.sign_in().sign_up(attempt()));
    assert_eq!(refused.unwrap_err(), SignUpError::Busy(Busy));

    for (error, expected) in [
        (AccountError::EmailTaken, SignUpError::EmailTaken),
        (away().into(), SignUpError::Database(away())),
    ] {
        let mut outside = open();
        outside.accounts.expect_create().return_once(|_| Err(error));
        let refused = now(outside.sign_in().sign_up(attempt()));
        assert_eq!(refused.unwrap_err(), expected);
    }
}

use super::*;

#[test]
fn the_right_password_begins_a_session() {
    let outside = Outside::with(credentials())
        .verifies(PASSWORD, Some(HASH), true)
        .begins(true);
    let begun = Arc::clone(&outside.begun);
    let signed_in = now(outside.sign_in().sign_in(attempt())).unwrap();
    assert_eq!(signed_in.account, anns());
    assert_ne!(signed_in.session, signed_in.device);
    let session = the_only(&begun);
    assert_eq!(session.account, account());
    assert_eq!(session.digest, signed_in.session.digest());
    assert_eq!(session.device, Some(signed_in.device.digest()));
    assert_eq!(session.replaces, None);
    assert_eq!(session.password_hash, HASH);
    assert_eq!(session.created_at, start());
    assert_eq!(session.expires_at, hour(14 * 24));
    assert_eq!(session.device_expires_at, hour(365 * 24));
}

/// Whatever is wrong, one password is checked, and the answer is the same.
#[test]
fn nobody_learns_what_was_wrong() {
    let without_password = Credentials {
        password_hash: None,
        ..credentials().unwrap()
    };
    for (found, hash) in [
        (None, None),
        (Some(without_password), None),
        (credentials(), Some(HASH)),
    ] {
        let outside = Outside::with(found).verifies(PASSWORD, hash, false);
        let refused = now(outside.sign_in().sign_in(attempt()));
        assert_eq!(refused.unwrap_err(), SignInError::Wrong);
    }
    // One that no account can have is not compared with any, and costs the same.
    for password in ["short", &"x".repeat(257)] {
        let outside = Outside::with(credentials()).verifies("", None, false);
        let refused = now(outside.sign_in().sign_in(Attempt {
            password,
            ..attempt()
        }));
        assert_eq!(refused.unwrap_err(), SignInError::Wrong);
    }
    let outside = Outside::with(None).verifies(PASSWORD, None, false);
    let refused = now(outside.sign_in().sign_in(Attempt {
        email: "not an address",
        ..attempt()
    }));
    assert_eq!(refused.unwrap_err(), SignInError::Wrong);
}

#[test]
fn a_hasher_that_says_yes_without_a_hash_lets_nobody_in() {
    let outside = Outside::with(None).verifies(PASSWORD, None, true);
    let refused = now(outside.sign_in().sign_in(attempt()));
    assert_eq!(refused.unwrap_err(), SignInError::Wrong);
}

#[test]
fn only_the_right_password_learns_of_a_block() {
    let blocked = Some(Credentials {
        account: Account {
            blocked_at: Some(hour(-1)),
            ..anns()
        },
        password_hash: Some(HASH.to_owned()),
    });
    for (is_right, expected) in [(true, SignInError::Blocked), (false, SignInError::Wrong)] {
        let outside = Outside::with(blocked.clone()).verifies(PASSWORD, Some(HASH), is_right);
        let refused = now(outside.sign_in().sign_in(attempt()));
        assert_eq!(refused.unwrap_err(), expected);
    }
}

#[test]
fn a_password_changed_meanwhile_opens_nothing() {
    let outside = Outside::with(credentials())
        .verifies(PASSWORD, Some(HASH), true)
        .begins(false);
    let refused = now(outside.sign_in().sign_in(attempt()));
    assert_eq!(refused.unwrap_err(), SignInError::Wrong);
}

#[test]
fn the_session_that_the_browser_showed_ends() {
    for (shown, ends) in [(Some(token(1)), Some(token(1).digest())), (None, None)] {
        let outside = Outside::with(credentials())
            .verifies(PASSWORD, Some(HASH), true)
            .begins(true);
        let begun = Arc::clone(&outside.begun);
        let session = shown.as_ref().map(Token::reveal);
        let signed_in = now(outside.sign_in().sign_in(Attempt {
            session,
            ..attempt()
        }));
        assert_eq!(the_only(&begun).replaces, ends);
        assert_ne!(Some(signed_in.unwrap().session), shown);
    }
}

/// Signs in from a device that shows this token, and that the database knows or not.
fn from_device(found: Option<Credentials>, shown: &Token, is_known: bool) -> (Outside, AccountId) {
    let asked_of = found
        .as_ref()
        .map_or(AccountId::NOBODY, |found| found.account.id);
    let mut outside = Outside::default();
    outside
        .accounts
        .expect_credentials()
        .returning(move |_| Ok(found.clone()));
    let digest = shown.digest();
    outside
        .sessions
        .expect_knows_device()
        .once()
        .withf(move |&of, device, &at| (of, *device, at) == (asked_of, digest, start()))
        .returning(move |_, _, _| Ok(is_known));
    outside
        .throttle
        .expect_admit_sign_in()
        .once()
        .withf(move |address, email, &known| {
            *address == attempt().address && email == attempt().email && known == is_known
        })
        .returning(|_, _, _| Ok(()));
    (outside, asked_of)
}

#[test]
fn a_device_is_kept_only_where_it_is_known() {
    for is_known in [true, false] {
        let (outside, _) = from_device(credentials(), &token(2), is_known);
        let mut outside = outside.begins(true);
        outside
            .passwords
            .expect_verify()
            .once()
            .withf(move |_, _, asker| (*asker == Asker::Known) == is_known)
            .returning(|_, _, _| Ok(true));
        let begun = Arc::clone(&outside.begun);
        let signed_in = now(outside.sign_in().sign_in(Attempt {
            device: Some(token(2).reveal()),
            ..attempt()
        }))
        .unwrap();
        assert_eq!(signed_in.device == token(2), is_known);
        assert_eq!(the_only(&begun).device, Some(signed_in.device.digest()));
    }
}

#[test]
fn the_question_after_the_device_tells_nobody_whether_there_is_an_account() {
    let (outside, asked_of) = from_device(None, &token(2), false);
    assert_eq!(asked_of, AccountId::NOBODY);
    let outside = outside.verifies(PASSWORD, None, false);
    let refused = now(outside.sign_in().sign_in(Attempt {
        device: Some(token(2).reveal()),
        ..attempt()
    }));
    assert_eq!(refused.unwrap_err(), SignInError::Wrong);
}

#[test]
fn whoever_is_throttled_gets_no_password_checked() {
    for found in [credentials(), None] {
        let mut outside = Outside::default();
        outside
            .accounts
            .expect_credentials()
            .returning(move |_| Ok(found.clone()));
        outside
            .throttle
            .expect_admit_sign_in()
            .returning(|_, _, _| Err(wait()));
        let refused = now(outside.sign_in().sign_in(attempt()));
        assert_eq!(refused.unwrap_err(), SignInError::Throttled(wait()));
    }
}

#[test]
fn a_crowd_and_a_database_that_is_away_are_no_verdict() {
    let mut outside = Outside::with(credentials());
    outside
        .passwords
        .expect_verify()
        .returning(|_, _, _| Err(Busy));
    let refused = now(outside.sign_in().sign_in(attempt()));
    assert_eq!(refused.unwrap_err(), SignInError::Busy(Busy));

    let mut outside = Outside::default();
    outside
        .accounts
        .expect_credentials()
        .returning(|_| Err(away()));
    let refused = now(outside.sign_in().sign_in(attempt()));
    assert_eq!(refused.unwrap_err(), SignInError::Database(away()));
}

#[test]
fn tokens_are_shown_by_no_debug() {
    let outside = Outside::with(credentials())
        .verifies(PASSWORD, Some(HASH), true)
        .begins(true);
    let signed_in = now(outside.sign_in().sign_in(attempt())).unwrap();
    let shown = format!("{signed_in:?}");
    assert!(!shown.contains(signed_in.session.reveal()), "{shown}");
    assert!(!shown.contains(signed_in.device.reveal()), "{shown}");
}

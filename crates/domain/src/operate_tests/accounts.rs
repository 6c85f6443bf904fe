use super::*;

#[test]
fn a_new_account_holds_test_credits_and_no_live_ones() {
    let mut outside = Outside::default();
    outside
        .accounts
        .expect_create()
        .once()
        .withf(|account| {
            let [lot] = &account.lots[..] else {
                return false;
            };
            let expected = (
                Mode::Test,
                LotSource::Signup,
                Credits::from_u32(1_000),
                None,
            );
            (lot.mode, lot.source, lot.credits, lot.expires_at) == expected
                && account.email == ann()
                && account.account_type == AccountType::Enterprise
                && account.is_admin
                && account.password_hash.is_none()
                && account.created_at == start()
                && account.id.0 != lot.id.0
        })
        .returning(|_| Ok(()));
    let created = now(outside
        .operate()
        .create_account(ann(), AccountType::Enterprise, true, None))
    .unwrap();
    assert_eq!(
        (created.email, created.account_type, created.is_admin),
        (ann(), AccountType::Enterprise, true)
    );
    assert_eq!(created.created_at, start());
}

#[test]
fn of_a_password_only_the_hash_is_kept() {
    let password = Password::parse("correct horse".to_owned()).unwrap();
    let mut outside = Outside::default();
    outside
        .passwords
        .expect_hash()
        .once()
        .withf(|password, _| password.reveal() == "correct horse")
        .return_once(|_, _| Ok("$argon2id$…".to_owned()));
    outside
        .accounts
        .expect_create()
        .once()
        .withf(|account| {
            account.password_hash.as_deref() == Some("$argon2id$…")
                && !account.password_is_temporary
                && !format!("{account:?}").contains("correct horse")
        })
        .returning(|_| Ok(()));
    let operate = outside.operate();
    now(operate.create_account(ann(), AccountType::Free, false, Some(&password))).unwrap();
}

#[test]
fn a_generated_password_is_a_temporary_one() {
    let mut outside = Outside::default();
    outside
        .passwords
        .expect_hash()
        .once()
        .returning(|_, _| Ok("$argon2id$…".to_owned()));
    outside
        .accounts
        .expect_create()
        .once()
        .withf(|account| account.password_is_temporary)
        .returning(|_| Ok(()));
    let operate = outside.operate();
    let password = operate.generate_password();
    let created =
        now(operate.create_account(ann(), AccountType::Free, false, Some(&password))).unwrap();
    assert!(created.password_is_temporary);
}

#[test]
fn a_crowd_at_the_hasher_is_said_so() {
    let mut outside = Outside::default();
    outside.passwords.expect_hash().returning(|_, _| Err(Busy));
    let operate = outside.operate();
    let password = operate.generate_password();
    let refused =
        now(operate.create_account(ann(), AccountType::Free, false, Some(&password))).unwrap_err();
    assert!(matches!(refused, OperateError::Busy(_)));
}

#[test]
fn an_account_that_cannot_be_added_is_told_why() {
    let create = |error: AccountError| {
        let mut outside = Outside::default();
        outside
            .accounts
            .expect_create()
            .once()
            .return_once(|_| Err(error));
        let operate = outside.operate();
        now(operate.create_account(ann(), AccountType::Free, false, None)).unwrap_err()
    };
    assert!(
        matches!(create(AccountError::EmailTaken), OperateError::EmailTaken(email) if email == ann())
    );
    assert!(is_away(&create(AccountError::Database(away()))));
    assert!(matches!(
        create(AccountError::NotFound),
        OperateError::Database(DatabaseError::Unexpected(_))
    ));
}

#[test]
fn generated_passwords_are_20_letters_and_digits_and_admissible() {
    let operate = Outside::default().operate();
    let passwords = [operate.generate_password(), operate.generate_password()];
    for password in &passwords {
        assert_eq!(password.reveal().len(), 20);
        assert!(
            password
                .reveal()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
        assert!(Password::parse(password.reveal().to_owned()).is_ok());
    }
    assert_ne!(passwords[0].reveal(), passwords[1].reveal());
}

#[test]
fn generated_passwords_use_every_character_equally_and_survive_bad_randomness() {
    let generate = |fill: fn(&mut [u8])| {
        let mut ids = crate::ports::MockIds::new();
        ids.expect_fill().returning(fill);
        let operate = Operate {
            ids: Arc::new(ids),
            ..Outside::default().operate()
        };
        operate.generate_password().reveal().to_owned()
    };
    // Bytes of 248 and above are passed over, not folded onto the first characters.
    let text = generate(|bytes| {
        bytes.fill(248);
        bytes[44..].fill(61);
    });
    assert_eq!(text, "z".repeat(20));
    assert_eq!(generate(|bytes| bytes.fill(255)).len(), 20);
}

#[test]
fn an_unknown_account_is_named() {
    let error = now(Outside::empty().operate().find_account(&ann())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no account with the email ann@example.com"
    );
    assert!(is_away(
        &now(Outside::away().operate().find_account(&ann())).unwrap_err()
    ));
    assert_eq!(
        now(Outside::with_ann().operate().find_account(&ann())).unwrap(),
        anns()
    );
}

fn granted(credits: u32) -> Granted {
    let lot = Lot {
        id: LotId(crate::testing::uuid(5)),
        remaining: Credits::from_u32(credits),
        expires_at: None,
        created_at: start(),
    };
    let balance: Balance = balance(credits);
    Granted {
        lot,
        credits: Credits::from_u32(credits),
        mode: Mode::Live,
        note: None,
        balance,
    }
}

fn grant(
    outside: Outside,
    credits: u32,
    expires_at: Option<Timestamp>,
    reference: Option<&str>,
) -> Result<Granted, OperateError> {
    let operate = outside.operate();
    let (note, reference) = (Some("thanks".to_owned()), reference.map(ToOwned::to_owned));
    now(operate.grant_credits(
        &ann(),
        Credits::from_u32(credits),
        Mode::Live,
        expires_at,
        note,
        reference,
    ))
}

#[test]
fn a_grant_adds_a_lot() {
    let mut outside = Outside::with_ann();
    outside
        .accounts
        .expect_grant()
        .once()
        .withf(|grant| {
            let lot = &grant.lot;
            grant.account == account()
                && grant.created_at == start()
                && grant.reference.as_deref() == Some("invoice-7")
                && (lot.mode, lot.source, lot.credits)
                    == (Mode::Live, LotSource::Grant, Credits::from_u32(40))
                && lot.expires_at == Some(hour(1))
                && lot.note.as_deref() == Some("thanks")
        })
        .return_once(|_| Ok(granted(40)));
    assert_eq!(
        grant(outside, 40, Some(hour(1)), Some("invoice-7")).unwrap(),
        granted(40)
    );
}

#[test]
fn nothing_cannot_be_granted_nor_can_what_has_expired() {
    assert!(matches!(
        grant(Outside::default(), 0, None, None),
        Err(OperateError::NothingGranted)
    ));
    for (expires_at, reference) in [(hour(-1), None), (start(), Some("invoice-7"))] {
        let mut outside = Outside::with_ann();
        outside
            .accounts
            .expect_grant()
            .once()
            .return_once(|_| Err(AccountError::AlreadyExpired));
        let refused = grant(outside, 5, Some(expires_at), reference);
        assert!(
            matches!(refused, Err(OperateError::InThePast(at)) if at == expires_at),
            "{refused:?}"
        );
    }
}

#[test]
fn a_grant_sent_again_after_its_expiry_is_answered() {
    let mut outside = Outside::with_ann();
    outside
        .accounts
        .expect_grant()
        .once()
        .return_once(|_| Ok(granted(5)));
    assert!(grant(outside, 5, Some(hour(-1)), Some("invoice-7")).is_ok());
}

#[test]
fn a_grant_that_cannot_be_made_is_told_why() {
    assert!(matches!(
        grant(Outside::empty(), 5, None, None),
        Err(OperateError::NoSuchAccount(_))
    ));
    assert!(is_away(&grant(Outside::away(), 5, None, None).unwrap_err()));
    let failing = |error: AccountError| {
        let mut outside = Outside::with_ann();
        outside
            .accounts
            .expect_grant()
            .once()
            .return_once(|_| Err(error));
        grant(outside, 5, None, None).unwrap_err()
    };
    assert!(
        matches!(failing(AccountError::NotFound), OperateError::NoSuchAccount(email) if email == ann())
    );
    assert!(is_away(&failing(AccountError::Database(away()))));
    assert!(matches!(
        failing(AccountError::EmailTaken),
        OperateError::Database(DatabaseError::Unexpected(_))
    ));
}

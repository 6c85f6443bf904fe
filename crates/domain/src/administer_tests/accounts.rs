use super::*;

/// Makes the change and records the act, as the database does.
fn changing(account: Account) -> (Outside, Record) {
    let record = Record::default();
    let mut outside = Outside::with(account.clone());
    let acts = record.clone();
    outside
        .accounts
        .expect_change()
        .returning(move |id, _, act| {
            acts.add(act);
            assert_eq!(id, account.id);
            Ok(ChangedAccount {
                account: account.clone(),
                canceled: Vec::new(),
            })
        });
    (outside, record)
}

const BLOCK: AccountChange = AccountChange {
    account_type: None,
    is_admin: None,
    is_blocked: Some(true),
};

#[test]
fn an_account_is_created_with_a_password_shown_once() {
    let who = admin();
    let record = Record::default();
    let mut outside = Outside::default();
    outside
        .passwords
        .expect_hash()
        .returning(|password, _| Ok(format!("hash of {}", password.reveal())));
    let acts = record.clone();
    outside
        .accounts
        .expect_create()
        .once()
        .withf(|new| {
            let hashed = new.password_hash.as_deref().unwrap();
            let [lot] = new.lots.as_slice() else {
                return false;
            };
            hashed.len() == "hash of ".len() + 20
                && (lot.mode, lot.source) == (Mode::Test, LotSource::Signup)
                && (new.email.as_str(), new.account_type, new.is_admin)
                    == ("bob@example.com", AccountType::Pro, true)
        })
        .returning(move |new| {
            acts.add(new.act.as_ref().unwrap());
            Ok(())
        });
    let administer = outside.administer();
    let created = administer.create_account(&who, " Bob@example.com", AccountType::Pro, true);
    let (account, password) = now(created).unwrap();
    assert!(account.password_is_temporary && account.is_admin);
    assert_eq!(password.reveal().len(), 20);
    record.is(
        Act::CreateAccount,
        "bob@example.com",
        "created as PRO, an admin",
    );
}

#[test]
fn an_address_is_well_formed_and_free() {
    let who = admin();
    let mut outside = Outside::default();
    outside
        .passwords
        .expect_hash()
        .returning(|_, _| Ok(String::new()));
    outside
        .accounts
        .expect_create()
        .once()
        .returning(|_| Err(AccountError::EmailTaken));
    let administer = outside.administer();
    let create = |email| {
        let created = administer.create_account(&who, email, AccountType::Free, false);
        now(created).unwrap_err()
    };
    assert!(matches!(create("bob"), AdministerError::InvalidEmail(_)));
    assert!(matches!(
        create("ann@example.com"),
        AdministerError::EmailTaken(email) if email == ann().email
    ));
}

#[test]
fn each_change_is_recorded_in_words() {
    let blocked = Account {
        blocked_at: Some(hour(-1)),
        is_admin: true,
        account_type: AccountType::Pro,
        ..ann()
    };
    let all = AccountChange {
        account_type: Some(AccountType::Enterprise),
        is_admin: Some(true),
        is_blocked: Some(true),
    };
    let back = AccountChange {
        account_type: Some(AccountType::Free),
        is_admin: Some(false),
        is_blocked: Some(false),
    };
    let cases = [
        (ann(), BLOCK, "blocked"),
        (
            ann(),
            all,
            "type from FREE to ENTERPRISE, made an admin, blocked",
        ),
        (
            blocked,
            back,
            "type from PRO to FREE, no longer an admin, unblocked",
        ),
    ];
    for (account, change, detail) in cases {
        let (outside, record) = changing(account);
        now(outside
            .administer()
            .change_account(&admin(), ann().id, change))
        .unwrap();
        record.is(Act::ChangeAccount, "ann@example.com", detail);
    }
}

#[test]
fn what_is_so_already_is_neither_done_nor_recorded() {
    let (outside, record) = changing(ann());
    let change = AccountChange {
        account_type: Some(AccountType::Free),
        is_admin: Some(false),
        is_blocked: Some(false),
    };
    let administer = outside.administer();
    let unchanged = now(administer.change_account(&admin(), ann().id, change)).unwrap();
    assert_eq!(unchanged.account, ann());
    assert!(record.0.lock().unwrap().is_empty());
    // Of a change with several parts, what changes something.
    let change = AccountChange {
        is_blocked: Some(true),
        ..change
    };
    now(administer.change_account(&admin(), ann().id, change)).unwrap();
    record.is(Act::ChangeAccount, "ann@example.com", "blocked");
}

#[test]
fn an_admin_cannot_shut_themselves_out() {
    let (outside, record) = changing(admin());
    let administer = outside.administer();
    let demote = AccountChange {
        is_admin: Some(false),
        account_type: Some(AccountType::Pro),
        ..AccountChange::default()
    };
    for change in [BLOCK, demote] {
        let refused = now(administer.change_account(&admin(), admin().id, change));
        assert!(
            matches!(refused, Err(AdministerError::Oneself)),
            "{change:?}"
        );
    }
    assert!(record.0.lock().unwrap().is_empty());
    let harmless = AccountChange {
        account_type: Some(AccountType::Pro),
        ..AccountChange::default()
    };
    now(administer.change_account(&admin(), admin().id, harmless)).unwrap();
    record.is(
        Act::ChangeAccount,
        "admin@example.com",
        "type from FREE to PRO",
    );
}

#[test]
fn who_was_an_admin_a_moment_ago_changes_nothing() {
    let mut outside = Outside::with(ann());
    outside
        .accounts
        .expect_change()
        .returning(|_, _, _| Err(ChangeAccountError::NotAdmin));
    let refused = now(outside
        .administer()
        .change_account(&admin(), ann().id, BLOCK));
    assert!(matches!(refused, Err(AdministerError::NotAdmin)));
}

#[test]
fn a_one_time_password_is_shown_once_and_recorded() {
    let record = Record::default();
    let mut outside = Outside::with(ann());
    outside
        .passwords
        .expect_hash()
        .returning(|password, _| Ok(format!("hash of {}", password.reveal())));
    let (acts, kept) = (record.clone(), Arc::new(Mutex::new(None)));
    let keep = Arc::clone(&kept);
    outside
        .accounts
        .expect_set_password()
        .once()
        .withf(|&id, new| id == ann().id && new.is_temporary)
        .returning(move |_, new| {
            acts.add(new.act.as_ref().unwrap());
            *keep.lock().unwrap() = Some(new.hash.clone());
            Ok(true)
        });
    let administer = outside.administer();
    let password = now(administer.set_password(&admin(), ann().id)).unwrap();
    let hashed = kept.lock().unwrap().take();
    assert_eq!(hashed, Some(format!("hash of {}", password.reveal())));
    record.is(Act::SetPassword, "ann@example.com", "a one-time password");

    let nobody = AccountId(uuid(404));
    let refused = now(administer.set_password(&admin(), nobody)).unwrap_err();
    assert!(matches!(refused, AdministerError::NoSuchAccount(id) if id == nobody));
    let refused = now(administer.set_password(&admin(), admin().id)).unwrap_err();
    assert!(matches!(refused, AdministerError::Oneself));
}

#[test]
fn only_admins_change_anything() {
    for stranger in strangers() {
        let administer = Outside::default().administer();
        let not_admin = |refused| matches!(refused, AdministerError::NotAdmin);
        let id = AccountId(uuid(5));
        assert!(not_admin(
            now(administer.change_account(&stranger, id, BLOCK)).unwrap_err()
        ));
        let created = administer.create_account(&stranger, "b@c", AccountType::Free, true);
        assert!(not_admin(now(created).unwrap_err()));
        let new = NewGrant {
            credits: Credits::from_u32(1),
            mode: Mode::Live,
            expires_at: None,
            note: None,
            reference: None,
        };
        let granted = administer.grant(&stranger, id, new);
        assert!(not_admin(now(granted).unwrap_err()));
        assert!(not_admin(
            now(administer.set_password(&stranger, id)).unwrap_err()
        ));
        let changed = administer.change_model(&stranger, "m", ModelChange::default());
        assert!(not_admin(now(changed).unwrap_err()));
    }
}

#[test]
fn an_unknown_account_is_said_to_be_so() {
    let (outside, _) = changing(ann());
    let nobody = AccountId(uuid(404));
    let refused = now(outside.administer().change_account(&admin(), nobody, BLOCK));
    assert!(matches!(refused, Err(AdministerError::NoSuchAccount(id)) if id == nobody));
}

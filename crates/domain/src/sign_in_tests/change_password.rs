use super::*;

const NEW: &str = "battery staple";
const NEW_HASH: &str = "$argon2id$new";

fn change(outside: Outside, new: &str) -> Result<SignedIn, ChangePasswordError> {
    let account = Account {
        password_is_temporary: true,
        ..anns()
    };
    let address = attempt().address;
    now(outside
        .sign_in()
        .change_password(&account, PASSWORD, new, address))
}

/// The current password is right, the new one is hashed, and the database changes it or does not.
fn changing(is_changed: bool) -> Outside {
    let mut outside = Outside::with(credentials()).verifies(PASSWORD, Some(HASH), true);
    outside
        .passwords
        .expect_hash()
        .once()
        .withf(|password, asker| (password.reveal(), *asker) == (NEW, Asker::Known))
        .returning(|_, _| Ok(NEW_HASH.to_owned()));
    let begun = Arc::clone(&outside.begun);
    outside
        .accounts
        .expect_change_password()
        .once()
        .withf(|hash, _| hash == NEW_HASH)
        .returning(move |_, session| {
            begun.lock().unwrap().push(session.clone());
            Ok(is_changed)
        });
    outside
}

#[test]
fn another_password_begins_another_session_on_another_device() {
    let outside = changing(true);
    let begun = Arc::clone(&outside.begun);
    let signed_in = change(outside, NEW).unwrap();
    assert_eq!(signed_in.account, anns()); // its password is no temporary one any more
    let session = the_only(&begun);
    assert_eq!(session.account, account());
    assert_eq!(session.digest, signed_in.session.digest());
    assert_eq!(session.device, Some(signed_in.device.digest()));
    assert_eq!(session.password_hash, HASH); // it is changed only if it is still this
    assert_eq!(session.expires_at, hour(14 * 24));
}

#[test]
fn of_two_changes_at_once_one_is_made() {
    assert_eq!(
        change(changing(false), NEW).unwrap_err(),
        ChangePasswordError::WrongCurrent
    );
}

#[test]
fn a_change_counts_as_a_try_from_a_known_device() {
    let mut outside = Outside::default();
    outside
        .throttle
        .expect_admit_sign_in()
        .once()
        .withf(|address, email, &is_known| {
            *address == attempt().address && email == "ann@example.com" && is_known
        })
        .returning(|_, _, _| Err(wait()));
    assert_eq!(
        change(outside, NEW).unwrap_err(),
        ChangePasswordError::Throttled(wait())
    );
}

#[test]
fn the_current_password_must_be_right_and_the_new_one_another() {
    let outside = Outside::with(credentials()).verifies(PASSWORD, Some(HASH), false);
    assert_eq!(
        change(outside, NEW).unwrap_err(),
        ChangePasswordError::WrongCurrent
    );
    let outside = Outside::with(None).verifies(PASSWORD, None, false);
    assert_eq!(
        change(outside, NEW).unwrap_err(),
        ChangePasswordError::WrongCurrent
    );
    // Only whoever knows it learns that the two are the same.
    let outside = Outside::with(credentials()).verifies(PASSWORD, Some(HASH), true);
    assert_eq!(
        change(outside, PASSWORD).unwrap_err(),
        ChangePasswordError::Unchanged
    );
    let outside = Outside::with(credentials()).verifies(PASSWORD, Some(HASH), false);
    assert_eq!(
        change(outside, PASSWORD).unwrap_err(),
        ChangePasswordError::WrongCurrent
    );
}

#[test]
fn an_ill_formed_new_password_costs_nothing() {
    assert!(matches!(
        change(Outside::default(), "short").unwrap_err(),
        ChangePasswordError::InvalidPassword(_)
    ));
}

#[test]
fn a_crowd_and_a_database_that_is_away_are_said() {
    let mut outside = Outside::with(credentials());
    outside
        .passwords
        .expect_verify()
        .returning(|_, _, _| Err(Busy));
    assert_eq!(
        change(outside, NEW).unwrap_err(),
        ChangePasswordError::Busy(Busy)
    );
    let mut outside = Outside::default();
    outside
        .throttle
        .expect_admit_sign_in()
        .returning(|_, _, _| Ok(()));
    outside
        .accounts
        .expect_credentials()
        .returning(|_| Err(away()));
    assert_eq!(
        change(outside, NEW).unwrap_err(),
        ChangePasswordError::Database(away())
    );
}

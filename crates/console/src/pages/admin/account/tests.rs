use super::view::{Funds, Key, Lot};
use super::*;
use crate::testing::{HOSTILE, account, admin, assert_safe, time, uuid};
use gih_domain::account::{AccountType, Email};
use gih_domain::api_key::{ApiKey, KeyName};
use gih_domain::balance::{Balance, NextExpiration};
use gih_domain::id::{KeyId, LotId};
use gih_domain::ledger::OwnedLot;
use gih_domain::ports::LotSource;

/// Somebody else than the admin who looks.
fn other() -> Account {
    Account {
        id: AccountId(uuid(8)),
        email: Email::parse("bob@example.com").unwrap(),
        ..account()
    }
}

fn full() -> AccountPage {
    let mut page = AccountPage::of(&admin(), &other(), Mode::Live);
    let balance = Balance {
        credits: Credits::from_u32(12_345),
        account_type: AccountType::Pro,
        next_expiration: Some(NextExpiration {
            credits: Credits::from_u32(500),
            expires_at: time("2027-06-30"),
        }),
    };
    page.funds = vec![Funds::new(Mode::Live, &balance)];
    page.lots = vec![Lot::from(&OwnedLot {
        id: LotId(uuid(1)),
        source: LotSource::Grant,
        granted: Credits::from_u32(20_000),
        remaining: Credits::from_u32(12_345),
        expires_at: Some(time("2027-06-30")),
        created_at: time("2026-05-01"),
        note: Some(HOSTILE.to_owned()),
        is_live: true,
    })];
    let key = ApiKey {
        id: KeyId(uuid(1)),
        account: other().id,
        mode: Mode::Live,
        name: KeyName::parse(HOSTILE).unwrap(),
        prefix: "gih_live_Ab3dE9".to_owned(),
        created_at: time("2026-04-30"),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        previous: None,
    };
    page.keys = vec![Key::new(&key, time("2026-05-01"))];
    page
}

#[test]
fn an_account_that_has_nothing_says_so() {
    let html = AccountPage::of(&admin(), &other(), Mode::Test)
        .render()
        .unwrap();
    assert_safe(&html);
    for shown in [
        "bob@example.com",
        "None in test mode",
        "Its owner has made none",
        "Block…",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
}

#[test]
fn an_account_is_shown_with_what_it_has() {
    let html = full().render().unwrap();
    assert_safe(&html);
    for shown in [
        "12,345",
        "500 expire 2027-06-30 00:00 UTC",
        "20,000",
        "gih_live_Ab3dE9…",
        "Spendable",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
}

#[test]
fn nobody_is_offered_to_shut_themselves_out() {
    let html = AccountPage::of(&admin(), &admin(), Mode::Live)
        .render()
        .unwrap();
    assert_safe(&html);
    assert!(html.contains("This is your own account"));
    assert!(!html.contains("/block"));
    assert!(!html.contains("name=\"admin\""));
}

#[test]
fn a_blocked_account_says_so_and_can_be_let_in_again() {
    let blocked = Account {
        blocked_at: Some(time("2026-05-01T10:20:30Z")),
        ..other()
    };
    let html = AccountPage::of(&admin(), &blocked, Mode::Live)
        .render()
        .unwrap();
    assert_safe(&html);
    assert!(html.contains("Blocked since 2026-05-01 10:20"));
    let question = |account| QuestionPage::new(&admin(), account).render().unwrap();
    let (block, unblock) = (question(&other()), question(&blocked));
    assert_safe(&block);
    assert_safe(&unblock);
    assert!(block.contains("name=\"blocked\" value=\"yes\""));
    assert!(block.contains("is canceled and refunded"));
    assert!(unblock.contains("name=\"blocked\" value=\"no\""));
}

fn typed(parameters: &[(&str, &str)]) -> (GrantForm, Fields) {
    let fields = Fields::of_query(&crate::form::query(parameters));
    (GrantForm::typed(&fields, Mode::Test), fields)
}

#[test]
fn a_form_is_read_into_a_grant() {
    let (mut form, fields) = typed(&[
        ("credits", " 500 "),
        ("expires", "2027-06-30"),
        ("note", "for the fair"),
        ("reference", "console-1"),
    ]);
    let new = form.read(&fields, Mode::Test).unwrap();
    assert_eq!(new.credits, Credits::from_u32(500));
    assert_eq!(new.mode, Mode::Test);
    assert_eq!(new.expires_at, Some(time("2027-06-30")));
    assert_eq!(new.note, Some("for the fair"));
    assert_eq!(new.reference, Some("console-1"));
}

#[test]
fn what_cannot_be_granted_is_said_beside_its_field_and_stays_typed() {
    for (credits, expires) in [
        ("", ""),
        ("many", ""),
        ("-5", ""),
        ("1.5", ""),
        ("1000000000000001", ""),
        ("5", "tomorrow"),
    ] {
        let (mut form, fields) = typed(&[("credits", credits), ("expires", expires)]);
        assert!(form.read(&fields, Mode::Test).is_none(), "{credits}");
        assert!(form.wrong_credits.is_some() || form.wrong_expires.is_some());
        assert_eq!(
            (form.credits.as_str(), form.expires.as_str()),
            (credits, expires)
        );
    }
    let (mut form, _) = typed(&[
        ("credits", HOSTILE),
        ("expires", HOSTILE),
        ("note", HOSTILE),
    ]);
    for error in [
        AdministerError::NothingGranted,
        AdministerError::InThePast(time("2020-01-01")),
        AdministerError::InvalidNote,
    ] {
        form.refuse(error).unwrap();
    }
    assert!(form.refuse(AdministerError::NotAdmin).is_err());
    let mut page = full();
    page.grant = form;
    let html = page.render().unwrap();
    assert_safe(&html);
    assert_eq!(html.matches("class=\"wrong\"").count(), 3);
}

#[test]
fn what_was_done_is_told_and_nothing_else() {
    let told = |query: &str| notice(&Fields::of_query(query));
    assert_eq!(
        told("done=changed").as_deref(),
        Some("The account is changed.")
    );
    assert!(
        told("done=blocked&canceled=3")
            .unwrap()
            .contains("3 queued")
    );
    assert!(
        told("done=blocked&canceled=x")
            .unwrap()
            .contains("Nothing was queued")
    );
    assert_eq!(told("done=<b>"), None);
    assert_eq!(told(""), None);
}

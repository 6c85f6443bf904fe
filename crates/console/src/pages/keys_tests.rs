use super::*;
use crate::testing::{HOSTILE, account, assert_safe, time, uuid};
use gih_domain::api_key::{ApiKey, PreviousSecret};
use gih_domain::id::AccountId;
use gih_domain::time::Timestamp;

fn key(name: &str) -> ApiKey {
    ApiKey {
        id: KeyId(uuid(1)),
        account: AccountId(uuid(7)),
        mode: Mode::Live,
        name: KeyName::parse(name).unwrap(),
        prefix: "gih_live_Ab3dE9".to_owned(),
        created_at: time("2026-04-30T08:00:00Z"),
        expires_at: Some(time("2027-04-30T08:00:00Z")),
        revoked_at: None,
        last_used_at: Some(time("2026-05-01T10:20:30Z")),
        previous: None,
    }
}

fn page(keys: Vec<Row>) -> KeysPage {
    KeysPage {
        shell: Shell::of("API keys", Section::Keys, &account()),
        list: List {
            keys,
            ended: false,
            ended_count: 0,
            newer: None,
            older: None,
        },
        new: None,
        name: String::new(),
        mode: Mode::Test,
        life: "never".to_owned(),
        wrong_name: None,
        base_url: "https://hub.example.com".to_owned(),
    }
}

fn at(text: &str) -> Timestamp {
    time(text)
}

#[test]
fn without_keys_the_page_says_what_to_do() {
    let html = page(Vec::new()).render().unwrap();
    assert_safe(&html);
    assert!(html.contains("No API keys yet"));
}

#[test]
fn a_key_is_told_by_what_its_owner_needs() {
    let now = at("2026-05-02T00:00:00Z");
    let mut rotated = key("web shop");
    rotated.previous = Some(PreviousSecret {
        prefix: "gih_live_Zz9yX8".to_owned(),
        expires_at: at("2026-05-03T00:00:00Z"),
    });
    let mut revoked = key("old shop");
    revoked.revoked_at = Some(at("2026-05-01T00:00:00Z"));
    let list = |ended| {
        let which = Which { ended, page: 0 };
        let mut page = page(Vec::new());
        page.list = List::new(&[rotated.clone(), revoked.clone()], which, now);
        let html = page.render().unwrap();
        assert_safe(&html);
        html
    };
    let active = list(false);
    for shown in [
        "web shop",
        "gih_live_Ab3dE9…",
        "2026-05-01 10:20",
        "2027-04-30 08:00",
        "gih_live_Zz9yX8… until 2026-05-03 00:00",
        "/rotate",
        "/revoke",
    ] {
        assert!(active.contains(shown), "{shown}");
    }
    let ended = list(true);
    assert!(ended.contains("old shop") && ended.contains("Revoked"));
    assert!(!ended.contains("/rotate"), "what is revoked is not rotated");
}

#[test]
fn a_key_that_has_expired_or_whose_overlap_has_ended_says_so() {
    let mut old = key("shop");
    old.previous = Some(PreviousSecret {
        prefix: "gih_live_Zz9yX8".to_owned(),
        expires_at: at("2026-05-03T00:00:00Z"),
    });
    let row = Row::new(&old, at("2028-01-01T00:00:00Z"));
    assert_eq!(
        (row.state, row.is_usable, row.overlap),
        ("Expired", false, None)
    );
}

#[test]
fn names_cannot_do_harm() {
    let now = at("2026-05-02T00:00:00Z");
    let mut page = page(vec![Row::new(&key(HOSTILE), now)]);
    page.name = HOSTILE.to_owned();
    page.wrong_name = Some(HOSTILE.to_owned());
    page.new = Some(NewSecret {
        name: HOSTILE.to_owned(),
        secret: "gih_test_x".to_owned(),
        mode: "test",
        old: None,
    });
    assert_safe(&page.render().unwrap());
    let question = QuestionPage {
        shell: Shell::of("Revoke key", Section::Keys, &account()),
        key: Row::new(&key(HOSTILE), now),
        rotates: true,
    };
    assert_safe(&question.render().unwrap());
}

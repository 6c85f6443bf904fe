use super::*;
use crate::lots::Lot;
use crate::testing::balance;

fn granting() -> (Outside, Record) {
    let record = Record::default();
    let mut outside = Outside::with(ann());
    let acts = record.clone();
    outside.accounts.expect_grant().returning(move |grant| {
        assert_eq!(grant.account, ann().id);
        assert_eq!(grant.reference.as_deref(), Some("form-1"));
        assert_eq!(grant.lot.source, LotSource::Grant);
        if grant
            .lot
            .expires_at
            .is_some_and(|expires_at| expires_at <= start())
        {
            return Err(AccountError::AlreadyExpired);
        }
        acts.add(grant.act.as_ref().unwrap());
        Ok(Granted {
            lot: Lot {
                id: grant.lot.id,
                remaining: grant.lot.credits,
                expires_at: grant.lot.expires_at,
                created_at: grant.created_at,
            },
            credits: grant.lot.credits,
            mode: grant.lot.mode,
            note: grant.lot.note.clone(),
            balance: balance(500),
        })
    });
    (outside, record)
}

fn new(
    credits: u32,
    mode: Mode,
    expires_at: Option<Timestamp>,
    note: Option<&str>,
) -> NewGrant<'_> {
    NewGrant {
        credits: Credits::from_u32(credits),
        mode,
        expires_at,
        note,
        reference: Some("form-1"),
    }
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn a_grant_is_recorded_in_words() {
    let who = admin();
    let cases = [
        (
            Some(time("2027-06-30")),
            None,
            "granted 500 live credits, expires 2027-06-30",
        ),
        (
            Some(time("2027-06-30T12:00:00Z")),
            None,
            "granted 500 live credits, expires 2027-06-30T12:00:00.000Z",
        ),
        (
            None,
            Some(" for the fair "),
            "granted 500 live credits, never expires, note: \"for the fair\"",
        ),
        (None, Some("  "), "granted 500 live credits, never expires"),
    ];
    for (expires_at, note, detail) in cases {
        let (outside, record) = granting();
        let administer = outside.administer();
        let granted = administer.grant(&who, ann().id, new(500, Mode::Live, expires_at, note));
        assert_eq!(now(granted).unwrap().credits, Credits::from_u32(500));
        record.is(Act::Grant, "ann@example.com", detail);
    }
}

#[test]
fn what_makes_no_grant_is_refused_and_not_recorded() {
    let who = admin();
    let (outside, record) = granting();
    let administer = outside.administer();
    let grant = |credits, expires_at, note: Option<&str>| {
        let new = new(credits, Mode::Test, expires_at, note);
        let granted = administer.grant(&who, ann().id, new);
        now(granted).unwrap_err()
    };
    assert!(matches!(
        grant(0, None, None),
        AdministerError::NothingGranted
    ));
    assert!(matches!(
        grant(1, Some(start()), None),
        AdministerError::InThePast(time) if time == start()
    ));
    let long = "é".repeat(MOST_NOTE_CHARS + 1);
    assert!(matches!(
        grant(1, None, Some(&long)),
        AdministerError::InvalidNote
    ));
    assert!(record.0.lock().unwrap().is_empty());
}

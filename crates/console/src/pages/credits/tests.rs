use super::*;
use crate::testing::{HOSTILE, account, assert_safe, time, uuid};
use gih_domain::account::AccountType;
use gih_domain::balance::NextExpiration;
use gih_domain::credits::Credits;
use gih_domain::id::{EntryId, GenerationId, LotId};
use gih_domain::ledger::{Cause, DaySpending, Entry};
use gih_domain::mode::Mode;
use gih_domain::ports::LotSource;
use std::time::Duration;

const NOW: &str = "2026-04-30T08:00:00Z";

pub(super) fn entry(number: u128, cause: Cause, amount: i64) -> Entry {
    let of_generation = matches!(cause, Cause::Charge | Cause::Refund);
    Entry {
        id: EntryId(uuid(number)),
        lot: LotId(uuid(2)),
        lot_source: LotSource::Grant,
        lot_note: Some("=invoice, 7".to_owned()),
        cause,
        amount,
        generation: of_generation.then(|| GenerationId(uuid(1))),
        created_at: time(NOW),
    }
}

fn lot(number: u128, remaining: u32, expires_at: Option<&str>, note: Option<&str>) -> OwnedLot {
    OwnedLot {
        id: LotId(uuid(number)),
        source: LotSource::Grant,
        granted: Credits::from_u32(1_000),
        remaining: Credits::from_u32(remaining),
        expires_at: expires_at.map(time),
        created_at: time("2026-04-01T08:00:00Z"),
        note: note.map(str::to_owned),
        is_live: remaining > 0,
    }
}

fn page(query: &str, spending: &[DaySpending]) -> CreditsPage {
    let filter = LedgerFilter::read(Mode::Test, &Fields::of_query(query));
    CreditsPage {
        shell: Shell::of("Credits", Section::Credits, &account())
            .with_mode(ModeSwitch::at("/credits", Mode::Test)),
        balance: "1,984".to_owned(),
        next_expiration: "None of them expire.".to_owned(),
        lots: Vec::new(),
        all_lots: None,
        chart: Chart::new(spending),
        filter,
        entries: Vec::new(),
        older: None,
        newest: None,
    }
}

fn spending(charged: u32) -> Vec<DaySpending> {
    let day = |day: u32| DaySpending {
        day: time("2026-04-01").plus(Duration::from_hours(24) * day),
        charged: Credits::from_u32(if day.is_multiple_of(3) {
            charged
        } else {
            charged / 4
        }),
        refunded: Credits::from_u32(charged / 8),
    };
    (0..DAYS).map(day).collect()
}

#[test]
fn an_account_without_anything_is_told_what_to_do() {
    let html = page("", &spending(0)).render().unwrap();
    assert_safe(&html);
    for said in [
        "Nothing was spent in the last 30 days",
        "No test credits yet",
        "The ledger is empty",
    ] {
        assert!(html.contains(said), "{said}");
    }
    assert!(!html.contains("<svg"));
}

#[test]
fn everything_there_is_about_credits_is_shown() {
    let at = time(NOW);
    let lots = [
        lot(1, 400, Some("2026-05-04T08:00:00Z"), Some("invoice 7")),
        lot(2, 1_000, None, None),
        lot(3, 0, None, None),
        lot(4, 0, Some("2026-04-29T08:00:00Z"), None),
    ];
    let mut page = page("cause=refund&from=2026-04-01", &spending(80));
    page.show_lots(&lots, at, false);
    page.show_entries(&EntryPage {
        entries: vec![
            entry(9, Cause::Refund, 8),
            entry(8, Cause::Charge, -16),
            entry(7, Cause::Grant, 1_000),
            entry(6, Cause::Expiry, -3),
        ],
        has_more: true,
    });
    let html = page.render().unwrap();
    assert_safe(&html);
    for shown in [
        "2026-05-04 08:00",
        "Spent next",
        "Available",
        "Spent<",
        "Expired<",
        "+1,000",
        "−16",
        "href=\"/generations/gen_00000000000000000000000000000001\"",
        "<option value=\"refund\" selected>",
        "value=\"2026-04-01\"",
        "/credits?mode=test&#38;cause=refund&#38;from=2026-04-01&#38;after=ent_00000000000000000000000000000006#ledger",
        "/credits.csv?mode=test&#38;cause=refund&#38;from=2026-04-01\"",
        "<title>2026-04-01: 80 charged, 10 refunded</title>",
        "<td>2026-04-30</td>",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
    assert_eq!(html.matches("Spent next").count(), 1);
    assert!(!html.contains("← Newest"));
}

#[test]
fn hostile_notes_and_filters_stay_text() {
    let query = crate::form::query(&[("from", HOSTILE), ("to", HOSTILE), ("cause", HOSTILE)]);
    let mut page = page(&query, &spending(8));
    page.show_lots(&[lot(1, 400, None, Some(HOSTILE))], time(NOW), false);
    page.show_entries(&EntryPage {
        entries: vec![Entry {
            lot_note: Some(HOSTILE.to_owned()),
            ..entry(9, Cause::Charge, -8)
        }],
        has_more: false,
    });
    let html = page.render().unwrap();
    assert_safe(&html);
    assert!(html.contains("is no day"));
    assert!(html.contains("There is no such kind of entry"));
    // What filters nothing is not carried on.
    assert!(html.contains("\"/credits.csv?mode=test\""));
}

#[test]
fn a_page_with_all_it_can_have_is_light() {
    let note = "n".repeat(200);
    let lots: Vec<OwnedLot> = (0..500).map(|n| lot(n, 400, None, Some(&note))).collect();
    let mut page = page("after=ent_00000000000000000000000000000099", &spending(80));
    page.show_lots(&lots, time(NOW), false);
    let entries = (0..u128::from(ENTRIES)).map(|n| entry(n, Cause::Charge, -16));
    page.show_entries(&EntryPage {
        entries: entries.collect(),
        has_more: true,
    });
    let html = page.render().unwrap();
    assert!(html.contains("Show all 500 lots"));
    assert!(html.contains("← Newest"));
    assert!(html.len() < 42_000, "{} bytes", html.len());
    page.show_lots(&lots, time(NOW), true);
    assert_eq!((page.lots.len(), page.all_lots), (500, None));
}

#[test]
fn what_expires_next_is_a_sentence() {
    let balance = |credits, next: Option<u32>| Balance {
        credits: Credits::from_u32(credits),
        account_type: AccountType::Free,
        next_expiration: next.map(|credits| NextExpiration {
            credits: Credits::from_u32(credits),
            expires_at: time("2026-05-04T09:00:00Z"),
        }),
    };
    let say = |balance| next_expiration(&balance, time(NOW));
    assert_eq!(
        say(balance(2_000, Some(1_240))),
        "1,240 credits expire in 4 days, on 2026-05-04 09:00 UTC."
    );
    assert!(say(balance(1, Some(1))).starts_with("1 credit expires in 4 days"));
    assert_eq!(say(balance(5, None)), "None of them expire.");
    assert_eq!(say(balance(0, None)), "There is nothing to spend.");
}

use futures_util::FutureExt as _;

use super::*;
use crate::credits::Credits;
use crate::ledger::MOST_DAYS;
use crate::ports::{MockAccounts, MockLedger};
use crate::testing::{TestClock, account, away, balance, generation, start};
use crate::time::Timestamp;

fn statement(accounts: MockAccounts, ledger: MockLedger) -> Statement {
    Statement {
        accounts: Arc::new(accounts),
        ledger: Arc::new(ledger),
        clock: Arc::new(TestClock::default()),
    }
}

fn over(ledger: MockLedger) -> Statement {
    statement(MockAccounts::new(), ledger)
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("mocks answer at once")
}

fn day(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn the_balance_and_the_lots_are_as_of_now() {
    let mut accounts = MockAccounts::new();
    accounts
        .expect_balance()
        .withf(|of, mode, at| (*of, *mode, *at) == (account(), Mode::Live, start()))
        .returning(|_, _, _| Ok(Some(balance(7))));
    let mut ledger = MockLedger::new();
    ledger
        .expect_lots()
        .withf(|of, mode, at, most| {
            (*of, *mode, *at, *most) == (account(), Mode::Live, start(), MOST_LOTS)
        })
        .returning(|_, _, _, _| Ok(Vec::new()));
    let statement = statement(accounts, ledger);
    let found = now(statement.balance(account(), Mode::Live));
    assert_eq!(found, Ok(Some(balance(7))));
    assert_eq!(now(statement.lots(account(), Mode::Live)), Ok(vec![]));
}

#[test]
fn a_page_of_entries_is_neither_empty_nor_endless() {
    for (asked, given) in [(0, 1), (50, 50), (u32::MAX, MOST_ENTRIES)] {
        let mut ledger = MockLedger::new();
        let filter = EntryFilter {
            created_from: Some(start()),
            limit: asked,
            ..EntryFilter::default()
        };
        let expected = EntryFilter {
            limit: given,
            ..filter
        };
        ledger
            .expect_entries()
            .withf(move |of, mode, filter| {
                (*of, *mode, *filter) == (account(), Mode::Test, expected)
            })
            .returning(|_, _, _| Ok(EntryPage::default()));
        let page = now(over(ledger).entries(account(), Mode::Test, &filter));
        assert_eq!(page, Ok(EntryPage::default()));
    }
}

#[test]
fn spending_has_a_row_for_every_day_up_to_today() {
    let spent = DaySpending {
        day: day("2026-04-29"),
        charged: Credits::from_u32(16),
        refunded: Credits::ZERO,
    };
    let mut ledger = MockLedger::new();
    ledger
        .expect_spending()
        .withf(|of, mode, from, before| {
            let asked = (*of, *mode, *from, *before);
            asked
                == (
                    Some(account()),
                    Mode::Live,
                    day("2026-04-28"),
                    day("2026-05-01"),
                )
        })
        .returning(move |_, _, _, _| Ok(vec![spent]));
    let days = now(over(ledger).spending(account(), Mode::Live, 3)).unwrap();
    let names: Vec<Timestamp> = days.iter().map(|day| day.day).collect();
    assert_eq!(names, ["2026-04-28", "2026-04-29", "2026-04-30"].map(day));
    assert_eq!(days[1], spent);
    assert!(days[0].charged.is_zero() && days[2].charged.is_zero());
}

#[test]
fn nobody_has_the_whole_ledger_added_up() {
    let mut ledger = MockLedger::new();
    ledger
        .expect_spending()
        .withf(|_, _, from, before| before.since(*from) == crate::ledger::DAY * MOST_DAYS)
        .returning(|_, _, _, _| Ok(vec![]));
    let days = now(over(ledger).spending(account(), Mode::Live, u32::MAX)).unwrap();
    assert_eq!(days.len(), MOST_DAYS as usize);
}

#[test]
fn a_generations_entries_are_asked_for_by_its_name() {
    let mut ledger = MockLedger::new();
    ledger
        .expect_entries_of()
        .withf(|id| *id == generation().id)
        .returning(|_| Err(away()));
    assert_eq!(now(over(ledger).entries_of(&generation())), Err(away()));
}

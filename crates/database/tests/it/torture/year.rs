//! A year, or a third of it, in days and jumps: grants of all lives, spending, work held for weeks, refunds of refunds, and a clock that
//! sometimes steps back. After every step every balance and every lot is what the model says.

use gih_database::Kind;
use gih_domain::generation::Status;

use crate::torture::bench::Bench;
use crate::torture::chance::{Chance, Seed, figure, seed, share};
use crate::torture::model::{DAY, HOUR, KEYS, Model, PURSES, SECOND, Time, WORKERS};
use crate::torture::runs::Run;
use crate::torture::step::{Ask, Step};
use crate::torture::word;

/// A run compares all rows after each step: a third of the days is a ninth of the work.
const DAYS: u64 = 365;
const DAYS_SHARE: u64 = 120;

#[test]
fn every_balance_is_exact_for_a_year_on_sqlite() {
    on(Kind::Sqlite);
}

#[test]
fn every_balance_is_exact_for_a_year_on_postgres() {
    on(Kind::Postgres);
}

fn on(kind: Kind) {
    let seed = Seed(seed());
    let mut chance = Chance::new(seed.0);
    let mut bench = Bench::new(kind, None);
    let mut run = Run::new(&mut bench);
    let mut steps = 0;
    let days = share(DAYS_SHARE, DAYS);
    let end = Time::try_from(days).unwrap() * DAY;
    while run.model.now < end {
        let step = next(&mut chance, &run.model);
        if let Err(complaint) = run.step(&step) {
            panic!("on day {}, {step:?}: {complaint}", run.model.now / DAY);
        }
        steps += 1;
    }
    let refund_lots = run.model.lots.iter().filter(|lot| lot.refund_of.is_some());
    let (mut of_grants, mut of_refunds) = (0_u64, 0_u64);
    for (_, source) in refund_lots.filter_map(|lot| lot.refund_of) {
        match run.model.lots[source].refund_of {
            Some(_) => of_refunds += 1,
            None => of_grants += 1,
        }
    }
    assert!(
        of_grants > days / 36 && of_refunds > days / 36,
        "too quiet: {of_grants} and {of_refunds} refund lots"
    );
    run.finish()
        .unwrap_or_else(|complaint| panic!("at the end, {complaint}"));
    assert_eq!(bench.violations(), []);
    figure("simulated days", word(kind), days);
    figure("steps of the simulated year", word(kind), steps);
}

fn next(chance: &mut Chance, model: &Model) -> Step {
    let purse = index(chance, PURSES.len());
    match chance.below(20) {
        0..=2 => grant(chance, purse),
        3..=8 => Step::Accept(ask(chance, purse)),
        9..=12 => settle(chance, model).unwrap_or(Step::Claim {
            worker: 0,
            at_most: 3,
        }),
        13 => Step::Claim {
            worker: index(chance, WORKERS),
            at_most: 3,
        },
        14 => Step::Expire { at_most: 1_000 },
        // The clock of another process, or one that was set: a little back.
        15 => Step::Pass(-amount(chance, 30) * SECOND),
        16 => Step::Pass(amount(chance, 4 * 24) * HOUR),
        _ => Step::Pass(amount(chance, 12) * HOUR + amount(chance, 3_600) * SECOND),
    }
}

fn amount(chance: &mut Chance, at_most: u64) -> i64 {
    i64::try_from(chance.below(at_most)).unwrap() + 1
}

fn index(chance: &mut Chance, below: usize) -> usize {
    usize::try_from(chance.below(below as u64)).unwrap()
}

fn grant(chance: &mut Chance, purse: usize) -> Step {
    let life = match chance.below(6) {
        0 => None,
        1 => Some(amount(chance, 36) * HOUR),
        2 | 3 => Some(amount(chance, 10) * DAY),
        4 => Some(30 * DAY),
        _ => Some(amount(chance, 200) * DAY),
    };
    // Small ones, so that most charges are over several.
    let credits = amount(chance, 12);
    let reference = (chance.below(8) == 0).then(|| u8::try_from(chance.below(200)).unwrap());
    Step::Grant {
        purse,
        credits,
        life,
        reference,
    }
}

fn ask(chance: &mut Chance, purse: usize) -> Ask {
    let keys: Vec<usize> = (0..KEYS.len()).filter(|&key| KEYS[key] == purse).collect();
    Ask {
        purse,
        key: *chance.one_of(&keys),
        price: amount(chance, 5),
        n: u8::try_from(amount(chance, 4)).unwrap(),
        worker: (chance.below(8) > 0).then(|| index(chance, WORKERS)),
        name: None,
        waits: chance.below(2) == 0,
        account_limit: 1_000,
    }
}

/// Ends some work that runs, however long it has been held: most of it fails.
fn settle(chance: &mut Chance, model: &Model) -> Option<Step> {
    let held: Vec<usize> = (model.hands.iter().enumerate())
        .filter(|(_, hand)| {
            let work = &model.works[hand.work];
            work.status == Status::Running && work.fence == hand.fence
        })
        .map(|(index, _)| index)
        .collect();
    let hand = (!held.is_empty()).then(|| *chance.one_of(&held))?;
    let work = &model.works[model.hands[hand].work];
    if !work.dispatched && chance.below(3) > 0 {
        return Some(Step::Dispatch { hand });
    }
    let images = match chance.below(3) {
        0 if work.dispatched => u8::try_from(chance.below(u64::from(work.n) + 1)).unwrap(),
        _ => 0,
    };
    Some(Step::Settle { hand, images })
}

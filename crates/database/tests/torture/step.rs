//! What can happen to the books, and how a next thing is chosen.

use gih_domain::generation::Status;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::model::{DAY, HOUR, KEYS, Model, PURSES, SECOND, Time, WORKERS};

/// One thing that happens. Generations, lots and leases are named by their numbers in the model.
#[derive(Clone, Debug)]
pub enum Step {
    Grant {
        purse: usize,
        credits: i64,
        life: Option<Time>,
        reference: Option<u8>,
    },
    /// The credit clock goes on, or back.
    Pass(Time),
    Expire {
        at_most: u32,
    },
    Accept(Ask),
    Claim {
        worker: usize,
        at_most: u32,
    },
    Dispatch {
        hand: usize,
    },
    /// No images: it failed.
    Settle {
        hand: usize,
        images: u8,
    },
    /// The worker's lease lapses, and it knows nothing of it.
    Crash {
        worker: usize,
    },
    Renew {
        worker: usize,
    },
    Register {
        worker: usize,
    },
    Resign {
        worker: usize,
    },
    Reap {
        worker: usize,
    },
    /// Its deadline, and the grace after it, have passed.
    Late {
        work: usize,
    },
    /// It was claimed longer ago than the grace.
    Idle {
        work: usize,
    },
    /// Its time in the queue has passed.
    Overdue {
        work: usize,
    },
    Cancel {
        work: usize,
        fails: bool,
    },
    Revoke {
        key: usize,
    },
    /// Expired idempotency keys are forgotten.
    Forget,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    pub purse: usize,
    pub key: usize,
    pub price: i64,
    pub n: u8,
    /// Who has a free slot; nobody: it is queued.
    pub worker: Option<usize>,
    /// Idempotency key and fingerprint.
    pub name: Option<(u8, u8)>,
    pub waits: bool,
    pub account_limit: u32,
}

/// Lives and jumps that meet each other, and the day that the rule of refunds turns on, to the microsecond.
const LIVES: [Time; 10] = [
    DAY,
    1,
    HOUR,
    DAY - 1,
    DAY + 1,
    2 * DAY,
    2 * DAY + HOUR,
    8 * DAY,
    30 * DAY,
    -HOUR,
];
const JUMPS: [Time; 12] = [
    1,
    SECOND,
    HOUR,
    23 * HOUR,
    DAY - 1,
    DAY,
    DAY + 1,
    2 * DAY,
    8 * DAY,
    -1,
    -5 * SECOND,
    -HOUR,
];

/// The next step: more of what there is something to do for.
pub fn steps(model: &Model) -> BoxedStrategy<Step> {
    let worker = || 0..WORKERS;
    let purse = || 0..PURSES.len();
    let grant = (
        purse(),
        1..30_i64,
        option::weighted(0.8, select(&LIVES[..])),
        option::weighted(0.2, 0..3_u8),
    );
    let mut choices: Vec<(u32, BoxedStrategy<Step>)> = vec![
        (
            if model.lots.len() < 4 { 14 } else { 6 },
            grant
                .prop_map(|(purse, credits, life, reference)| Step::Grant {
                    purse,
                    credits,
                    life,
                    reference,
                })
                .boxed(),
        ),
        (8, select(&JUMPS[..]).prop_map(Step::Pass).boxed()),
        (3, select(&[1, 100][..]).prop_map(|at_most| Step::Expire { at_most }).boxed()),
        (24, asks().prop_map(Step::Accept).boxed()),
        (
            6,
            (worker(), 1..4_u32)
                .prop_map(|(worker, at_most)| Step::Claim { worker, at_most })
                .boxed(),
        ),
        (3, worker().prop_map(|worker| Step::Crash { worker }).boxed()),
        (2, worker().prop_map(|worker| Step::Renew { worker }).boxed()),
        (4, worker().prop_map(|worker| Step::Register { worker }).boxed()),
        (1, worker().prop_map(|worker| Step::Resign { worker }).boxed()),
        (6, worker().prop_map(|worker| Step::Reap { worker }).boxed()),
        (1, (0..KEYS.len()).prop_map(|key| Step::Revoke { key }).boxed()),
        (1, Just(Step::Forget).boxed()),
    ];
    let with = |status| -> Vec<usize> {
        let works = model.works.iter().enumerate();
        works.filter(|(_, work)| work.status == status).map(|(index, _)| index).collect()
    };
    let (running, queued) = (with(Status::Running), with(Status::Queued));
    let held: Vec<usize> = (model.hands.iter().enumerate())
        .filter(|(_, hand)| {
            let work = &model.works[hand.work];
            work.status == Status::Running
                && (work.holder, work.fence) == (Some(hand.worker), hand.fence)
        })
        .map(|(index, _)| index)
        .collect();
    let settle = |(hand, images)| Step::Settle { hand, images };
    if !held.is_empty() {
        choices.push((14, (select(held.clone()), 0..=4_u8).prop_map(settle).boxed()));
        choices.push((6, select(held).prop_map(|hand| Step::Dispatch { hand }).boxed()));
    }
    if !model.hands.is_empty() {
        // Any lease there ever was: most are stale by now, or their work has ended.
        let any = || 0..model.hands.len();
        choices.push((5, (any(), 0..=4_u8).prop_map(settle).boxed()));
        choices.push((2, any().prop_map(|hand| Step::Dispatch { hand }).boxed()));
    }
    if !running.is_empty() {
        choices.push((2, select(running.clone()).prop_map(|work| Step::Late { work }).boxed()));
        choices.push((2, select(running).prop_map(|work| Step::Idle { work }).boxed()));
    }
    if !queued.is_empty() {
        choices.push((2, select(queued.clone()).prop_map(|work| Step::Overdue { work }).boxed()));
        let cancel = (select(queued), any::<bool>());
        choices.push((3, cancel.prop_map(|(work, fails)| Step::Cancel { work, fails }).boxed()));
    }
    if !model.works.is_empty() {
        let cancel = (0..model.works.len(), any::<bool>());
        choices.push((1, cancel.prop_map(|(work, fails)| Step::Cancel { work, fails }).boxed()));
    }
    Union::new_weighted(choices).boxed()
}

fn asks() -> impl Strategy<Value = Ask> {
    let name = option::weighted(0.4, (0..3_u8, 0..2_u8));
    let limit = prop_oneof![4 => Just(1_000_u32), 1 => Just(2)];
    (
        0..PURSES.len(),
        0..24_usize,
        prop_oneof![1 => Just(0_i64), 12 => 1..7_i64],
        1..=4_u8,
        option::weighted(0.6, 0..WORKERS),
        name,
        any::<bool>(),
        limit,
    )
        .prop_map(|(purse, key, price, n, worker, name, waits, account_limit)| Ask {
            purse,
            key: key_for(purse, key),
            price,
            n,
            worker,
            name,
            waits,
            account_limit,
        })
}

/// One of the purse's keys, or, once in a while, another account's.
fn key_for(purse: usize, chosen: usize) -> usize {
    let is_foreign = chosen == 23;
    let fits: Vec<usize> = (0..KEYS.len())
        .filter(|&key| {
            if is_foreign {
                PURSES[KEYS[key]].0 != PURSES[purse].0
            } else {
                KEYS[key] == purse
            }
        })
        .collect();
    fits[chosen % fits.len()]
}

//! What can happen to the books, and how a next thing is chosen.

use gih_domain::generation::Status;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::torture::model::{DAY, HOUR, KEYS, Model, PURSES, SECOND, Time, WORKERS, Work, Worker};

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
    /// The answer to its acceptance was lost.
    Resume {
        work: usize,
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
    let mut choices = credit_steps();
    choices.push((20, asks().prop_map(Step::Accept).boxed()));
    choices.push((
        1,
        (0..KEYS.len()).prop_map(|key| Step::Revoke { key }).boxed(),
    ));
    choices.extend(worker_steps(model));
    choices.extend(lease_steps(model));
    choices.extend(work_steps(model));
    Union::new_weighted(choices).boxed()
}

type Choices = Vec<(u32, BoxedStrategy<Step>)>;

fn credit_steps() -> Choices {
    let grant = (
        0..PURSES.len(),
        1..30_i64,
        option::weighted(0.8, select(&LIVES[..])),
        option::weighted(0.2, 0..3_u8),
    );
    let grant = grant.prop_map(|(purse, credits, life, reference)| Step::Grant {
        purse,
        credits,
        life,
        reference,
    });
    let expire = select(&[1, 100][..]).prop_map(|at_most| Step::Expire { at_most });
    vec![
        (7, grant.boxed()),
        (8, select(&JUMPS[..]).prop_map(Step::Pass).boxed()),
        (3, expire.boxed()),
        (1, Just(Step::Forget).boxed()),
    ]
}

fn worker_steps(model: &Model) -> Choices {
    let workers = |is: &dyn Fn(usize) -> bool| (0..WORKERS).filter(|&worker| is(worker)).collect();
    let holds = |worker| {
        (model.works.iter())
            .any(|work| work.status == Status::Running && work.holder == Some(worker))
    };
    let live: Vec<usize> = workers(&|worker| model.workers[worker] == Worker::Live);
    let busy: Vec<usize> =
        workers(&|worker| model.workers[worker] == Worker::Live && holds(worker));
    let idle: Vec<usize> = workers(&|worker| model.workers[worker] != Worker::Live);
    let is_abandoned = idle.iter().any(|&worker| holds(worker));
    let any = || 0..WORKERS;
    let mut choices = vec![
        (1, any().prop_map(|worker| Step::Crash { worker }).boxed()),
        (2, any().prop_map(|worker| Step::Renew { worker }).boxed()),
        (1, any().prop_map(|worker| Step::Resign { worker }).boxed()),
        (
            if is_abandoned { 10 } else { 3 },
            any().prop_map(|worker| Step::Reap { worker }).boxed(),
        ),
        (1, (any(), 1..4_u32).prop_map(claim).boxed()),
    ];
    if !busy.is_empty() {
        choices.push((
            4,
            select(busy)
                .prop_map(|worker| Step::Crash { worker })
                .boxed(),
        ));
    }
    if !idle.is_empty() {
        choices.push((
            5,
            select(idle)
                .prop_map(|worker| Step::Register { worker })
                .boxed(),
        ));
    }
    if !live.is_empty() && model.works.iter().any(|work| work.status == Status::Queued) {
        choices.push((10, (select(live), 1..4_u32).prop_map(claim).boxed()));
    }
    choices
}

fn claim((worker, at_most): (usize, u32)) -> Step {
    Step::Claim { worker, at_most }
}

fn lease_steps(model: &Model) -> Choices {
    let hands = |is: &dyn Fn(usize, &Work) -> bool| -> Vec<usize> {
        let hands = model.hands.iter().enumerate();
        hands
            .filter(|(index, hand)| is(*index, &model.works[hand.work]))
            .map(|(index, _)| index)
            .collect()
    };
    let is_held = |hand, work: &Work| work.status == Status::Running && model.holds(hand);
    let sent = hands(&|hand, work| is_held(hand, work) && work.dispatched);
    let unsent = hands(&|hand, work| is_held(hand, work) && !work.dispatched);
    let stale = hands(&|hand, work| work.status == Status::Running && !model.holds(hand));
    let of_ended = hands(&|_, work| work.end.is_some());
    let fail = |hand| Step::Settle { hand, images: 0 };
    let settle = |(hand, images)| Step::Settle { hand, images };
    let dispatch = |hand| Step::Dispatch { hand };
    let mut choices = Vec::new();
    if !unsent.is_empty() {
        choices.push((9, select(unsent.clone()).prop_map(dispatch).boxed()));
        choices.push((3, select(unsent).prop_map(fail).boxed()));
    }
    // The present holders, those whose work another has, and those whose work has ended.
    for (settles, dispatches, hands) in [(12, 1, sent), (6, 2, stale), (4, 1, of_ended)] {
        if !hands.is_empty() {
            let settled = (select(hands.clone()), images()).prop_map(settle);
            choices.push((settles, settled.boxed()));
            choices.push((dispatches, select(hands).prop_map(dispatch).boxed()));
        }
    }
    choices
}

fn work_steps(model: &Model) -> Choices {
    let with = |status| -> Vec<usize> {
        let works = model.works.iter().enumerate();
        works
            .filter(|(_, work)| work.status == status)
            .map(|(index, _)| index)
            .collect()
    };
    let (running, queued) = (with(Status::Running), with(Status::Queued));
    let cancel = |(work, fails)| Step::Cancel { work, fails };
    let mut choices = Vec::new();
    let unsent = model.works.iter();
    let unsent: Vec<usize> = unsent
        .filter(|work| work.status == Status::Running && !work.dispatched)
        .map(|work| work.key)
        .collect();
    if !unsent.is_empty() {
        choices.push((
            1,
            select(unsent).prop_map(|key| Step::Revoke { key }).boxed(),
        ));
    }
    if !running.is_empty() {
        choices.push((
            2,
            select(running.clone())
                .prop_map(|work| Step::Late { work })
                .boxed(),
        ));
        choices.push((
            2,
            select(running).prop_map(|work| Step::Idle { work }).boxed(),
        ));
    }
    if !queued.is_empty() {
        choices.push((
            2,
            select(queued.clone())
                .prop_map(|work| Step::Overdue { work })
                .boxed(),
        ));
        choices.push((2, (select(queued), any::<bool>()).prop_map(cancel).boxed()));
    }
    if !model.works.is_empty() {
        let resume = (0..model.works.len(), 0..WORKERS);
        let resume = resume.prop_map(|(work, worker)| Step::Resume { work, worker });
        choices.push((2, resume.boxed()));
        choices.push((
            1,
            (0..model.works.len(), any::<bool>())
                .prop_map(cancel)
                .boxed(),
        ));
    }
    choices
}

/// Most fail, for the sake of refunds; some have more than anybody asked for.
fn images() -> impl Strategy<Value = u8> {
    prop_oneof![6 => Just(0), 3 => Just(1), 2 => Just(2), 1 => 3..=4_u8]
}

fn asks() -> impl Strategy<Value = Ask> {
    let name = option::weighted(0.5, (0..2_u8, prop_oneof![3 => Just(0_u8), 1 => Just(1)]));
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
        .prop_map(
            |(purse, key, price, n, worker, name, waits, account_limit)| Ask {
                purse,
                key: key_for(purse, key),
                price,
                n,
                worker,
                name,
                waits,
                account_limit,
            },
        )
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

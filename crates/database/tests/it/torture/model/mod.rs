//! What the books must be: the rules of money and work once more, in plain arithmetic, sharing nothing with the product.
//!
//! Things are numbers here, in the order in which they came to be. Credit times are microseconds since the start; what
//! the database's own clock decides is a flag.

mod credits;
mod works;

use std::collections::BTreeMap;

use gih_domain::generation::Status;

use crate::torture::step::{Ask, Step};

/// Microseconds of the credit clock.
pub type Time = i64;

pub const SECOND: Time = 1_000_000;
pub const HOUR: Time = 3_600 * SECOND;
pub const DAY: Time = 24 * HOUR;

/// Whose credits, and in which mode (0 is live): an account has one purse a mode.
pub const PURSES: [(usize, usize); 3] = [(0, 0), (0, 1), (1, 0)];
/// The purse that each API key is for.
pub const KEYS: [usize; 4] = [0, 0, 1, 2];
pub const WORKERS: usize = 3;
/// How long an idempotency key is remembered.
pub const NAME_LIFE: Time = 7 * DAY;

/// What [`Model::funded`] begins with.
pub const FUNDS: [Step; 5] = [
    funds(0, 9, Some(2 * DAY)),
    funds(0, 14, Some(8 * DAY)),
    funds(1, 20, None),
    funds(2, 5, Some(DAY + 1)),
    funds(2, 12, Some(30 * DAY)),
];

const fn funds(purse: usize, credits: i64, life: Option<Time>) -> Step {
    Step::Grant {
        purse,
        credits,
        life,
        reference: None,
    }
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Model {
    pub now: Time,
    pub lots: Vec<Lot>,
    pub works: Vec<Work>,
    /// Every lease that was ever given.
    pub hands: Vec<Hand>,
    pub workers: [Worker; WORKERS],
    pub revoked: [bool; KEYS.len()],
    /// By purse and idempotency key.
    names: BTreeMap<(usize, u8), Remembered>,
    /// The lots of grants by account and reference.
    references: BTreeMap<u8, usize>,
    /// What the last step answers.
    pub answer: Answer,
}

#[derive(Clone, Debug)]
pub struct Lot {
    pub purse: usize,
    pub granted: i64,
    pub left: i64,
    pub expires: Option<Time>,
    pub created: Time,
    /// Whose refund made it, and the lot that had paid.
    pub refund_of: Option<(usize, usize)>,
    /// What expiries took.
    written_off: i64,
}

/// A generation.
#[allow(clippy::struct_excessive_bools)] // what the database tells by times, each for itself
#[derive(Clone, Debug)]
pub struct Work {
    pub purse: usize,
    pub key: usize,
    pub price: i64,
    pub n: u8,
    pub charged_at: Time,
    /// What each lot paid, in the order of spending.
    pub paid: Vec<(usize, i64)>,
    pub status: Status,
    pub turn: Option<i64>,
    pub fence: i64,
    pub holder: Option<usize>,
    pub dispatched: bool,
    /// It was started longer ago than the reaper's grace.
    pub idle: bool,
    /// A caller waits, so its time runs from acceptance.
    pub waits: bool,
    /// Its deadline is over.
    pub spent: bool,
    /// So is the grace after its deadline.
    pub late: bool,
    /// Its time in the queue is over.
    pub overdue: bool,
    pub end: Option<Ended>,
    pub refunded: i64,
}

/// How a generation ended, and the balance right after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub work: usize,
    pub status: Status,
    pub images: u8,
    pub balance: i64,
    pub next_expiration: Option<Time>,
}

/// A lease on a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hand {
    pub work: usize,
    pub worker: usize,
    pub fence: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    Live,
    Lapsed,
    Gone,
}

#[derive(Clone, Debug)]
struct Remembered {
    fingerprint: u8,
    work: usize,
    until: Time,
}

/// What a step answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    Granted {
        lot: usize,
        credits: i64,
        balance: i64,
    },
    Expired(u32),
    Running(usize),
    Queued(usize),
    Again(usize, Status),
    Refused(Refusal),
    Lost,
    Claimed(Vec<usize>),
    Ended(Ended),
    NotQueued,
    Reaped {
        requeued: u32,
        taken: Vec<usize>,
        overdue: Vec<(usize, Why)>,
    },
    Resumed(Option<usize>),
    Revoked(Vec<usize>),
    Forgotten(u32),
}

/// Why queued work is to be canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    KeyRevoked,
    CallerWaited,
    Queued,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Mismatch,
    KeyRevoked,
    AccountsQueueFull,
    Insufficient { required: i64, available: i64 },
    AlreadyExpired,
    ReferenceOfAnother,
    MoreImagesThanPaidFor,
}

impl Model {
    pub fn new() -> Self {
        Self {
            now: 0,
            lots: Vec::new(),
            works: Vec::new(),
            hands: Vec::new(),
            workers: [Worker::Live; WORKERS],
            revoked: [false; KEYS.len()],
            names: BTreeMap::new(),
            references: BTreeMap::new(),
            answer: Answer::Done,
        }
    }

    /// With credits of all kinds, so that a history need not begin with a dozen grants.
    pub fn funded() -> Self {
        let mut model = Self::new();
        for step in &FUNDS {
            model.apply(step);
        }
        model
    }

    /// Whether what the step is about is there.
    pub fn admits(&self, step: &Step) -> bool {
        let is_in = |work: usize, status| {
            (self.works.get(work)).is_some_and(|work: &Work| work.status == status)
        };
        match *step {
            Step::Dispatch { hand } => hand < self.hands.len(),
            // Nobody has images of what was never sent.
            Step::Settle { hand, images } => self.hands.get(hand).is_some_and(|held| {
                images == 0 || self.works[held.work].dispatched || !self.holds(hand)
            }),
            Step::Resume { work, .. } | Step::Cancel { work, .. } => work < self.works.len(),
            Step::Late { work } | Step::Idle { work } => is_in(work, Status::Running),
            Step::Overdue { work } => is_in(work, Status::Queued),
            _ => true,
        }
    }

    pub fn apply(&mut self, step: &Step) {
        self.answer = match *step {
            Step::Grant {
                purse,
                credits,
                life,
                reference,
            } => self.grant(purse, credits, life, reference),
            Step::Pass(time) => {
                self.now += time;
                Answer::Done
            }
            Step::Expire { at_most } => Answer::Expired(self.expire(at_most)),
            Step::Accept(ref ask) => self.accept(ask),
            Step::Claim { worker, at_most } => Answer::Claimed(self.claim(worker, at_most)),
            Step::Dispatch { hand } => self.dispatch(hand),
            Step::Settle { hand, images } => self.settle(hand, images),
            Step::Crash { worker } => self.renew(worker, Worker::Lapsed),
            Step::Renew { worker } => self.renew(worker, Worker::Live),
            Step::Register { worker } => self.set_worker(worker, Worker::Live),
            Step::Resign { worker } => self.set_worker(worker, Worker::Gone),
            Step::Reap { worker } => self.reap(worker),
            Step::Late { work } => self.change(work, |work| {
                (work.spent, work.late, work.idle) = (true, true, true);
            }),
            Step::Idle { work } => self.change(work, |work| work.idle = true),
            Step::Overdue { work } => self.change(work, |work| work.overdue = true),
            Step::Resume { work, worker } => Answer::Resumed(self.resume(work, worker)),
            Step::Cancel { work, fails } => self.cancel(work, fails),
            Step::Revoke { key } => Answer::Revoked(self.revoke(key)),
            Step::Forget => self.forget(),
        };
        self.assert_conserved();
    }

    fn change(&mut self, work: usize, how: impl FnOnce(&mut Work)) -> Answer {
        how(&mut self.works[work]);
        Answer::Done
    }

    fn set_worker(&mut self, worker: usize, state: Worker) -> Answer {
        self.workers[worker] = state;
        Answer::Done
    }

    fn renew(&mut self, worker: usize, state: Worker) -> Answer {
        if self.workers[worker] == Worker::Gone {
            return Answer::Lost;
        }
        self.set_worker(worker, state)
    }

    fn accept(&mut self, ask: &Ask) -> Answer {
        let account = PURSES[ask.purse].0;
        if PURSES[KEYS[ask.key]].0 != account {
            return Answer::Refused(Refusal::KeyRevoked);
        }
        let name = ask
            .name
            .map(|(name, fingerprint)| ((ask.purse, name), fingerprint));
        if let Some((name, fingerprint)) = name
            && let Some(earlier) = self.names.get(&name)
            && self.now < earlier.until
        {
            return if earlier.fingerprint == fingerprint {
                Answer::Again(earlier.work, self.works[earlier.work].status)
            } else {
                Answer::Refused(Refusal::Mismatch)
            };
        }
        if self.revoked[ask.key] {
            return Answer::Refused(Refusal::KeyRevoked);
        }
        let answer = self.take_in(ask);
        if let (Answer::Running(work) | Answer::Queued(work), Some((name, fingerprint))) =
            (&answer, name)
        {
            let until = self.now + NAME_LIFE;
            self.names.insert(
                name,
                Remembered {
                    fingerprint,
                    work: *work,
                    until,
                },
            );
        }
        answer
    }

    fn forget(&mut self) -> Answer {
        let before = self.names.len();
        let now = self.now;
        self.names.retain(|_, name| now < name.until);
        Answer::Forgotten(u32::try_from(before - self.names.len()).unwrap())
    }
}

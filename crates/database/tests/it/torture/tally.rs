//! How often everything that matters has happened: a history in which nothing happens proves nothing.

use std::collections::BTreeMap;

use gih_domain::generation::Status;

use crate::torture::chance::share;
use crate::torture::model::{Answer, Model, Refusal, Why};
use crate::torture::step::Step;

/// Counts by what happened.
#[derive(Default)]
pub struct Tally(BTreeMap<&'static str, u64>);

/// What a run of thousands of histories must have met, each a good many times.
const EXPECTED: [&str; 33] = [
    "a charge over several lots",
    "a dispatch",
    "a dispatch refused",
    "a foreign or revoked key",
    "a full queue",
    "a grant",
    "a grant of nothing",
    "a partial success",
    "a purse too small",
    "a refund into a new lot",
    "a refund of a refund lot",
    "a repeated end",
    "a replay",
    "a replay of ended work",
    "a reused idempotency key",
    "a settlement after its end",
    "a success",
    "a failure",
    "accepted into hands",
    "accepted into the queue",
    "canceled",
    "claimed",
    "claimed again",
    "expired",
    "forgotten",
    "more images than paid for",
    "overdue",
    "requeued",
    "requeued under a revoked key",
    "resumed",
    "revoked with work queued",
    "stale while others work",
    "taken over",
];
/// How often each must have happened, in a share of the histories and in all of them.
fn times() -> u64 {
    share(1, 10)
}

impl Tally {
    /// Notes what the step, which the model has just taken, was. `lots` is how many lots there were before it.
    pub fn note(&mut self, model: &Model, step: &Step, lots: usize) {
        for what in what_happened(model, step) {
            self.add(what);
        }
        for lot in &model.lots[lots..] {
            if let Some((_, source)) = lot.refund_of {
                let is_again = model.lots[source].refund_of.is_some();
                self.add(if is_again {
                    "a refund of a refund lot"
                } else {
                    "a refund into a new lot"
                });
            }
        }
    }

    fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// That all that is expected has happened.
    pub fn assert_rich(&self) {
        let rare: Vec<_> = (EXPECTED.iter())
            .filter(|what| self.0.get(*what).is_none_or(|&times| times < self::times()))
            .collect();
        assert!(
            rare.is_empty(),
            "hardly ever: {rare:?}; in all: {:#?}",
            self.0
        );
    }
}

fn what_happened(model: &Model, step: &Step) -> Vec<&'static str> {
    let some = |what, is| if is { vec![what] } else { vec![] };
    match (step, &model.answer) {
        (Step::Settle { hand, .. }, Answer::Lost) => {
            let is_running = model.works[model.hands[*hand].work].status == Status::Running;
            vec![if is_running {
                "stale while others work"
            } else {
                "a settlement after its end"
            }]
        }
        (Step::Settle { images, .. }, Answer::Ended(end)) => {
            let n = model.works[end.work].n;
            vec![match end.images {
                // The end is of an earlier settlement when it is not the one asked for.
                ended if ended != *images => "a repeated end",
                0 => "a failure",
                images if images < n => "a partial success",
                _ => "a success",
            }]
        }
        (Step::Cancel { .. }, Answer::Ended(_)) => vec!["canceled"],
        (Step::Dispatch { .. }, Answer::Done) => vec!["a dispatch"],
        (Step::Dispatch { .. }, Answer::Lost) => vec!["a dispatch refused"],
        (_, Answer::Granted { .. }) => vec!["a grant"],
        (_, Answer::Expired(count)) => some("expired", *count > 0),
        (_, Answer::Forgotten(count)) => some("forgotten", *count > 0),
        (_, Answer::Running(work)) => {
            let mut what = vec!["accepted into hands"];
            what.extend(some(
                "a charge over several lots",
                model.works[*work].paid.len() > 1,
            ));
            what
        }
        (_, Answer::Queued(_)) => vec!["accepted into the queue"],
        (_, Answer::Again(_, Status::Queued | Status::Running)) => vec!["a replay"],
        (_, Answer::Again(..)) => vec!["a replay of ended work"],
        (_, Answer::Refused(refusal)) => vec![match refusal {
            Refusal::Mismatch => "a reused idempotency key",
            Refusal::KeyRevoked => "a foreign or revoked key",
            Refusal::AccountsQueueFull => "a full queue",
            Refusal::Insufficient { .. } => "a purse too small",
            Refusal::AlreadyExpired => "a grant of nothing",
            Refusal::ReferenceOfAnother => "a grant's reference for another account",
            Refusal::MoreImagesThanPaidFor => "more images than paid for",
        }],
        (_, Answer::Claimed(works)) => {
            let mut what = some("claimed", !works.is_empty());
            what.extend(some(
                "claimed again",
                works.iter().any(|work| model.works[*work].fence > 1),
            ));
            what
        }
        (
            _,
            Answer::Reaped {
                requeued,
                taken,
                overdue,
            },
        ) => {
            let mut what = some("requeued", *requeued > 0);
            what.extend(some("taken over", !taken.is_empty()));
            what.extend(some("overdue", !overdue.is_empty()));
            let is_revoked = |(_, why): &(usize, Why)| *why == Why::KeyRevoked;
            what.extend(some(
                "requeued under a revoked key",
                overdue.iter().any(is_revoked),
            ));
            what
        }
        (_, Answer::Resumed(found)) => some("resumed", found.is_some()),
        (_, Answer::Revoked(works)) => some("revoked with work queued", !works.is_empty()),
        _ => vec![],
    }
}

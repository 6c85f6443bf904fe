//! Bugs sown on purpose: a rule of the product is broken past it, by SQL, and the same histories as ever are run. Either
//! the model or the audit must complain; where the books show it, both.

mod sow;

use std::collections::BTreeSet;

use gih_database::Kind;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest_state_machine::ReferenceStateMachine as _;

use crate::torture::bench::Bench;
use crate::torture::chance::{Seed, figure, seed};
use crate::torture::runs::Run;
use crate::torture::sequences::{Ledger, STEPS, runner};
use crate::torture::step::Step;
use crate::torture::word;

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Whoever settles running work may, whatever the fence.
    FenceDropped,
    /// What has ended can be ended again.
    EndsTwice,
    /// An end is overwritten later.
    EndChanges,
    /// The unique key of idempotency keys is gone from the schema.
    UniqueKeyGone,
    /// The row of the idempotency key is not kept.
    KeyForgotten,
    /// Work that was sent counts as never sent, and goes out again.
    DispatchForgotten,
    /// A refund is made twice, ledger and all.
    DoubleRefund,
    /// A refund goes to a lot of the account that did not pay.
    RefundToBystander,
    /// A refund goes to a lot of another account.
    RefundToStranger,
    /// A refund goes to the lot that paid first instead of the one that paid last.
    RefundToFirstPayer,
    /// A refund goes back into a lot that has expired, or is about to.
    RefundToExpired,
    /// A refund's lot lives a day longer each time.
    RefundLivesOn,
    /// The charge is apart from the generation, and lost by a crash in between.
    ChargeLost,
    /// The charge is kept, and the generation lost.
    GenerationLost,
    /// The lot's change is kept, and its ledger entry lost.
    EntryLost,
    /// An image's row is lost after it was paid.
    ImageLost,
    /// Lots that have expired pay.
    ExpiredPays,
}

/// Each with the audit's names for it; none where a picture of the books cannot show it.
const BUGS: [(Bug, &[&str]); 17] = [
    (Bug::FenceDropped, &[]),
    (Bug::EndsTwice, &[]),
    (Bug::EndChanges, &[]),
    (Bug::UniqueKeyGone, &[]),
    (Bug::KeyForgotten, &[]),
    (Bug::DispatchForgotten, &[]),
    (
        Bug::DoubleRefund,
        &["entry-unique", "generation-settled", "refund-source"],
    ),
    (Bug::RefundToBystander, &["refund-source"]),
    (Bug::RefundToStranger, &["entry-lot", "refund-source"]),
    (Bug::RefundToFirstPayer, &["refund-order"]),
    (Bug::RefundToExpired, &["refund-place"]),
    (Bug::RefundLivesOn, &["refund-life"]),
    (Bug::ChargeLost, &["generation-charged"]),
    (Bug::GenerationLost, &["orphan"]),
    (Bug::EntryLost, &["generation-charged", "lot-remaining"]),
    (Bug::ImageLost, &["generation-captured"]),
    (Bug::ExpiredPays, &["charge-expired"]),
];

/// Far more histories than any of them has needed.
const HISTORIES: u32 = 60;

#[test]
fn seeded_bugs_are_caught_on_sqlite() {
    on(Kind::Sqlite);
}

#[test]
fn seeded_bugs_are_caught_on_postgres() {
    on(Kind::Postgres);
}

fn on(kind: Kind) {
    let seed = Seed(seed());
    let histories = histories(seed.0);
    // Without a bug, nobody complains of the same histories.
    let mut bench = Bench::new(kind, None);
    for history in histories.iter().take(10) {
        let complaint = story(&mut bench, history).err();
        assert!(complaint.is_none(), "{complaint:?}");
    }
    assert_eq!(bench.violations(), []);
    let mut missed = Vec::new();
    for (bug, names) in BUGS {
        if let Err(problem) = caught(kind, bug, names, &histories) {
            missed.push(format!("{bug:?}: {problem}"));
        }
    }
    assert!(missed.is_empty(), "on {kind:?}: {missed:#?}");
    figure("seeded bugs caught", word(kind), BUGS.len() as u64);
}

fn histories(seed: u64) -> Vec<Vec<Step>> {
    let mut runner = runner(seed, HISTORIES);
    let strategy = Ledger::sequential_strategy(STEPS);
    (0..HISTORIES)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current().1)
        .collect()
}

/// Runs the history to its end or to the first complaint of the model.
fn story(bench: &mut Bench, history: &[Step]) -> Result<(), String> {
    let mut run = Run::funded(bench).map_err(|complaint| complaint.to_string())?;
    for (index, step) in history.iter().enumerate() {
        run.step(step)
            .map_err(|complaint| format!("at step {index}, {step:?}, {complaint}"))?;
    }
    run.finish().map_err(|complaint| complaint.to_string())
}

/// Runs histories until the model has complained, and the audit under each of the names.
fn caught(kind: Kind, bug: Bug, names: &[&str], histories: &[Vec<Step>]) -> Result<(), String> {
    let mut first = None;
    let mut left: BTreeSet<&str> = names.iter().copied().collect();
    let mut others = BTreeSet::new();
    let mut bench = Bench::new(kind, Some(bug));
    for (count, history) in histories.iter().enumerate() {
        let Err(complaint) = story(&mut bench, history) else {
            continue;
        };
        for violation in bench.violations() {
            left.remove(violation.invariant);
            others.insert(violation.invariant);
        }
        let first = first.get_or_insert_with(|| format!("in history {count} {complaint}"));
        if left.is_empty() {
            eprintln!("{bug:?} on {kind:?}: {first}; the audit: {others:?}");
            return Ok(());
        }
        // The next is not to meet what this one left.
        bench = Bench::new(kind, Some(bug));
    }
    Err(match first {
        None => "the model never complained".to_owned(),
        Some(first) => format!("{first}; the audit did not say {left:?}, but {others:?}"),
    })
}

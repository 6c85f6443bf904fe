//! Random histories of the books, held against the model at every step; shrunk when they differ.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use gih_database::Kind;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use proptest_state_machine::ReferenceStateMachine;

use crate::torture::bench::Bench;
use crate::torture::chance::{figure, seed, share};
use crate::torture::model::Model;
use crate::torture::runs::{Complaint, Run};
use crate::torture::step::{Step, steps};
use crate::torture::tally::Tally;
use crate::torture::word;

const SEQUENCES: u32 = 2_000;
const SEQUENCES_SHARE: u32 = 150;
pub const STEPS: usize = 40;
/// An audit reads all there is, so it is made every so many sequences, and each database takes a few such batches.
const SEQUENCES_AN_AUDIT: u64 = 25;
const SEQUENCES_A_DATABASE: u64 = 250;
/// Shrinking runs a whole sequence each time; this is a minute of it.
const SHRINKS: u32 = 2_000;

pub struct Ledger;

impl ReferenceStateMachine for Ledger {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::funded()).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        steps(model)
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        model.apply(step);
        model
    }

    fn preconditions(model: &Model, step: &Step) -> bool {
        model.admits(step)
    }
}

#[test]
fn the_ledger_is_what_the_model_says_on_sqlite() {
    on(Kind::Sqlite);
}

#[test]
fn the_ledger_is_what_the_model_says_on_postgres() {
    on(Kind::Postgres);
}

/// A bench for many sequences.
struct Shared {
    bench: Option<Bench>,
    sequences: u64,
    tally: Tally,
    /// Something was wrong: from now on each sequence has a database of its own and is audited.
    has_failed: bool,
}

impl Shared {
    fn run(&mut self, kind: Kind, steps: &[Step], seen: impl Fn()) -> Result<(), Complaint> {
        if self.has_failed || self.sequences.is_multiple_of(SEQUENCES_A_DATABASE) {
            self.bench = None;
        }
        let bench = self.bench.get_or_insert_with(|| Bench::new(kind, None));
        self.sequences += 1;
        let is_audited = self.has_failed || self.sequences.is_multiple_of(SEQUENCES_AN_AUDIT);
        let mut result = run(bench, &mut self.tally, steps, seen);
        if is_audited && result.is_ok() {
            result = bench.audit();
        }
        self.has_failed |= result.is_err();
        result
    }
}

fn run(
    bench: &mut Bench,
    tally: &mut Tally,
    steps: &[Step],
    seen: impl Fn(),
) -> Result<(), Complaint> {
    let mut run = Run::funded(bench)?;
    for step in steps {
        seen();
        let lots = run.model.lots.len();
        run.step(step)?;
        tally.note(&run.model, step, lots);
    }
    run.finish()
}

/// A runner whose cases depend on the seed alone.
pub fn runner(seed: u64, cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: SHRINKS,
        ..Config::default()
    })
}

fn on(kind: Kind) {
    let seed = seed();
    let sequences = share(u64::from(SEQUENCES_SHARE), u64::from(SEQUENCES));
    let steps = AtomicU64::new(0);
    let shared = RefCell::new(Shared {
        bench: None,
        sequences: 0,
        tally: Tally::default(),
        has_failed: false,
    });
    let outcome = runner(seed, u32::try_from(sequences).unwrap()).run(
        &Ledger::sequential_strategy(STEPS),
        |(_, sequence, seen)| {
            let count = || {
                steps.fetch_add(1, Ordering::Relaxed);
                // Tells the shrinking how far a failing sequence came.
                if let Some(seen) = &seen {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
            };
            let result = shared.borrow_mut().run(kind, &sequence, count);
            result.map_err(|complaint| TestCaseError::fail(complaint.to_string()))
        },
    );
    match outcome {
        Ok(()) => {
            shared.borrow().tally.assert_rich();
            figure("ledger sequences", word(kind), sequences);
            figure("ledger steps", word(kind), steps.into_inner());
        }
        Err(TestError::Fail(reason, (_, sequence, _))) => {
            let mut story = String::new();
            for step in sequence {
                writeln!(story, "  {step:?}").unwrap();
            }
            panic!(
                "{reason}\nafter\n{story}to run it again: TORTURE_SEED={seed} cargo test -p gih-database --test torture \
                the_ledger_is_what_the_model_says_on_{}",
                word(kind)
            );
        }
        Err(TestError::Abort(reason)) => panic!("TORTURE_SEED={seed}: {reason}"),
    }
}

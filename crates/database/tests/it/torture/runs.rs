//! One history: the model and the product take the same steps, and after each step all is compared.

use std::fmt;

use gih_domain::generation::Status;
use gih_domain::ports::{Accounts, Books, Generations, ListFilter};
use gih_domain::time::Timestamp;

use crate::torture::bench::{Bench, Names, at, mode};
use crate::torture::model::{Answer, DAY, FUNDS, Model, PURSES, WORKERS};
use crate::torture::picture::{self, expect};
use crate::torture::step::Step;
use crate::world::NOW;

/// Past everything that histories date their entries.
const END_OF_TIME: i64 = 40 * 365 * DAY;

/// Something is not as it must be.
#[derive(Clone, Debug)]
pub struct Complaint {
    pub by: Checker,
    pub what: String,
}

/// Who noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checker {
    /// The model, by the answer to a step.
    Answers,
    /// The model, by the rows.
    Rows,
    /// The audit.
    Audit,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by {:?}: {}", self.by, self.what)
    }
}

fn by(by: Checker) -> impl Fn(String) -> Complaint {
    move |what| Complaint { by, what }
}

/// A history on a bench.
pub struct Run<'a> {
    pub bench: &'a mut Bench,
    pub names: Names,
    pub model: Model,
    steps: usize,
}

impl<'a> Run<'a> {
    pub fn new(bench: &'a mut Bench) -> Self {
        let names = bench.people();
        Self {
            bench,
            names,
            model: Model::new(),
            steps: 0,
        }
    }

    /// One that begins as [`Model::funded`] does.
    pub fn funded(bench: &'a mut Bench) -> Result<Self, Complaint> {
        let mut run = Self::new(bench);
        for step in &FUNDS {
            run.take(step)?;
        }
        Ok(run)
    }

    /// Takes the step and compares everything.
    pub fn step(&mut self, step: &Step) -> Result<(), Complaint> {
        self.take(step)?;
        picture::compare(self.bench, &mut self.names, &self.model).map_err(by(Checker::Rows))?;
        // All lots are compared; the port that adds them up is asked every other time, for one purse after the other.
        self.steps += 1;
        if self.steps % 2 == 1 {
            return Ok(());
        }
        let purse = self.steps / 2 % PURSES.len();
        self.balance(purse).map_err(by(Checker::Answers))
    }

    /// Takes the step and compares the answer alone.
    fn take(&mut self, step: &Step) -> Result<(), Complaint> {
        self.model.apply(step);
        let found = self.bench.take(&mut self.names, &self.model, step);
        let found = found.map_err(by(Checker::Answers))?;
        let expected = self.model.answer.clone();
        expect("the answer", expected, found).map_err(by(Checker::Answers))
    }

    fn balance(&mut self, purse: usize) -> Result<(), String> {
        let account = self.names.accounts[PURSES[purse].0];
        let asked = self
            .bench
            .database
            .balance(account, mode(purse), at(self.model.now));
        let found = self
            .bench
            .runtime
            .block_on(asked)
            .map_err(|error| error.to_string())?;
        let found = found.ok_or("the account is gone")?;
        expect(
            "the balance",
            self.model.balance(purse),
            found.credits.get(),
        )?;
        let expires = self.model.next_expiration(purse);
        let next = found.next_expiration;
        expect(
            "the next expiration",
            expires.map(at),
            next.map(|next| next.expires_at),
        )?;
        match (expires, next) {
            (Some(expires), Some(next)) => {
                // When several lots expire at once, it is one of them.
                let any = self.model.expiring_at(purse, expires);
                let is_one = any.contains(&next.credits.get());
                expect("what expires next is a lot's", true, is_one)
            }
            _ => Ok(()),
        }
    }

    /// Ends what is unfinished, lets everything expire, and compares once more, by every port that reads. Leaves nothing
    /// that another history on the same database would meet.
    pub fn finish(&mut self) -> Result<(), Complaint> {
        for work in 0..self.model.works.len() {
            match self.model.works[work].status {
                Status::Queued => self.take(&Step::Cancel { work, fails: false })?,
                Status::Running => {
                    let hand = self.hand_of(work);
                    let images = u8::from(self.model.works[work].dispatched);
                    self.take(&Step::Settle { hand, images })?;
                }
                _ => {}
            }
        }
        for worker in 0..WORKERS {
            self.take(&Step::Resign { worker })?;
        }
        self.reads().map_err(by(Checker::Answers))?;
        self.take(&Step::Pass(END_OF_TIME / 2))?;
        self.take(&Step::Expire { at_most: u32::MAX })?;
        self.take(&Step::Forget)?;
        self.take(&Step::Reap { worker: 0 })?;
        expect(
            "nothing is left to reap",
            Answer::Reaped {
                requeued: 0,
                taken: vec![],
                overdue: vec![],
            },
            self.model.answer.clone(),
        )
        .map_err(by(Checker::Answers))?;
        picture::compare(self.bench, &mut self.names, &self.model).map_err(by(Checker::Rows))?;
        for purse in 0..PURSES.len() {
            self.balance(purse).map_err(by(Checker::Answers))?;
        }
        Ok(())
    }

    /// The lease on work that runs.
    fn hand_of(&self, work: usize) -> usize {
        let held = &self.model.works[work];
        let is_on = |hand: &crate::torture::model::Hand| {
            (hand.work, Some(hand.worker), hand.fence) == (work, held.holder, held.fence)
        };
        self.model.hands.iter().position(is_on).unwrap()
    }

    /// An account sees its own generations, in their mode, and nobody else's.
    fn reads(&mut self) -> Result<(), String> {
        let broken = |error: gih_domain::ports::DatabaseError| error.to_string();
        let database = &self.bench.database;
        self.bench.runtime.block_on(async {
            for (purse, (account, _)) in PURSES.iter().enumerate() {
                let account = self.names.accounts[*account];
                let filter = ListFilter {
                    limit: 1_000,
                    ..ListFilter::default()
                };
                let found = Generations::list(&**database, account, mode(purse), &filter).await;
                let found: Vec<_> = found
                    .map_err(broken)?
                    .generations
                    .iter()
                    .map(|found| (found.id, found.status()))
                    .collect();
                let works = self.model.works.iter().zip(&self.names.works);
                let mut expected: Vec<_> = works
                    .filter(|(work, _)| work.purse == purse)
                    .map(|(work, id)| (*id, work.status))
                    .collect();
                expected.reverse();
                expect("the list", expected, found)?;
                // The newest of the others' is not found.
                let others = self
                    .model
                    .works
                    .iter()
                    .rposition(|work| work.purse != purse);
                if let Some(other) = others {
                    let id = self.names.works[other];
                    let found = Generations::find(&**database, account, mode(purse), id).await;
                    expect("another's generation", None, found.map_err(broken)?)?;
                }
            }
            Ok(())
        })
    }
}

impl Bench {
    /// What the audit finds, at most a few of each kind.
    pub fn violations(&mut self) -> Vec<gih_domain::ports::Violation> {
        let end = Timestamp::from_micros(NOW.as_micros() + END_OF_TIME);
        let audited = self.runtime.block_on(self.database.audit(end, 5));
        audited.unwrap()
    }

    /// That the audit finds nothing.
    pub fn audit(&mut self) -> Result<(), Complaint> {
        let violations = self.violations();
        if violations.is_empty() {
            return Ok(());
        }
        Err(Complaint {
            by: Checker::Audit,
            what: format!("{violations:#?}"),
        })
    }
}

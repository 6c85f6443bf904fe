//! Use case: the audit, of the books and of the image store. Nothing is changed by it.
//!
//! What can be read off the database at one moment is the [`Books`]' to check. Two things take longer: whether work past
//! its time is still looked after, and whether every image is in the store.

use std::sync::Arc;

use futures_util::future::try_join;

use crate::ports::{Books, Clock, DatabaseError, ImageStore, Violation};
use crate::time::Timestamp;

mod overdue;
mod stored;

pub use overdue::{GRACE, LOOKS, PAUSE};

/// The use case.
pub struct Audit {
    /// The books.
    pub books: Arc<dyn Books>,
    /// Where images are.
    pub store: Arc<dyn ImageStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Which images are looked for in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// All that the books name.
    All,
    /// Those saved from this time on, and no more than so many.
    Since(Timestamp, u32),
    /// None: the books alone.
    None,
}

/// What an audit found.
#[derive(Debug, Default)]
pub struct Audited {
    /// What does not hold: of each invariant as many as were asked for at most.
    pub violations: Vec<Violation>,
    /// How many images were looked for in the store.
    pub images: u64,
    /// Why the store could not be audited, or not to the end. The violations are what was found in spite of it.
    pub store_problem: Option<StoreProblem>,
}

/// The store cannot be audited. One line for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreProblem(String);

impl Audit {
    /// Audits; at most `at_most` violations of each invariant are told of.
    pub async fn run(&self, images: Images, at_most: u32) -> Result<Audited, DatabaseError> {
        let books = self.books.audit(self.clock.now(), at_most).await?;
        let (late, stored) = try_join(self.overdue(at_most), self.stored(images, at_most)).await?;
        let mut audited = stored;
        audited.violations = [books, late, audited.violations].concat();
        Ok(audited)
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;

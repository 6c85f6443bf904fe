use async_trait::async_trait;

use super::DatabaseError;
use crate::time::Timestamp;

/// The books, as an auditor reads them.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Books: Send + Sync {
    /// Checks every invariant of money and work that can be read off the database, on one consistent picture of it, and
    /// returns what does not hold: at most `at_most` violations of each invariant. Unfinished work is no violation.
    async fn audit(&self, at: Timestamp, at_most: u32) -> Result<Vec<Violation>, DatabaseError>;
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant, by its name in docs/ARCHITECTURE.md.
    pub invariant: &'static str,
    /// The row at fault, by its printed id.
    pub subject: String,
    /// What is wrong with it, with the figures.
    pub detail: String,
}

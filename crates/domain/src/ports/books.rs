use std::time::Duration;

use async_trait::async_trait;

use super::DatabaseError;
use crate::admin::AuditRecord;
use crate::id::{GenerationId, ImageId, WorkerId};
use crate::object_name::ObjectName;
use crate::time::Timestamp;

/// The books, as an auditor reads them.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Books: Send + Sync {
    /// Checks every invariant of money and work that can be read off the database at one moment, on one consistent picture
    /// of it, and returns what does not hold: at most `at_most` violations of each invariant. Unfinished work is no
    /// violation.
    async fn audit(&self, at: Timestamp, at_most: u32) -> Result<Vec<Violation>, DatabaseError>;
    /// Work that is past its deadline (running) or its time in the queue by more than `grace`, on the database's clock:
    /// at most `at_most`, the longest overdue first. With it, who could do something about it.
    async fn overdue(&self, grace: Duration, at_most: u32) -> Result<Overdue, DatabaseError>;
    /// Images in the order of their ids, which is that of their making: those after `after`, at most `at_most`.
    async fn images(
        &self,
        after: Option<ImageId>,
        at_most: u32,
    ) -> Result<Vec<BookedImage>, DatabaseError>;
    /// Keeps what an audit found, for every process to show; the newest 100 are kept.
    async fn record_audit(&self, audit: &AuditRecord) -> Result<(), DatabaseError>;
    /// What the last audit of any process found.
    async fn last_audit(&self) -> Result<Option<AuditRecord>, DatabaseError>;
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

/// One look at the work that is past its time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// It.
    pub work: Vec<Late>,
    /// The workers whose leases are live, with when these end.
    pub live_workers: Vec<(WorkerId, Timestamp)>,
}

/// A generation past its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// Which.
    pub generation: GenerationId,
    /// How late it is, in words.
    pub detail: String,
}

/// What the books say of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedImage {
    /// Its name.
    pub id: ImageId,
    /// Whose it is.
    pub generation: GenerationId,
    /// Where its bytes are.
    pub object_name: ObjectName,
    /// How many there are.
    pub byte_length: u64,
}

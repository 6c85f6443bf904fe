use async_trait::async_trait;

use super::DatabaseError;
use crate::admin::RecordedAct;
use crate::id::ActId;

/// What admins did, to be read. Acts are recorded by the ports that do them, each in the transaction that does it, and
/// are never altered.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Acts: Send + Sync {
    /// One page of acts, newest first: those older than `after`, at most `limit`.
    async fn list(&self, after: Option<ActId>, limit: u32) -> Result<ActPage, DatabaseError>;
}

/// One page of acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActPage {
    /// What is on it.
    pub acts: Vec<RecordedAct>,
    /// Whether there are more.
    pub has_more: bool,
}

use async_trait::async_trait;

use super::DatabaseError;
use crate::admin::{Overview, Sample};
use crate::mode::Mode;
use crate::time::Timestamp;

/// Figures over all accounts.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Statistics: Send + Sync {
    /// What is unfinished now, and what became of the generations and the credits since `since`, in one mode or in both.
    /// Reads the generations and the entries since then.
    async fn overview(
        &self,
        mode: Option<Mode>,
        since: Timestamp,
    ) -> Result<Overview, DatabaseError>;
    /// How long the newest succeeded generations took: at most `at_most`, and fewer when few of the newest succeeded.
    async fn samples(&self, at_most: u32) -> Result<Vec<Sample>, DatabaseError>;
}

use async_trait::async_trait;

use super::DatabaseError;
use crate::id::{AccountId, GenerationId};
use crate::ledger::{DaySpending, Entry, EntryFilter, EntryPage, OwnedLot};
use crate::mode::Mode;
use crate::time::Timestamp;

/// The ledger, to be read. Each question reads what it answers with and little more, however long the ledger is.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Ledger: Send + Sync {
    /// One page of the account's entries in `mode`, newest first.
    async fn entries(
        &self,
        account: AccountId,
        mode: Mode,
        filter: &EntryFilter,
    ) -> Result<EntryPage, DatabaseError>;
    /// The account's lots in `mode`: those that are live at `at` in the order in which they are spent, then the others,
    /// newest first. At most `at_most`.
    async fn lots(
        &self,
        account: AccountId,
        mode: Mode,
        at: Timestamp,
        at_most: u32,
    ) -> Result<Vec<OwnedLot>, DatabaseError>;
    /// The entries of a generation, its charges first.
    async fn entries_of(&self, generation: GenerationId) -> Result<Vec<Entry>, DatabaseError>;
    /// What was charged and refunded on each day in UTC from `from` on and before `before`, by one account or, for `None`,
    /// by all: the days on which anything was, in their order. Reads the entries of that time.
    async fn spending(
        &self,
        account: Option<AccountId>,
        mode: Mode,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Vec<DaySpending>, DatabaseError>;
}

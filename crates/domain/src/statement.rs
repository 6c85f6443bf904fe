//! Use case: what an account reads of its credits: balance, lots, the ledger, spending.

use std::sync::Arc;

use crate::balance::Balance;
use crate::generation::Generation;
use crate::id::AccountId;
use crate::ledger::{DaySpending, Entry, EntryFilter, EntryPage, OwnedLot, every_day, last_days};
use crate::mode::Mode;
use crate::ports::{Accounts, Clock, DatabaseError, Ledger};

/// How many lots are shown at most.
pub const MOST_LOTS: u32 = 500;
/// The most entries of one page.
pub const MOST_ENTRIES: u32 = 1_000;

/// The use case.
pub struct Statement {
    /// Balances.
    pub accounts: Arc<dyn Accounts>,
    /// Lots and entries.
    pub ledger: Arc<dyn Ledger>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Statement {
    /// What the account may spend in `mode` now; `None` for no such account.
    pub async fn balance(
        &self,
        account: AccountId,
        mode: Mode,
    ) -> Result<Option<Balance>, DatabaseError> {
        self.accounts.balance(account, mode, self.clock.now()).await
    }

    /// The account's lots: the live ones in the order in which they are spent, then the others, newest first. At most
    /// [`MOST_LOTS`].
    pub async fn lots(
        &self,
        account: AccountId,
        mode: Mode,
    ) -> Result<Vec<OwnedLot>, DatabaseError> {
        self.ledger
            .lots(account, mode, self.clock.now(), MOST_LOTS)
            .await
    }

    /// One page of the account's ledger, newest first, of at most [`MOST_ENTRIES`].
    pub async fn entries(
        &self,
        account: AccountId,
        mode: Mode,
        filter: &EntryFilter,
    ) -> Result<EntryPage, DatabaseError> {
        let filter = EntryFilter {
            limit: filter.limit.clamp(1, MOST_ENTRIES),
            ..*filter
        };
        self.ledger.entries(account, mode, &filter).await
    }

    /// What the account spent on each of the last `days` days in UTC, today the last of them: a row for every day, at most
    /// [`MOST_DAYS`](crate::ledger::MOST_DAYS).
    pub async fn spending(
        &self,
        account: AccountId,
        mode: Mode,
        days: u32,
    ) -> Result<Vec<DaySpending>, DatabaseError> {
        let (from, before) = last_days(self.clock.now(), days);
        let found = self
            .ledger
            .spending(Some(account), mode, from, before)
            .await?;
        Ok(every_day(&found, from, before))
    }

    /// What a generation did to which lots, its charges first. Whoever may see the generation may see these.
    pub async fn entries_of(&self, generation: &Generation) -> Result<Vec<Entry>, DatabaseError> {
        self.ledger.entries_of(generation.id).await
    }
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;

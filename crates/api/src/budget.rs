//! What all requests together may hold while their bodies come, and how much of it one account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use gih_domain::id::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::error::ApiError;

/// One unit in so many is kept from every single account, so that none keeps the others out; of fewer units none is, as
/// a place that nobody may take serves nobody.
const RESERVED_OF: u32 = 4;
/// From how many remembered accounts on those are forgotten that hold nothing any more.
const MANY_ACCOUNTS: usize = 64;

/// A number of units, taken and given back.
pub(crate) struct Budget {
    all: Semaphore,
    /// The most of them for one account.
    share: u32,
    /// How long is waited for units before the caller is told to come back.
    patience: Duration,
    /// What the caller is told then.
    message: &'static str,
    /// Accounts that hold something, or want to.
    accounts: Mutex<HashMap<AccountId, Weak<Semaphore>>>,
}

impl Budget {
    pub(crate) fn new(units: u32, patience: Duration, message: &'static str) -> Self {
        Self {
            all: Semaphore::new(units as usize),
            share: units - units / RESERVED_OF,
            patience,
            message,
            accounts: Mutex::default(),
        }
    }

    /// Room for this account, empty at first.
    pub(crate) fn room(&self, account: AccountId) -> Room<'_> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = accounts.get(&account).and_then(Weak::upgrade);
        let own = known.unwrap_or_else(|| {
            if accounts.len() >= MANY_ACCOUNTS {
                accounts.retain(|_, own| own.strong_count() > 0);
            }
            let own = Arc::new(Semaphore::new(self.share as usize));
            accounts.insert(account, Arc::downgrade(&own));
            own
        });
        Room {
            budget: self,
            own,
            held: None,
        }
    }
}

/// What one request holds of a budget; given back when dropped.
pub(crate) struct Room<'budget> {
    budget: &'budget Budget,
    own: Arc<Semaphore>,
    held: Option<(OwnedSemaphorePermit, SemaphorePermit<'budget>)>,
}

impl Room<'_> {
    /// Takes so many units more, which it waits for; 503 when they don't come free in time.
    pub(crate) async fn grow(&mut self, units: u32) -> Result<(), ApiError> {
        let Budget {
            all,
            patience,
            message,
            ..
        } = self.budget;
        // The account's share first: who waits for its own units must not hold those of others.
        let taking = async {
            let own = Arc::clone(&self.own).acquire_many_owned(units).await.ok()?;
            Some((own, all.acquire_many(units).await.ok()?))
        };
        let taken = tokio::time::timeout(*patience, taking).await;
        let (own, of_all) = taken
            .ok()
            .flatten()
            .ok_or_else(|| ApiError::busy(*message))?;
        match &mut self.held {
            Some((held_own, held_of_all)) => {
                held_own.merge(own);
                held_of_all.merge(of_all);
            }
            None => self.held = Some((own, of_all)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(units: u32) -> Budget {
        Budget::new(units, Duration::from_millis(20), "full")
    }

    fn account(number: u128) -> AccountId {
        AccountId(uuid::Uuid::from_u128(number))
    }

    /// How many rooms of one unit this account gets.
    async fn take(budget: &Budget, number: u128) -> Vec<Room<'_>> {
        let mut rooms = Vec::new();
        loop {
            let mut room = budget.room(account(number));
            if room.grow(1).await.is_err() {
                return rooms;
            }
            rooms.push(room);
        }
    }

    #[tokio::test]
    async fn an_account_gets_all_but_a_quarter_and_all_together_no_more_than_there_is() {
        for (units, share) in [(1, 1), (2, 2), (3, 3), (4, 3), (8, 6), (9, 7), (16, 12)] {
            let budget = budget(units);
            let hers = take(&budget, 1).await;
            assert_eq!(hers.len(), share, "of {units}");
            let his = take(&budget, 2).await;
            assert_eq!(his.len(), units as usize - share, "of {units}");
            drop(hers);
            assert_eq!(take(&budget, 3).await.len(), share, "of {units}");
        }
        // A room's units are the account's too.
        let budget = budget(8);
        let mut room = budget.room(account(1));
        room.grow(4).await.unwrap();
        room.grow(2).await.unwrap();
        assert!(room.grow(1).await.is_err(), "her share is 6");
        assert!(budget.room(account(1)).grow(1).await.is_err());
        budget.room(account(2)).grow(2).await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_gets_what_comes_free() {
        let budget = Budget::new(1, Duration::from_secs(10), "full");
        let mut first = budget.room(account(1));
        first.grow(1).await.unwrap();
        let mut second = budget.room(account(2));
        let waiting = second.grow(1);
        let release = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(first);
        };
        let (grown, ()) = tokio::join!(waiting, release);
        grown.unwrap();
    }

    #[tokio::test]
    async fn a_vain_wait_takes_nothing_and_accounts_are_forgotten() {
        let budget = budget(4);
        let mut holder = budget.room(account(0));
        holder.grow(3).await.unwrap();
        for number in 1..1_000 {
            let mut room = budget.room(account(number));
            room.grow(1).await.unwrap();
        }
        assert!(budget.room(account(0)).grow(1).await.is_err());
        let remembered = budget.accounts.lock().unwrap().len();
        assert!(remembered <= MANY_ACCOUNTS, "{remembered}");
        drop(holder);
        budget.room(account(0)).grow(1).await.unwrap();
    }
}

//! Days that are over: what was spent on them does not change any more, because the ledger is append-only and everything
//! is entered as of now. So they are added up once a process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::credits::Credits;
use crate::id::{AccountId, GenerationId};
use crate::ledger::{DAY, DaySpending, Entry, EntryFilter, EntryPage, OwnedLot};
use crate::mode::Mode;
use crate::ports::{Clock, DatabaseError, Ledger};
use crate::time::Timestamp;

/// How many days are remembered: a few megabytes. When there are more, all are forgotten.
const MOST_REMEMBERED: usize = 50_000;

/// Whose, in which mode, and which day.
type Key = (Option<AccountId>, Mode, Timestamp);

/// The ledger, with the spending of closed days remembered. A day is closed a whole day after its end: work that ended
/// while the database was away is settled as of its end.
pub struct ClosedDays {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    days: Mutex<HashMap<Key, (Credits, Credits)>>,
}

impl ClosedDays {
    /// Over this ledger.
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Self {
        Self {
            ledger,
            clock,
            days: Mutex::default(),
        }
    }

    fn remembered(&self, key: &Key) -> Option<(Credits, Credits)> {
        let days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        days.get(key).copied()
    }

    fn remember(&self, key: Key, spent: (Credits, Credits)) {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        if days.len() >= MOST_REMEMBERED {
            days.clear();
        }
        days.insert(key, spent);
    }
}

#[async_trait]
impl Ledger for ClosedDays {
    async fn entries(
        &self,
        account: AccountId,
        mode: Mode,
        filter: &EntryFilter,
    ) -> Result<EntryPage, DatabaseError> {
        self.ledger.entries(account, mode, filter).await
    }

    async fn lots(
        &self,
        account: AccountId,
        mode: Mode,
        at: Timestamp,
        at_most: u32,
    ) -> Result<Vec<OwnedLot>, DatabaseError> {
        self.ledger.lots(account, mode, at, at_most).await
    }

    async fn entries_of(&self, generation: GenerationId) -> Result<Vec<Entry>, DatabaseError> {
        self.ledger.entries_of(generation).await
    }

    /// A question a day that is not remembered, so that no single one reads more than a day's entries.
    async fn spending(
        &self,
        account: Option<AccountId>,
        mode: Mode,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Vec<DaySpending>, DatabaseError> {
        let closed_before = self.clock.now().minus(DAY);
        let mut days = Vec::new();
        let mut from = from;
        while from < before {
            let day = from.midnight();
            let end = day.plus(DAY).min(before);
            let is_whole = from == day && end == day.plus(DAY);
            let key = (account, mode, day);
            let remembered = is_whole.then(|| self.remembered(&key)).flatten();
            let (charged, refunded) = if let Some(spent) = remembered {
                spent
            } else {
                let found = self.ledger.spending(account, mode, from, end).await?;
                let spent = (
                    found.iter().map(|spent| spent.charged).sum(),
                    found.iter().map(|spent| spent.refunded).sum(),
                );
                if is_whole && end <= closed_before {
                    self.remember(key, spent);
                }
                spent
            };
            if !(charged.is_zero() && refunded.is_zero()) {
                days.push(DaySpending {
                    day,
                    charged,
                    refunded,
                });
            }
            from = end;
        }
        Ok(days)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::ports::MockLedger;
    use crate::testing::{TestClock, account, away, hour, start};

    /// A ledger in which as many credits were charged on each day as it was asked for before, and the days asked for.
    fn counting() -> (ClosedDays, Arc<TestClock>, Arc<Mutex<Vec<Timestamp>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut ledger = MockLedger::new();
        let log = Arc::clone(&asked);
        ledger.expect_spending().returning(move |_, _, from, _| {
            let mut log = log.lock().unwrap();
            log.push(from);
            Ok(vec![DaySpending {
                day: from.midnight(),
                charged: Credits::from_u32(u32::try_from(log.len()).unwrap()),
                refunded: Credits::ZERO,
            }])
        });
        let clock = Arc::new(TestClock::default());
        let days = ClosedDays::new(Arc::new(ledger), Arc::clone(&clock) as _);
        (days, clock, asked)
    }

    fn today() -> Timestamp {
        start().midnight()
    }

    fn spending(days: &ClosedDays, account: Option<AccountId>, from: Timestamp) -> Vec<i64> {
        let before = today().plus(DAY);
        let found = days.spending(account, Mode::Live, from, before);
        let found = found.now_or_never().unwrap().unwrap();
        found.iter().map(|spent| spent.charged.get()).collect()
    }

    #[test]
    fn a_closed_day_is_added_up_once() {
        let (days, clock, asked) = counting();
        let from = today().minus(DAY * 3);
        assert_eq!(spending(&days, None, from), [1, 2, 3, 4]);
        // Yesterday and today may still change.
        assert_eq!(spending(&days, None, from), [1, 2, 5, 6]);
        assert_eq!(asked.lock().unwrap()[4..], [today().minus(DAY), today()]);
        // Yesterday is closed a day after its end, and so remembered from the next question on.
        clock.advance(DAY);
        assert_eq!(spending(&days, None, from), [1, 2, 7, 8]);
        assert_eq!(spending(&days, None, from), [1, 2, 7, 9]);
    }

    #[test]
    fn days_are_remembered_for_whom_they_are_and_whole() {
        let (days, _, _) = counting();
        let from = today().minus(DAY * 2);
        assert_eq!(spending(&days, None, from), [1, 2, 3]);
        assert_eq!(spending(&days, Some(account()), from), [4, 5, 6]);
        // Half a day is nobody's day.
        let noon = from.plus(Duration::from_hours(12));
        assert_eq!(spending(&days, None, noon), [7, 8, 9]);
        assert_eq!(spending(&days, None, from)[0], 1);
    }

    #[test]
    fn an_error_is_not_remembered() {
        let mut ledger = MockLedger::new();
        let mut answers = vec![Ok(Vec::new()), Err(away())];
        ledger
            .expect_spending()
            .times(2)
            .returning(move |_, _, _, _| answers.pop().unwrap());
        let days = ClosedDays::new(Arc::new(ledger), Arc::new(TestClock::default()));
        let (from, before) = (hour(-100).midnight(), hour(-100).midnight().plus(DAY));
        let ask = || {
            let found = days.spending(None, Mode::Live, from, before);
            found.now_or_never().unwrap()
        };
        assert_eq!(ask(), Err(away()));
        // A day without anything is remembered as well.
        assert_eq!((ask(), ask()), (Ok(vec![]), Ok(vec![])));
    }
}

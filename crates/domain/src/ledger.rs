//! The ledger and the lots, as their owner reads them.

use std::time::Duration;

use crate::credits::Credits;
use crate::id::{EntryId, GenerationId, LotId};
use crate::ports::LotSource;
use crate::time::Timestamp;

/// Why a lot changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It was added.
    Grant,
    /// It paid.
    Charge,
    /// It was paid back, or made by a refund.
    Refund,
    /// It expired.
    Expiry,
}

/// The text names no cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no cause: it is grant, charge, refund or expiry")]
pub struct InvalidCause(String);

impl Cause {
    /// Every cause, in the order of a lot's life.
    pub const ALL: [Self; 4] = [Self::Grant, Self::Charge, Self::Refund, Self::Expiry];

    /// The word: `grant`, `charge`, `refund` or `expiry`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Expiry => "expiry",
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Cause {
    type Err = InvalidCause;

    fn from_str(text: &str) -> Result<Self, InvalidCause> {
        Self::ALL
            .into_iter()
            .find(|cause| cause.as_str() == text)
            .ok_or_else(|| InvalidCause(text.to_owned()))
    }
}

/// An entry of the ledger: one change of one lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// The lot that changed.
    pub lot: LotId,
    /// Where that lot came from.
    pub lot_source: LotSource,
    /// What that lot's note says.
    pub lot_note: Option<String>,
    /// Why it changed.
    pub cause: Cause,
    /// By how much: above zero for what the lot got, below for what it gave.
    pub amount: i64,
    /// Whose charge or refund it is.
    pub generation: Option<GenerationId>,
    /// When.
    pub created_at: Timestamp,
}

/// A lot, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedLot {
    /// Its name.
    pub id: LotId,
    /// Where it came from.
    pub source: LotSource,
    /// What it was granted.
    pub granted: Credits,
    /// What it has left; worth nothing once it has expired.
    pub remaining: Credits,
    /// From this instant on it is worth nothing; `None` never expires.
    pub expires_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
    /// For people.
    pub note: Option<String>,
    /// Whether it can be spent at the time asked about.
    pub is_live: bool,
}

/// What was spent on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySpending {
    /// Its midnight, in UTC.
    pub day: Timestamp,
    /// What was charged on it.
    pub charged: Credits,
    /// What was given back on it, whenever that was charged.
    pub refunded: Credits,
}

/// Which of an account's entries, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Only those of this cause.
    pub cause: Option<Cause>,
    /// Only those written at or after.
    pub created_from: Option<Timestamp>,
    /// Only those written before.
    pub created_before: Option<Timestamp>,
    /// Only those older than this one: the cursor, the last id of the page before.
    pub after: Option<EntryId>,
    /// How many at most.
    pub limit: u32,
}

/// One page of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryPage {
    /// What is on it.
    pub entries: Vec<Entry>,
    /// Whether there are more.
    pub has_more: bool,
}

/// A day.
pub const DAY: Duration = Duration::from_hours(24);
/// The most days that spending is added up over at a time: a bound on how many entries are read.
pub const MOST_DAYS: u32 = 92;

/// The last `days` days in UTC, that of `at` the last of them: from when, and before when. At least one day, at most
/// [`MOST_DAYS`].
pub(crate) fn last_days(at: Timestamp, days: u32) -> (Timestamp, Timestamp) {
    let days = days.clamp(1, MOST_DAYS);
    let before = at.midnight().plus(DAY);
    (before.minus(DAY * days), before)
}

/// A row for every day from `from` on and before `before`, both midnights: what was found, and zeros for the others.
pub(crate) fn every_day(
    found: &[DaySpending],
    from: Timestamp,
    before: Timestamp,
) -> Vec<DaySpending> {
    let mut days = Vec::new();
    let mut day = from;
    while day < before {
        let spent = found.iter().find(|spent| spent.day == day).copied();
        days.push(spent.unwrap_or(DaySpending {
            day,
            charged: Credits::ZERO,
            refunded: Credits::ZERO,
        }));
        day = day.plus(DAY);
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_read_back() {
        for cause in Cause::ALL {
            assert_eq!(cause.to_string().parse(), Ok(cause));
        }
        assert!("tax".parse::<Cause>().is_err());
    }

    #[test]
    fn days_are_whole_and_bounded() {
        let at = Timestamp::parse("2026-03-01T23:59:59Z").unwrap();
        let day = |text| Timestamp::parse(text).unwrap();
        let tomorrow = day("2026-03-02");
        assert_eq!(last_days(at, 2), (day("2026-02-28"), tomorrow));
        assert_eq!(last_days(at, 0), (day("2026-03-01"), tomorrow));
        let (from, before) = last_days(at, u32::MAX);
        assert_eq!(every_day(&[], from, before).len(), MOST_DAYS as usize);
        assert_eq!(
            last_days(day("2026-03-01"), 1),
            (day("2026-03-01"), tomorrow)
        );
    }

    #[test]
    fn a_day_on_which_nothing_was_spent_is_there_as_well() {
        let day = |text| Timestamp::parse(text).unwrap();
        let spent = DaySpending {
            day: day("2026-02-28"),
            charged: Credits::from_u32(16),
            refunded: Credits::from_u32(8),
        };
        let none = |text| DaySpending {
            day: day(text),
            charged: Credits::ZERO,
            refunded: Credits::ZERO,
        };
        assert_eq!(
            every_day(&[spent], day("2026-02-27"), day("2026-03-02")),
            [none("2026-02-27"), spent, none("2026-03-01")]
        );
    }
}

//! Ids by time. An id begins with the milliseconds of the hub's clock at which it was made, so that a span of time is a
//! range of the indexes that end with the id.

use std::time::Duration;

use gih_domain::id::{EntryId, GenerationId};
use gih_domain::time::Timestamp;
use uuid::Uuid;

/// How long before its row's `created_at` an id may be made: a generation's is, before its reference images are saved.
/// Ranges of ids are wider by it, and the times themselves are compared as well.
const EARLY: Duration = Duration::from_hours(1);
/// How long after it: the ledger's ids were once made by the host's clock when they were written. Short, because a list is
/// read from this end.
const LATE: Duration = Duration::from_mins(5);

/// An id that bounds a range by time.
pub(crate) trait ByTime: Sized {
    /// What sorts before every id made at `time` or later.
    fn before(time: Timestamp) -> Self;

    /// The range's beginning, for rows of `from` or later: ids from this one on.
    fn lowest(from: Timestamp) -> Self {
        Self::before(from.minus(EARLY))
    }

    /// The range's end, for rows before `before`: ids before this one.
    fn highest(before: Timestamp) -> Self {
        Self::before(before.plus(LATE))
    }
}

impl ByTime for EntryId {
    fn before(time: Timestamp) -> Self {
        Self::before(time)
    }
}

impl ByTime for GenerationId {
    fn before(time: Timestamp) -> Self {
        Self::before(time)
    }
}

/// A new id of this time: a version 7 UUID whose first bits after the milliseconds are their fraction (RFC 9562, 6.2,
/// method 3), so that ids sort by microseconds.
pub(crate) fn new_id(at: Timestamp) -> Uuid {
    // The only randomness that this crate makes: nobody decides anything by it.
    #[allow(clippy::disallowed_methods)]
    let mut random: [u8; 10] = Uuid::now_v7().as_bytes()[6..]
        .try_into()
        .unwrap_or_default();
    let micros = at.as_micros().max(0);
    let fraction = u16::try_from(micros % 1_000 * 4_096 / 1_000).unwrap_or(0);
    random[..2].copy_from_slice(&fraction.to_be_bytes());
    let millis = u64::try_from(micros / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_sort_by_their_time() {
        let at = |micros: i64| Timestamp::from_micros(1_790_000_000_123_000 + micros);
        for micros in 0..2_000 {
            assert!(new_id(at(micros)) < new_id(at(micros + 1)), "{micros}");
        }
        let id = new_id(at(0));
        assert_ne!(id, new_id(at(0)));
        assert_eq!(GenerationId(id).made_at(), Some(at(0)));
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(new_id(Timestamp::from_micros(-5)).as_u128() >> 80, 0);
    }

    #[test]
    fn a_range_holds_the_ids_of_its_time() {
        let time = Timestamp::from_micros(1_790_000_000_123_456);
        let range = EntryId::lowest(time)..EntryId::highest(time);
        let id = |at| EntryId(new_id(at));
        assert!(range.contains(&id(time)));
        assert!(range.contains(&id(time.plus(LATE / 2))));
        assert!(range.contains(&id(time.minus(EARLY / 2))));
        assert!(!range.contains(&id(time.plus(LATE * 2))));
        assert!(!range.contains(&id(time.minus(EARLY * 2))));
    }
}

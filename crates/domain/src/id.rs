//! Names of things: one type a kind, so that a lot's id is never passed for an account's.
//!
//! An id is a version 7 UUID, printed as the kind's prefix, `_` and 32 hexadecimal digits: opaque, unique, URL-safe,
//! and sorting by creation time within a kind.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::time::Timestamp;

/// The text names no thing of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind: one is `{prefix}_` and 32 hexadecimal digits")]
pub struct InvalidId {
    prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What the printed id begins with, without the `_`.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.as_simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text, $prefix).map(Self).ok_or(InvalidId { prefix: $prefix })
            }
        }
    )*};
}

ids! {
    /// An account.
    AccountId "acc";
    /// An API key (its name, not its secret).
    KeyId "key";
    /// A lot of credits.
    LotId "lot";
    /// An entry of the ledger.
    EntryId "ent";
    /// A generation.
    GenerationId "gen";
    /// A saved image.
    ImageId "img";
    /// One start of one process, the holder of a lease.
    WorkerId "wrk";
    /// What an admin did once.
    ActId "act";
    /// An audit.
    AuditId "aud";
}

impl AccountId {
    /// No account's name: the nil UUID, which is given to none.
    pub const NOBODY: Self = Self(Uuid::nil());
}

impl GenerationId {
    /// When the id was made, to the millisecond, by the [`Clock`](crate::ports::Clock) of then; `None` when it is no
    /// version 7 UUID, which the hub makes none of.
    pub fn made_at(self) -> Option<Timestamp> {
        const MICROS_PER_MILLI: i64 = 1_000;
        // RFC 9562, 5.7: the first 48 bits are milliseconds since 1970.
        let millis = i64::try_from(self.0.as_u128() >> 80).ok()?;
        (self.0.get_version_num() == 7)
            .then(|| Timestamp::from_micros(millis.saturating_mul(MICROS_PER_MILLI)))
    }
}

macro_rules! sorted_by_time {
    ($($name:ident),+) => {$(
        impl $name {
            /// What sorts before every id that was made at `time` or later, and after those made before, to the
            /// millisecond.
            pub fn before(time: Timestamp) -> Self {
                Self(first_at(time))
            }
        }
    )+};
}

sorted_by_time!(EntryId, GenerationId, ImageId);

/// The smallest id of this time.
fn first_at(time: Timestamp) -> Uuid {
    // A version 7 UUID begins with 48 bits of milliseconds.
    const MOST_MILLIS: u128 = (1 << 48) - 1;
    let millis = u128::try_from(time.as_micros().div_euclid(1_000)).unwrap_or(0);
    Uuid::from_u128(millis.min(MOST_MILLIS) << 80)
}

/// Only the printed form is read back: lower case, no hyphens. Two texts for one id would be two cache keys.
fn parse(text: &str, prefix: &str) -> Option<Uuid> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('_')?;
    let canonical = digits.len() == 32
        && digits
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    canonical.then(|| Uuid::try_parse(digits).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_back() {
        let id = GenerationId(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "gen_00000000000000000000000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        // The example of RFC 9562, appendix A.6: 2022-02-22T19:22:22.000Z.
        let id: GenerationId = "gen_017f22e279b07cc398c4dc0c0c07398f".parse().unwrap();
        let made_at = Timestamp::parse("2022-02-22T19:22:22Z").unwrap();
        assert_eq!(id.made_at(), Some(made_at));
        assert_eq!(GenerationId(Uuid::from_u128(7)).made_at(), None);
        assert_eq!(GenerationId(Uuid::max()).made_at(), None);
    }

    #[test]
    fn images_are_told_apart_by_when_they_were_saved() {
        let saved = ImageId(Uuid::parse_str("0198a3c2-7e0b-7d45-a1b2-c3d4e5f60718").unwrap());
        let millis = 0x0198_a3c2_7e0b;
        let at = |millis: i64| ImageId::before(Timestamp::from_micros(millis * 1_000 + 999));
        assert!(at(millis) < saved);
        assert!(at(millis + 1) > saved);
        assert_eq!(ImageId::before(Timestamp::from_micros(-1)).0, Uuid::nil());
        let end = GenerationId::before(Timestamp::from_micros(i64::MAX));
        assert!(end > GenerationId(saved.0));
    }

    #[test]
    fn refuses_other_kinds_and_other_spellings() {
        for text in [
            "",
            "gen",
            "gen_",
            "gen_7",
            "key_00000000000000000000000000000007",
            "gen_0000000000000000000000000000000A",
            "gen_00000000-0000-0000-0000-000000000007",
            "gen_000000000000000000000000000000é",
        ] {
            assert!(text.parse::<GenerationId>().is_err(), "{text}");
        }
    }
}

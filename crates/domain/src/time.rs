//! Points in time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: whole microseconds since 1970-01-01T00:00:00Z.
///
/// Microseconds are what Postgres' `timestamptz` holds, so a value survives the database unchanged. Printed as
/// RFC 3339 in UTC with milliseconds, the form the contract fixes: `2026-04-30T08:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// The text is no RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time: write it as 2026-12-01T00:00:00Z")]
pub struct InvalidTimestamp {
    text: String,
}

impl Timestamp {
    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Reads RFC 3339 (`2026-12-01T00:00:00Z`, any offset); a bare date (`2026-12-01`) is its midnight in UTC.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let invalid = || InvalidTimestamp {
            text: text.to_owned(),
        };
        if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            // The years that RFC 3339 can write, and every database can hold.
            let year = jiff::tz::TimeZone::UTC.to_datetime(timestamp).year();
            let micros = timestamp.as_microsecond();
            return if (1..=9999).contains(&year) {
                Ok(Self(micros))
            } else {
                Err(invalid())
            };
        }
        // A date alone. With a time and no offset it would be read as well, and its time be lost.
        if text.len() != "2026-12-01".len() {
            return Err(invalid());
        }
        let date: jiff::civil::Date = text.parse().map_err(|_| invalid())?;
        let midnight = date
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map_err(|_| invalid())?;
        Ok(Self(midnight.timestamp().as_microsecond()))
    }

    /// This time plus `duration`; the far end of time where that overflows.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This time less `duration`; the near end of time where that overflows.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// The beginning of its day in UTC.
    #[must_use]
    pub const fn midnight(self) -> Self {
        const DAY_MICROS: i64 = 86_400_000_000;
        Self(self.0.saturating_sub(self.0.rem_euclid(DAY_MICROS)))
    }

    /// How long after `earlier` this is; zero when it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.3}"),
            // Outside the years jiff knows (-9999 to 9999), which no RFC 3339 text can name either.
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_utc_with_milliseconds() {
        let time = Timestamp::parse("2026-04-30T10:00:00+02:00").unwrap();
        assert_eq!(time.to_string(), "2026-04-30T08:00:00.000Z");
        assert_eq!(
            Timestamp::from_micros(1_999).to_string(),
            "1970-01-01T00:00:00.001Z"
        );
    }

    #[test]
    fn reads_a_bare_date_and_names_what_it_cannot_read() {
        assert_eq!(
            Timestamp::parse("2026-12-01").unwrap().to_string(),
            "2026-12-01T00:00:00.000Z"
        );
        for text in [
            "2026-12-01T15:30:00",
            "2026-12-01 15:30",
            "-005000-01-01T00:00:00Z",
            "20261201",
            "",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
        let error = Timestamp::parse("tomorrow").unwrap_err();
        assert!(error.to_string().contains("\"tomorrow\""), "{error}");
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        let time = |text| Timestamp::parse(text).unwrap();
        let midnight = time("2026-05-01");
        assert_eq!(time("2026-05-02T01:59:59+02:00").midnight(), midnight);
        assert_eq!(midnight.midnight(), midnight);
        let before_1970 = Timestamp::from_micros(-1);
        assert_eq!(before_1970.midnight(), time("1969-12-31"));
    }

    #[test]
    fn arithmetic_does_not_overflow() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end.plus(Duration::MAX), end);
        assert_eq!(Timestamp::from_micros(1).since(end), Duration::ZERO);
        let beginning = Timestamp::from_micros(i64::MIN);
        assert_eq!(beginning.minus(Duration::MAX), beginning);
        assert_eq!(beginning.midnight(), beginning);
        assert_eq!(end.to_string(), format!("{}us", i64::MAX));
    }
}

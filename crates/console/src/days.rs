//! The filter of lists by day: from one day to another, both included, in UTC.

use gih_domain::ledger::DAY;
use gih_domain::time::Timestamp;

use crate::form::Fields;

/// A range of days as somebody asked for it. A field that makes no sense filters nothing, and the page says why beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Days {
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub before: Option<Timestamp>,
    /// What came in the field `from`; empty when it is no day, which no browser could show in a field for days.
    pub typed_from: String,
    /// What came in the field `to`, likewise.
    pub typed_to: String,
    /// Why `from` filters nothing.
    pub wrong_from: Option<String>,
    /// Why `to` filters nothing.
    pub wrong_to: Option<String>,
}

impl Days {
    /// Reads the fields `from` and `to`.
    pub fn read(fields: &Fields) -> Self {
        let mut days = Self {
            typed_from: fields.text("from").trim().to_owned(),
            typed_to: fields.text("to").trim().to_owned(),
            ..Self::default()
        };
        match day(&days.typed_from) {
            Ok(from) => days.from = from,
            Err(wrong) => {
                days.wrong_from = Some(wrong);
                days.typed_from.clear();
            }
        }
        match day(&days.typed_to) {
            Ok(Some(to)) if days.from.is_some_and(|from| to < from) => {
                days.wrong_to = Some("This is before the first day.".to_owned());
            }
            Ok(to) => days.before = to.map(|to| to.plus(DAY)),
            Err(wrong) => {
                days.wrong_to = Some(wrong);
                days.typed_to.clear();
            }
        }
        days
    }

    /// Whether anything is asked for.
    pub const fn is_any(&self) -> bool {
        !self.typed_from.is_empty()
            || !self.typed_to.is_empty()
            || self.wrong_from.is_some()
            || self.wrong_to.is_some()
    }
}

/// Reads a day; an empty text is none.
fn day(text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let is_written_so = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
        // No database has the year 0.
        && !text.starts_with("0000");
    match Timestamp::parse(text) {
        Ok(day) if is_written_so => Ok(Some(day)),
        _ => Err(format!(
            "“{}” is no day. Write it as 2026-12-31.",
            crate::words::beginning(text, 20)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::time;

    fn read(query: &str) -> Days {
        Days::read(&Fields::of_query(query))
    }

    #[test]
    fn both_days_are_included() {
        let days = read("from=2026-04-30&to=2026-04-30");
        assert_eq!(days.from, Some(time("2026-04-30T00:00:00Z")));
        assert_eq!(days.before, Some(time("2026-05-01T00:00:00Z")));
        assert_eq!((days.wrong_from, days.wrong_to), (None, None));
        assert!(!read("from=&to=").is_any());
    }

    #[test]
    fn what_is_no_day_filters_nothing_and_is_said() {
        for wrong in [
            "2026-13-01",
            "2026-02-29",
            "0000-01-01",
            "2026-W01-1",
            "20260101T0",
            "tomorrow",
            "2026-01-01T00:00:00Z",
            "２０２６",
        ] {
            let days = read(&crate::form::query(&[("from", wrong), ("to", wrong)]));
            assert_eq!((days.from, days.before), (None, None), "{wrong}");
            assert!(
                days.wrong_from.is_some() && days.wrong_to.is_some(),
                "{wrong}"
            );
            assert!(days.typed_from.is_empty() && days.is_any(), "{wrong}");
        }
        let backwards = read("from=2026-05-02&to=2026-05-01");
        assert_eq!(backwards.from, Some(time("2026-05-02T00:00:00Z")));
        assert_eq!(backwards.before, None);
        assert!(backwards.wrong_to.is_some());
    }
}

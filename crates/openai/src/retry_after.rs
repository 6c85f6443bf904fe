//! How long a provider asks to wait.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// More than this is cut to this. It is longer than any generation may run, so a caller with a deadline gives up
/// rather than come back too early; the bound only keeps sums of times from overflowing.
const MAX_SECONDS: f64 = 3600.0;

/// The wait out of `retry-after-ms`, else `retry-after`, else the text of the message; `None` when none says.
pub(crate) fn wanted(headers: &HeaderMap, message: &str) -> Option<Duration> {
    let milliseconds = || number(text(headers, &HeaderName::from_static("retry-after-ms"))?);
    let after = || text(headers, &RETRY_AFTER);
    milliseconds()
        .map(|milliseconds| milliseconds / 1000.0)
        .or_else(|| number(after()?).or_else(|| until(after()?, headers)))
        .or_else(|| in_text(message))
        .map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, MAX_SECONDS)))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// A plain number, not negative. `parse` alone would take `inf`, `nan` and `1e9`.
fn number(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

/// An HTTP date, measured from the answer's own `Date`, so that a wrong clock on either side does not matter.
fn until(date: &str, headers: &HeaderMap) -> Option<f64> {
    let parse =
        |date: &str| -> Option<Timestamp> { DateTimeParser::new().parse_timestamp(date).ok() };
    let wait = parse(date)?.duration_since(parse(text(headers, &DATE)?)?);
    Some(wait.as_secs_f64())
}

/// Seconds out of `… try again in 1m30.5s`, `… in 600ms`, `… in 20 seconds`.
fn in_text(message: &str) -> Option<f64> {
    let message = message.to_ascii_lowercase();
    let (_, mut rest) = message.split_once("try again in ")?;
    let mut seconds = None;
    // Hours, minutes, seconds and milliseconds at most.
    for _ in 0..4 {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (amount, after) = rest.split_at(digits.unwrap_or(rest.len()));
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, after) = after.split_at(letters.unwrap_or(after.len()));
        let (Some(amount), Some(unit)) = (number(amount), unit_seconds(unit)) else {
            break;
        };
        seconds = Some(seconds.unwrap_or(0.0) + amount * unit);
        rest = after.trim_start();
    }
    seconds
}

fn unit_seconds(unit: &str) -> Option<f64> {
    match unit {
        "ms" | "millisecond" | "milliseconds" => Some(0.001),
        "s" | "sec" | "second" | "seconds" => Some(1.0),
        "m" | "min" | "minute" | "minutes" => Some(60.0),
        "h" | "hour" | "hours" => Some(3600.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn from(headers: &[(&'static str, &'static str)], message: &str) -> Option<Duration> {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        wanted(&headers.collect(), message)
    }

    #[test]
    fn headers_come_first_and_milliseconds_before_seconds() {
        let text = "Please try again in 9s.";
        let both = [("retry-after", "7"), ("retry-after-ms", "1500")];
        assert_eq!(from(&both, text), Some(Duration::from_millis(1500)));
        assert_eq!(
            from(&[("retry-after", "7")], text),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            from(&[("retry-after", "0.5")], ""),
            Some(Duration::from_millis(500))
        );
        assert_eq!(
            from(&[("retry-after", "soon")], text),
            Some(Duration::from_secs(9))
        );
        assert_eq!(from(&[("retry-after", "0")], text), Some(Duration::ZERO));
        assert_eq!(from(&[], ""), None);
    }

    #[test]
    fn a_date_is_measured_from_the_answers_own() {
        let until = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
        let now = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let later = ("date", "Sun, 06 Nov 1994 09:49:37 GMT");
        assert_eq!(from(&[until, now], ""), Some(Duration::from_secs(30)));
        assert_eq!(from(&[until, later], ""), Some(Duration::ZERO));
        assert_eq!(from(&[until], ""), None);
    }

    #[test]
    fn texts_are_read_in_every_unit() {
        for (text, milliseconds) in [
            ("input-images per min (5). Please try again in 12s.", 12_000),
            ("try again in 600ms. Visit", 600),
            ("Try again in 1m30.5s", 90_500),
            ("try again in 6m0s.", 360_000),
            ("try again in 20 seconds", 20_000),
            ("try again in 1 minute 5 seconds please", 65_000),
        ] {
            let expected = Some(Duration::from_millis(milliseconds));
            assert_eq!(from(&[], text), expected, "{text}");
        }
        for text in [
            "try again in",
            "try again in a moment",
            "try again in 1..2s",
            "12s",
        ] {
            assert_eq!(from(&[], text), None, "{text}");
        }
    }

    #[test]
    fn nonsense_is_bounded() {
        let hour = Some(Duration::from_hours(1));
        let many = "99999999999999999999999999";
        assert_eq!(from(&[("retry-after", many)], ""), hour);
        assert_eq!(from(&[("retry-after-ms", many)], ""), hour);
        assert_eq!(from(&[], &format!("try again in {many}h")), hour);
        for odd in ["inf", "nan", "-1", "1e9", "."] {
            assert_eq!(from(&[], &format!("try again in {odd}s")), None, "{odd}");
        }
        assert_eq!(from(&[("retry-after", "-5")], ""), None);
    }
}

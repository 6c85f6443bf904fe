//! How lengths of time, states and beginnings of texts are put into words.

use std::time::Duration;

use gih_domain::generation::Status;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A rough length of time, in the largest unit that fits: `3 minutes`, `1 day`. Rounded down.
pub(crate) fn roughly(length: Duration) -> String {
    let seconds = length.as_secs();
    let (count, unit) = match seconds {
        0..MINUTE => (seconds, "second"),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        _ => (seconds / DAY, "day"),
    };
    counted(count, unit)
}

/// An exact length of time: `0.8 s`, `12 s`, `2 min 5 s`, `3 h 20 min`.
pub(crate) fn exactly(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", length.as_secs_f64()),
        10..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min {} s", seconds / MINUTE, seconds % MINUTE),
        _ => format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE),
    }
}

/// A count of things whose plural ends in s: `1 image`, `1,200 images`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    let number = crate::format::thousands(i64::try_from(count).unwrap_or(i64::MAX));
    let plural = if count == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// The beginning of a text in one line, at most `chars` characters and a `…` for what is left out.
pub(crate) fn beginning(text: &str, chars: usize) -> String {
    // A line's worth is looked at, not a whole prompt.
    let line: String = text
        .chars()
        .take(chars.saturating_mul(2))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_whole = line.chars().count() <= chars && text.chars().nth(chars * 2).is_none();
    if is_whole {
        return line;
    }
    let cut: String = line.chars().take(chars).collect();
    format!("{}…", cut.trim_end())
}

/// A status as a label.
pub(crate) const fn label(status: Status) -> &'static str {
    match status {
        Status::Queued => "Queued",
        Status::Running => "Running",
        Status::Succeeded => "Succeeded",
        Status::Failed => "Failed",
        Status::Canceled => "Canceled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_at_a_glance() {
        let seconds = Duration::from_secs;
        for (length, rough) in [
            (seconds(0), "0 seconds"),
            (seconds(119), "1 minute"),
            (seconds(2 * HOUR), "2 hours"),
            (seconds(DAY), "1 day"),
            (seconds(4000 * DAY), "4,000 days"),
        ] {
            assert_eq!(roughly(length), rough);
        }
        for (length, exact) in [
            (Duration::from_millis(840), "0.8 s"),
            (seconds(59), "59 s"),
            (seconds(125), "2 min 5 s"),
            (seconds(3 * HOUR + 20 * MINUTE + 9), "3 h 20 min"),
        ] {
            assert_eq!(exactly(length), exact);
        }
    }

    #[test]
    fn the_beginning_of_a_text_is_one_line() {
        assert_eq!(beginning("a\n\n fox\tin snow", 40), "a fox in snow");
        assert_eq!(beginning("eine Füchsin", 7), "eine Fü…");
        assert_eq!(beginning("eine Füchsin", 5), "eine…");
        assert_eq!(beginning(&format!("a{}b", " ".repeat(99)), 10), "a…");
        assert_eq!(beginning("", 10), "");
    }
}

//! How figures and times are written for people.

use gih_domain::time::Timestamp;

/// A whole number with its thousands apart: `12,345`.
pub(crate) fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('−');
    }
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time as a person reads it: `2026-04-30 08:00`, in UTC.
pub(crate) fn minute(time: Timestamp) -> String {
    time.to_string()
        .chars()
        .take(16)
        .collect::<String>()
        .replace('T', " ")
}

/// A time to the second: `2026-04-30 08:00:05`, in UTC.
pub(crate) fn second(time: Timestamp) -> String {
    time.to_string()
        .chars()
        .take(19)
        .collect::<String>()
        .replace('T', " ")
}

/// Bytes in hexadecimal, two digits each.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// A day: `2026-04-30`, in UTC.
pub(crate) fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-12_345, "−12,345"),
            (1_234_567, "1,234,567"),
            (i64::MIN, "−9,223,372,036,854,775,808"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn times_are_cut_to_the_minute() {
        let time = Timestamp::parse("2026-04-30T08:05:59.123Z").unwrap();
        assert_eq!(minute(time), "2026-04-30 08:05");
        assert_eq!(second(time), "2026-04-30 08:05:59");
        assert_eq!(day(time), "2026-04-30");
    }
}

//! `Range: bytes=…` (RFC 9110 §14).

use std::ops::Range;

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it: no range, several, or one that is not understood, which a server may ignore.
    Everything,
    /// These bytes.
    Range(Range<u64>),
    /// Bytes beyond the end of the object, which has this many.
    Unsatisfiable(u64),
}

/// Reads a range of an object of `byte_length` bytes.
pub(super) fn parse(header: &str, byte_length: u64) -> Asked {
    // Units are case-insensitive (RFC 9110 §14.1).
    let Some(spec) = header
        .split_once('=')
        .filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"))
        .map(|(_, spec)| spec)
        .map(str::trim)
        .filter(|spec| !spec.contains(','))
    else {
        return Asked::Everything;
    };
    let Some((first, last)) = spec.split_once('-') else {
        return Asked::Everything;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (
        first.trim().is_empty(),
        number(first),
        last.trim().is_empty(),
        number(last),
    ) {
        // The last so many bytes.
        (true, None, false, Some(0)) => Asked::Unsatisfiable(byte_length),
        (true, None, false, Some(suffix)) => {
            Asked::Range(byte_length.saturating_sub(suffix)..byte_length)
        }
        (false, Some(first), ..) if first >= byte_length => Asked::Unsatisfiable(byte_length),
        (false, Some(first), true, None) => Asked::Range(first..byte_length),
        (false, Some(first), false, Some(last)) if last >= first => {
            Asked::Range(first..last.saturating_add(1).min(byte_length))
        }
        _ => Asked::Everything,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_the_rest_ignored() {
        let cases = [
            ("bytes=0-0", Asked::Range(0..1)),
            ("bytes=0-", Asked::Range(0..10)),
            ("bytes=4-7", Asked::Range(4..8)),
            ("bytes=4-99", Asked::Range(4..10)),
            ("bytes=-3", Asked::Range(7..10)),
            ("bytes=-99", Asked::Range(0..10)),
            ("bytes=-0", Asked::Unsatisfiable(10)),
            ("bytes=10-", Asked::Unsatisfiable(10)),
            ("bytes=0-18446744073709551615", Asked::Range(0..10)),
            ("bytes=7-4", Asked::Everything),
            ("bytes=0-1,3-4", Asked::Everything),
            ("bytes=", Asked::Everything),
            ("bytes=-", Asked::Everything),
            ("bytes=a-b", Asked::Everything),
            ("items=0-1", Asked::Everything),
        ];
        for (header, asked) in cases {
            assert_eq!(parse(header, 10), asked, "{header}");
        }
    }
}

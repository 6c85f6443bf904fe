//! Texts into values, each with an error that names the setting, what came and what is allowed.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::Uri;
use actix_web::http::header::{FORWARDED, HeaderName, X_FORWARDED_FOR};
use gih_domain::mode::Mode;

use super::known::mask_password;
use super::{SettingsError, Source};

impl Source {
    /// The error of a wrong value.
    pub(super) fn wrong(name: &str, came: &str, allowed: &str) -> SettingsError {
        let mistake = format!("{name} is {:?}; it must be {allowed}", mask_password(came));
        SettingsError::of(name, mistake)
    }

    fn value<T>(
        &self,
        name: &str,
        default: T,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, SettingsError> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => parse(&text).ok_or_else(|| Self::wrong(name, &text, allowed)),
        }
    }

    pub(super) fn duration(
        &self,
        name: &str,
        default: Duration,
        min: Duration,
    ) -> Result<Duration, SettingsError> {
        let allowed = format!(
            "a duration of at least {}s, like 90s, 12h or 30d",
            min.as_secs()
        );
        self.value(name, default, &allowed, |text| {
            parse_duration(text).filter(|duration| *duration >= min)
        })
    }

    pub(super) fn count(&self, name: &str, default: u32, min: u32) -> Result<u32, SettingsError> {
        // A tenth of what the type holds: sums of counts must not overflow, and nobody means more.
        const MAX: u32 = 100_000_000;
        let allowed = format!("an integer from {min} to {MAX}");
        self.value(name, default, &allowed, |text| {
            text.parse()
                .ok()
                .filter(|count| (min..=MAX).contains(count))
        })
    }

    pub(super) fn bytes(&self, name: &str, default: u64) -> Result<u64, SettingsError> {
        self.value(
            name,
            default,
            "a number of bytes, like 500 MB or 20 GB",
            parse_bytes,
        )
    }

    pub(super) fn address(
        &self,
        name: &str,
        default: SocketAddr,
    ) -> Result<SocketAddr, SettingsError> {
        let allowed = "an IP address and a port, like 127.0.0.1:8080 or 0.0.0.0:80";
        self.value(name, default, allowed, |text| text.parse().ok())
    }

    /// An `http` or `https` address without its last slash.
    pub(super) fn url(&self, name: &str) -> Result<Option<String>, SettingsError> {
        let allowed = "an address like https://hub.example.com, without query or fragment";
        self.value(name, None, allowed, |text| {
            is_url(text).then(|| Some(text.trim_end_matches('/').to_owned()))
        })
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    }

    /// How many a minute of live and of test work, like `live=600,test=off`; what is not named keeps its default.
    pub(super) fn rates(
        &self,
        name: &str,
        default: [Option<NonZeroU32>; 2],
    ) -> Result<[Option<NonZeroU32>; 2], SettingsError> {
        let mut rates = default;
        for item in self.list(name) {
            let rate = item.split_once('=').and_then(|(mode, rate)| {
                let rate = match rate.trim() {
                    "off" => None,
                    rate => Some(rate.parse().ok()?),
                };
                Some((mode.trim().parse().ok()?, rate))
            });
            match rate {
                Some((Mode::Live, rate)) => rates[0] = rate,
                Some((Mode::Test, rate)) => rates[1] = rate,
                None => {
                    let allowed = "generations a minute for each mode, like live=600,test=60, or off instead of a number";
                    return Err(Self::wrong(name, &item, allowed));
                }
            }
        }
        Ok(rates)
    }

    /// The name of a header that holds addresses with commas between, which `Forwarded` does not.
    pub(super) fn forwarded_header(&self, name: &str) -> Result<HeaderName, SettingsError> {
        let allowed =
            "the name of one header that holds addresses, like X-Forwarded-For or X-Real-IP";
        self.value(name, X_FORWARDED_FOR, allowed, |text| {
            let header: HeaderName = text.parse().ok()?;
            (header != FORWARDED).then_some(header)
        })
    }

    /// Origins: scheme, host and port alone, in lower case, as browsers send them.
    pub(super) fn origins(&self, name: &str) -> Result<Vec<String>, SettingsError> {
        let allowed = "origins like https://app.example.com, with commas between";
        let origin = |origin: String| {
            let origin = origin.to_lowercase();
            let is_origin = is_url(&origin)
                && origin
                    .split_once("://")
                    .is_some_and(|(_, authority)| !authority.contains('/'));
            if is_origin {
                Ok(origin)
            } else {
                Err(Self::wrong(name, &origin, allowed))
            }
        };
        self.list(name).into_iter().map(origin).collect()
    }

    /// One of these words; the first is the default.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        let allowed = words
            .iter()
            .map(|(word, _)| *word)
            .collect::<Vec<_>>()
            .join(" or ");
        let find = |text: &str| {
            words
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| *value)
        };
        self.value(name, words[0].1, &allowed, find)
    }
}

/// Whether it is an absolute `http` or `https` address of a host, and nothing behind its path.
fn is_url(text: &str) -> bool {
    let is_plain = !text.contains(|c: char| c.is_whitespace() || "?#@\"".contains(c));
    let parsed = text.parse::<Uri>().ok().filter(|_| is_plain);
    parsed.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// Reads `30d`, `12h`, `5m`, `90s` or `250ms`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let millis_per_unit: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    // A century is forever, and keeps times of day arithmetic far from overflow.
    let max = Duration::from_hours(24 * 36_525);
    number
        .checked_mul(millis_per_unit)
        .map(Duration::from_millis)
        .filter(|duration| *duration <= max)
}

/// Reads `500 MB` (decimal), `512 MiB` (binary) or a bare number of bytes.
fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    number
        .parse::<u64>()
        .ok()?
        .checked_mul(factor)
        .filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_read_as_people_write_them() {
        assert_eq!(parse_duration("30d"), Some(Duration::from_hours(720)));
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        for text in [
            "",
            "s",
            "30",
            "1.5h",
            "-1s",
            "99999999999999999999d",
            "18446744073709551615d",
            "1w",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(parse_bytes("20 GB"), Some(20_000_000_000));
        assert_eq!(parse_bytes("1MiB"), Some(1_048_576));
        assert_eq!(parse_bytes("7"), Some(7));
        for text in ["", "GB", "0", "1.5 GB", "99999999999 TB"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }
}

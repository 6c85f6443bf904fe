//! Requests that may be sent twice and must be paid once.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// How long a key is remembered.
pub const IDEMPOTENCY_LIFE: Duration = Duration::from_hours(7 * 24);

/// What a caller names a request by, to send it again safely: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// The text is no idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key must be 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Reads a key.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidIdempotencyKey> {
        let well_formed = (1..=255).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic);
        match std::str::from_utf8(text) {
            Ok(text) if well_formed => Ok(Self(text.to_owned())),
            _ => Err(InvalidIdempotencyKey),
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What makes two requests the same: a digest of the parsed fields and the files' contents, not of the bytes sent.
pub type Fingerprint = [u8; 32];

/// Builds a [`Fingerprint`] out of named parts; the order of parts matters, and no two lists of parts run together.
#[derive(Default)]
pub struct FingerprintBuilder(Sha256);

impl FingerprintBuilder {
    /// Adds a part.
    #[must_use]
    pub fn part(mut self, name: &str, value: &[u8]) -> Self {
        for bytes in [name.as_bytes(), value] {
            self.0.update((bytes.len() as u64).to_be_bytes());
            self.0.update(bytes);
        }
        self
    }

    /// The digest of all parts.
    pub fn finish(self) -> Fingerprint {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        assert_eq!(
            IdempotencyKey::parse(b"order-1").unwrap().as_str(),
            "order-1"
        );
        assert!(IdempotencyKey::parse(&[b'a'; 255]).is_ok());
        for text in [
            &b""[..],
            b"a b",
            b"a\tb",
            "é".as_bytes(),
            &[b'a'; 256],
            &[0xff],
        ] {
            assert!(IdempotencyKey::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        let of = |parts: &[(&str, &str)]| {
            let builder = FingerprintBuilder::default();
            parts
                .iter()
                .fold(builder, |builder, (name, value)| {
                    builder.part(name, value.as_bytes())
                })
                .finish()
        };
        assert_eq!(of(&[("a", "b")]), of(&[("a", "b")]));
        assert_ne!(of(&[("a", "bc")]), of(&[("ab", "c")]));
        assert_ne!(of(&[("a", ""), ("b", "")]), of(&[("a", "b"), ("", "")]));
    }
}

//! Sessions: who is signed in to the console, and on which devices somebody has been before.

use std::fmt;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::api_key::Digest;
use crate::base62;

/// How long a session lasts: whoever has not signed in for two weeks is asked again.
pub const SESSION_LIFE: Duration = Duration::from_hours(14 * 24);
/// How long a device is known after the last sign-in there.
pub const DEVICE_LIFE: Duration = Duration::from_hours(365 * 24);

/// 43 base-62 characters are 256 bits.
const CHARS: usize = 43;

/// What a browser keeps to be known by: its session's or its device's. Only the digest is stored; shown by neither
/// `Debug` nor logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// The text is no token this hub could have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token: one is {CHARS} letters and digits")]
pub struct InvalidToken;

impl Token {
    /// How many random bytes [`Token::generate`] wants.
    pub const RANDOM_BYTES: usize = base62::RANDOM_BYTES;

    /// Makes a token from random bytes.
    pub fn generate(random: &[u8; Self::RANDOM_BYTES]) -> Self {
        Self(base62::draw(random, CHARS))
    }

    /// Reads a token, checking its form, so that nonsense costs no query.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let well_formed =
            text.len() == CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidToken)
        }
    }

    /// The characters, for the browser's cookie alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it: like an API key, so much entropy needs no slow hash.
    pub fn digest(&self) -> Digest {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(seed: u8) -> [u8; Token::RANDOM_BYTES] {
        std::array::from_fn(|i| u8::try_from(i).unwrap().wrapping_mul(37).wrapping_add(seed))
    }

    #[test]
    fn a_generated_token_reads_back_and_differs_from_others() {
        let token = Token::generate(&random(1));
        assert_eq!(token.reveal().len(), 43);
        assert_eq!(Token::parse(token.reveal()), Ok(token.clone()));
        let other = Token::generate(&random(2));
        assert_ne!(token, other);
        assert_ne!(token.digest(), other.digest());
        assert!(Token::parse(Token::generate(&[255; 64]).reveal()).is_ok());
    }

    #[test]
    fn other_forms_are_refused() {
        let token = Token::generate(&random(3));
        for text in [
            "",
            &token.reveal()[1..],
            &format!("{}0", token.reveal()),
            &format!("{}-", &token.reveal()[1..]),
            &format!("{}é", &token.reveal()[2..]),
        ] {
            assert_eq!(Token::parse(text), Err(InvalidToken), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Token::generate(&random(4))), "Token(…)");
    }
}

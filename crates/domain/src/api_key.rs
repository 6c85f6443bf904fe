//! API keys.
//!
//! A secret is `gih_live_` or `gih_test_` and 32 base-62 characters: 26 random ones (154 bits) and 6 that are the
//! CRC-32 of everything before them, so that a mistyped key costs no query and a secret scanner can tell a real one.
//! So much entropy needs no slow hash: the hub keeps the SHA-256 alone and looks keys up by it.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::account::AccountType;
use crate::base62;
use crate::id::{AccountId, KeyId};
use crate::mode::Mode;
use crate::time::Timestamp;

const RANDOM_CHARS: usize = 26;
const CHECKSUM_CHARS: usize = 6;
/// How much of a secret the owner is shown later, to tell keys apart: the mode and 6 of the 26 random characters,
/// which leaves 118 bits unknown.
const PREFIX_CHARS: usize = 15;

/// The SHA-256 of a secret: what is stored and looked up.
pub type Digest = [u8; 32];

/// A key in the clear: shown once when it is made, by neither `Debug` nor logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    mode: Mode,
}

/// The text is no key this hub could have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API key: one is gih_live_ or gih_test_ and 32 letters and digits")]
pub struct InvalidSecret;

impl Secret {
    /// How many random bytes [`Secret::generate`] wants.
    pub const RANDOM_BYTES: usize = base62::RANDOM_BYTES;

    /// Makes a key from random bytes.
    pub fn generate(mode: Mode, random: &[u8; Self::RANDOM_BYTES]) -> Self {
        let body = base62::draw(random, RANDOM_CHARS);
        let unsigned = format!("gih_{mode}_{body}");
        let text = format!("{unsigned}{}", checksum(&unsigned));
        Self { text, mode }
    }

    /// Reads a key, checking its form and its checksum.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let (mode, body) = [Mode::Live, Mode::Test]
            .into_iter()
            .find_map(|mode| {
                Some((
                    mode,
                    text.strip_prefix("gih_")?
                        .strip_prefix(mode.as_str())?
                        .strip_prefix('_')?,
                ))
            })
            .ok_or(InvalidSecret)?;
        let well_formed = body.len() == RANDOM_CHARS + CHECKSUM_CHARS
            && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed {
            return Err(InvalidSecret);
        }
        let (unsigned, given) = text.split_at(text.len() - CHECKSUM_CHARS);
        if checksum(unsigned) != given {
            return Err(InvalidSecret);
        }
        Ok(Self {
            text: text.to_owned(),
            mode,
        })
    }

    /// The characters, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Which of the account's worlds it opens.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What is stored of it.
    pub fn digest(&self) -> Digest {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The beginning, by which its owner tells it from others.
    pub fn prefix(&self) -> &str {
        &self.text[..PREFIX_CHARS]
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}…)", self.prefix())
    }
}

fn checksum(unsigned: &str) -> String {
    let mut rest = crc32fast::hash(unsigned.as_bytes());
    let mut chars = ['0'; CHECKSUM_CHARS];
    for place in chars.iter_mut().rev() {
        *place = base62::digit(rest);
        rest /= 62;
    }
    chars.iter().collect()
}

/// What an owner calls a key: 1 to 100 characters after trimming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName(String);

/// The text is no name for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key's name has 1 to {max} characters and no control characters", max = KeyName::MAX_CHARS)]
pub struct InvalidKeyName;

impl KeyName {
    /// The most characters: it has to fit a line of a table.
    pub const MAX_CHARS: usize = 100;

    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyName> {
        let name = text.trim();
        let well_formed = (1..=Self::MAX_CHARS).contains(&name.chars().count())
            && !name.chars().any(char::is_control);
        if well_formed {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidKeyName)
        }
    }

    /// What the console calls its own keys.
    pub(crate) fn of_console() -> Self {
        Self("Console".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who made a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Its owner, or an operator for them.
    Owner,
    /// The console, to ask in the name of whoever is signed in: nobody knows its secret, and it is not listed.
    Console,
}

impl Origin {
    /// `owner` or `console`, as in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Console => "console",
        }
    }
}

/// The secret that a key had before it was rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSecret {
    /// Its beginning.
    pub prefix: String,
    /// The end of the overlap: from this instant on it is refused.
    pub expires_at: Timestamp,
}

/// A key as its owner sees it later: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its name in answers and commands.
    pub id: KeyId,
    /// Who owns it.
    pub account: AccountId,
    /// Which of the account's worlds it opens.
    pub mode: Mode,
    /// What the owner calls it.
    pub name: KeyName,
    /// The beginning of the secret.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this instant on it is refused; `None` never expires.
    pub expires_at: Option<Timestamp>,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last shown, to some seconds; `None` when it never was.
    pub last_used_at: Option<Timestamp>,
    /// The secret before the last rotation, unless that ended it at once.
    pub previous: Option<PreviousSecret>,
}

/// Who makes a request: what a valid key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account that pays and owns what is made.
    pub account: AccountId,
    /// Its type.
    pub account_type: AccountType,
    /// The key that was shown.
    pub key: KeyId,
    /// Which of the account's worlds.
    pub mode: Mode,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(seed: u8) -> [u8; Secret::RANDOM_BYTES] {
        std::array::from_fn(|i| u8::try_from(i).unwrap().wrapping_mul(37).wrapping_add(seed))
    }

    #[test]
    fn a_generated_key_reads_back() {
        for mode in [Mode::Live, Mode::Test] {
            let secret = Secret::generate(mode, &random(1));
            assert_eq!(secret.reveal().len(), 9 + 32);
            let read = Secret::parse(secret.reveal()).unwrap();
            assert_eq!(read, secret);
            assert_eq!(read.mode(), mode);
            assert!(secret.reveal().starts_with(secret.prefix()));
        }
        assert_ne!(
            Secret::generate(Mode::Live, &random(1)),
            Secret::generate(Mode::Live, &random(2))
        );
    }

    #[test]
    fn worn_out_randomness_still_makes_a_well_formed_key() {
        let secret = Secret::generate(Mode::Live, &[255; Secret::RANDOM_BYTES]);
        assert!(Secret::parse(secret.reveal()).is_ok());
    }

    #[test]
    fn one_wrong_character_is_noticed() {
        let secret = Secret::generate(Mode::Live, &random(3));
        for place in 0..secret.reveal().len() {
            let mut bytes = secret.reveal().as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(Secret::parse(&text), Err(InvalidSecret), "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "gih_live_",
            "sk-123",
            "gih_prod_0123456789012345678901234567890a",
            "gih_live_é",
        ] {
            assert_eq!(Secret::parse(text), Err(InvalidSecret), "{text}");
        }
    }

    #[test]
    fn debug_keeps_the_secret() {
        let secret = Secret::generate(Mode::Test, &random(4));
        assert!(!format!("{secret:?}").contains(&secret.reveal()[PREFIX_CHARS..]));
    }
}

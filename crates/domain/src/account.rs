//! Accounts: who owns credits, keys and generations.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::AccountId;
use crate::time::Timestamp;

/// What an account is, as `GET /api/v1/credits` says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AccountType {
    /// `FREE`, the default.
    #[default]
    Free,
    /// `PRO`.
    Pro,
    /// `ENTERPRISE`.
    Enterprise,
}

/// The text names no account type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no account type: it is FREE, PRO or ENTERPRISE")]
pub struct InvalidAccountType(String);

impl AccountType {
    /// `FREE`, `PRO` or `ENTERPRISE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "FREE",
            Self::Pro => "PRO",
            Self::Enterprise => "ENTERPRISE",
        }
    }
}

impl fmt::Display for AccountType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AccountType {
    type Err = InvalidAccountType;

    fn from_str(text: &str) -> Result<Self, InvalidAccountType> {
        [Self::Free, Self::Pro, Self::Enterprise]
            .into_iter()
            .find(|account_type| account_type.as_str() == text)
            .ok_or_else(|| InvalidAccountType(text.to_owned()))
    }
}

/// The address an account is known by: trimmed, in lower case, `somebody@somewhere`.
///
/// Only the shape is checked; that mail arrives can only be shown by sending some.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// The text is no email address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no email address: it is somebody@somewhere, at most {max} characters", max = Email::MAX_CHARS)]
pub struct InvalidEmail(pub(crate) String);

impl Email {
    /// The longest address that mail can be sent to (RFC 5321 §4.5.3.1.3: a path of 256 with its brackets).
    pub const MAX_CHARS: usize = 254;

    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let email = text.trim().to_lowercase();
        let well_formed = email.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty()
                && !host.is_empty()
                && !host.contains('@')
                && !email.chars().any(|c| c.is_whitespace() || c.is_control())
                && email.chars().count() <= Self::MAX_CHARS
        });
        if well_formed {
            Ok(Self(email))
        } else {
            Err(InvalidEmail(text.to_owned()))
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A password in the clear: shown by neither `Debug` nor logs.
pub struct Password {
    text: String,
    is_generated: bool,
}

/// The password is too short or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password has {min} to {max} characters, this one {0}", min = Password::MIN_CHARS, max = Password::MAX_CHARS)]
pub struct InvalidPassword(pub(crate) usize);

impl Password {
    /// The fewest characters (NIST SP 800-63B asks for 8 at the least, and more where a password stands alone).
    pub const MIN_CHARS: usize = 10;
    /// The most characters: a bound on what the hash must read.
    pub const MAX_CHARS: usize = 256;

    /// Takes a password of admissible length.
    pub fn parse(text: String) -> Result<Self, InvalidPassword> {
        let chars = text.chars().count();
        if (Self::MIN_CHARS..=Self::MAX_CHARS).contains(&chars) {
            Ok(Self {
                text,
                is_generated: false,
            })
        } else {
            Err(InvalidPassword(chars))
        }
    }

    /// A password that the hub made itself, of admissible length by construction.
    pub(crate) fn generated(text: String) -> Self {
        debug_assert!((Self::MIN_CHARS..=Self::MAX_CHARS).contains(&text.len()));
        Self {
            text,
            is_generated: true,
        }
    }

    /// Whether the hub made it up: it is shown to whoever asked for it, and its owner is asked for another.
    pub fn is_generated(&self) -> bool {
        self.is_generated
    }

    /// The characters, for the hash and for showing a generated one once.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub id: AccountId,
    /// The address it is known by; no two accounts share one.
    pub email: Email,
    /// Its type.
    pub account_type: AccountType,
    /// Whether it may administer the hub.
    pub is_admin: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// Since when it is blocked: nobody can sign in to it, and its keys are refused.
    pub blocked_at: Option<Timestamp>,
    /// Whether its password is one that the hub made up, to be replaced by its owner.
    pub password_is_temporary: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_normalised() {
        assert_eq!(
            Email::parse(" Ann@Example.COM ").unwrap().as_str(),
            "ann@example.com"
        );
        for text in [
            "",
            "ann",
            "@example.com",
            "ann@",
            "a b@c",
            "a@b@c",
            &format!("{}@b", "a".repeat(254)),
        ] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn passwords_do_not_show_themselves() {
        let password = Password::parse("correct horse".to_owned()).unwrap();
        assert_eq!(format!("{password:?}"), "Password(…)");
        assert_eq!(
            Password::parse("short".to_owned()).unwrap_err(),
            InvalidPassword(5)
        );
    }
}

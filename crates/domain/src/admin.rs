//! What admins do and look at.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::account::{Account, AccountType, Email};
use crate::credits::Credits;
use crate::id::{AccountId, ActId};
use crate::mode::Mode;
use crate::size::{RenderingQuality, Tier};
use crate::time::Timestamp;

/// A kind of thing that admins do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// They added an account.
    CreateAccount,
    /// They changed an account: its type, whether it may administer, whether it is blocked.
    ChangeAccount,
    /// They gave an account a one-time password.
    SetPassword,
    /// They gave an account credits.
    Grant,
    /// They changed a model or its prices.
    ChangeModel,
}

/// The text names no act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no act")]
pub struct InvalidAct(String);

impl Act {
    /// Every act.
    pub const ALL: [Self; 5] = [
        Self::CreateAccount,
        Self::ChangeAccount,
        Self::SetPassword,
        Self::Grant,
        Self::ChangeModel,
    ];

    /// The word: `create_account`, `change_account`, `set_password`, `grant` or `change_model`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateAccount => "create_account",
            Self::ChangeAccount => "change_account",
            Self::SetPassword => "set_password",
            Self::Grant => "grant",
            Self::ChangeModel => "change_model",
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Act {
    type Err = InvalidAct;

    fn from_str(text: &str) -> Result<Self, InvalidAct> {
        Self::ALL
            .into_iter()
            .find(|act| act.as_str() == text)
            .ok_or_else(|| InvalidAct(text.to_owned()))
    }
}

/// An act to be recorded, in the transaction that does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAct {
    /// Its name.
    pub id: ActId,
    /// Who does it.
    pub admin: AccountId,
    /// What.
    pub act: Act,
    /// To what: an account's email, a model's id.
    pub subject: String,
    /// In words.
    pub detail: String,
    /// When.
    pub created_at: Timestamp,
}

/// An act that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAct {
    /// Its name.
    pub id: ActId,
    /// Who did it.
    pub admin: Email,
    /// What.
    pub act: Act,
    /// To what: an account's email, a model's id.
    pub subject: String,
    /// In words.
    pub detail: String,
    /// When.
    pub created_at: Timestamp,
}

/// What is to change about an account; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// Its type.
    pub account_type: Option<AccountType>,
    /// Whether it may administer the hub.
    pub is_admin: Option<bool>,
    /// Whether it is blocked.
    pub is_blocked: Option<bool>,
}

impl AccountChange {
    /// The part of it that `account` is not already like.
    #[must_use]
    pub fn of(self, account: &Account) -> Self {
        let is_blocked = account.blocked_at.is_some();
        Self {
            account_type: self.account_type.filter(|new| *new != account.account_type),
            is_admin: self.is_admin.filter(|new| *new != account.is_admin),
            is_blocked: self.is_blocked.filter(|new| *new != is_blocked),
        }
    }

    /// Whether nothing is to change.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Which accounts, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Only those whose email has this in it.
    pub search: Option<String>,
    /// Only those older than this one: the cursor, the last id of the page before.
    pub after: Option<AccountId>,
    /// How many at most.
    pub limit: u32,
}

/// How the hub does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Generations that wait for a worker now.
    pub queued: u64,
    /// Generations in a worker's hands now.
    pub running: u64,
    /// Of the generations accepted since the time asked about: those that succeeded.
    pub succeeded: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were canceled.
    pub canceled: u64,
    /// What was charged since then.
    pub charged: Credits,
    /// What was given back since then.
    pub refunded: Credits,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When it ended.
    pub completed_at: Timestamp,
    /// How many violations it found: of each invariant as many as are told of at most.
    pub violations: u32,
    /// In words: each violation a line, and what could not be audited.
    pub detail: String,
}

/// How long one succeeded generation took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// In which of the two worlds.
    pub mode: Mode,
    /// The model's id.
    pub model: String,
    /// Its tier.
    pub tier: Tier,
    /// Its rendering quality.
    pub rendering_quality: RenderingQuality,
    /// How many images were asked for.
    pub n: u8,
    /// From its acceptance to its end.
    pub took: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_read_back() {
        for act in Act::ALL {
            assert_eq!(act.to_string().parse(), Ok(act));
        }
        assert!("delete_account".parse::<Act>().is_err());
    }
}

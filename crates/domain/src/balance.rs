//! What an account has to spend.

use serde::{Deserialize, Serialize};

use crate::account::AccountType;
use crate::credits::Credits;
use crate::lots::Lot;
use crate::time::Timestamp;

/// What an account may spend in one mode at one moment: the sum of its live lots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// The sum of what the live lots have left.
    pub credits: Credits,
    /// The account's type.
    pub account_type: AccountType,
    /// The soonest-expiring lot that still has credits, if any expires.
    pub next_expiration: Option<NextExpiration>,
}

/// The lot that expires next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextExpiration {
    /// What it has left.
    pub credits: Credits,
    /// From this instant on it is worth nothing.
    pub expires_at: Timestamp,
}

impl Balance {
    /// Adds up the lots that are live at `at`.
    pub fn of(account_type: AccountType, lots: &[Lot], at: Timestamp) -> Self {
        let live = || lots.iter().filter(|lot| lot.is_live(at));
        let next_expiration = live()
            .filter_map(|lot| {
                lot.expires_at.map(|expires_at| NextExpiration {
                    credits: lot.remaining,
                    expires_at,
                })
            })
            .min_by_key(|next| next.expires_at);
        Self {
            credits: live().map(|lot| lot.remaining).sum(),
            account_type,
            next_expiration,
        }
    }
}

//! Who makes a request.

use std::sync::Arc;

use crate::api_key::{Caller, Secret};
use crate::last_uses::LastUses;
use crate::ports::{Clock, DatabaseError, Keys};

/// The use case: a key's text in, the caller it stands for out.
pub struct Authenticate {
    keys: Arc<dyn Keys>,
    clock: Arc<dyn Clock>,
    uses: Arc<LastUses>,
}

/// Why a key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticateError {
    /// Malformed, unknown, revoked, rotated out or of a blocked account: which of them is not said, so that nobody learns
    /// by asking.
    #[error("the API key is not valid")]
    Invalid,
    /// It was valid until it expired.
    #[error("the API key has expired")]
    Expired,
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Authenticate {
    /// Over these ports; uses are recorded in `uses`, which somebody flushes.
    pub fn new(keys: Arc<dyn Keys>, clock: Arc<dyn Clock>, uses: Arc<LastUses>) -> Self {
        Self { keys, clock, uses }
    }

    /// Checks form and checksum first, so that a mistyped key costs no query; then revocation before expiry, because a
    /// revoked key must not be told apart from one that never was.
    pub async fn run(&self, token: &str) -> Result<Caller, AuthenticateError> {
        let secret = Secret::parse(token).map_err(|_| AuthenticateError::Invalid)?;
        let owner = self
            .keys
            .find(&secret.digest())
            .await?
            .ok_or(AuthenticateError::Invalid)?;
        let at = self.clock.now();
        let overlap_is_over = || {
            let previous = owner.key.previous.as_ref();
            previous.is_none_or(|previous| previous.expires_at <= at)
        };
        if owner.key.revoked_at.is_some()
            || owner.is_blocked
            || (owner.is_previous && overlap_is_over())
        {
            return Err(AuthenticateError::Invalid);
        }
        if owner
            .key
            .expires_at
            .is_some_and(|expires_at| expires_at <= at)
        {
            return Err(AuthenticateError::Expired);
        }
        self.uses.record(owner.key.id, at);
        Ok(Caller {
            account: owner.key.account,
            account_type: owner.account_type,
            key: owner.key.id,
            mode: owner.key.mode,
        })
    }
}

#[cfg(test)]
#[path = "authenticate_tests.rs"]
mod tests;

#![cfg_attr(test, allow(clippy::ref_option_ref))] // in what the mock is made of

use async_trait::async_trait;

use crate::account::Password;

/// Who wants a password hashed. Each kind has a queue of its own, so that a crowd of strangers keeps no owner out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Anybody who signs up, or signs in on a device that is new to the account.
    Stranger,
    /// Somebody on a device that has signed in to the account before; admins and operators.
    Known,
}

/// Slow hashing of passwords. Few run at once and few wait for their turn, so that a crowd at the door takes neither all
/// memory nor all cores; no async thread is blocked.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A salted hash as a PHC string.
    async fn hash(&self, password: &Password, asker: Asker) -> Result<String, Busy>;
    /// Whether the password is the one of this hash. Without a hash it is not, which is found out by the same work: the
    /// time it takes tells nobody whether there was one.
    async fn verify<'a>(
        &self,
        password: &str,
        hash: Option<&'a str>,
        asker: Asker,
    ) -> Result<bool, Busy>;
}

/// Too many passwords are being hashed; the same again later may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked; try again in a moment")]
pub struct Busy;

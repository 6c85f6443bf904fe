use async_trait::async_trait;

use crate::account::Password;

/// Slow hashing of passwords.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A salted hash as a PHC string. Waits its turn, so that few run at once; blocks no async thread.
    async fn hash(&self, password: &Password) -> String;
}

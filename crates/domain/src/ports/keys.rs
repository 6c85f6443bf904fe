use async_trait::async_trait;

use super::DatabaseError;
use crate::account::AccountType;
use crate::api_key::{ApiKey, Digest};
use crate::id::{AccountId, GenerationId, KeyId};
use crate::time::Timestamp;

/// API keys.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Keys: Send + Sync {
    /// Adds a key.
    async fn create(&self, key: &NewKey) -> Result<(), DatabaseError>;
    /// The key with this digest, or whose previous secret had it; revoked and expired ones included, and those of blocked
    /// accounts. Asked with every request: when it was last used is not read.
    async fn find(&self, digest: &Digest) -> Result<Option<KeyOwner>, DatabaseError>;
    /// The key of this name; `None` for no such key, for the console's, and for another's when an account is given.
    async fn find_by_id(
        &self,
        account: Option<AccountId>,
        id: KeyId,
    ) -> Result<Option<ApiKey>, DatabaseError>;
    /// The account's keys without the console's, newest first.
    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, DatabaseError>;
    /// Revokes the key from `at` on; generations asked with it that are still queued are canceled and refunded in the
    /// same transaction. `None` for no such key, for the console's, and for another's when an account is given; a key
    /// revoked before stays revoked since then and cancels nothing.
    async fn revoke(
        &self,
        account: Option<AccountId>,
        id: KeyId,
        at: Timestamp,
    ) -> Result<Option<Revoked>, DatabaseError>;
    /// Gives the key another secret; the one it had is good until the overlap ends, the one before that no more. `None`,
    /// and nothing done, for what [`revoke`](Self::revoke) does not find, for a key that is revoked or has expired, and for
    /// one that has another secret than [`Rotation::replaces`].
    async fn rotate(
        &self,
        account: Option<AccountId>,
        id: KeyId,
        rotation: &Rotation,
    ) -> Result<Option<ApiKey>, DatabaseError>;
    /// The console's own key of this account and mode: the one there is, or else `key`, which is added.
    async fn find_or_create_console(&self, key: &NewKey) -> Result<KeyId, DatabaseError>;
    /// Writes down when keys were last shown; of two times the later stays. Waits for no acceptance and holds none up.
    async fn record_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<(), DatabaseError>;
}

/// A key to be added.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What is shown of it later.
    pub key: ApiKey,
    /// What it is found by.
    pub digest: Digest,
}

/// A key that was found.
#[derive(Clone, Debug)]
pub struct KeyOwner {
    /// The key.
    pub key: ApiKey,
    /// Its owner's type.
    pub account_type: AccountType,
    /// Whether its owner is blocked.
    pub is_blocked: bool,
    /// Whether it was found by its previous secret, which is good until its overlap ends.
    pub is_previous: bool,
}

/// Another secret for a key.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// What the new secret is found by.
    pub digest: Digest,
    /// Its beginning.
    pub prefix: String,
    /// The beginning of the secret that is to be replaced; `None` replaces whichever there is.
    pub replaces: Option<String>,
    /// The end of the overlap. Not after `at`: the old secret ends at once, and nothing is kept of it.
    pub previous_expires_at: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// A key that is revoked.
#[derive(Clone, Debug)]
pub struct Revoked {
    /// The key.
    pub key: ApiKey,
    /// The queued generations that this revocation canceled.
    pub canceled: Vec<GenerationId>,
}

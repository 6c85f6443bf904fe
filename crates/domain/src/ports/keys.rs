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
    /// The key with this digest, revoked and expired ones included, and its owner's type.
    async fn find(&self, digest: &Digest) -> Result<Option<KeyOwner>, DatabaseError>;
    /// The account's keys, newest first.
    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, DatabaseError>;
    /// Revokes the key from `at` on; generations asked with it that are still queued are canceled and refunded in the
    /// same transaction. `None` for no such key; a key revoked before stays revoked since then and cancels nothing.
    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<Option<Revoked>, DatabaseError>;
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
}

/// A key that is revoked.
#[derive(Clone, Debug)]
pub struct Revoked {
    /// The key.
    pub key: ApiKey,
    /// The queued generations that this revocation canceled.
    pub canceled: Vec<GenerationId>,
}

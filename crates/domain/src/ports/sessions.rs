use async_trait::async_trait;

use super::DatabaseError;
use crate::account::Account;
use crate::api_key::Digest;
use crate::id::AccountId;
use crate::time::Timestamp;

/// Sessions of people, and the devices they have signed in on before. Of the tokens only digests are known here.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Begins a session, ends the one it replaces and remembers the device, atomically. `false`, and nothing done, when
    /// the account is blocked or its password is no longer the one that was shown.
    async fn create(&self, session: &NewSession) -> Result<bool, DatabaseError>;
    /// Who is signed in by this token at `at`: the account of a session that has not expired, unless it is blocked.
    async fn find(&self, digest: &Digest, at: Timestamp) -> Result<Option<Account>, DatabaseError>;
    /// Ends a session; one that is not there has ended already.
    async fn end(&self, digest: &Digest) -> Result<(), DatabaseError>;
    /// Whether somebody has signed in to the account on this device, not longer ago than it is remembered.
    async fn knows_device(
        &self,
        account: AccountId,
        device: &Digest,
        at: Timestamp,
    ) -> Result<bool, DatabaseError>;
    /// Deletes sessions and devices that expired by `at`: at most `at_most` of each, in one transaction; returns how many
    /// in all.
    async fn forget_expired(&self, at: Timestamp, at_most: u32) -> Result<u32, DatabaseError>;
}

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What it is found by.
    pub digest: Digest,
    /// Whose.
    pub account: AccountId,
    /// The hash that the shown password was verified against, or that it was given just now: a password that is changed
    /// meanwhile opens nothing.
    pub password_hash: String,
    /// The device to remember, or to remember for longer.
    pub device: Option<Digest>,
    /// The session that the browser showed, which ends.
    pub replaces: Option<Digest>,
    /// When.
    pub created_at: Timestamp,
    /// From this instant on it opens nothing.
    pub expires_at: Timestamp,
    /// From this instant on the device is unknown.
    pub device_expires_at: Timestamp,
}

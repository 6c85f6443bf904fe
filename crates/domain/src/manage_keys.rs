//! What people do with their account's API keys.

use std::sync::Arc;
use std::time::Duration;

use crate::account::Account;
use crate::api_key::{ApiKey, Caller, KeyName, Secret};
use crate::id::{AccountId, KeyId};
use crate::mode::Mode;
use crate::ports::{Clock, DatabaseError, Ids, Keys, NewKey, Revoked, Rotation};
use crate::time::Timestamp;

/// The longest overlap of a rotation: callers who have not moved in three months never will.
pub const MAX_OVERLAP: Duration = Duration::from_hours(90 * 24);

/// The use cases over an account's keys.
pub struct ManageKeys {
    /// API keys.
    pub keys: Arc<dyn Keys>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
}

/// A key that was just made or rotated: the only moment its secret is known.
#[derive(Debug)]
pub struct CreatedKey {
    /// What is kept.
    pub key: ApiKey,
    /// What is shown once.
    pub secret: Secret,
}

/// Why a key was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateKeyError {
    /// It would have expired already.
    #[error("{0} is in the past")]
    InThePast(Timestamp),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a key was not rotated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    /// The overlap is longer than any may be.
    #[error("the overlap is at most {} days", MAX_OVERLAP.as_secs() / 86_400)]
    OverlapTooLong,
    /// There is no such key in the account.
    #[error("there is no such key")]
    NoSuchKey,
    /// It is revoked or has expired: nobody can move to another secret of it.
    #[error("the key is revoked or has expired")]
    NotValid,
    /// It has another secret by now than the one that was to be replaced: it was rotated in between, perhaps by the same
    /// form.
    #[error("the key has been rotated already: its secret begins with {0} now")]
    RotatedAlready(String),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl ManageKeys {
    /// The account's keys, newest first.
    pub async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, DatabaseError> {
        self.keys.list(account).await
    }

    /// One of the account's keys; `None` when there is none or it is another's.
    pub async fn find(
        &self,
        account: AccountId,
        id: KeyId,
    ) -> Result<Option<ApiKey>, DatabaseError> {
        self.keys.find_by_id(Some(account), id).await
    }

    /// Adds a key to the account.
    pub async fn create(
        &self,
        account: AccountId,
        name: KeyName,
        mode: Mode,
        expires_at: Option<Timestamp>,
    ) -> Result<CreatedKey, CreateKeyError> {
        if let Some(expires_at) = expires_at.filter(|&expires_at| expires_at <= self.clock.now()) {
            return Err(CreateKeyError::InThePast(expires_at));
        }
        let (new, secret) = self.make(account, name, mode, expires_at);
        self.keys.create(&new).await?;
        let key = new.key;
        Ok(CreatedKey { key, secret })
    }

    /// Revokes one of the account's keys; its queued generations are canceled and refunded. `None` when there is no such
    /// key or it is another's.
    pub async fn revoke(
        &self,
        account: AccountId,
        id: KeyId,
    ) -> Result<Option<Revoked>, DatabaseError> {
        self.keys.revoke(Some(account), id, self.clock.now()).await
    }

    /// Gives a key another secret. Its callers may go on with the old one for the `overlap`, while they are moved; without
    /// an overlap it ends at once. `account` is `None` for operators alone, who may rotate anybody's. `replaces` is the
    /// prefix of the secret that whoever asks has seen: asked twice, the key is rotated once, since a second rotation
    /// would end at once the secret that callers still use.
    pub async fn rotate(
        &self,
        account: Option<AccountId>,
        id: KeyId,
        overlap: Duration,
        replaces: Option<&str>,
    ) -> Result<CreatedKey, RotateError> {
        if overlap > MAX_OVERLAP {
            return Err(RotateError::OverlapTooLong);
        }
        // For its mode, which is in the secret and never changes.
        let found = self.keys.find_by_id(account, id).await?;
        let found = found.ok_or(RotateError::NoSuchKey)?;
        if replaces.is_some_and(|prefix| prefix != found.prefix) {
            return Err(RotateError::RotatedAlready(found.prefix));
        }
        let (secret, at) = (self.secret(found.mode), self.clock.now());
        let rotation = Rotation {
            digest: secret.digest(),
            prefix: secret.prefix().to_owned(),
            replaces: replaces.map(str::to_owned),
            previous_expires_at: at.plus(overlap),
            at,
        };
        match self.keys.rotate(account, id, &rotation).await? {
            Some(key) => Ok(CreatedKey { key, secret }),
            None => Err(self.why_not_rotated(account, id, replaces).await?),
        }
    }

    async fn why_not_rotated(
        &self,
        account: Option<AccountId>,
        id: KeyId,
        replaces: Option<&str>,
    ) -> Result<RotateError, DatabaseError> {
        let found = self.keys.find_by_id(account, id).await?;
        Ok(match found {
            Some(key) if replaces.is_some_and(|prefix| prefix != key.prefix) => {
                RotateError::RotatedAlready(key.prefix)
            }
            _ => RotateError::NotValid,
        })
    }

    /// Who asks when somebody who is signed in asks from the console: the account, with the console's own key of this mode.
    pub async fn caller(&self, account: &Account, mode: Mode) -> Result<Caller, DatabaseError> {
        // The secret is dropped here: the key is for the books, and opens nothing.
        let (new, _secret) = self.make(account.id, KeyName::of_console(), mode, None);
        let key = self.keys.find_or_create_console(&new).await?;
        Ok(Caller {
            account: account.id,
            account_type: account.account_type,
            key,
            mode,
        })
    }

    fn make(
        &self,
        account: AccountId,
        name: KeyName,
        mode: Mode,
        expires_at: Option<Timestamp>,
    ) -> (NewKey, Secret) {
        let (secret, at) = (self.secret(mode), self.clock.now());
        let key = ApiKey {
            id: KeyId(self.ids.next(at)),
            account,
            mode,
            name,
            prefix: secret.prefix().to_owned(),
            created_at: at,
            expires_at,
            revoked_at: None,
            last_used_at: None,
            previous: None,
        };
        let digest = secret.digest();
        (NewKey { key, digest }, secret)
    }

    fn secret(&self, mode: Mode) -> Secret {
        let mut random = [0; Secret::RANDOM_BYTES];
        self.ids.fill(&mut random);
        Secret::generate(mode, &random)
    }
}

#[cfg(test)]
#[path = "manage_keys_tests.rs"]
mod tests;

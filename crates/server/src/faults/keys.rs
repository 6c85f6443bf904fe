//! Fail points around API keys, whose revocation refunds.

use async_trait::async_trait;
use gih_domain::api_key::{ApiKey, Digest};
use gih_domain::id::{AccountId, KeyId};
use gih_domain::ports::{DatabaseError, KeyOwner, Keys, NewKey, Revoked};
use gih_domain::time::Timestamp;

use super::{Faulty, away, call};

#[async_trait]
impl Keys for Faulty<dyn Keys> {
    async fn create(&self, key: &NewKey) -> Result<(), DatabaseError> {
        call!("create_key", away(), away(), self.0.create(key))
    }

    async fn find(&self, digest: &Digest) -> Result<Option<KeyOwner>, DatabaseError> {
        self.0.find(digest).await
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, DatabaseError> {
        self.0.list(account).await
    }

    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<Option<Revoked>, DatabaseError> {
        call!("revoke", away(), away(), self.0.revoke(id, at))
    }
}

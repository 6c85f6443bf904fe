//! Fail points around API keys, whose revocation refunds.

use async_trait::async_trait;
use gih_domain::api_key::{ApiKey, Digest};
use gih_domain::id::{AccountId, KeyId};
use gih_domain::ports::{DatabaseError, KeyOwner, Keys, NewKey, Revoked, Rotation};
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

    async fn find_by_id(
        &self,
        account: Option<AccountId>,
        id: KeyId,
    ) -> Result<Option<ApiKey>, DatabaseError> {
        self.0.find_by_id(account, id).await
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, DatabaseError> {
        self.0.list(account).await
    }

    async fn revoke(
        &self,
        account: Option<AccountId>,
        id: KeyId,
        at: Timestamp,
    ) -> Result<Option<Revoked>, DatabaseError> {
        call!("revoke", away(), away(), self.0.revoke(account, id, at))
    }

    async fn rotate(
        &self,
        account: Option<AccountId>,
        id: KeyId,
        rotation: &Rotation,
    ) -> Result<Option<ApiKey>, DatabaseError> {
        let rotating = self.0.rotate(account, id, rotation);
        call!("rotate", away(), away(), rotating)
    }

    async fn find_or_create_console(&self, key: &NewKey) -> Result<KeyId, DatabaseError> {
        let finding = self.0.find_or_create_console(key);
        call!("create_console_key", away(), away(), finding)
    }

    async fn record_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<(), DatabaseError> {
        call!("record_uses", away(), away(), self.0.record_uses(uses))
    }
}

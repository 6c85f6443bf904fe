//! Fail points around who is signed in.

use async_trait::async_trait;
use gih_domain::account::Account;
use gih_domain::api_key::Digest;
use gih_domain::id::AccountId;
use gih_domain::ports::{DatabaseError, NewSession, Sessions};
use gih_domain::time::Timestamp;

use super::{Faulty, away, call};

#[async_trait]
impl Sessions for Faulty<dyn Sessions> {
    async fn create(&self, session: &NewSession) -> Result<bool, DatabaseError> {
        call!("begin_session", away(), away(), self.0.create(session))
    }

    async fn find(&self, digest: &Digest, at: Timestamp) -> Result<Option<Account>, DatabaseError> {
        self.0.find(digest, at).await
    }

    async fn end(&self, digest: &Digest) -> Result<(), DatabaseError> {
        call!("end_session", away(), away(), self.0.end(digest))
    }

    async fn knows_device(
        &self,
        account: AccountId,
        device: &Digest,
        at: Timestamp,
    ) -> Result<bool, DatabaseError> {
        self.0.knows_device(account, device, at).await
    }

    async fn forget_expired(&self, at: Timestamp, at_most: u32) -> Result<u32, DatabaseError> {
        self.0.forget_expired(at, at_most).await
    }
}

//! Generations: the queue, the charge, the lease and the end of paid work. A transaction, a file.

mod accept;
mod accept_write;
mod batch;
mod cancel;
mod claim;
mod collect;
mod ground;
mod list;
mod locks;
mod queries;
mod queue;
mod reap;
mod refund;
mod rows;
mod settle;
mod statement;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gih_domain::generation::{Ending, Generation, Lease, SavedImage, Timeline};
use gih_domain::id::{AccountId, GenerationId, ImageId, WorkerId};
use gih_domain::idempotency::{Fingerprint, IdempotencyKey};
use gih_domain::mode::Mode;
use gih_domain::object_name::ObjectName;
use gih_domain::ports::{
    Accept, AcceptError, Accepted, CancelReason, Claim, Claimed, DatabaseError, Generations,
    LeaseError, ListFilter, Page, Reaped,
};
use gih_domain::time::Timestamp;

pub(crate) use self::cancel::{cancel_all_of_account, cancel_all_of_key};
pub(crate) use self::statement::Statement;
use crate::error::{Abort, Error};
use crate::pool::Database;

#[async_trait]
impl Generations for Database {
    async fn accept(&self, accept: Accept) -> Result<Accepted, AcceptError> {
        let accepted = self
            .write_at_once(move |db| accept::accept(db, &accept))
            .await;
        accepted.map_err(|abort| match abort {
            Abort::Refused(refusal) => refusal,
            Abort::Database(Error::CommitOutcomeUnknown(message)) => {
                AcceptError::OutcomeUnknown(message)
            }
            Abort::Database(error) => DatabaseError::from(error).into(),
        })
    }

    async fn find_by_idempotency_key(
        &self,
        account: AccountId,
        mode: Mode,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Result<Option<(Generation, Fingerprint)>, DatabaseError> {
        let key = key.clone();
        let find = move |db: &mut _| queries::find_by_idempotency_key(db, account, mode, &key, at);
        Ok(self.read(find).await?)
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Claimed>, DatabaseError> {
        let claim = claim.clone();
        let take = move |db: &mut _| claim::claim(db, &claim);
        Ok(self.write_one(take).await?)
    }

    async fn resume(
        &self,
        id: GenerationId,
        worker: WorkerId,
    ) -> Result<Option<Claimed>, DatabaseError> {
        Ok(self.read(move |db| claim::resume(db, id, worker)).await?)
    }

    async fn dispatch(&self, lease: &Lease) -> Result<(), LeaseError> {
        let lease = copy(lease);
        held(
            self.write_one(move |db| workers::dispatch(db, &lease))
                .await,
        )
    }

    async fn settle(
        &self,
        lease: &Lease,
        ending: &Ending,
        at: Timestamp,
    ) -> Result<Generation, LeaseError> {
        let lease = copy(lease);
        let ending = Arc::new(ending.clone());
        let settled = self
            .write_at_once(move |db| settle::settle(db, &lease, &ending, at))
            .await;
        settled.map_err(|abort| match abort {
            Abort::Refused(settle::Lost) => LeaseError::Lost,
            Abort::Database(error) => DatabaseError::from(error).into(),
        })
    }

    async fn cancel(
        &self,
        id: GenerationId,
        reason: CancelReason,
        at: Timestamp,
    ) -> Result<Option<Generation>, DatabaseError> {
        let cancel = move |db: &mut _| cancel::cancel(db, id, reason, at);
        Ok(self.write_one(cancel).await?)
    }

    async fn register(&self, worker: WorkerId, lease: Duration) -> Result<(), DatabaseError> {
        Ok(self
            .write_upkeep(move |db| workers::register(db, worker, lease))
            .await?)
    }

    async fn renew(&self, worker: WorkerId, lease: Duration) -> Result<(), LeaseError> {
        held(
            self.write_upkeep(move |db| workers::renew(db, worker, lease))
                .await,
        )
    }

    async fn resign(&self, worker: WorkerId) -> Result<(), DatabaseError> {
        Ok(self.write(move |db| workers::resign(db, worker)).await?)
    }

    async fn reap(
        &self,
        worker: WorkerId,
        grace: Duration,
        at_most: u32,
    ) -> Result<Reaped, DatabaseError> {
        Ok(self
            .write_upkeep(move |db| reap::reap(db, worker, grace, at_most))
            .await?)
    }

    async fn find(
        &self,
        account: AccountId,
        mode: Mode,
        id: GenerationId,
    ) -> Result<Option<Generation>, DatabaseError> {
        Ok(self
            .read(move |db| queries::find(db, account, mode, id))
            .await?)
    }

    async fn list(
        &self,
        account: AccountId,
        mode: Mode,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError> {
        let filter = filter.clone();
        Ok(self
            .read(move |db| list::list(db, account, mode, &filter))
            .await?)
    }

    async fn timeline(&self, id: GenerationId) -> Result<Option<Timeline>, DatabaseError> {
        Ok(self.read(move |db| queries::timeline(db, id)).await?)
    }

    async fn find_any(&self, id: GenerationId) -> Result<Option<Generation>, DatabaseError> {
        Ok(self.read(move |db| queries::find_any(db, id)).await?)
    }

    async fn list_all(
        &self,
        mode: Option<Mode>,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError> {
        let filter = filter.clone();
        Ok(self
            .read(move |db| list::list_all(db, mode, &filter))
            .await?)
    }

    async fn image(
        &self,
        account: Option<AccountId>,
        id: ImageId,
    ) -> Result<Option<SavedImage>, DatabaseError> {
        Ok(self.read(move |db| queries::image(db, account, id)).await?)
    }

    async fn ended(&self, ids: &[GenerationId]) -> Result<Vec<Generation>, DatabaseError> {
        let ids = ids.to_vec();
        Ok(self.read(move |db| queries::ended(db, &ids)).await?)
    }

    async fn end_times(
        &self,
        ids: &[GenerationId],
    ) -> Result<Vec<(GenerationId, Option<Timestamp>)>, DatabaseError> {
        let ids = ids.to_vec();
        Ok(self.read(move |db| collect::end_times(db, &ids)).await?)
    }

    async fn named_images(&self, names: &[ObjectName]) -> Result<Vec<ObjectName>, DatabaseError> {
        let names = names.to_vec();
        Ok(self
            .read(move |db| collect::named_images(db, &names))
            .await?)
    }

    async fn forget_idempotency_keys(
        &self,
        at: Timestamp,
        at_most: u32,
    ) -> Result<u32, DatabaseError> {
        Ok(self
            .write(move |db| queries::forget_idempotency_keys(db, at, at_most))
            .await?)
    }
}

/// A lease for work that outlives the borrow of it. The caller's own is not spent by asking.
fn copy(lease: &Lease) -> Lease {
    Lease {
        generation: lease.generation,
        worker: lease.worker,
        fence: lease.fence,
    }
}

fn held(result: Result<bool, Error>) -> Result<(), LeaseError> {
    match result {
        Ok(true) => Ok(()),
        Ok(false) => Err(LeaseError::Lost),
        Err(error) => Err(DatabaseError::from(error).into()),
    }
}

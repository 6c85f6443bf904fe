//! Fail points around the books. Before: the database is away. After: it has committed, and its answer is lost.

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

use super::{Faulty, away, call, goes_wrong};

fn away_from_holder() -> LeaseError {
    LeaseError::Database(away())
}

#[async_trait]
impl Generations for Faulty<dyn Generations> {
    async fn accept(&self, accept: Accept) -> Result<Accepted, AcceptError> {
        let lost = || AcceptError::OutcomeUnknown("a fail point".to_owned());
        call!(
            "accept",
            AcceptError::Database(away()),
            lost(),
            self.0.accept(accept)
        )
    }

    async fn find_by_idempotency_key(
        &self,
        account: AccountId,
        mode: Mode,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Result<Option<(Generation, Fingerprint)>, DatabaseError> {
        let found = self.0.find_by_idempotency_key(account, mode, key, at);
        call!("find_by_idempotency_key", away(), away(), found)
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Claimed>, DatabaseError> {
        if goes_wrong("claim.before").await {
            return Err(away());
        }
        let claimed = self.0.claim(claim).await?;
        // Most claims find nothing, and then there is nothing to lose.
        if !claimed.is_empty() && goes_wrong("claim.after").await {
            return Err(away());
        }
        Ok(claimed)
    }

    async fn resume(
        &self,
        id: GenerationId,
        worker: WorkerId,
    ) -> Result<Option<Claimed>, DatabaseError> {
        call!("resume", away(), away(), self.0.resume(id, worker))
    }

    async fn dispatch(&self, lease: &Lease) -> Result<(), LeaseError> {
        call!(
            "dispatch",
            away_from_holder(),
            away_from_holder(),
            self.0.dispatch(lease)
        )
    }

    async fn settle(
        &self,
        lease: &Lease,
        ending: &Ending,
        at: Timestamp,
    ) -> Result<Generation, LeaseError> {
        call!(
            "settle",
            away_from_holder(),
            away_from_holder(),
            self.0.settle(lease, ending, at)
        )
    }

    async fn cancel(
        &self,
        id: GenerationId,
        reason: CancelReason,
        at: Timestamp,
    ) -> Result<Option<Generation>, DatabaseError> {
        call!("cancel", away(), away(), self.0.cancel(id, reason, at))
    }

    async fn register(&self, worker: WorkerId, lease: Duration) -> Result<(), DatabaseError> {
        self.0.register(worker, lease).await
    }

    async fn renew(&self, worker: WorkerId, lease: Duration) -> Result<(), LeaseError> {
        call!(
            "renew",
            away_from_holder(),
            away_from_holder(),
            self.0.renew(worker, lease)
        )
    }

    async fn resign(&self, worker: WorkerId) -> Result<(), DatabaseError> {
        call!("resign", away(), away(), self.0.resign(worker))
    }

    async fn reap(
        &self,
        worker: WorkerId,
        grace: Duration,
        at_most: u32,
    ) -> Result<Reaped, DatabaseError> {
        if goes_wrong("reap.before").await {
            return Err(away());
        }
        let reaped = self.0.reap(worker, grace, at_most).await?;
        let found = !reaped.taken_over.is_empty() || reaped.requeued > 0;
        if found && goes_wrong("reap.after").await {
            return Err(away());
        }
        Ok(reaped)
    }

    async fn find(
        &self,
        account: AccountId,
        mode: Mode,
        id: GenerationId,
    ) -> Result<Option<Generation>, DatabaseError> {
        call!("find", away(), away(), self.0.find(account, mode, id))
    }

    async fn list(
        &self,
        account: AccountId,
        mode: Mode,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError> {
        self.0.list(account, mode, filter).await
    }

    async fn timeline(&self, id: GenerationId) -> Result<Option<Timeline>, DatabaseError> {
        self.0.timeline(id).await
    }

    async fn find_any(&self, id: GenerationId) -> Result<Option<Generation>, DatabaseError> {
        self.0.find_any(id).await
    }

    async fn list_all(
        &self,
        mode: Option<Mode>,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError> {
        self.0.list_all(mode, filter).await
    }

    async fn image(
        &self,
        account: Option<AccountId>,
        id: ImageId,
    ) -> Result<Option<SavedImage>, DatabaseError> {
        self.0.image(account, id).await
    }

    async fn ended(&self, ids: &[GenerationId]) -> Result<Vec<Generation>, DatabaseError> {
        call!("ended", away(), away(), self.0.ended(ids))
    }

    async fn end_times(
        &self,
        ids: &[GenerationId],
    ) -> Result<Vec<(GenerationId, Option<Timestamp>)>, DatabaseError> {
        self.0.end_times(ids).await
    }

    async fn named_images(&self, names: &[ObjectName]) -> Result<Vec<ObjectName>, DatabaseError> {
        self.0.named_images(names).await
    }

    async fn forget_idempotency_keys(
        &self,
        at: Timestamp,
        at_most: u32,
    ) -> Result<u32, DatabaseError> {
        self.0.forget_idempotency_keys(at, at_most).await
    }
}

//! Generations that this process accepted and ended, and their credits.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gih_domain::credits::Credits;
use gih_domain::generation::{
    Ending, FailureCode, Generation, Lease, SavedImage, Status, Timeline,
};
use gih_domain::id::{AccountId, GenerationId, ImageId, WorkerId};
use gih_domain::idempotency::{Fingerprint, IdempotencyKey};
use gih_domain::mode::Mode;
use gih_domain::object_name::ObjectName;
use gih_domain::ports::{
    Accept, AcceptError, Accepted, CancelReason, Claim, Claimed, DatabaseError, Generations,
    LeaseError, ListFilter, Page, Reaped,
};
use gih_domain::time::Timestamp;
use prometheus::{IntCounterVec, Registry};

use super::{Metrics, family};

#[derive(Clone)]
pub(super) struct Family {
    accepted: IntCounterVec,
    ended: IntCounterVec,
    captured: IntCounterVec,
    refunded: IntCounterVec,
}

/// Every end and its code in the API; a success has none.
const ENDS: [(Status, Option<FailureCode>); 5] = [
    (Status::Succeeded, None),
    (Status::Failed, Some(FailureCode::GenerationFailed)),
    (Status::Failed, Some(FailureCode::ContentRejected)),
    (Status::Canceled, Some(FailureCode::GenerationCanceled)),
    (Status::Canceled, Some(FailureCode::ServiceUnavailable)),
];

impl Family {
    pub(super) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let family = Self {
            accepted: family::counters(
                registry,
                "gih_generations_accepted_total",
                "Generations that this process accepted and charged.",
                &["mode"],
            )?,
            ended: family::counters(
                registry,
                "gih_generations_ended_total",
                "Generations that this process ended; code is that of the API, empty for a success.",
                &["mode", "status", "code"],
            )?,
            captured: family::counters(
                registry,
                "gih_credits_captured_total",
                "Credits finally charged for what this process ended.",
                &["mode"],
            )?,
            refunded: family::counters(
                registry,
                "gih_credits_refunded_total",
                "Credits given back for what this process ended.",
                &["mode"],
            )?,
        };
        // All of them are there from the start, so that the first of a kind is seen as a change.
        for mode in [Mode::Live, Mode::Test].map(Mode::as_str) {
            for (status, code) in ENDS {
                family
                    .ended
                    .with_label_values(&[mode, status.as_str(), text(code)]);
            }
            for counter in [&family.accepted, &family.captured, &family.refunded] {
                counter.with_label_values(&[mode]);
            }
        }
        Ok(family)
    }

    fn count_end(&self, generation: &Generation) {
        let mode = generation.mode.as_str();
        let failure = generation.end().and_then(|end| end.ending.failure());
        let code = text(failure.map(|failure| failure.code));
        let status = generation.status().as_str();
        self.ended.with_label_values(&[mode, status, code]).inc();
        let captured = generation.credits_charged();
        let refunded = generation.credits_requested().minus(captured);
        self.captured
            .with_label_values(&[mode])
            .inc_by(number(captured));
        self.refunded
            .with_label_values(&[mode])
            .inc_by(number(refunded));
    }
}

fn text(code: Option<FailureCode>) -> &'static str {
    code.map_or("", FailureCode::as_str)
}

fn number(credits: Credits) -> u64 {
    u64::try_from(credits.get()).unwrap_or(0) // never below nothing
}

/// The port, with what becomes of generations counted on the way.
pub struct MeteredGenerations {
    inner: Arc<dyn Generations>,
    family: Family,
}

impl MeteredGenerations {
    /// Over this.
    pub fn new(inner: Arc<dyn Generations>, metrics: &Metrics) -> Self {
        Self {
            inner,
            family: metrics.generations.clone(),
        }
    }
}

#[async_trait]
impl Generations for MeteredGenerations {
    async fn accept(&self, accept: Accept) -> Result<Accepted, AcceptError> {
        let mode = accept.mode.as_str();
        let accepted = self.inner.accept(accept).await?;
        if !matches!(accepted, Accepted::Again(_)) {
            self.family.accepted.with_label_values(&[mode]).inc();
        }
        Ok(accepted)
    }

    async fn find_by_idempotency_key(
        &self,
        account: AccountId,
        mode: Mode,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Result<Option<(Generation, Fingerprint)>, DatabaseError> {
        self.inner
            .find_by_idempotency_key(account, mode, key, at)
            .await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Claimed>, DatabaseError> {
        self.inner.claim(claim).await
    }

    async fn resume(
        &self,
        id: GenerationId,
        worker: WorkerId,
    ) -> Result<Option<Claimed>, DatabaseError> {
        self.inner.resume(id, worker).await
    }

    async fn dispatch(&self, lease: &Lease) -> Result<(), LeaseError> {
        self.inner.dispatch(lease).await
    }

    async fn settle(
        &self,
        lease: &Lease,
        ending: &Ending,
        at: Timestamp,
    ) -> Result<Generation, LeaseError> {
        // Whoever settles tries until there is an answer and then no more, so one answer is one end.
        let ended = self.inner.settle(lease, ending, at).await?;
        self.family.count_end(&ended);
        Ok(ended)
    }

    async fn cancel(
        &self,
        id: GenerationId,
        reason: CancelReason,
        at: Timestamp,
    ) -> Result<Option<Generation>, DatabaseError> {
        let ended = self.inner.cancel(id, reason, at).await?;
        if let Some(ended) = &ended {
            self.family.count_end(ended);
        }
        Ok(ended)
    }

    async fn register(&self, worker: WorkerId, lease: Duration) -> Result<(), DatabaseError> {
        self.inner.register(worker, lease).await
    }

    async fn renew(&self, worker: WorkerId, lease: Duration) -> Result<(), LeaseError> {
        self.inner.renew(worker, lease).await
    }

    async fn resign(&self, worker: WorkerId) -> Result<(), DatabaseError> {
        self.inner.resign(worker).await
    }

    async fn reap(
        &self,
        worker: WorkerId,
        grace: Duration,
        at_most: u32,
    ) -> Result<Reaped, DatabaseError> {
        self.inner.reap(worker, grace, at_most).await
    }

    async fn find(
        &self,
        account: AccountId,
        mode: Mode,
        id: GenerationId,
    ) -> Result<Option<Generation>, DatabaseError> {
        self.inner.find(account, mode, id).await
    }

    async fn list(
        &self,
        account: AccountId,
        mode: Mode,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError> {
        self.inner.list(account, mode, filter).await
    }

    async fn timeline(&self, id: GenerationId) -> Result<Option<Timeline>, DatabaseError> {
        self.inner.timeline(id).await
    }

    async fn find_any(&self, id: GenerationId) -> Result<Option<Generation>, DatabaseError> {
        self.inner.find_any(id).await
    }

    async fn list_all(
        &self,
        mode: Option<Mode>,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError> {
        self.inner.list_all(mode, filter).await
    }

    async fn image(
        &self,
        account: Option<AccountId>,
        id: ImageId,
    ) -> Result<Option<SavedImage>, DatabaseError> {
        self.inner.image(account, id).await
    }

    async fn ended(&self, ids: &[GenerationId]) -> Result<Vec<Generation>, DatabaseError> {
        self.inner.ended(ids).await
    }

    async fn end_times(
        &self,
        ids: &[GenerationId],
    ) -> Result<Vec<(GenerationId, Option<Timestamp>)>, DatabaseError> {
        self.inner.end_times(ids).await
    }

    async fn named_images(&self, names: &[ObjectName]) -> Result<Vec<ObjectName>, DatabaseError> {
        self.inner.named_images(names).await
    }

    async fn forget_idempotency_keys(
        &self,
        at: Timestamp,
        at_most: u32,
    ) -> Result<u32, DatabaseError> {
        self.inner.forget_idempotency_keys(at, at_most).await
    }
}

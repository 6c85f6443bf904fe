use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;

use super::{DatabaseError, ListFilter, Page};
use crate::credits::Credits;
use crate::generation::{
    Ending, Failure, FailureCode, Generation, Lease, Reference, SavedImage, Timeline,
};
use crate::id::{AccountId, GenerationId, ImageId, KeyId, WorkerId};
use crate::idempotency::{Fingerprint, IdempotencyKey};
use crate::lots::InsufficientCredits;
use crate::mode::Mode;
use crate::object_name::ObjectName;
use crate::request::{ImageCount, Prompt};
use crate::size::{AspectRatio, RenderingQuality, Size, Tier};
use crate::time::Timestamp;

/// Generations: the queue, the charge, the lease and the end of paid work, in one place.
///
/// Times in arguments (`at`) are the [`Clock`](super::Clock)'s. Leases and deadlines are counted by the database's own
/// clock from durations given, and no statement compares the two.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Generations: Send + Sync {
    /// Accepts and charges a generation: idempotency key, row, lots debited soonest expiry first
    /// ([`plan_spend`](crate::lots::plan_spend)) and ledger entries, all or nothing. After any error but
    /// [`AcceptError::OutcomeUnknown`] nothing was written. Errors are found in the order of the enum.
    ///
    /// Each mode has a queue of its own. With [`Hand::Mine`] the row is born `running` and dispatched under the worker's
    /// lease when nothing is queued, and otherwise `queued` as with [`Hand::Queue`]. A queued row gets the turn
    /// `max(the account's last queued turn + 1, the smallest queued turn)`. Limits of the queue apply to queued rows alone.
    async fn accept(&self, accept: Accept) -> Result<Accepted, AcceptError>;
    /// The generation that the account accepted under this idempotency key, with the request's fingerprint.
    async fn find_by_idempotency_key(
        &self,
        account: AccountId,
        mode: Mode,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Result<Option<(Generation, Fingerprint)>, DatabaseError>;
    /// Assigns queued generations to the worker in the order of `turn, id`: `running`, fence plus one, not yet
    /// dispatched. Each is assigned to one worker only. Nothing past its queue deadline is taken, nor a
    /// waiting caller's that has less than a tenth of its [`Accept::timeout`] left: it would be paid for and cut off.
    async fn claim(&self, claim: &Claim) -> Result<Vec<Claimed>, DatabaseError>;
    /// The generation, if it was accepted straight into this worker's hands and nobody has touched it since: what a lost
    /// answer to [`Generations::accept`] would have been. `None` for everything else, a claimed one included.
    async fn resume(
        &self,
        id: GenerationId,
        worker: WorkerId,
    ) -> Result<Option<Claimed>, DatabaseError>;
    /// Records that the first byte may leave from now on. Idempotent under the same lease.
    async fn dispatch(&self, lease: &Lease) -> Result<(), LeaseError>;
    /// Ends the generation: image rows, terminal state, refund of what was not delivered
    /// ([`plan_refund`](crate::lots::plan_refund)) with ledger entries, and the balance right after, atomically.
    /// Idempotent: under the lease that ended it, the same again returns the recorded end.
    async fn settle(
        &self,
        lease: &Lease,
        ending: &Ending,
        at: Timestamp,
    ) -> Result<Generation, LeaseError>;
    /// Cancels or fails a generation that is still queued, and refunds it. `None` when it is not queued (any more).
    async fn cancel(
        &self,
        id: GenerationId,
        reason: CancelReason,
        at: Timestamp,
    ) -> Result<Option<Generation>, DatabaseError>;

    /// Announces a worker with a lease of this length.
    async fn register(&self, worker: WorkerId, lease: Duration) -> Result<(), DatabaseError>;
    /// Renews the lease for all the worker's work in one statement, also after it has lapsed: what went into
    /// other hands meanwhile has a new fence. [`LeaseError::Lost`] when the worker is forgotten.
    async fn renew(&self, worker: WorkerId, lease: Duration) -> Result<(), LeaseError>;
    /// Gives a worker's lease up at once, so that what it may still hold need not wait for the lapse.
    async fn resign(&self, worker: WorkerId) -> Result<(), DatabaseError>;
    /// Looks after work whose holder is gone (its lease has lapsed or it resigned) or that is past its deadline by more
    /// than `grace`: what was never dispatched is queued again under the same charge; what was dispatched is taken over
    /// by `worker` under a new fence, to be settled and never sent again; its deadline is over then, and it is anybody's
    /// again after another `grace`. Work that `worker` itself holds is spared until its deadline; work that anybody claimed
    /// longer than `grace` ago and has not dispatched is queued again while it has time left, because a holder that knows
    /// of it dispatches at once. Also returns queued work past its queue deadline, and what was queued again under a revoked
    /// key. At most `at_most` of each, in one transaction; rows of dead workers with nothing left are deleted.
    async fn reap(
        &self,
        worker: WorkerId,
        grace: Duration,
        at_most: u32,
    ) -> Result<Reaped, DatabaseError>;

    /// The account's generation with this id in `mode`.
    async fn find(
        &self,
        account: AccountId,
        mode: Mode,
        id: GenerationId,
    ) -> Result<Option<Generation>, DatabaseError>;
    /// The account's generations in `mode`, newest first.
    async fn list(
        &self,
        account: AccountId,
        mode: Mode,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError>;
    /// When the generation with this id came to where it is, whosever it is.
    async fn timeline(&self, id: GenerationId) -> Result<Option<Timeline>, DatabaseError>;
    /// The generation with this id, whosever it is: for admins.
    async fn find_any(&self, id: GenerationId) -> Result<Option<Generation>, DatabaseError>;
    /// Everybody's generations, in one mode or in both, newest first: for admins.
    async fn list_all(
        &self,
        mode: Option<Mode>,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError>;
    /// The saved image with this id, if it is the account's, in either mode; any account's for `None`, which is for admins.
    async fn image(
        &self,
        account: Option<AccountId>,
        id: ImageId,
    ) -> Result<Option<SavedImage>, DatabaseError>;
    /// Those of `ids` that have ended: one indexed query a tick for all that wait in this process.
    async fn ended(&self, ids: &[GenerationId]) -> Result<Vec<Generation>, DatabaseError>;
    /// Those of `ids` that exist, each with when it ended (the [`Clock`](super::Clock)'s time), in no order. At most a few
    /// hundred at a time.
    async fn end_times(
        &self,
        ids: &[GenerationId],
    ) -> Result<Vec<(GenerationId, Option<Timestamp>)>, DatabaseError>;
    /// Those of `names` that a saved image's row names, in no order. At most a few hundred at a time. Sees every commit
    /// that an earlier question saw.
    async fn named_images(&self, names: &[ObjectName]) -> Result<Vec<ObjectName>, DatabaseError>;
    /// Forgets idempotency keys that expired by `at`, at most `at_most`; returns how many.
    async fn forget_idempotency_keys(
        &self,
        at: Timestamp,
        at_most: u32,
    ) -> Result<u32, DatabaseError>;
}

/// A generation to be accepted: everything about it, decided.
#[derive(Clone, Debug)]
pub struct Accept {
    /// Its name.
    pub id: GenerationId,
    /// Who pays.
    pub account: AccountId,
    /// The key it is asked with.
    pub key: KeyId,
    /// Which of the account's worlds.
    pub mode: Mode,
    /// The model's id.
    pub model: String,
    /// Who draws in live mode.
    pub provider: String,
    /// What the provider calls the model.
    pub provider_model: String,
    /// What to draw.
    pub prompt: Prompt,
    /// How many images.
    pub n: ImageCount,
    /// The size asked of the provider; `None` is `auto`.
    pub size: Option<Size>,
    /// The ratio in answers; `None` is `auto`.
    pub aspect_ratio: Option<AspectRatio>,
    /// What is paid for.
    pub tier: Tier,
    /// The effort asked of the provider.
    pub rendering_quality: RenderingQuality,
    /// The price of one image.
    pub price: Credits,
    /// Reference images, already durable in the store.
    pub references: Vec<Reference>,
    /// The name under which it may be sent again.
    pub idempotency: Option<Idempotency>,
    /// Whether a caller waits for it and takes no 202.
    pub waits: bool,
    /// Who takes it.
    pub hand: Hand,
    /// The longest it may stay queued.
    pub queue_timeout: Duration,
    /// The longest it may run: from its start, or from its acceptance when a caller waits.
    pub timeout: Duration,
    /// What the queue may hold.
    pub limits: Limits,
    /// When: credits are charged as of this time.
    pub at: Timestamp,
}

/// The name under which a request may be sent again.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The caller's name for it.
    pub key: IdempotencyKey,
    /// What makes it the same request.
    pub fingerprint: Fingerprint,
    /// When the key is forgotten.
    pub expires_at: Timestamp,
}

/// Who takes an accepted generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// This worker, which has a free slot: straight into `running`, dispatched, if nothing is queued before it.
    Mine {
        /// The worker.
        worker: WorkerId,
    },
    /// Any worker, in its turn.
    Queue,
}

/// What [`Limits::rate`] counts in.
pub const RATE_PERIOD: Duration = Duration::from_mins(1);

/// How much of one mode may be queued and accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Queued generations in all, of each mode.
    pub max_queue: u32,
    /// Queued generations of one account, of each mode.
    pub max_queued_per_account: u32,
    /// Generations of one account that are accepted within [`RATE_PERIOD`], running or queued; `None`: as many as come.
    pub rate: Option<NonZeroU32>,
}

/// What became of a generation that was asked to be accepted.
#[derive(Debug)]
pub enum Accepted {
    /// New, charged, running and dispatched in the asking worker's hands.
    Running(Box<Claimed>),
    /// New, charged and queued.
    Queued(Box<Generation>),
    /// The same request was accepted before under its idempotency key; nothing was charged now.
    Again(Box<Generation>),
}

/// Why a generation was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The idempotency key names another request.
    #[error("another request was made under this Idempotency-Key")]
    IdempotencyMismatch,
    /// The account does not exist (any more) or was blocked meanwhile, or the key was revoked.
    #[error("the key was revoked")]
    KeyRevoked,
    /// The queue is full.
    #[error(transparent)]
    QueueFull(#[from] QueueFull),
    /// The account has had as many accepted as it may for now.
    #[error(
        "{most} generations of the account were accepted within a minute, and no more are for {wait:?}"
    )]
    RateLimited {
        /// [`Limits::rate`].
        most: NonZeroU32,
        /// When the next one is accepted.
        wait: Duration,
    },
    /// The live lots do not cover it.
    #[error(transparent)]
    InsufficientCredits(#[from] InsufficientCredits),
    /// The connection broke while the transaction was being committed: it may or may not have happened. Asking for the
    /// id tells.
    #[error("the database's answer to the commit was lost: {0}")]
    OutcomeUnknown(String),
    /// The database; nothing was written.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Which limit of the queue was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueFull {
    /// Too many generations are queued in all.
    #[error("{0} generations are queued, and no more are taken for now")]
    Hub(u32),
    /// The account has too many queued.
    #[error("{0} of the account's generations are queued, and no more are taken for now")]
    Account(u32),
}

/// Which queued generations a worker takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The worker, whose lease is live; others get nothing.
    pub worker: WorkerId,
    /// Of which queue.
    pub mode: Mode,
    /// The longest each may run.
    pub timeout: Duration,
    /// How many at most.
    pub at_most: u32,
    /// None of these accounts. A few at most.
    pub except: Vec<AccountId>,
}

/// A running generation in a worker's hands.
#[derive(Debug)]
pub struct Claimed {
    /// The right to write on it.
    pub lease: Lease,
    /// It.
    pub generation: Generation,
    /// How long it may still run.
    pub time_left: Duration,
}

/// Why a queued generation is ended without being started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Its key was revoked.
    KeyRevoked,
    /// Its account was blocked.
    AccountBlocked,
    /// The process that its caller waits at is shutting down.
    ShuttingDown,
    /// A waiting caller's time, or the queue's, was up before a worker was free.
    NotStartedInTime {
        /// Whether a caller waits for it: canceled then, failed otherwise.
        waits: bool,
    },
}

impl CancelReason {
    /// The end it makes.
    pub fn ending(self) -> Ending {
        let (code, message) = match self {
            Self::KeyRevoked => (
                FailureCode::GenerationCanceled,
                "The generation was canceled because its API key was revoked.",
            ),
            Self::AccountBlocked => (
                FailureCode::GenerationCanceled,
                "The generation was canceled because its account was blocked.",
            ),
            Self::ShuttingDown => (
                FailureCode::ServiceUnavailable,
                "The service is shutting down; the generation was canceled before it started and refunded.",
            ),
            Self::NotStartedInTime { waits: true } => (
                FailureCode::ServiceUnavailable,
                "The service is busy; the generation could not be started in time, was canceled and refunded.",
            ),
            Self::NotStartedInTime { waits: false } => {
                let message = "The generation could not be started in time and was refunded.";
                return Ending::Failed(Failure::new(FailureCode::GenerationFailed, message));
            }
        };
        Ending::Canceled(Failure::new(code, message))
    }
}

/// Why a holder may not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else has the generation now, or has ended it; the holder writes nothing more.
    #[error("the lease was lost")]
    Lost,
    /// The database; nothing was written, or it cannot be known: settling again under the same lease is safe.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What the reaper found.
#[derive(Debug, Default)]
pub struct Reaped {
    /// How many were queued again.
    pub requeued: u32,
    /// Dispatched work whose holder is gone, now under the reaper's own lease: to be settled.
    pub taken_over: Vec<Claimed>,
    /// Queued work past its queue deadline, or queued again under a key revoked or an account blocked meanwhile: to
    /// be canceled, and why.
    pub overdue: Vec<(GenerationId, CancelReason)>,
}

//! Generating images: the way of a request from its draft to its answer.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{Either, select};

use crate::api_key::Caller;
use crate::blob::Blob;
use crate::credits::Credits;
use crate::engine::{Engine, SubmitError, Submitted};
use crate::generation::{Generation, State};
use crate::id::GenerationId;
use crate::idempotency::{Fingerprint, IDEMPOTENCY_LIFE, IdempotencyKey};
use crate::lots::InsufficientCredits;
use crate::mode::Mode;
use crate::ports::{
    Accept, AcceptError, Catalog, Clock, DatabaseError, Generations, Hand, Idempotency, Ids,
    QueueFull, StoreError,
};
use crate::request::{Draft, InvalidRequest, Request, quoted};
use crate::time::Timestamp;

/// How much longer than a generation may take a waiting call is held, so that the end is the engine's to tell.
const WAIT_GRACE: Duration = Duration::from_secs(70);

/// How long the caller waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all: it polls.
    No,
    /// This long, then it polls.
    AtMost(Duration),
    /// Until the end.
    UntilEnd,
}

/// What a caller asks for.
#[derive(Debug)]
pub struct Ask {
    /// Who.
    pub caller: Caller,
    /// What, unchecked.
    pub draft: Draft,
    /// How long it waits.
    pub wait: Wait,
    /// The name under which it may be sent again.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The most images of one request that the face admits.
    pub max_images: u8,
    /// The price of all images that the caller was shown; another one is not taken. `None`: whatever it costs.
    pub shown_total: Option<Credits>,
}

/// What a caller is answered.
#[derive(Debug)]
pub enum Answer {
    /// It ended, well or not.
    Ended(Generation),
    /// It is accepted and unfinished: the caller polls.
    Accepted(Generation),
}

/// Why nothing was generated. Nothing was charged, except as the variants say.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A field is wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// It costs something else than the caller was shown.
    #[error("this costs {total} credits now, not {shown}")]
    PriceChanged {
        /// What the caller was shown.
        shown: Credits,
        /// What it costs.
        total: Credits,
    },
    /// The idempotency key names another request.
    #[error("another request was made under this Idempotency-Key")]
    IdempotencyMismatch,
    /// The first call under the idempotency key waits still. The money is the first call's.
    #[error("the first request under this Idempotency-Key is still unfinished")]
    IdempotencyConflict(GenerationId),
    /// No provider is configured for the model in live mode.
    #[error("no provider {0:?} is configured")]
    ProviderNotConfigured(String),
    /// The process is shutting down.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// The queue is full.
    #[error(transparent)]
    QueueFull(#[from] QueueFull),
    /// The account has had as many accepted as it may for now.
    #[error("{most} generations were accepted within a minute")]
    RateLimited {
        /// How many are accepted within a minute.
        most: NonZeroU32,
        /// When the next one is accepted.
        wait: Duration,
    },
    /// The balance does not cover it.
    #[error(transparent)]
    InsufficientCredits(#[from] InsufficientCredits),
    /// The key was revoked while the request came in.
    #[error("the API key was revoked")]
    KeyRevoked,
    /// A reference image could not be saved.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database; nothing was written.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The generation may have been accepted and charged; asking for its id tells.
    #[error("whether the generation was accepted is not known: {1}")]
    OutcomeUnknown(GenerationId, String),
    /// The generation was accepted and charged, and its end cannot be seen from here; asking for its id tells.
    #[error("the end of the generation could not be seen")]
    EndUnknown(GenerationId),
    /// The work died before it could say whether it was accepted.
    #[error("the work ended without an answer")]
    Died(GenerationId),
}

/// The use case.
pub struct Generate {
    catalog: Arc<dyn Catalog>,
    generations: Arc<dyn Generations>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    engine: Arc<Engine>,
}

impl Generate {
    /// Over these ports and this engine.
    pub fn new(
        catalog: Arc<dyn Catalog>,
        generations: Arc<dyn Generations>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        engine: Arc<Engine>,
    ) -> Self {
        Self {
            catalog,
            generations,
            clock,
            ids,
            engine,
        }
    }

    /// Resolves when the process begins to shut down.
    pub async fn drain_begins(&self) {
        self.engine.drain_begins().await;
    }

    /// Whether a provider is there that draws for models of `provider` in `mode`.
    pub fn can_draw(&self, mode: Mode, provider: &str) -> bool {
        let providers = self.engine.fulfil().providers();
        providers.find(mode, provider).is_some()
    }

    /// Checks in the contract's order: the request, its idempotency key, the provider and the process, then (in the
    /// accepting transaction) the queue's limits and the credits. Then waits as long as the caller does.
    pub async fn run(&self, ask: Ask) -> Result<Answer, GenerateError> {
        let Ask {
            caller,
            draft,
            wait,
            idempotency_key,
            max_images,
            shown_total,
        } = ask;
        let fingerprint = draft.fingerprint();
        let is_async = draft.is_async;
        let at = self.clock.now();
        let earlier = match &idempotency_key {
            Some(key) => self.earlier(&caller, key, at).await?,
            None => None,
        };
        // Before the catalog is asked: what was answered once is answered so again, whatever is on sale today.
        let earlier = match earlier {
            Some((generation, first)) if first == fingerprint => {
                return replay(generation, is_async);
            }
            other => other,
        };
        let request = self.resolve(draft, max_images).await?;
        if earlier.is_some() {
            return Err(GenerateError::IdempotencyMismatch);
        }
        // Of the very request that is charged, and not of one that was accepted and charged before.
        let total = request.total();
        if let Some(shown) = shown_total.filter(|shown| *shown != total) {
            return Err(GenerateError::PriceChanged { shown, total });
        }
        if self.engine.is_draining() {
            return Err(GenerateError::ShuttingDown);
        }
        if !self.can_draw(caller.mode, &request.provider) {
            return Err(GenerateError::ProviderNotConfigured(request.provider));
        }

        let id = GenerationId(self.ids.next(at));
        let end = self.engine.watch(id);
        if wait == Wait::UntilEnd {
            self.engine.waits_to_the_end(id);
        }
        let idempotency = idempotency_key.map(|key| (key, fingerprint));
        let (accept, references) = self.accept(id, caller, request, wait, idempotency, at);
        match self
            .engine
            .submit(accept, references, wait != Wait::No)
            .await
        {
            Ok(Submitted::New(generation)) => self.wait(generation, end, wait).await,
            Ok(Submitted::Again(generation)) => replay(generation, is_async),
            Err(error) => Err(refused(id, error)),
        }
    }

    async fn earlier(
        &self,
        caller: &Caller,
        key: &IdempotencyKey,
        at: Timestamp,
    ) -> Result<Option<(Generation, Fingerprint)>, DatabaseError> {
        let (account, mode) = (caller.account, caller.mode);
        self.generations
            .find_by_idempotency_key(account, mode, key, at)
            .await
    }

    async fn resolve(&self, draft: Draft, max_images: u8) -> Result<Request, GenerateError> {
        let models = self.catalog.models().await?;
        let wanted = draft.model.as_deref();
        let Some(model) = models
            .iter()
            .find(|model| model.enabled && Some(model.id.as_str()) == wanted)
        else {
            let enabled = models
                .iter()
                .filter(|model| model.enabled)
                .map(|model| model.id.as_str());
            let allowed = enabled.collect::<Vec<_>>().join(", ");
            let message = match wanted {
                None => format!("model is required; available: {allowed}"),
                Some(wanted) => format!(
                    "model is {}, which is not available; available: {allowed}",
                    quoted(wanted)
                ),
            };
            return Err(InvalidRequest::new("model", message).into());
        };
        Ok(Request::resolve(draft, model, max_images)?)
    }

    fn accept(
        &self,
        id: GenerationId,
        caller: Caller,
        request: Request,
        wait: Wait,
        idempotency: Option<(IdempotencyKey, Fingerprint)>,
        at: Timestamp,
    ) -> (Accept, Vec<Blob>) {
        let settings = self.engine.settings();
        let waits = wait == Wait::UntilEnd;
        let accept = Accept {
            id,
            account: caller.account,
            key: caller.key,
            mode: caller.mode,
            model: request.model,
            provider: request.provider,
            provider_model: request.provider_model,
            prompt: request.prompt,
            n: request.n,
            size: request.size,
            aspect_ratio: request.aspect_ratio,
            tier: request.tier,
            rendering_quality: request.rendering_quality,
            price: request.price,
            references: Vec::new(),
            idempotency: idempotency.map(|(key, fingerprint)| Idempotency {
                key,
                fingerprint,
                expires_at: at.plus(IDEMPOTENCY_LIFE),
            }),
            waits,
            hand: Hand::Queue,
            queue_timeout: if waits {
                settings.queue_timeout.min(settings.generation_timeout)
            } else {
                settings.queue_timeout
            },
            timeout: settings.generation_timeout,
            limits: settings.limits(caller.mode),
            at,
        };
        (accept, request.references)
    }

    async fn wait(
        &self,
        generation: Generation,
        end: oneshot::Receiver<Generation>,
        wait: Wait,
    ) -> Result<Answer, GenerateError> {
        let patience = match wait {
            Wait::No => return Ok(Answer::Accepted(generation)),
            Wait::AtMost(patience) => patience.min(self.longest_wait()),
            Wait::UntilEnd => self.longest_wait(),
        };
        let sleep = self.clock.sleep(patience);
        // Only who takes a 202 leaves when the process drains; who does not is told by the end of the generation.
        let drain = async {
            match wait {
                Wait::AtMost(_) => self.engine.drain_begins().await,
                Wait::No | Wait::UntilEnd => std::future::pending().await,
            }
        };
        let impatience = select(sleep, Box::pin(drain));
        if let Either::Left((Ok(ended), _)) = select(end, impatience).await {
            return Ok(Answer::Ended(ended));
        }
        match self
            .generations
            .find(generation.account, generation.mode, generation.id)
            .await
        {
            Ok(Some(now)) if now.end().is_some() => Ok(Answer::Ended(now)),
            Ok(Some(now)) if wait != Wait::UntilEnd => Ok(Answer::Accepted(now)),
            // The database is away, and the caller was promised a 202: as it was when it was accepted.
            Err(_) if wait != Wait::UntilEnd => Ok(Answer::Accepted(generation)),
            Ok(_) | Err(_) => Err(GenerateError::EndUnknown(generation.id)),
        }
    }

    fn longest_wait(&self) -> Duration {
        self.engine.settings().generation_timeout + WAIT_GRACE
    }
}

/// Answers a request that was accepted before under its idempotency key as it was answered the first time.
fn replay(mut generation: Generation, is_async: bool) -> Result<Answer, GenerateError> {
    if is_async {
        generation.state = State::Queued;
        return Ok(Answer::Accepted(generation));
    }
    if generation.end().is_some() {
        return Ok(Answer::Ended(generation));
    }
    Err(GenerateError::IdempotencyConflict(generation.id))
}

fn refused(id: GenerationId, error: SubmitError) -> GenerateError {
    match error {
        SubmitError::Store(error) => GenerateError::Store(error),
        SubmitError::Died => GenerateError::Died(id),
        SubmitError::Accept(error) => match error {
            AcceptError::IdempotencyMismatch => GenerateError::IdempotencyMismatch,
            AcceptError::QueueFull(full) => GenerateError::QueueFull(full),
            AcceptError::RateLimited { most, wait } => GenerateError::RateLimited { most, wait },
            AcceptError::InsufficientCredits(insufficient) => {
                GenerateError::InsufficientCredits(insufficient)
            }
            AcceptError::KeyRevoked => GenerateError::KeyRevoked,
            AcceptError::OutcomeUnknown(lost) => GenerateError::OutcomeUnknown(id, lost),
            AcceptError::Database(error) => GenerateError::Database(error),
        },
    }
}

#[cfg(test)]
#[path = "generate_tests.rs"]
mod tests;

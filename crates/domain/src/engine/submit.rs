//! The way in: references saved, the generation accepted, and drawn here when it was accepted into this process's hands.

use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;

use super::Engine;
use crate::blob::Blob;
use crate::fulfil::delete_references;
use crate::generation::{Generation, Reference};
use crate::id::{AccountId, GenerationId};
use crate::idempotency::IDEMPOTENCY_LIFE;
use crate::mode::Mode;
use crate::object_name::ObjectName;
use crate::ports::{Accept, AcceptError, Accepted, DatabaseError, Hand, StoreError};

/// What became of a submission.
#[derive(Debug)]
pub enum Submitted {
    /// Accepted and charged: running or queued.
    New(Generation),
    /// The same request was accepted before; nothing was charged now.
    Again(Generation),
}

/// Why a submission was not taken. Nothing was charged, unless it is [`AcceptError::OutcomeUnknown`].
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// A reference image could not be saved.
    #[error("a reference image could not be saved: {0}")]
    Store(#[from] StoreError),
    /// The database refused it.
    #[error(transparent)]
    Accept(#[from] AcceptError),
    /// The work died before it could answer.
    #[error("the work ended without an answer")]
    Died,
}

/// How often, and how far apart, a lost acceptance is looked up: together longer than the database lets a statement wait
/// for a lock and run (5 s and 10 s). What is not there then never will be.
const LOOK_UPS: u32 = 17;
const LOOK_UP_EVERY: Duration = Duration::from_secs(1);

impl Engine {
    /// Saves the references and accepts the generation, in work that goes on when the caller is gone; then draws, when
    /// it was accepted into this process's hands, which is what `at_once` asks for.
    pub async fn submit(
        self: &Arc<Self>,
        accept: Accept,
        references: Vec<Blob>,
        at_once: bool,
    ) -> Result<Submitted, SubmitError> {
        let (sender, receiver) = oneshot::channel();
        let engine = Arc::clone(self);
        let under_way = Arc::clone(&self.under_way);
        self.ports.tasks.spawn(Box::pin(async move {
            engine.take_in(accept, references, at_once, sender).await;
            drop(under_way);
        }));
        receiver.await.map_err(|_| SubmitError::Died)?
    }

    async fn take_in(
        self: Arc<Self>,
        mut accept: Accept,
        references: Vec<Blob>,
        at_once: bool,
        answer: oneshot::Sender<Result<Submitted, SubmitError>>,
    ) {
        // Nobody may be left to hear the answer: the work goes on all the same.
        let tell = |result| drop(answer.send(result));
        match self.put_references(accept.id, &references).await {
            Ok(saved) => accept.references = saved,
            Err(error) => return tell(Err(error.into())),
        }
        if !references.is_empty() {
            // They took their time to be saved, and credits are charged as of now.
            accept.at = self.ports.clock.now();
            if let Some(idempotency) = &mut accept.idempotency {
                idempotency.expires_at = accept.at.plus(IDEMPOTENCY_LIFE);
            }
        }
        drop(references); // their spooled copies are not needed any more
        let slots = &self.lane(accept.mode).slots;
        let slot = at_once.then(|| slots.take(accept.account)).flatten();
        accept.hand = match slot {
            Some(_) => Hand::Mine {
                worker: self.worker(),
            },
            None => Hand::Queue,
        };
        let saved = accept.references.clone();
        match self.accept(accept).await {
            Ok(Accepted::Running(claimed)) => {
                tell(Ok(Submitted::New(claimed.generation.clone())));
                self.work(*claimed, slot).await;
            }
            Ok(Accepted::Queued(generation)) => {
                drop(slot);
                self.wake();
                let (id, waits) = (generation.id, generation.waits);
                tell(Ok(Submitted::New(*generation)));
                // It may have come too late for the shutdown's own look at the queue, and nothing is claimed here any
                // more.
                if waits && self.is_draining() {
                    self.cancel_for_shutdown(id).await;
                }
            }
            Ok(Accepted::Again(generation)) => {
                tell(Ok(Submitted::Again(*generation)));
                delete_references(self.ports.store.as_ref(), &saved).await;
            }
            // The generation may exist and need them: the collector decides.
            Err(error @ AcceptError::OutcomeUnknown(_)) => tell(Err(error.into())),
            Err(error) => {
                tell(Err(error.into()));
                delete_references(self.ports.store.as_ref(), &saved).await;
            }
        }
    }

    async fn put_references(
        &self,
        id: GenerationId,
        blobs: &[Blob],
    ) -> Result<Vec<Reference>, StoreError> {
        let mut saved = Vec::with_capacity(blobs.len());
        for (position, blob) in blobs.iter().enumerate() {
            let object_name = ObjectName::of_reference(id, position);
            if let Err(error) = self.ports.store.put(&object_name, blob).await {
                delete_references(self.ports.store.as_ref(), &saved).await;
                return Err(error);
            }
            saved.push(Reference {
                object_name,
                about: blob.about,
            });
        }
        Ok(saved)
    }

    /// Accepts; where the database's answer to the commit was lost, the id is looked up until it is certain whether it
    /// happened.
    async fn accept(&self, accept: Accept) -> Result<Accepted, AcceptError> {
        let (account, mode, id, hand) = (accept.account, accept.mode, accept.id, accept.hand);
        let lost = match self.ports.generations.accept(accept).await {
            Err(AcceptError::OutcomeUnknown(lost)) => lost,
            other => return other,
        };
        let mut outcome = Err(AcceptError::OutcomeUnknown(lost.clone()));
        for _ in 0..LOOK_UPS {
            outcome = match self.look_up(account, mode, id, hand).await {
                Ok(Some(accepted)) => return Ok(accepted),
                // Not there yet: the database may still be at it.
                Ok(None) => Err(AcceptError::Database(DatabaseError::Unavailable(
                    lost.clone(),
                ))),
                Err(_) => Err(AcceptError::OutcomeUnknown(lost.clone())),
            };
            self.ports.clock.sleep(LOOK_UP_EVERY).await;
        }
        outcome
    }

    async fn look_up(
        &self,
        account: AccountId,
        mode: Mode,
        id: GenerationId,
        hand: Hand,
    ) -> Result<Option<Accepted>, DatabaseError> {
        // Only what was born running in these hands is theirs to draw. What was queued is claimed like all else, and may
        // be in somebody's hands by now.
        if let Hand::Mine { worker, .. } = hand
            && let Some(claimed) = self.ports.generations.resume(id, worker).await?
        {
            return Ok(Some(Accepted::Running(Box::new(claimed))));
        }
        let generation = self.ports.generations.find(account, mode, id).await?;
        Ok(generation.map(|generation| Accepted::Queued(Box::new(generation))))
    }
}

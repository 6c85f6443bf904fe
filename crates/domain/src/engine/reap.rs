//! Looking after work whose holder is gone, and work that was not started in time.
//!
//! Each is ended by itself: one that cannot be ended now, for a lock, a store that hangs or a row that is damaged, must not
//! keep the others.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};

use super::{BATCH, Engine};
use crate::id::GenerationId;
use crate::ports::{CancelReason, Claimed, DatabaseError};

/// How long past its deadline a running generation is left to its holder, which has its own timer, before the reaper
/// ends it. Every generation is terminal 60 s after its deadline; this leaves the reaper half of that.
pub(super) const REAP_GRACE: Duration = Duration::from_secs(30);
/// How many are canceled at once of one round: whole queues may be late, and requests need the database as well.
const CANCELS_AT_ONCE: usize = 4;
/// How long what could not be canceled is left alone.
const CANCEL_AGAIN: Duration = Duration::from_secs(5);
/// How much may be under way of earlier rounds; beyond it nothing new is looked for.
const MOST_UNDER_WAY: usize = 512;

/// What the reaper is at, so that its next round passes over it.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<HashSet<GenerationId>>);

impl UnderWay {
    fn begin(&self, id: GenerationId) -> bool {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner)).insert(id)
    }

    fn end(&self, id: GenerationId) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner)).remove(&id);
    }

    fn count(&self) -> usize {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner)).len()
    }
}

/// A queued generation that a round is at, until this is dropped.
struct Turn {
    engine: Arc<Engine>,
    id: GenerationId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.engine.reaping.end(self.id);
    }
}

/// A round of the reaper: what it found is being ended.
pub struct Reaping {
    /// How much was found that no earlier round is at.
    pub found: usize,
    /// How much of it was left by dead holders.
    pub left_behind: usize,
    ends: Vec<oneshot::Receiver<()>>,
}

impl Reaping {
    /// Returns when all of it has ended, or was given up for now.
    pub async fn ended(self) {
        // A task that panicked has ended as well.
        let _ends = join_all(self.ends).await;
    }
}

impl Engine {
    /// Looks after work that nobody else looks after any more: ends what a dead holder had dispatched and what was not
    /// started in time. What a dead holder had not dispatched is queued again. Nothing of it is waited for here.
    pub async fn reap(self: &Arc<Self>) -> Result<Reaping, DatabaseError> {
        let under_way = self.reaping.count();
        if under_way >= MOST_UNDER_WAY {
            return Ok(Reaping {
                found: 0,
                left_behind: 0,
                ends: Vec::new(),
            });
        }
        // What is under way is found again, and must not hide what is behind it.
        let at_most = BATCH + u32::try_from(under_way).unwrap_or(0);
        let reaped = self
            .ports
            .generations
            .reap(self.worker(), REAP_GRACE, at_most)
            .await?;
        if reaped.requeued > 0 {
            self.wake();
        }
        let overdue = reaped.overdue.into_iter().filter_map(|(id, reason)| {
            let is_new = self.reaping.begin(id);
            let engine = Arc::clone(self);
            is_new.then(|| (Turn { engine, id }, reason))
        });
        let overdue: Vec<_> = overdue.collect();
        let left_behind = reaped.requeued as usize + reaped.taken_over.len();
        let found = left_behind + overdue.len();
        let taken_over = reaped.taken_over.into_iter();
        let mut ends: Vec<_> = taken_over
            .map(|claimed| self.begin(Arc::clone(self).abandon(claimed)))
            .collect();
        if !overdue.is_empty() {
            ends.push(self.begin(Arc::clone(self).cancel_all(overdue)));
        }
        Ok(Reaping {
            found,
            left_behind,
            ends,
        })
    }

    async fn abandon(self: Arc<Self>, claimed: Claimed) {
        tracing::warn!(generation = %claimed.lease.generation, "settling what a dead worker had dispatched");
        if let Some(ended) = self.fulfil.abandon(claimed).await {
            self.ended(&ended);
        }
    }

    async fn cancel_all(self: Arc<Self>, overdue: Vec<(Turn, CancelReason)>) {
        let failed = Mutex::new(Vec::new());
        let cancel = async |(turn, reason): (Turn, CancelReason)| {
            if let Err(error) = self.cancel(turn.id, reason).await {
                tracing::warn!(generation = %turn.id, %error, "could not be canceled yet, though its time in the queue is over");
                failed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(turn);
            }
        };
        stream::iter(overdue)
            .for_each_concurrent(CANCELS_AT_ONCE, cancel)
            .await;
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !failed.is_empty() {
            self.ports.clock.sleep(CANCEL_AGAIN).await;
        }
    }

    fn begin(&self, work: impl Future<Output = ()> + Send + 'static) -> oneshot::Receiver<()> {
        let (sender, end) = oneshot::channel();
        self.ports.tasks.spawn(Box::pin(async move {
            work.await;
            // Nobody may be left to hear it.
            let _unheard = sender.send(());
        }));
        end
    }

    pub(super) async fn cancel(
        self: &Arc<Self>,
        id: GenerationId,
        reason: CancelReason,
    ) -> Result<(), DatabaseError> {
        let at = self.ports.clock.now();
        if let Some(ended) = self.ports.generations.cancel(id, reason, at).await? {
            self.ended(&ended);
        }
        Ok(())
    }
}

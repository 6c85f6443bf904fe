//! The engine: one for waiting and queued work. It belongs to the process; callers only watch.
//!
//! A waiting call that finds a free slot is accepted straight into this process's hands. Everything else lies in the
//! database as queued rows, which any process's engine claims in their turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_util::StreamExt as _;
use futures_util::future::join_all;

use crate::fulfil::{Fulfil, delete_references};
use crate::generation::Generation;
use crate::id::{GenerationId, WorkerId};
use crate::mode::Mode;
use crate::ports::{
    CancelReason, Claim, Claimed, Clock, DatabaseError, Generations, Ids, ImageStore, LeaseError,
    Limits, Tasks,
};

mod reap;
mod slots;
mod submit;
mod waiting;

pub use reap::Reaping;
use reap::UnderWay;
use slots::{Slot, Slots};
pub use submit::{SubmitError, Submitted};
use waiting::Waiting;

/// How many generations one question to the database claims or reaps at most: enough to keep up, and a bound on what a
/// transaction locks.
const BATCH: u32 = 64;
/// Of how many generations references are deleted at once at most.
const MOST_DELETIONS: usize = 256;
/// The wait between tries to cancel what a shutdown leaves queued.
const CANCEL_AGAIN: Duration = Duration::from_secs(1);

/// What an operator can set about the engine.
#[derive(Clone, Copy, Debug)]
pub struct EngineSettings {
    /// Live generations in flight in this process; 0 leaves all live work to other processes.
    pub workers: u32,
    /// Test generations in flight in this process, beside the live ones; 0 leaves all test work to other processes.
    pub test_workers: u32,
    /// The longest a generation may run; a waiting call's queueing counts as well.
    pub generation_timeout: Duration,
    /// The longest a generation may stay queued.
    pub queue_timeout: Duration,
    /// How long a silent worker keeps its work.
    pub lease: Duration,
    /// What may be queued and accepted of live work.
    pub live_limits: Limits,
    /// The same of test work.
    pub test_limits: Limits,
}

impl EngineSettings {
    /// What may be queued and accepted of this mode.
    pub fn limits(&self, mode: Mode) -> Limits {
        match mode {
            Mode::Live => self.live_limits,
            Mode::Test => self.test_limits,
        }
    }
}

/// Whose end is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// That of work which this process does not do. Cheap enough to ask often.
    Elsewhere,
    /// That of all work: what this process does may have been taken over, when it hung or slept.
    Everywhere,
}

/// The ports that the engine stands on.
pub struct EnginePorts {
    /// The queue and the books.
    pub generations: Arc<dyn Generations>,
    /// Where references are put before acceptance.
    pub store: Arc<dyn ImageStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// Where work runs.
    pub tasks: Arc<dyn Tasks>,
}

/// The work of one mode, which never takes the slots of the other.
struct Lane {
    slots: Arc<Slots>,
    /// One clone for every generation in flight.
    in_flight: Arc<()>,
}

impl Lane {
    fn new(slots: u32) -> Self {
        Self {
            slots: Slots::new(slots),
            in_flight: Arc::new(()),
        }
    }
}

/// The engine.
pub struct Engine {
    fulfil: Fulfil,
    ports: EnginePorts,
    settings: EngineSettings,
    worker: Mutex<WorkerId>,
    live: Lane,
    test: Lane,
    /// One clone for every submission under way, from before it has a slot.
    under_way: Arc<()>,
    waiting: Waiting,
    /// What the reaper is at.
    reaping: UnderWay,
    /// One clone for every generation whose references are being deleted.
    deleting: Arc<()>,
    draining: AtomicBool,
    wake: Mutex<mpsc::Sender<()>>,
    woken: futures_util::lock::Mutex<mpsc::Receiver<()>>,
}

impl Engine {
    /// An engine that does nothing yet: [`Engine::register`] comes first.
    pub fn new(fulfil: Fulfil, ports: EnginePorts, settings: EngineSettings) -> Arc<Self> {
        let worker = WorkerId(ports.ids.next(ports.clock.now()));
        // One pending wake-up is as good as many, and one is what a single sender has besides the buffer. (A clone of
        // the sender for each wake-up would have a place of its own: a queue without a bound.)
        let (wake, woken) = mpsc::channel(0);
        Arc::new(Self {
            fulfil,
            settings,
            worker: Mutex::new(worker),
            live: Lane::new(settings.workers),
            test: Lane::new(settings.test_workers),
            under_way: Arc::new(()),
            waiting: Waiting::default(),
            reaping: UnderWay::default(),
            deleting: Arc::new(()),
            draining: AtomicBool::new(false),
            wake: Mutex::new(wake),
            woken: futures_util::lock::Mutex::new(woken),
            ports,
        })
    }

    /// What was set.
    pub fn settings(&self) -> &EngineSettings {
        &self.settings
    }

    /// Who draws.
    pub fn fulfil(&self) -> &Fulfil {
        &self.fulfil
    }

    /// Whether the process is shutting down and takes nothing new.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Whether nothing is in flight in this process, nor about to be, and nobody here waits for work elsewhere.
    pub fn is_idle(&self) -> bool {
        self.live.slots.are_all_free()
            && self.test.slots.are_all_free()
            && Arc::strong_count(&self.under_way) == 1
            && self.waiting.ids().is_empty()
    }

    /// How many generations of this mode are in flight in this process. (Slots are also taken for a moment by who asks for
    /// work.)
    pub fn in_flight(&self, mode: Mode) -> usize {
        Arc::strong_count(&self.lane(mode).in_flight) - 1
    }

    fn lane(&self, mode: Mode) -> &Lane {
        match mode {
            Mode::Live => &self.live,
            Mode::Test => &self.test,
        }
    }

    /// Notifies of this generation's end, seen in this process or elsewhere. Watch before submitting, or miss it.
    pub fn watch(&self, id: GenerationId) -> oneshot::Receiver<Generation> {
        self.waiting.watch(id)
    }

    /// Resolves when the process begins to shut down.
    pub async fn drain_begins(&self) {
        self.waiting.drain_begins().await;
    }

    async fn work(self: &Arc<Self>, claimed: Claimed, slot: Option<Slot>) {
        let in_flight = Arc::clone(&self.lane(claimed.generation.mode).in_flight);
        let _here = self.waiting.works_here(claimed.lease.generation);
        if let Some(ended) = self.fulfil.run(claimed).await {
            self.ended(&ended);
        }
        drop((in_flight, slot));
        self.wake();
    }

    /// Tells whoever waits, and deletes what nobody needs any more beside it: a store that hangs must not keep an answer.
    fn ended(self: &Arc<Self>, generation: &Generation) {
        self.waiting.ended(generation);
        // When so many are at it, the store hangs, and the rest is the collector's.
        if generation.references.is_empty() || Arc::strong_count(&self.deleting) > MOST_DELETIONS {
            return;
        }
        let (store, deleting) = (Arc::clone(&self.ports.store), Arc::clone(&self.deleting));
        let references = generation.references.clone();
        self.ports.tasks.spawn(Box::pin(async move {
            delete_references(store.as_ref(), &references).await;
            drop(deleting);
        }));
    }

    /// Asks for queued work to be claimed soon.
    pub fn wake(&self) {
        // Full means that a wake-up is pending already.
        let mut wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        drop(wake.try_send(()));
    }

    /// Resolves when there may be queued work to claim.
    pub async fn woken(&self) {
        self.woken.lock().await.next().await;
    }

    /// Claims as much queued work of a mode as it has free slots and sets it going; how much it was. Nothing while
    /// draining.
    ///
    /// An account that holds half of the slots gets another one only when no other account waits.
    pub async fn claim(self: &Arc<Self>, mode: Mode) -> Result<usize, DatabaseError> {
        let lane = self.lane(mode);
        let slots = if self.is_draining() {
            Vec::new()
        } else {
            lane.slots.take_up_to(BATCH)
        };
        if slots.is_empty() {
            return Ok(0);
        }
        let free = u32::try_from(slots.len()).unwrap_or(BATCH);
        let shares = lane.slots.shares();
        let mut claim = Claim {
            worker: self.worker(),
            mode,
            timeout: self.settings.generation_timeout,
            at_most: free.min(shares.room),
            except: shares.full,
        };
        let mut claimed = self.ports.generations.claim(&claim).await?;
        if claimed.is_empty() && !claim.except.is_empty() {
            claim.except.clear();
            claim.at_most = free;
            claimed = self.ports.generations.claim(&claim).await?;
        }
        let count = claimed.len();
        for (claimed, mut slot) in claimed.into_iter().zip(slots) {
            slot.give(claimed.generation.account);
            let engine = Arc::clone(self);
            self.ports.tasks.spawn(Box::pin(
                async move { engine.work(claimed, Some(slot)).await },
            ));
        }
        Ok(count)
    }

    /// Tells those who wait here of what ended elsewhere: one question for all of them.
    pub async fn look_for_ends(&self, look: Look) -> Result<(), DatabaseError> {
        let ids = match look {
            Look::Elsewhere => self.waiting.ids_elsewhere(),
            Look::Everywhere => self.waiting.ids(),
        };
        if ids.is_empty() {
            return Ok(());
        }
        for generation in self.ports.generations.ended(&ids).await? {
            self.waiting.ended(&generation);
        }
        Ok(())
    }

    /// Announces this process, so that work can be in its hands.
    pub async fn register(&self) -> Result<(), DatabaseError> {
        self.ports
            .generations
            .register(self.worker(), self.settings.lease)
            .await
    }

    /// Renews the lease of all the work here. When others have forgotten this worker, because its lease had lapsed and it
    /// held nothing any more, the process goes on under a new name.
    pub async fn renew(&self) -> Result<(), DatabaseError> {
        match self
            .ports
            .generations
            .renew(self.worker(), self.settings.lease)
            .await
        {
            Ok(()) => Ok(()),
            Err(LeaseError::Database(error)) => Err(error),
            Err(LeaseError::Lost) => {
                let worker = WorkerId(self.ports.ids.next(self.ports.clock.now()));
                tracing::warn!(%worker, "the lease had lapsed and was forgotten; starting over under a new name");
                self.ports
                    .generations
                    .register(worker, self.settings.lease)
                    .await?;
                *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = worker;
                Ok(())
            }
        }
    }

    /// Begins to shut down: nothing new is taken or claimed; queued work whose callers wait here is canceled and
    /// refunded; callers who take a 202 get it. Running work goes on.
    pub async fn drain(self: &Arc<Self>) {
        self.draining.store(true, Ordering::Release);
        let waiting = self.waiting.ids();
        self.waiting.begin_drain();
        let queued = waiting
            .into_iter()
            .filter(|id| self.waiting.takes_no_202(*id));
        join_all(queued.map(|id| self.cancel_for_shutdown(id))).await;
    }

    /// Tried until the database answers: its caller waits here. Whoever shuts down bounds the time.
    async fn cancel_for_shutdown(self: &Arc<Self>, id: GenerationId) {
        while let Err(error) = self.cancel(id, CancelReason::ShuttingDown).await {
            tracing::warn!(generation = %id, %error, "could not cancel queued work yet");
            self.ports.clock.sleep(CANCEL_AGAIN).await;
        }
    }

    /// Gives the lease up, so that what may be left need not wait for it to lapse.
    pub async fn resign(&self) -> Result<(), DatabaseError> {
        self.ports.generations.resign(self.worker()).await
    }

    /// Says that the caller who watches this generation waits to its end and takes no 202.
    pub fn waits_to_the_end(&self, id: GenerationId) {
        self.waiting.waits_to_the_end(id);
    }

    /// The name under which this process holds its work.
    pub fn worker(&self) -> WorkerId {
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;

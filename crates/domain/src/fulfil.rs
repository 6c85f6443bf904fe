//! The work itself: one running generation, from the provider's call to its settlement.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use crate::generation::{
    Ending, Failure, FailureCode, Generation, Lease, Reference, SavedImage, State,
};
use crate::mode::Mode;
use crate::ports::{
    Claimed, Clock, DatabaseError, Generations, Ids, ImageProvider, ImageStore, LeaseError,
    ProviderError, Spool,
};

mod draw;
mod recover;

/// The wait between tries to save an image or to settle: often enough that an outage of seconds costs seconds.
const PERSIST_BACKOFF: Duration = Duration::from_secs(1);

/// How often a settlement that the database answers with nonsense is tried again: what is wrong with a row stays wrong, and
/// a slot must not be held by it for good.
const MAX_UNEXPECTED: u32 = 3;

/// How long what a dead holder left is tried to be settled by whoever took it over: less than the reaper's grace, after
/// which it is anybody's again.
const ABANDON_PATIENCE: Duration = Duration::from_secs(20);

/// Why there is nothing to deliver.
enum Stop {
    /// Somebody else has the generation.
    Lost,
    /// The provider, or what stands for it.
    Provider(ProviderError),
}

impl From<ProviderError> for Stop {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

/// Who draws: the live providers by name, and the sandbox for test mode.
pub struct Providers {
    live: HashMap<String, Arc<dyn ImageProvider>>,
    sandbox: Arc<dyn ImageProvider>,
}

impl Providers {
    /// The sandbox alone; live providers are added.
    pub fn new(sandbox: Arc<dyn ImageProvider>) -> Self {
        Self {
            live: HashMap::new(),
            sandbox,
        }
    }

    /// Adds a live provider under the name that the catalog knows it by.
    #[must_use]
    pub fn with(mut self, name: &str, provider: Arc<dyn ImageProvider>) -> Self {
        self.live.insert(name.to_owned(), provider);
        self
    }

    /// Who draws for this mode and the model's provider; `None` when an operator has not configured it.
    pub fn find(&self, mode: Mode, provider: &str) -> Option<&Arc<dyn ImageProvider>> {
        match mode {
            Mode::Test => Some(&self.sandbox),
            Mode::Live => self.live.get(provider),
        }
    }
}

/// The use case: a claimed generation in, its end out.
pub struct Fulfil {
    providers: Providers,
    spool: Arc<dyn Spool>,
    store: Arc<dyn ImageStore>,
    generations: Arc<dyn Generations>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// What a run has got so far; outlives the run's future, so that a deadline keeps the images that were saved.
#[derive(Default)]
struct Progress(Mutex<BTreeMap<u8, SavedImage>>);

impl Progress {
    fn add(&self, position: u8, image: SavedImage) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(position, image);
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// In the provider's order.
    fn take(&self) -> Vec<SavedImage> {
        let saved = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        saved.into_values().collect()
    }
}

impl Fulfil {
    /// Over these ports.
    pub fn new(
        providers: Providers,
        spool: Arc<dyn Spool>,
        store: Arc<dyn ImageStore>,
        generations: Arc<dyn Generations>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self {
            providers,
            spool,
            store,
            generations,
            clock,
            ids,
        }
    }

    /// Who draws.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Draws, saves and settles. `None` when the lease was lost: then somebody else ends the generation, and nothing
    /// was written here.
    ///
    /// A panic underneath is settled as a failure like any other. When the database is away, the settlement is tried
    /// until it comes back.
    pub async fn run(&self, claimed: Claimed) -> Option<Generation> {
        let Claimed {
            lease,
            generation,
            time_left,
        } = claimed;
        // Begun before anything else, so that what it takes to record the dispatch counts as well.
        let deadline = self.clock.sleep(time_left);
        let progress = Progress::default();
        let work = AssertUnwindSafe(self.work(&lease, &generation, &progress)).catch_unwind();
        let error = match select(Box::pin(work), deadline).await {
            Either::Left((Ok(Ok(())), _)) => None,
            Either::Left((Ok(Err(Stop::Lost)), _)) => return None,
            Either::Left((Ok(Err(Stop::Provider(error))), _)) => Some(error),
            Either::Left((Err(_panic), _)) => Some(ProviderError::Failed {
                message: "the work panicked".to_owned(),
            }),
            Either::Right(((), _)) => Some(ProviderError::Failed {
                message: "not finished within the generation timeout".to_owned(),
            }),
        };
        if let Some(error) = &error {
            report(&generation, error);
        }
        self.settle(&lease, &ending(progress.take(), error)).await
    }

    /// Ends what a dead holder had dispatched: it is never sent again. What was saved by then was delivered; when that
    /// is nothing, it has failed.
    pub async fn abandon(&self, claimed: Claimed) -> Option<Generation> {
        let message = "The service was interrupted while the image was being generated; the credits were refunded.";
        let saved = self.saved_before(&claimed.generation).await;
        let ending = if saved.is_empty() {
            Ending::Failed(Failure::new(FailureCode::GenerationFailed, message))
        } else {
            Ending::Succeeded(saved)
        };
        // Bounded, because whoever finds it after the grace tries again, and the reaper has others to look after.
        let settling = Box::pin(self.settle(&claimed.lease, &ending));
        match select(settling, self.clock.sleep(ABANDON_PATIENCE)).await {
            Either::Left((ended, _)) => ended,
            Either::Right(((), _)) => None,
        }
    }

    async fn work(
        &self,
        lease: &Lease,
        generation: &Generation,
        progress: &Progress,
    ) -> Result<(), Stop> {
        if !matches!(generation.state, State::Running { dispatched: true })
            && !self.dispatch(lease).await
        {
            return Err(Stop::Lost);
        }
        Ok(self.draw(lease, generation, progress).await?)
    }

    /// Marks the generation as dispatched; false when the lease was lost. Asked again it tells whether it still holds.
    async fn dispatch(&self, lease: &Lease) -> bool {
        loop {
            match self.generations.dispatch(lease).await {
                Ok(()) => return true,
                Err(LeaseError::Lost) => return false,
                // Tried until the database is back: the work is still this process's, or else the answer is `Lost`.
                Err(LeaseError::Database(_)) => self.clock.sleep(PERSIST_BACKOFF).await,
            }
        }
    }

    async fn settle(&self, lease: &Lease, ending: &Ending) -> Option<Generation> {
        let mut unexpected = 0;
        loop {
            match self
                .generations
                .settle(lease, ending, self.clock.now())
                .await
            {
                Ok(ended) => return Some(ended),
                Err(LeaseError::Lost) => {
                    tracing::warn!(generation = %lease.generation, "the lease was lost; somebody else settles");
                    return None;
                }
                Err(LeaseError::Database(DatabaseError::Unexpected(error)))
                    if unexpected == MAX_UNEXPECTED =>
                {
                    tracing::error!(generation = %lease.generation, error, "cannot be settled; left to the reaper, which tries again");
                    return None;
                }
                Err(LeaseError::Database(error)) => {
                    unexpected += u32::from(matches!(error, DatabaseError::Unexpected(_)));
                    tracing::warn!(generation = %lease.generation, %error, "could not settle yet");
                    self.clock.sleep(PERSIST_BACKOFF).await;
                }
            }
        }
    }
}

/// Deletes reference images that nobody needs any more. What cannot be deleted now is left to the collector.
pub(crate) async fn delete_references(store: &dyn ImageStore, references: &[Reference]) {
    for reference in references {
        if let Err(error) = store.delete(&reference.object_name).await {
            tracing::warn!(object = %reference.object_name, %error, "a reference image was left behind");
        }
    }
}

/// Tells the operator what the caller is not told.
fn report(generation: &Generation, error: &ProviderError) {
    let id = generation.id;
    match error {
        ProviderError::Account { .. } => {
            tracing::error!(generation = %id, %error, "the provider needs the operator");
        }
        ProviderError::Refused { .. } => {
            tracing::info!(generation = %id, "the provider refused the content");
        }
        _ => tracing::warn!(generation = %id, %error, "the generation failed"),
    }
}

/// The end that follows from what was saved and what went wrong: any saved image makes a success.
fn ending(saved: Vec<SavedImage>, error: Option<ProviderError>) -> Ending {
    if !saved.is_empty() {
        return Ending::Succeeded(saved);
    }
    let failed = |message: &str| Failure::new(FailureCode::GenerationFailed, message);
    Ending::Failed(match error {
        Some(ProviderError::Refused { message }) => {
            Failure::new(FailureCode::ContentRejected, message)
        }
        Some(ProviderError::NotAccepted { .. }) => failed(
            "The image provider is overloaded and did not accept the request; the credits were refunded.",
        ),
        Some(ProviderError::Account { .. }) => failed(
            "The image provider refused the service's own account; the credits were refunded.",
        ),
        Some(ProviderError::BadImage { .. }) => {
            failed("The image provider returned no usable image; the credits were refunded.")
        }
        Some(ProviderError::Failed { .. }) | None => {
            failed("The image provider failed to generate the image; the credits were refunded.")
        }
    })
}

#[cfg(test)]
#[path = "fulfil_tests.rs"]
mod tests;

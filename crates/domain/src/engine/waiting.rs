//! Who waits in this process for which generation.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::Shared;

use crate::generation::Generation;
use crate::id::GenerationId;

/// The callers that wait, by generation.
pub(super) struct Waiting {
    watched: Mutex<HashMap<GenerationId, Watched>>,
    begin_drain: Mutex<Option<oneshot::Sender<()>>>,
    drain_begins: Shared<oneshot::Receiver<()>>,
}

#[derive(Default)]
struct Watched {
    callers: Vec<oneshot::Sender<Generation>>,
    takes_no_202: bool,
    /// Who works on it tells its end.
    is_here: bool,
}

/// Work in this process's hands.
pub(super) struct Here<'engine> {
    waiting: &'engine Waiting,
    id: GenerationId,
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.waiting.set_here(self.id, false);
    }
}

impl Default for Waiting {
    fn default() -> Self {
        let (begin_drain, drain_begins) = oneshot::channel();
        Self {
            watched: Mutex::default(),
            begin_drain: Mutex::new(Some(begin_drain)),
            drain_begins: drain_begins.shared(),
        }
    }
}

impl Waiting {
    pub(super) fn watch(&self, id: GenerationId) -> oneshot::Receiver<Generation> {
        let (sender, receiver) = oneshot::channel();
        self.lock().entry(id).or_default().callers.push(sender);
        receiver
    }

    pub(super) fn waits_to_the_end(&self, id: GenerationId) {
        if let Some(watched) = self.lock().get_mut(&id) {
            watched.takes_no_202 = true;
        }
    }

    pub(super) fn takes_no_202(&self, id: GenerationId) -> bool {
        self.lock()
            .get(&id)
            .is_some_and(|watched| watched.takes_no_202)
    }

    /// Tells everybody who waits for it.
    pub(super) fn ended(&self, generation: &Generation) {
        let Some(watched) = self.lock().remove(&generation.id) else {
            return;
        };
        for caller in watched.callers {
            // A caller that is gone needs no answer.
            drop(caller.send(generation.clone()));
        }
    }

    /// Says that this process works on the generation, until the guard is dropped: then its end is looked for again.
    pub(super) fn works_here(&self, id: GenerationId) -> Here<'_> {
        self.set_here(id, true);
        Here { waiting: self, id }
    }

    fn set_here(&self, id: GenerationId, is_here: bool) {
        if let Some(watched) = self.lock().get_mut(&id) {
            watched.is_here = is_here;
        }
    }

    /// Those of [`Waiting::ids`] that this process does not work on.
    pub(super) fn ids_elsewhere(&self) -> Vec<GenerationId> {
        let mut ids = self.ids();
        let watched = self.lock();
        ids.retain(|id| watched.get(id).is_some_and(|watched| !watched.is_here));
        ids
    }

    /// Which generations somebody waits for; forgets those whose callers are all gone.
    pub(super) fn ids(&self) -> Vec<GenerationId> {
        let mut watched = self.lock();
        watched.retain(|_, watched| watched.callers.iter().any(|caller| !caller.is_canceled()));
        watched.keys().copied().collect()
    }

    pub(super) fn begin_drain(&self) {
        drop(
            self.begin_drain
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    pub(super) async fn drain_begins(&self) {
        // Resolves with an error when the sender is dropped, which is the signal.
        let _signal = self.drain_begins.clone().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GenerationId, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

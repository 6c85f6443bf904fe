//! The collector: deletes objects in the image store that no row names and nobody will need.
//!
//! They are left by a crash between saving and settling, by a worker whose lease had passed on, and by reference images
//! that could not be deleted. A round goes over everything there is, so it needs no memory of its own: whatever a late
//! writer adds after one round, the next one finds. Several collectors at once do no harm.
//!
//! Thumbnails are left alone: one is made only of an image that a row names, and neither images nor their rows are ever
//! deleted, so that none becomes an orphan by itself. One whose row went in a restore is small, and nothing reaches it.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use crate::id::GenerationId;
use crate::object_name::ObjectName;
use crate::ports::{Clock, DatabaseError, Generations, ImageStore, StoreError};
use crate::time::Timestamp;

/// How old the id of a generation that does not exist must be until it counts as never to be accepted. Between the two
/// lie the upload of its references to the store (16 of 50 MB, at 1.4 Mbit/s some 80 minutes) and the looking up of a
/// lost answer (17 s). With a round an hour everything is gone within 14 h, of the 24 h that are promised.
const NEVER_ACCEPTED_AGE: Duration = Duration::from_hours(12);
/// How long after its end a generation's leftovers are kept. An end never changes and its images are named by the same
/// commit, so nothing needs them; the hour is for a database that loses its last commits in a crash, against our advice.
const ENDED_AGE: Duration = Duration::from_hours(1);
/// How many names are listed at a time, which is what a round holds in memory (half a megabyte). Each page of a store on
/// local disk reads the names of all generations' folders, so that small pages would cost a large store dearly.
const PAGE: usize = 5_000;
/// How many names the database is asked about at a time: two indexed queries of milliseconds.
const BATCH: usize = 500;
/// The rest after each batch. A million objects take 100 s of rests, and nobody else waits for long.
const PAUSE: Duration = Duration::from_millis(50);
/// How often, and how far apart, a question to the store or the database is asked before the round is given up.
const TRIES: u32 = 5;
const RETRY_PAUSE: Duration = Duration::from_secs(10);
/// Deletions under way at a time: a store far away answers each in tens of milliseconds.
const DELETIONS_AT_ONCE: usize = 8;
/// How many objects of a round may refuse to go until it is given up: a few may be locked, a store that is away fails all.
const MAX_FAILURES: u32 = 20;
/// From how many images of generations that do not exist in all the store it is likelier that this is not the storage of
/// this database (another hub's, or an old copy restored) than that they are garbage: a generation's row is there before
/// its first image and is never deleted, so that a hub by itself never makes any.
const MANY_STRANGERS: usize = 100;

/// The use case.
pub struct Collect {
    store: Arc<dyn ImageStore>,
    generations: Arc<dyn Generations>,
    clock: Arc<dyn Clock>,
}

/// What a round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Objects looked at.
    pub seen: u64,
    /// Orphans deleted.
    pub deleted: u64,
    /// Orphans that could not be deleted; the next round tries again.
    pub failed: u32,
    /// Images that were left alone because they look like another database's.
    pub strangers: u64,
}

/// Why a round was given up. What it deleted stays deleted; the next one begins anew.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What is to be done with a batch.
#[derive(Default)]
struct Sorted {
    /// Of generations that have ended, or references of generations that never came about.
    orphans: Vec<ObjectName>,
    /// Images of generations that do not exist.
    strangers: Vec<ObjectName>,
}

impl Collect {
    /// Over these ports.
    pub fn new(
        store: Arc<dyn ImageStore>,
        generations: Arc<dyn Generations>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            generations,
            clock,
        }
    }

    /// Goes over all objects once, and deletes the orphans. Idempotent, and may be dropped at any moment.
    pub async fn round(&self) -> Result<Collected, CollectError> {
        let mut collected = Collected::default();
        // Kept until all are known, and no more of them than can be garbage.
        let mut strangers = Vec::new();
        for folder in [ObjectName::REFERENCES, ObjectName::GENERATIONS] {
            let mut after = None;
            loop {
                let page = self
                    .patiently(|| self.store.list(folder, after.clone(), PAGE))
                    .await?;
                for batch in page.chunks(BATCH) {
                    let sorted = self.patiently(|| self.sort(batch)).await?;
                    collected.seen += batch.len() as u64;
                    collected.strangers += sorted.strangers.len() as u64;
                    let room = MANY_STRANGERS.saturating_sub(strangers.len());
                    strangers.extend(sorted.strangers.into_iter().take(room));
                    self.delete(sorted.orphans, &mut collected).await?;
                    self.clock.sleep(PAUSE).await;
                }
                match page.last() {
                    Some(last) => after = Some(last.clone()),
                    None => break,
                }
            }
        }
        if strangers.len() < MANY_STRANGERS {
            collected.strangers = 0;
            self.delete(strangers, &mut collected).await?;
        }
        Ok(collected)
    }

    async fn delete(
        &self,
        orphans: Vec<ObjectName>,
        collected: &mut Collected,
    ) -> Result<(), CollectError> {
        let mut deletions = stream::iter(orphans)
            .map(async |name: ObjectName| (self.store.delete(&name).await, name))
            .buffer_unordered(DELETIONS_AT_ONCE);
        while let Some((deleted, object)) = deletions.next().await {
            match deleted {
                Ok(()) => collected.deleted += 1,
                Err(error) => {
                    tracing::warn!(%object, %error, "an orphaned object could not be deleted");
                    collected.failed += 1;
                    if collected.failed >= MAX_FAILURES {
                        return Err(error.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Asks the rows, which come first whatever else speaks for an orphan.
    async fn sort(&self, batch: &[ObjectName]) -> Result<Sorted, CollectError> {
        // What the hub did not name is not its own to delete.
        let ours: Vec<(&ObjectName, GenerationId)> = batch
            .iter()
            .filter_map(|name| Some((name, name.generation()?)))
            .collect();
        // Names come in order, so those of one generation stand together.
        let mut ids: Vec<GenerationId> = ours.iter().map(|&(_, id)| id).collect();
        ids.dedup();
        let ends = self.generations.end_times(&ids).await?;
        let ends: HashMap<GenerationId, Option<Timestamp>> = ends.into_iter().collect();
        let now = self.clock.now();
        let is_needed = |id: GenerationId| match ends.get(&id) {
            // Queued or running: its references are read, and its images are settled, perhaps by the reaper.
            Some(None) => true,
            Some(Some(ended_at)) => now.since(*ended_at) < ENDED_AGE,
            None => (id.made_at()).is_none_or(|at| now.since(at) < NEVER_ACCEPTED_AGE),
        };
        let unneeded: Vec<(&ObjectName, GenerationId)> =
            ours.into_iter().filter(|&(_, id)| !is_needed(id)).collect();
        // Only after the ends: what they named was committed with them, so it is seen now.
        let asked: Vec<ObjectName> = unneeded.iter().map(|&(name, _)| name.clone()).collect();
        let named = self.generations.named_images(&asked).await?;
        let named: HashSet<ObjectName> = named.into_iter().collect();
        let mut sorted = Sorted::default();
        for (name, id) in unneeded {
            if named.contains(name) {
                continue;
            }
            let is_image = ObjectName::parse_image(name.as_str()).is_some();
            if is_image && !ends.contains_key(&id) {
                sorted.strangers.push(name.clone());
            } else {
                sorted.orphans.push(name.clone());
            }
        }
        Ok(sorted)
    }

    /// Asks again after a while, a few times: a round over a large store must not begin anew for a moment's outage.
    async fn patiently<T, E, F>(&self, mut ask: impl FnMut() -> F) -> Result<T, CollectError>
    where
        E: Into<CollectError>,
        F: Future<Output = Result<T, E>>,
    {
        let mut tries = 1;
        loop {
            match ask().await {
                Err(_) if tries < TRIES => {
                    tries += 1;
                    self.clock.sleep(RETRY_PAUSE).await;
                }
                answer => return answer.map_err(Into::into),
            }
        }
    }
}

#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;

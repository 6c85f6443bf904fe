//! The collector's loop: what nobody names or holds any more is deleted, in the image store and in the spool.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use gih_domain::collect::Collect;
use gih_domain::ports::Ids as _;

use crate::hub::Hub;
use crate::ids::SystemIds;
use crate::spool;

/// The time between two rounds. With the ages that [`Collect`] waits for, an orphan is gone long before 24 h are over,
/// also when some rounds fail.
const EVERY: Duration = Duration::from_hours(1);
/// Up to so much is added by chance, so that replicas that were started together do not go on together.
const JITTER: Duration = Duration::from_mins(10);

/// Goes over everything now and every hour; a process that starts often must collect as well. Never ends.
pub async fn run(hub: Arc<Hub>) {
    let collect = Collect::new(
        Arc::clone(&hub.store),
        Arc::new(hub.books.database.clone()),
        Arc::clone(&hub.books.clock) as _,
    );
    loop {
        // A panic ends no loop.
        if (AssertUnwindSafe(round(&hub, &collect)).catch_unwind().await).is_err() {
            tracing::error!("a panic: could not collect orphaned objects");
        }
        let mut chance = [0];
        SystemIds.fill(&mut chance);
        tokio::time::sleep(EVERY + JITTER * u32::from(chance[0]) / 255).await;
    }
}

async fn round(hub: &Hub, collect: &Collect) {
    match collect.round().await {
        Ok(collected) => {
            if collected.deleted > 0 {
                let (deleted, seen) = (collected.deleted, collected.seen);
                tracing::info!(deleted, seen, "orphaned objects were deleted");
            }
            if collected.strangers > 0 {
                tracing::error!(
                    images = collected.strangers,
                    "the storage (GIH_STORAGE_URL) is full of images of generations that the database has never had; they are \
                     left alone: is the storage another hub's, or the database an old copy?"
                );
            }
        }
        Err(error) => {
            tracing::warn!(%error, "orphaned objects could not be collected; the next round is in an hour");
        }
    }
    let parent = hub.spool_parent.clone();
    let cleared = tokio::task::spawn_blocking(move || spool::clear_left_behind(&parent)).await;
    match cleared {
        Ok(Ok(0)) | Err(_) => {}
        Ok(Ok(folders)) => tracing::info!(folders, "what dead processes had spooled was deleted"),
        Ok(Err(error)) => tracing::warn!(%error, "the spool could not be looked through"),
    }
}

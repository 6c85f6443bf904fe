//! What a dead holder had saved before it died: paid for, whole, and the caller's.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::future::{Either, select};

use super::{Fulfil, PERSIST_BACKOFF};
use crate::blob::ImageFacts;
use crate::generation::{Generation, SavedImage};
use crate::id::ImageId;
use crate::object_name::ObjectName;
use crate::ports::{Spool, SpoolError, StoreError};

/// How large a saved image can be: no provider's image above 64 MiB is ever saved.
const MAX_IMAGE_BYTES: u64 = 64 * 1024 * 1024;
/// How often the store is asked before the images are given up: its outage must not keep the credits back, because the
/// generation is past its time already.
const TRIES: u32 = 3;

/// How long all of it may take: the credits come back within 60 s of the deadline, and half of that is gone already.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why an image could not be read back.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] std::io::Error),
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl Unreadable {
    /// Whether it is about this object alone, and asking again will not help.
    fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::NotFound)
                | Self::Spool(
                    SpoolError::NotAnImage | SpoolError::Damaged(_) | SpoolError::TooLarge(_)
                )
        )
    }
}

impl Fulfil {
    /// The generation's images that lie in the store, at most as many as were asked for; none when they cannot be read
    /// back in a bounded time.
    pub(super) async fn saved_before(&self, generation: &Generation) -> Vec<SavedImage> {
        let reading = Box::pin(self.read_back_patiently(generation));
        match select(reading, self.clock.sleep(PATIENCE)).await {
            Either::Left((saved, _)) => saved,
            Either::Right(((), _)) => {
                tracing::warn!(generation = %generation.id, "saved images could not be read back in time");
                Vec::new()
            }
        }
    }

    /// An object is there whole or not at all ([`ImageStore::put`](crate::ports::ImageStore::put)); each is read once to
    /// learn what it is.
    async fn read_back_patiently(&self, generation: &Generation) -> Vec<SavedImage> {
        let mut tries = 1;
        loop {
            match self.read_back(self.spool.as_ref(), generation).await {
                Ok(saved) => return saved,
                Err(error) if tries < TRIES => {
                    tracing::warn!(generation = %generation.id, %error, "saved images could not be read back yet");
                    tries += 1;
                    self.clock.sleep(PERSIST_BACKOFF).await;
                }
                Err(error) => {
                    tracing::warn!(generation = %generation.id, %error, "saved images could not be read back");
                    return Vec::new();
                }
            }
        }
    }

    async fn read_back(
        &self,
        spool: &dyn Spool,
        generation: &Generation,
    ) -> Result<Vec<SavedImage>, Unreadable> {
        let folder = format!("{}/{}", ObjectName::GENERATIONS, generation.id);
        let n = usize::from(generation.n);
        let mut saved = Vec::new();
        for object_name in self.store.list(&folder, None, n).await? {
            let about = match self.facts(spool, &object_name).await {
                Ok(about) => about,
                Err(error) if error.is_final() => {
                    tracing::warn!(object = %object_name, %error, "not a saved image; it is left to the collector");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let created_at = self.clock.now();
            saved.push(SavedImage {
                about,
                id: ImageId(self.ids.next(created_at)),
                object_name,
                created_at,
            });
        }
        Ok(saved)
    }

    async fn facts(&self, spool: &dyn Spool, name: &ObjectName) -> Result<ImageFacts, Unreadable> {
        let mut bytes = self.store.get(name, None).await?.bytes;
        let mut file = spool.create(MAX_IMAGE_BYTES).await?;
        while let Some(piece) = bytes.try_next().await? {
            file.write(piece).await?;
        }
        Ok(file.finish().await?.about)
    }
}

//! The provider's call, and the images as they come from it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{StreamExt as _, select_biased};

use super::{Fulfil, PERSIST_BACKOFF, Progress};
use crate::blob::{Blob, ByteStream, Source};
use crate::generation::{Generation, Lease, Reference, SavedImage};
use crate::id::ImageId;
use crate::object_name::ObjectName;
use crate::ports::{ImageProvider, ImageStore, Images, Order, ProviderError, StoreError};

/// How often a request that was provably not accepted is sent again.
const MAX_RETRIES: u32 = 3;
/// The wait before the first retry when the provider names none; it doubles with each.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
impl Fulfil {
    /// Has the images drawn, and saves them as they come.
    pub(super) async fn draw(
        &self,
        lease: &Lease,
        generation: &Generation,
        progress: &Progress,
    ) -> Result<(), ProviderError> {
        let Some(provider) = self.providers.find(generation.mode, &generation.provider) else {
            let message = format!("no provider {:?} is configured", generation.provider);
            return Err(ProviderError::Account { message });
        };
        let images = self.call(provider.as_ref(), lease, generation).await?;
        let mut images = images.fuse();
        // Beside each other: one that the store refuses must not keep the others back.
        let mut saves = FuturesUnordered::new();
        let (mut begun, mut bad, mut broken) = (0, None, None);
        loop {
            select_biased! {
                () = saves.select_next_some() => {}
                image = images.select_next_some() => match image {
                    Ok(blob) => {
                        saves.push(self.save(generation, begun, blob, progress));
                        begun += 1;
                    }
                    Err(error @ ProviderError::BadImage { .. }) => bad = Some(error),
                    Err(error) => broken = Some(error),
                },
                complete => break,
            }
            if begun == generation.n || broken.is_some() {
                images = stream::empty().boxed().fuse(); // ends the call
            }
        }
        if progress.count() > 0 {
            return Ok(());
        }
        Err(broken.or(bad).unwrap_or_else(|| ProviderError::Failed {
            message: "the provider returned no image".to_owned(),
        }))
    }

    /// Calls the provider, again only on proof that nothing was accepted, and only while the lease holds: whoever has
    /// the generation by then may be sending it too. The deadline is around all of it.
    async fn call(
        &self,
        provider: &dyn ImageProvider,
        lease: &Lease,
        generation: &Generation,
    ) -> Result<Images, ProviderError> {
        let mut retries = 0;
        loop {
            match provider.generate(self.order(generation)).await {
                Err(error @ ProviderError::NotAccepted { .. }) if retries < MAX_RETRIES => {
                    let backoff = FIRST_BACKOFF * 2_u32.pow(retries);
                    self.clock
                        .sleep(error.retry_after().unwrap_or(backoff))
                        .await;
                    retries += 1;
                    if !self.still_holds(lease).await {
                        return Err(error);
                    }
                }
                other => return other,
            }
        }
    }

    /// Whether the lease holds, now or after the next heartbeat: a process that stood still finds its lease lapsed, and
    /// renews it unless somebody has taken the generation over meanwhile.
    async fn still_holds(&self, lease: &Lease) -> bool {
        if self.dispatch(lease).await {
            return true;
        }
        self.clock.sleep(PERSIST_BACKOFF).await;
        self.dispatch(lease).await
    }

    fn order(&self, generation: &Generation) -> Order {
        let blob = |reference: &Reference| Blob {
            about: reference.about,
            source: Arc::new(Stored {
                store: Arc::clone(&self.store),
                name: reference.object_name.clone(),
            }),
        };
        Order {
            model: generation.provider_model.clone(),
            prompt: generation.prompt.clone(),
            size: generation.size,
            rendering_quality: generation.rendering_quality,
            n: generation.n,
            references: generation.references.iter().map(blob).collect(),
        }
    }

    /// Saves one image, the one at this position, trying until the deadline that is around all of it.
    async fn save(&self, generation: &Generation, position: u8, blob: Blob, progress: &Progress) {
        let created_at = self.clock.now();
        let mut random = [0; 16];
        self.ids.fill(&mut random);
        let extension = blob.about.format.extension();
        let object_name = ObjectName::of_image(
            generation.id,
            position,
            u128::from_be_bytes(random),
            extension,
        );
        while let Err(error) = self.store.put(&object_name, &blob).await {
            tracing::warn!(generation = %generation.id, %error, "an image could not be saved yet");
            self.clock.sleep(PERSIST_BACKOFF).await;
        }
        let id = ImageId(self.ids.next(created_at));
        let about = blob.about;
        progress.add(
            position,
            SavedImage {
                id,
                object_name,
                about,
                created_at,
            },
        );
    }
}

/// A reference image as it lies in the store.
pub(super) struct Stored {
    pub(super) store: Arc<dyn ImageStore>,
    pub(super) name: ObjectName,
}

#[async_trait]
impl Source for Stored {
    async fn open(&self) -> std::io::Result<ByteStream> {
        match self.store.get(&self.name, None).await {
            Ok(object) => Ok(object.bytes),
            Err(error @ StoreError::NotFound) => {
                Err(std::io::Error::new(std::io::ErrorKind::NotFound, error))
            }
            Err(error) => Err(std::io::Error::other(error)),
        }
    }
}

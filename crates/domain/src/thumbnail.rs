//! Thumbnails of saved images: made when first asked for, and kept in the image store from then on.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use futures_util::lock::Mutex;

use crate::blob::Blob;
use crate::generation::SavedImage;
use crate::id::{AccountId, ImageId};
use crate::object_name::ObjectName;
use crate::ports::{
    DatabaseError, Generations, ImageStore, Object, ShrinkError, Spool, SpoolError, StoreError,
    Thumbnailer,
};

/// How many originals are fetched into the spool at a time, however many are asked for: a gallery of a thousand new
/// images must leave the spool to generations.
const MAKERS: usize = 4;

/// The use case.
pub struct Thumbnails {
    generations: Arc<dyn Generations>,
    store: Arc<dyn ImageStore>,
    spool: Arc<dyn Spool>,
    thumbnailer: Arc<dyn Thumbnailer>,
    /// An image has the same maker each time, so that those who ask for it at once have it made once. Between processes
    /// nobody takes turns: what two of them put is the same.
    makers: [Mutex<()>; MAKERS],
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ThumbnailError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The image store; `NotFound` when it has lost the original.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The original makes no picture that is shown small. Asking again will not help.
    #[error("no thumbnail can be made of the image: {0}")]
    Undecodable(String),
    /// Local disk is full or fails. Asking again may help.
    #[error("no thumbnail can be made now: {0}")]
    Unavailable(String),
}

impl From<SpoolError> for ThumbnailError {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::NotAnImage | SpoolError::Damaged(_) | SpoolError::TooLarge(_) => {
                Self::Undecodable(error.to_string())
            }
            SpoolError::Full | SpoolError::Disk(_) => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<ShrinkError> for ThumbnailError {
    fn from(error: ShrinkError) -> Self {
        match error {
            ShrinkError::Undecodable(why) => Self::Undecodable(why),
            ShrinkError::Unreadable(_) => Self::Unavailable(error.to_string()),
        }
    }
}

impl Thumbnails {
    /// Over these ports.
    pub fn new(
        generations: Arc<dyn Generations>,
        store: Arc<dyn ImageStore>,
        spool: Arc<dyn Spool>,
        thumbnailer: Arc<dyn Thumbnailer>,
    ) -> Self {
        Self {
            generations,
            store,
            spool,
            thumbnailer,
            makers: Default::default(),
        }
    }

    /// The thumbnail of one of the account's images, in either mode: a JPEG of some kilobytes, the same bytes each time.
    /// Any account's for `None`, which is for admins. `Ok(None)` when there is no such image or it is another's.
    pub async fn open(
        &self,
        account: Option<AccountId>,
        id: ImageId,
    ) -> Result<Option<Object>, ThumbnailError> {
        let Some(image) = self.generations.image(account, id).await? else {
            return Ok(None);
        };
        let name = ObjectName::of_thumbnail(&image.object_name);
        if let Some(kept) = self.kept(&name).await? {
            return Ok(Some(kept));
        }
        let maker = &self.makers[usize::from(id.0.as_bytes()[15]) % MAKERS];
        let _turn = if let Some(turn) = maker.try_lock() {
            turn
        } else {
            let turn = maker.lock().await;
            // Perhaps it was this image that the maker was busy with.
            if let Some(kept) = self.kept(&name).await? {
                return Ok(Some(kept));
            }
            turn
        };
        let original = self.fetch(&image).await?;
        let thumbnail = self.thumbnailer.shrink(&original).await?;
        if let Err(error) = self.store.put(&name, &thumbnail).await {
            // It is there to be shown, and is made again the next time.
            tracing::warn!(object = %name, %error, "a thumbnail could not be kept");
        }
        let byte_length = thumbnail.about.byte_length;
        let bytes = thumbnail.source.open().await;
        Ok(Some(Object {
            byte_length,
            range: 0..byte_length,
            bytes: bytes.map_err(ShrinkError::Unreadable)?,
        }))
    }

    /// The image itself, and what is known of it; for whom, as with [`Thumbnails::open`].
    pub async fn original(
        &self,
        account: Option<AccountId>,
        id: ImageId,
    ) -> Result<Option<(SavedImage, Object)>, ThumbnailError> {
        let Some(image) = self.generations.image(account, id).await? else {
            return Ok(None);
        };
        let object = self.store.get(&image.object_name, None).await?;
        Ok(Some((image, object)))
    }

    async fn kept(&self, name: &ObjectName) -> Result<Option<Object>, StoreError> {
        match self.store.get(name, None).await {
            Ok(object) => Ok(Some(object)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The original on local disk, where it can be read as often as a decoder needs.
    async fn fetch(&self, image: &SavedImage) -> Result<Blob, ThumbnailError> {
        let mut object = self.store.get(&image.object_name, None).await?;
        let mut file = self.spool.create(image.about.byte_length).await?;
        let broken = |error: std::io::Error| StoreError::Unavailable(error.to_string());
        while let Some(piece) = object.bytes.try_next().await.map_err(broken)? {
            file.write(piece).await?;
        }
        Ok(file.finish().await?)
    }
}

#[cfg(test)]
#[path = "thumbnail_tests.rs"]
mod tests;

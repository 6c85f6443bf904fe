//! Images on their way up into a bucket.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use gih_domain::blob::{Blob, ByteStream};
use gih_domain::ports::StoreError;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, MultipartUpload, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload,
};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::bucket::one_line;

/// The length of a part, and of the longest image that goes up in one request: the least that S3 allows.
const PART_BYTES: u64 = 5 * 1024 * 1024;
/// How many parts of one image go up at once.
const PARTS_AT_ONCE: usize = 3;
/// What all uploads together hold in memory.
const MEMORY_BYTES: u64 = 40 * 1024 * 1024;
/// Memory is handed out in units of this, so that small images wait for little.
const UNIT_BYTES: u64 = 64 * 1024;
/// An upload that failed is given this long to be taken back.
const ABORT_TIMEOUT: Duration = Duration::from_secs(10);
/// An object never changes under its name.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Uploads into one bucket, and the memory they share.
pub(super) struct Uploads {
    client: Arc<dyn ObjectStore>,
    memory: Arc<Semaphore>,
}

impl Uploads {
    pub(super) fn new(client: Arc<dyn ObjectStore>) -> Self {
        let units = usize::try_from(MEMORY_BYTES / UNIT_BYTES).unwrap_or(1);
        Self {
            client,
            memory: Arc::new(Semaphore::new(units)),
        }
    }

    /// Uploads an image; whole at `path` after `Ok`. Public ones may be cached by a CDN for good.
    pub(super) async fn put(
        &self,
        path: &Path,
        blob: &Blob,
        is_public: bool,
    ) -> Result<(), StoreError> {
        let mut attributes = Attributes::new();
        attributes.insert(
            Attribute::ContentType,
            blob.about.format.media_type().into(),
        );
        if is_public {
            attributes.insert(Attribute::CacheControl, IMMUTABLE.into());
        }
        let mut parts = Parts {
            bytes: blob.source.open().await.map_err(unreadable)?,
            left: blob.about.byte_length,
            over: Bytes::new(),
        };
        if blob.about.byte_length > PART_BYTES {
            return self.put_parts(path, parts, attributes).await;
        }
        let _permit = self.permit(blob.about.byte_length).await?;
        let payload = parts.next().await?;
        parts.expect_end().await?;
        let options = PutOptions {
            attributes,
            ..PutOptions::default()
        };
        self.client
            .put_opts(path, payload, options)
            .await
            .map(drop)
            .map_err(unavailable)
    }

    async fn put_parts(
        &self,
        path: &Path,
        mut parts: Parts,
        attributes: Attributes,
    ) -> Result<(), StoreError> {
        let options = PutMultipartOptions {
            attributes,
            ..PutMultipartOptions::default()
        };
        let upload = self.client.put_multipart_opts(path, options).await;
        let mut upload = Unfinished(Some(upload.map_err(unavailable)?));
        // Tasks of their own: a part goes on, and gives its memory back, while this one waits for memory.
        let mut under_way = JoinSet::new();
        while parts.left > 0 {
            if under_way.len() == PARTS_AT_ONCE {
                joined(&mut under_way).await?;
            }
            let permit = self.permit(parts.left.min(PART_BYTES)).await?;
            let payload = parts.next().await?;
            let Some(upload) = &mut upload.0 else { break };
            let part = upload.put_part(payload);
            under_way.spawn(async move {
                let result = part.await;
                drop(permit);
                result
            });
        }
        parts.expect_end().await?;
        while !under_way.is_empty() {
            joined(&mut under_way).await?;
        }
        upload.complete().await
    }

    /// Memory for `bytes`, at most a part.
    async fn permit(&self, bytes: u64) -> Result<OwnedSemaphorePermit, StoreError> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        let permit = self.memory.clone().acquire_many_owned(units).await;
        // Never closed.
        permit.map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

/// The end of one part.
async fn joined(under_way: &mut JoinSet<object_store::Result<()>>) -> Result<(), StoreError> {
    match under_way.join_next().await {
        None | Some(Ok(Ok(()))) => Ok(()),
        Some(Ok(Err(error))) => Err(unavailable(error)),
        Some(Err(error)) => Err(StoreError::Unavailable(error.to_string())),
    }
}

/// An image cut into parts.
struct Parts {
    bytes: ByteStream,
    /// Bytes that must still come.
    left: u64,
    /// What came too much for the part before.
    over: Bytes,
}

impl Parts {
    /// The next part: full, or the rest.
    async fn next(&mut self) -> Result<PutPayload, StoreError> {
        let mut missing = self.left.min(PART_BYTES);
        self.left -= missing;
        let mut pieces = Vec::new();
        while missing > 0 {
            let mut piece = self.piece().await?.ok_or_else(wrong_length)?;
            let length = usize::try_from(missing).map_or(piece.len(), |m| m.min(piece.len()));
            self.over = piece.split_off(length);
            missing -= length as u64;
            pieces.push(piece);
        }
        Ok(pieces.into_iter().collect())
    }

    /// That nothing more comes than was said.
    async fn expect_end(&mut self) -> Result<(), StoreError> {
        match self.piece().await? {
            None => Ok(()),
            Some(_) => Err(wrong_length()),
        }
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, StoreError> {
        if !self.over.is_empty() {
            return Ok(Some(std::mem::take(&mut self.over)));
        }
        // An empty piece is no end.
        while let Some(piece) = self.bytes.try_next().await.map_err(unreadable)? {
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

/// An upload in parts; dropped before it is complete, what has gone up is taken back. A process that dies leaves it to
/// the bucket's own rule against unfinished uploads.
struct Unfinished(Option<Box<dyn MultipartUpload>>);

impl Unfinished {
    async fn complete(mut self) -> Result<(), StoreError> {
        if let Some(upload) = &mut self.0 {
            upload.complete().await.map_err(unavailable)?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some((mut upload, runtime)) = self.0.take().zip(Handle::try_current().ok()) else {
            return;
        };
        runtime.spawn(async move {
            match tokio::time::timeout(ABORT_TIMEOUT, upload.abort()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "an unfinished upload was not taken back"),
                Err(_) => tracing::warn!("an unfinished upload was not taken back in time"),
            }
        });
    }
}

fn wrong_length() -> StoreError {
    StoreError::Unavailable("an image came in another length than its own".into())
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn unavailable(error: object_store::Error) -> StoreError {
    StoreError::Unavailable(one_line(&error))
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn unreadable(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("an image cannot be read: {error}"))
}

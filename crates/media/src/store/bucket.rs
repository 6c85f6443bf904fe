//! The image store as a bucket of a cloud.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use gih_domain::blob::{Blob, ByteStream};
use gih_domain::object_name::ObjectName;
use gih_domain::ports::{ImageStore, Object, StoreError};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};

use super::upload::Uploads;
use super::{CHECK_CONTENT, CHECK_FOLDER, checked, cut, expect_check_content, unique};

/// The longest piece of a stream, as [`ByteStream`] promises.
const PIECE_BYTES: usize = 1024 * 1024;
/// The longest error text worth an operator's line; clouds answer with pages of XML.
const ERROR_CHARS: usize = 300;

/// Objects under one prefix of a bucket.
pub(super) struct Bucket {
    client: Arc<dyn ObjectStore>,
    prefix: String,
    uploads: Uploads,
}

impl Bucket {
    pub(super) fn new(client: Arc<dyn ObjectStore>, prefix: String) -> Self {
        Self {
            uploads: Uploads::new(client.clone()),
            client,
            prefix,
        }
    }

    fn path(&self, name: &str) -> Path {
        let parts = self.prefix.split('/').chain(name.split('/'));
        parts.filter(|part| !part.is_empty()).collect()
    }

    /// The name of what is at `path`; `None` for what is not ours.
    fn name(&self, path: &Path) -> Option<String> {
        let path = path.as_ref();
        if self.prefix.is_empty() {
            return Some(path.to_owned());
        }
        let name = path.strip_prefix(&self.prefix)?.strip_prefix('/')?;
        Some(name.to_owned())
    }

    async fn read(&self, path: &Path, range: Option<Range<u64>>) -> Result<Object, StoreError> {
        // An empty range cannot be asked of a cloud, and one past the end is refused: both are answered by the length.
        let is_empty = range.as_ref().is_some_and(|range| range.start >= range.end);
        let error = if is_empty {
            None
        } else {
            let options = GetOptions::new().with_range(range.clone().map(GetRange::Bounded));
            match self.client.get_opts(path, options).await {
                Ok(result) => {
                    let (byte_length, range) = (result.meta.size, result.range.clone());
                    let bytes = exactly(range.end - range.start, result.into_stream());
                    return Ok(Object {
                        byte_length,
                        range,
                        bytes,
                    });
                }
                Err(error) if range.is_none() => return Err(told(&error)),
                Err(error) => Some(told(&error)),
            }
        };
        let byte_length = self
            .client
            .head(path)
            .await
            .map_err(|error| told(&error))?
            .size;
        let range = cut(range, byte_length);
        match error {
            Some(error) if range.start < byte_length => Err(error),
            _ => Ok(Object {
                byte_length,
                range,
                bytes: stream::empty().boxed(),
            }),
        }
    }

    async fn remove(&self, path: &Path) -> Result<(), StoreError> {
        match self.client.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(told(&error)),
        }
    }
}

#[async_trait]
impl ImageStore for Bucket {
    async fn put(&self, name: &ObjectName, blob: &Blob) -> Result<(), StoreError> {
        let path = self.path(checked(name)?);
        let is_public = name.as_str().starts_with(ObjectName::GENERATIONS);
        self.uploads.put(&path, blob, is_public).await
    }

    async fn get(
        &self,
        name: &ObjectName,
        range: Option<Range<u64>>,
    ) -> Result<Object, StoreError> {
        self.read(&self.path(checked(name)?), range).await
    }

    async fn byte_length(&self, name: &ObjectName) -> Result<u64, StoreError> {
        let head = self.client.head(&self.path(checked(name)?)).await;
        head.map(|about| about.size).map_err(|error| told(&error))
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.remove(&self.path(checked(name)?)).await
    }

    /// S3, GCS and Azure list in ascending order, so that a page costs a page. Where a service is seen not to, the whole
    /// folder is read and its smallest names are kept.
    async fn list(
        &self,
        folder: &str,
        after: Option<ObjectName>,
        limit: usize,
    ) -> Result<Vec<ObjectName>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let folder = self.path(checked(&ObjectName::stored(folder.to_owned()))?);
        let mut objects = match &after {
            Some(after) => {
                let offset = self.path(checked(after)?);
                self.client.list_with_offset(Some(&folder), &offset)
            }
            None => self.client.list(Some(&folder)),
        };
        let mut names = BTreeSet::new();
        let mut is_ordered = true;
        while let Some(object) = objects.try_next().await.map_err(|error| told(&error))? {
            let Some(name) = self.name(&object.location) else {
                continue;
            };
            is_ordered &= names.last().is_none_or(|last| *last < name);
            names.insert(name);
            if names.len() > limit {
                names.pop_last();
            }
            if is_ordered && names.len() == limit {
                break;
            }
        }
        Ok(names.into_iter().map(ObjectName::stored).collect())
    }

    async fn check(&self) -> Result<(), StoreError> {
        let path = self.path(CHECK_FOLDER).join(unique());
        self.client
            .put(&path, CHECK_CONTENT.into())
            .await
            .map_err(|error| StoreError::Unavailable(one_line(&error)))?;
        let result = match self.read(&path, None).await {
            Ok(object) => expect_check_content(object).await,
            Err(error) => Err(error),
        };
        self.remove(&path).await?;
        result
    }
}

/// `bytes` in pieces of bounded length, with an error where they end before `left` have come: an HTTP body that breaks
/// off must not look like a whole image.
fn exactly(
    left: u64,
    bytes: impl stream::Stream<Item = object_store::Result<Bytes>> + Send + 'static,
) -> ByteStream {
    let pieces = bytes
        .map_err(|error| io::Error::other(one_line(&error)))
        .map_ok(|mut bytes| {
            let pieces = std::iter::from_fn(move || {
                let piece = bytes.split_to(bytes.len().min(PIECE_BYTES));
                (!piece.is_empty()).then_some(Ok::<_, io::Error>(piece))
            });
            stream::iter(pieces)
        })
        .try_flatten()
        .boxed();
    stream::try_unfold((pieces, left), |(mut pieces, left)| async move {
        match pieces.try_next().await? {
            Some(piece) => match left.checked_sub(piece.len() as u64) {
                Some(left) => Ok(Some((piece, (pieces, left)))),
                None => Err(io::Error::other("an object is longer than its length")),
            },
            None if left == 0 => Ok(None),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    })
    .boxed()
}

/// The error in the port's words.
fn told(error: &object_store::Error) -> StoreError {
    match error {
        object_store::Error::NotFound { .. } => StoreError::NotFound,
        error => StoreError::Unavailable(one_line(error)),
    }
}

/// An error as one line of bounded length.
pub(super) fn one_line(error: &object_store::Error) -> String {
    let text = error.to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(ERROR_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

use std::ops::Range;

use async_trait::async_trait;

use crate::blob::{Blob, ByteStream};
use crate::object_name::ObjectName;

/// Where images are kept for good.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ImageStore: Send + Sync {
    /// After `Ok` the whole object is durable under `name`; after `Err`, or when dropped, nobody can read it under that
    /// name. Idempotent: the same name and bytes again is `Ok`. Uses memory bounded whatever the blob's length.
    async fn put(&self, name: &ObjectName, blob: &Blob) -> Result<(), StoreError>;
    /// The object, or `range` of it (byte positions, cut to the object's length).
    async fn get(&self, name: &ObjectName, range: Option<Range<u64>>)
    -> Result<Object, StoreError>;
    /// How many bytes the object has.
    async fn byte_length(&self, name: &ObjectName) -> Result<u64, StoreError>;
    /// `Ok` when there is nothing (left) to delete.
    async fn delete(&self, name: &ObjectName) -> Result<(), StoreError>;
    /// Names under `folder` (one of [`ObjectName`]'s folders, or one and a generation's id), in ascending order, after
    /// `after`, at most `limit`.
    async fn list(
        &self,
        folder: &str,
        after: Option<ObjectName>,
        limit: usize,
    ) -> Result<Vec<ObjectName>, StoreError>;
    /// Writes, reads and deletes a small object: whether the store works at all.
    async fn check(&self) -> Result<(), StoreError>;
}

/// An object being read.
pub struct Object {
    /// How many bytes the whole object has.
    pub byte_length: u64,
    /// Which of them come: `0..byte_length` unless a range was asked for.
    pub range: Range<u64>,
    /// Them.
    pub bytes: ByteStream,
}

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing has this name.
    #[error("no such object")]
    NotFound,
    /// It cannot be reached, or refuses; the text is for the operator.
    #[error("the image store is unavailable: {0}")]
    Unavailable(String),
}

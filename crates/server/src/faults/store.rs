//! Fail points around the image store.

use std::ops::Range;

use async_trait::async_trait;
use gih_domain::blob::Blob;
use gih_domain::object_name::ObjectName;
use gih_domain::ports::{ImageStore, Object, StoreError};

use super::{Faulty, call};

fn away() -> StoreError {
    StoreError::Unavailable("a fail point".to_owned())
}

#[async_trait]
impl ImageStore for Faulty<dyn ImageStore> {
    async fn put(&self, name: &ObjectName, blob: &Blob) -> Result<(), StoreError> {
        call!("put", away(), away(), self.0.put(name, blob))
    }

    async fn get(
        &self,
        name: &ObjectName,
        range: Option<Range<u64>>,
    ) -> Result<Object, StoreError> {
        call!("get", away(), away(), self.0.get(name, range))
    }

    async fn byte_length(&self, name: &ObjectName) -> Result<u64, StoreError> {
        self.0.byte_length(name).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        call!("delete", away(), away(), self.0.delete(name))
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<ObjectName>,
        limit: usize,
    ) -> Result<Vec<ObjectName>, StoreError> {
        call!("list", away(), away(), self.0.list(folder, after, limit))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }
}

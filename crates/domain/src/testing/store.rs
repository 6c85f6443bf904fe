use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Log;
use crate::blob::Blob;
use crate::object_name::ObjectName;
use crate::ports::{ImageStore, Object, StoreError};

type Veto = Box<dyn FnMut(&ObjectName) -> bool + Send>;

/// A store in memory that tells the log of every put and deletion, and that a test can make fail.
pub(crate) struct MemoryStore {
    objects: Mutex<BTreeMap<ObjectName, Bytes>>,
    fails: Mutex<Veto>,
    log: Log,
}

impl MemoryStore {
    pub(crate) fn new(log: Log) -> Arc<Self> {
        Arc::new(Self {
            objects: Mutex::default(),
            fails: Mutex::new(Box::new(|_| false)),
            log,
        })
    }

    /// From now on the store fails for the names of which this is true; asked once a try.
    pub(crate) fn fail_when(&self, fails: impl FnMut(&ObjectName) -> bool + Send + 'static) {
        *self.fails.lock().unwrap() = Box::new(fails);
    }

    /// Puts an object there before the test begins; the log does not hear of it.
    pub(crate) fn hold(&self, name: &ObjectName, text: &str) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        self.objects.lock().unwrap().insert(name.clone(), bytes);
    }

    /// Whatever is stored now, by name.
    pub(crate) fn names(&self) -> Vec<ObjectName> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    /// An object, as text.
    pub(crate) fn text(&self, name: &ObjectName) -> Option<String> {
        let bytes = self.objects.lock().unwrap().get(name).cloned();
        bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn check(&self, name: &ObjectName) -> Result<(), StoreError> {
        if (self.fails.lock().unwrap())(name) {
            Err(StoreError::Unavailable("the bucket is on fire".to_owned()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl ImageStore for MemoryStore {
    async fn put(&self, name: &ObjectName, blob: &Blob) -> Result<(), StoreError> {
        self.log.add(format!("put {name}"));
        self.check(name)?;
        let bytes = blob.source.open().await.unwrap();
        let bytes: Vec<Bytes> = bytes.try_collect().await.unwrap();
        self.objects
            .lock()
            .unwrap()
            .insert(name.clone(), bytes.concat().into());
        Ok(())
    }

    async fn get(
        &self,
        name: &ObjectName,
        range: Option<Range<u64>>,
    ) -> Result<Object, StoreError> {
        assert!(range.is_none(), "the domain reads whole objects");
        self.log.add(format!("get {name}"));
        self.check(name)?;
        let bytes = self.objects.lock().unwrap().get(name).cloned();
        let bytes = bytes.ok_or(StoreError::NotFound)?;
        let byte_length = bytes.len() as u64;
        Ok(Object {
            byte_length,
            range: 0..byte_length,
            bytes: stream::iter([Ok(bytes)]).boxed(),
        })
    }

    async fn byte_length(&self, name: &ObjectName) -> Result<u64, StoreError> {
        Ok(self.get(name, None).await?.byte_length)
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.log.add(format!("delete {name}"));
        self.check(name)?;
        self.objects.lock().unwrap().remove(name);
        Ok(())
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<ObjectName>,
        limit: usize,
    ) -> Result<Vec<ObjectName>, StoreError> {
        let inside = |name: &ObjectName| {
            let rest = name.as_str().strip_prefix(folder);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let names = self.names().into_iter();
        Ok(names
            .filter(|name| inside(name) && after.as_ref().is_none_or(|after| name > after))
            .take(limit)
            .collect())
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

use async_trait::async_trait;
use bytes::Bytes;

use super::blob;
use crate::blob::Blob;
use crate::ports::{Spool, SpoolError, SpoolFile};

/// A spool in memory, to which every text is an image but `damaged`.
pub(crate) struct MemorySpool;

struct MemoryFile {
    text: Vec<u8>,
    limit: u64,
}

#[async_trait]
impl Spool for MemorySpool {
    async fn create(&self, limit: u64) -> Result<Box<dyn SpoolFile>, SpoolError> {
        let text = Vec::new();
        Ok(Box::new(MemoryFile { text, limit }))
    }
}

#[async_trait]
impl SpoolFile for MemoryFile {
    async fn write(&mut self, bytes: Bytes) -> Result<(), SpoolError> {
        self.text.extend_from_slice(&bytes);
        if self.text.len() as u64 > self.limit {
            return Err(SpoolError::TooLarge(self.limit));
        }
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Blob, SpoolError> {
        match String::from_utf8(self.text).unwrap().as_str() {
            "damaged" => Err(SpoolError::Damaged("no end".to_owned())),
            text => Ok(blob(text)),
        }
    }
}

use async_trait::async_trait;
use bytes::Bytes;

use crate::blob::Blob;

/// Receives images to local disk, so that none is ever held in memory.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Spool: Send + Sync {
    /// A new, empty file that takes at most `limit` bytes.
    async fn create(&self, limit: u64) -> Result<Box<dyn SpoolFile>, SpoolError>;
}

/// A file being received; dropped unfinished, it is deleted and its bytes are given back to the spool's budget.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait SpoolFile: Send {
    /// Adds bytes at the end. After an error the file is of no further use.
    async fn write(&mut self, bytes: Bytes) -> Result<(), SpoolError>;
    /// Ends the file: a blob when it is one whole image. The file lives as long as a clone of the blob does.
    async fn finish(self: Box<Self>) -> Result<Blob, SpoolError>;
}

/// Why a file was not kept.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The bytes are no PNG, JPEG or WebP.
    #[error("not a PNG, JPEG or WebP image")]
    NotAnImage,
    /// The bytes begin as an image and do not end as one, or a checksum is wrong.
    #[error("not a whole image: {0}")]
    Damaged(String),
    /// More bytes than the limit given.
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    /// The spool's own budget is spent; some of it comes back when other files go.
    #[error("the spool is full")]
    Full,
    /// Local disk failed.
    #[error("local disk: {0}")]
    Disk(#[from] std::io::Error),
}

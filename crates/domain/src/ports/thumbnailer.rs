use async_trait::async_trait;

use crate::blob::Blob;

/// Makes small pictures of large ones.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Thumbnailer: Send + Sync {
    /// The same picture as a JPEG of at most 320 pixels a side, in its own proportions and never enlarged: turned as its
    /// EXIF orientation asks, and white where it was transparent. Waits its turn, so that few run at once; blocks no
    /// async thread. Uses memory bounded whatever the picture claims to be.
    async fn shrink(&self, image: &Blob) -> Result<Blob, ShrinkError>;
}

/// Why there is no small picture.
#[derive(Debug, thiserror::Error)]
pub enum ShrinkError {
    /// The bytes make no picture, or one beyond what is decoded. Asking again will not help.
    #[error("the picture cannot be decoded: {0}")]
    Undecodable(String),
    /// The bytes could not be read, or the process is at its end. Asking again may help.
    #[error("the picture cannot be read now: {0}")]
    Unreadable(#[from] std::io::Error),
}

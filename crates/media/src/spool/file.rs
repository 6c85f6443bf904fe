//! Received images: where their bytes are, how they are read, and that they go with the last who holds them.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use gih_domain::blob::{ByteStream, Source};

use super::Shared;
use super::budget::Share;
use crate::blocking;
use crate::pieces::Pieces;

/// A file on disk, deleted on drop; its share of the budget is given back after that.
pub(super) struct Spooled {
    path: PathBuf,
    share: Option<Share>,
    /// The folder stays locked until the last file has gone.
    shared: Arc<Shared>,
}

impl Spooled {
    /// Makes the file. Blocks.
    pub(super) fn create(shared: Arc<Shared>) -> io::Result<(Self, File)> {
        let path = shared.new_path();
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let spooled = Self {
            path,
            share: None,
            shared,
        };
        Ok((spooled, file))
    }

    /// Holds the file's share from now on.
    pub(super) fn keep(&mut self, share: Share) {
        self.share = Some(share);
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.path);
        let share = self.share.take();
        let shared = self.shared.clone();
        // Deleting a large file takes milliseconds: off the async threads, where there are any.
        blocking::detach(move || {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "a spooled file could not be deleted");
            }
            drop((share, shared));
        });
    }
}

/// The source of an image on disk.
pub(super) struct OnDisk {
    pub(super) file: Arc<Spooled>,
    pub(super) byte_length: u64,
}

#[async_trait]
impl Source for OnDisk {
    async fn open(&self) -> io::Result<ByteStream> {
        let (spooled, left) = (self.file.clone(), self.byte_length);
        blocking::run(move || {
            let file = File::open(&spooled.path)?;
            // The file can be read to the end whatever becomes of the blob.
            let _keep = spooled;
            Pieces { file, left, _keep }.begin()
        })
        .await
    }
}

/// The source of an image that never touched the disk.
pub(super) struct InMemory {
    pub(super) bytes: Bytes,
    /// Its shares of both budgets.
    pub(super) _shares: (Share, Share),
}

#[async_trait]
impl Source for InMemory {
    async fn open(&self) -> io::Result<ByteStream> {
        let bytes = self.bytes.clone();
        Ok(stream::iter([Ok(bytes)]).boxed())
    }
}

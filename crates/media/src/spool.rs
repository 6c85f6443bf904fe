//! The spool: images being received, on local disk.
//!
//! Pieces gather in a small buffer; each full buffer is hashed, inspected and written in one trip to the blocking pool.
//! An image that ends within its first buffer never touches the disk while the spool's small share of memory lasts.

mod budget;
mod file;
mod writer;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use gih_domain::ports::{Spool, SpoolError, SpoolFile};

use self::budget::Budget;
use self::writer::Writer;

/// What images that never touched the disk may hold in memory, all together.
const MEMORY_LIMIT: u64 = 8 * 1024 * 1024;

/// How the names of spooled files end; only such files are cleared away at the start.
const SUFFIX: &str = ".spool";

/// A spool in a folder that belongs to this process alone.
pub struct FileSpool {
    shared: Arc<Shared>,
}

/// What the spool and its files have in common.
struct Shared {
    folder: PathBuf,
    /// Bytes received and not yet given back, on disk or in memory.
    disk: Arc<Budget>,
    /// Those of them that stay in memory.
    memory: Arc<Budget>,
    next_file: AtomicU64,
    /// Held locked for as long as the spool or one of its files lives, so that no other process clears the folder.
    _lock: File,
}

impl FileSpool {
    /// A spool in `folder` for at most `limit_bytes` bytes at a time. Makes the folder (readable by this user alone) and
    /// deletes what an earlier process left in it. Errors when the folder cannot be used, or another live process uses
    /// it (`WouldBlock`).
    pub fn open(folder: PathBuf, limit_bytes: u64) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let lock = lock(&folder)?;
        clear(&folder)?;
        Ok(Self {
            shared: Arc::new(Shared {
                folder,
                disk: Budget::new(limit_bytes),
                memory: Budget::new(MEMORY_LIMIT),
                next_file: AtomicU64::new(0),
                _lock: lock,
            }),
        })
    }

    /// Bytes being received, or held by images not yet dropped.
    pub fn used_bytes(&self) -> u64 {
        self.shared.disk.used()
    }
}

fn lock(folder: &Path) -> io::Result<File> {
    let path = folder.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?;
    file.try_lock().map_err(|error| match error {
        fs::TryLockError::WouldBlock => io::Error::new(
            io::ErrorKind::WouldBlock,
            format!("{} is used by another process", folder.display()),
        ),
        fs::TryLockError::Error(error) => error,
    })?;
    Ok(file)
}

/// Deletes what an earlier process left. Only files of the spool's own naming: a folder named by mistake keeps the rest.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().ends_with(SUFFIX);
        if is_ours && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

impl Shared {
    /// A name that no file of this process had before.
    fn new_path(&self) -> PathBuf {
        let number = self.next_file.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("{number:016x}{SUFFIX}"))
    }
}

#[async_trait]
impl Spool for FileSpool {
    async fn create(&self, limit: u64) -> Result<Box<dyn SpoolFile>, SpoolError> {
        Ok(Box::new(Writer::new(self.shared.clone(), limit)))
    }
}

#[cfg(test)]
#[path = "spool_tests.rs"]
mod tests;

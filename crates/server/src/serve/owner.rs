//! One `serve` owns an embedded database.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use gih_database::Database;

/// The lock file of the embedded database in `file`: beside it.
pub fn lock_file(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".serve-lock");
    path.into()
}

/// The ownership, for as long as this lives. The operating system takes it back from a process that dies.
pub struct Owner {
    _lock: File,
}

impl Owner {
    /// Takes the lock file beside the database. Commands do not: they work beside a running `serve`.
    pub fn claim(database: &Database) -> anyhow::Result<Self> {
        let file = database.file();
        let path = lock_file(file.context("only an embedded database has a file")?);
        let context = || format!("the lock file {} cannot be opened", path.display());
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = options.open(&path).with_context(context)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                anyhow::bail!(
                    "another `gih serve` owns this database (it holds {})",
                    path.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(context),
        }
    }
}

//! Where images are received: a folder for each start of a process, below one that processes of a data folder share.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use gih_domain::ports::Ids as _;
use gih_media::FileSpool;

use crate::clock::host_time;
use crate::ids::SystemIds;
use crate::settings::Settings;

/// How long a start waits for others that look through the spools: far longer than that takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The folder of all spools of this data folder.
pub fn parent(settings: &Settings) -> PathBuf {
    settings.data_dir.join("spool")
}

/// The file that only one process at a time looks through them with. It lies beside the folder, which holds nothing but
/// spools.
pub fn lock_file(parent: &Path) -> PathBuf {
    parent.with_extension("lock")
}

/// A spool of this start's own. What an earlier start left behind is cleared away.
pub fn open(settings: &Settings) -> anyhow::Result<FileSpool> {
    let parent = parent(settings);
    let context = || {
        format!(
            "the spool in {} (GIH_DATA_DIR) cannot be used",
            parent.display()
        )
    };
    fs::create_dir_all(&parent).with_context(context)?;
    let alone = alone(&parent, PATIENCE).with_context(context)?;
    // Whoever does not let go is at it already, or was stopped in the middle of it; neither may keep this start.
    if alone.is_some() {
        clear(&parent).with_context(context)?;
    }
    let own: PathBuf = parent.join(SystemIds.next(host_time()).as_simple().to_string());
    FileSpool::open(own, settings.work.spool_limit_bytes).with_context(context)
}

/// Clears away what processes that are gone left behind; how many folders. Blocks.
pub fn clear_left_behind(parent: &Path) -> io::Result<usize> {
    match alone(parent, Duration::ZERO)? {
        Some(_alone) => clear(parent),
        None => Ok(0), // another process is at it
    }
}

/// Keeps others from looking at a folder that is made and not yet locked by its owner, and taking it for abandoned. Taken
/// back by the operating system from a process that dies. `None` when another process does not let go of it in time.
fn alone(parent: &Path, patience: Duration) -> io::Result<Option<File>> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(lock_file(parent))?;
    let until = Instant::now() + patience;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn clear(parent: &Path) -> io::Result<usize> {
    let mut cleared = 0;
    for entry in fs::read_dir(parent)?.filter_map(Result::ok) {
        let folder = entry.path();
        // Opening clears a folder, and fails on one that a live process holds.
        if !folder.is_dir() || FileSpool::open(folder.clone(), 1).is_err() {
            continue;
        }
        match fs::remove_dir_all(&folder) {
            Ok(()) => cleared += 1,
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "an old spool folder stays behind");
            }
        }
    }
    Ok(cleared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_left_is_cleared_and_the_living_keep_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let parent = folder.path().join("spool");
        fs::create_dir_all(parent.join("dead")).unwrap();
        fs::write(parent.join("dead/0000000000000001.spool"), "half an image").unwrap();
        let living = FileSpool::open(parent.join("living"), 1).unwrap();
        fs::write(parent.join("living/0000000000000001.spool"), "an image").unwrap();
        assert_eq!(clear_left_behind(&parent).unwrap(), 1);
        assert!(!parent.join("dead").exists());
        assert!(parent.join("living/0000000000000001.spool").exists());
        assert_eq!(clear_left_behind(&parent).unwrap(), 0);
        drop(living);
        let other = alone(&parent, Duration::ZERO).unwrap();
        assert!(other.is_some());
        assert_eq!(clear_left_behind(&parent).unwrap(), 0, "one at a time");
        drop(other);
        assert_eq!(clear_left_behind(&parent).unwrap(), 1);
        assert!(clear_left_behind(&folder.path().join("nowhere/spool")).is_err());
    }
}

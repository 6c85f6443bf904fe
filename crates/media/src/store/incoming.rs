//! An object on its way into a folder: written beside its place, synced, renamed.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::unique;
use crate::blocking;

/// Where objects are written before they have their name.
pub(super) const INCOMING: &str = ".incoming";
/// A folder made for a put may be removed by a delete before the object is in it; twice in a row is a wonder.
const PUBLISH_ATTEMPTS: u32 = 3;

/// An object being written.
pub(super) struct Put {
    root: PathBuf,
    target: PathBuf,
    incoming: Option<(Incoming, File)>,
}

/// A file without a name of its own yet, deleted on drop unless it got one.
struct Incoming {
    path: PathBuf,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.path);
        if !path.as_os_str().is_empty() {
            blocking::detach(move || {
                let _cleared_as_leftover_else = fs::remove_file(path);
            });
        }
    }
}

impl Put {
    pub(super) fn new(root: &Path, name: &str) -> Self {
        Self {
            root: root.to_owned(),
            target: root.join(name),
            incoming: None,
        }
    }

    /// Adds bytes. Blocks.
    pub(super) fn write(mut self, pieces: &[Bytes]) -> io::Result<Self> {
        let (_, file) = match &mut self.incoming {
            Some(incoming) => incoming,
            none => {
                let path = self.root.join(INCOMING).join(unique());
                let file = File::options().write(true).create_new(true).open(&path)?;
                none.insert((Incoming { path }, file))
            }
        };
        for piece in pieces {
            file.write_all(piece)?;
        }
        Ok(self)
    }

    /// Adds the last bytes and gives the object its name, for good. Dropped before that, it never gets one.
    pub(super) async fn publish(self, last: Vec<Bytes>) -> io::Result<()> {
        let decision = Arc::new(AtomicBool::new(false));
        let unless_dropped = Decision(decision.clone());
        let result = blocking::run(move || self.write(&last)?.settle(&decision)).await;
        drop(unless_dropped);
        result
    }

    /// Blocks. Only the first to set `decided` has its way: this, or the drop of the caller.
    fn settle(self, decided: &AtomicBool) -> io::Result<()> {
        let Some((mut incoming, file)) = self.incoming else {
            return Err(io::Error::other("nothing was written"));
        };
        file.sync_data()?;
        drop(file);
        if decided.swap(true, Ordering::AcqRel) {
            return Err(io::Error::other("given up"));
        }
        let folder = self.target.parent().unwrap_or(&self.root);
        let mut attempt = 1;
        let publish =
            || fs::create_dir_all(folder).and_then(|()| fs::rename(&incoming.path, &self.target));
        loop {
            match publish() {
                Err(error) if is_of_a_folder_that_went(&error) && attempt < PUBLISH_ATTEMPTS => {
                    attempt += 1;
                }
                result => break result?,
            }
        }
        incoming.path = PathBuf::new();
        // The name is in its folder, and the folder's own name in the folder above. The latter may have been made by a
        // neighbour that has not synced it yet, so it is synced even when it was there.
        sync_folder(folder)?;
        sync_folder(folder.parent().unwrap_or(&self.root))
    }
}

/// Whether a delete of the folder caused this: a rename into a folder that is gone fails with `NotFound`, and `create_dir_all`
/// with `AlreadyExists` when the folder is deleted between its `mkdir` and its check.
fn is_of_a_folder_that_went(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists)
}

/// The caller's side of the decision: dropped early, it decides against.
struct Decision(Arc<AtomicBool>);

impl Drop for Decision {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Makes the names in a folder durable. Blocks.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere folders cannot be opened, and need not be.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

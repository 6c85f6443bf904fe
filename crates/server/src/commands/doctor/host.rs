//! The machine: room on disk, and how many files the process may open.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::{Check, blocking};
use crate::settings::Settings;
use crate::{open_files, spool};

pub const DISK: &str = "disk";
pub const FILES: &str = "files";

/// Below this the next images fill the disk, and an embedded database on it refuses to be written.
const LEAST_FREE_BYTES: u64 = 200_000_000;

/// Looks at the disk of the data folder and at the limit of open files.
pub async fn check(settings: &Settings) -> Vec<Check> {
    let (folder, spools) = (settings.data_dir.clone(), spool::parent(settings));
    let looked = blocking(move || {
        let can_receive = can_make(&folder)
            .and_then(|()| can_make(&spools))
            .and_then(|()| can_write_if_there(&spool::lock_file(&spools)));
        (can_receive, free_bytes(&folder))
    })
    .await;
    vec![disk(settings, looked), files(settings)]
}

/// Whether the hub can write in `folder`, or make it: whether its user may write in what there is of it.
pub fn can_make(folder: &Path) -> Result<(), String> {
    let there = nearest(folder);
    if !there.is_dir() {
        return Err(format!("{} is no folder", there.display()));
    }
    access(&there, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| format!("{}: {error}", there.display()))
}

/// Whether the hub's user may write a file, and others beside it, as SQLite does.
pub fn can_write(file: &Path) -> Result<(), String> {
    access(file, Access::READ_OK | Access::WRITE_OK).map_err(|error| error.to_string())?;
    can_make(file.parent().unwrap_or(file))
}

/// Whether the hub can open a file to write it: one that is not there is made, which its folder has to allow.
pub fn can_write_if_there(file: &Path) -> Result<(), String> {
    if file.is_dir() {
        return Err(format!("{} is a folder", file.display()));
    }
    match access(file, Access::READ_OK | Access::WRITE_OK) {
        Err(error) if error != Errno::NOENT => Err(format!("{}: {error}", file.display())),
        _ => Ok(()),
    }
}

/// The first of a folder and those above it that is there.
fn nearest(folder: &Path) -> PathBuf {
    let there = folder.ancestors().find(|path| path.exists());
    there.unwrap_or(Path::new("/")).to_owned()
}

fn free_bytes(folder: &Path) -> Result<u64, String> {
    let about = statvfs(nearest(folder)).map_err(|error| error.to_string())?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

type Looked = (Result<(), String>, Result<u64, String>);

fn disk(settings: &Settings, looked: Option<Looked>) -> Check {
    let folder = settings.data_dir.display();
    let mend = "let the hub's user own the folder of GIH_DATA_DIR and all in it";
    let free = match looked {
        None => {
            let message = format!("{folder}: the disk does not answer");
            return Check::failed(DISK, message, "mend the disk, or move GIH_DATA_DIR");
        }
        Some((Err(why), _)) => {
            return Check::failed(DISK, format!("{folder} cannot be written: {why}"), mend);
        }
        Some((Ok(()), Err(why))) => {
            return Check::failed(DISK, format!("{folder} cannot be looked at: {why}"), mend);
        }
        Some((Ok(()), Ok(free))) => free,
    };
    let limit = settings.work.spool_limit_bytes;
    let message = format!("{} MB are free at {folder}", free / 1_000_000);
    if free < LEAST_FREE_BYTES {
        Check::failed(
            DISK,
            message,
            "make room, or move GIH_DATA_DIR to a larger disk",
        )
    } else if free < limit {
        let message = format!(
            "{message}, and GIH_SPOOL_LIMIT allows {} MB",
            limit / 1_000_000
        );
        Check::warning(DISK, message, "make room, or lower GIH_SPOOL_LIMIT")
    } else {
        Check::fine(DISK, message)
    }
}

fn files(settings: &Settings) -> Check {
    let wanted = open_files::needed(settings, settings.work.workers + settings.work.test_workers);
    match getrlimit(Resource::Nofile).maximum {
        Some(limit) if limit < wanted => Check::warning(
            FILES,
            format!(
                "this user's processes may open {limit} files, and the settings can come to need {wanted}"
            ),
            "raise the limit where the hub is started (LimitNOFILE= in systemd, ulimit -n in a shell), or lower \
             GIH_MAX_CONNECTIONS or GIH_WORKERS",
        ),
        Some(limit) => Check::fine(FILES, format!("{limit} files may be open")),
        None => Check::fine(FILES, "any number of files may be open"),
    }
}

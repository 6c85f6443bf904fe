//! Names of files below a folder, in order, a page at a time.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The names below `root`/`folder` that come after `after`, in ascending order, at most `limit`; none when there is no
/// such folder. Blocks. In memory are about `limit` names; each page reads the names (no more) of all that is in
/// `folder`, whatever its length, and what is in the sub-folders that belong to the page.
pub(super) fn list(
    root: &Path,
    folder: &str,
    after: &str,
    limit: usize,
) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    match walk(root, &format!("{folder}/"), after, limit, &mut names) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(names),
    }
}

/// Adds the names that begin with `prefix` (which ends with `/`).
fn walk(
    root: &Path,
    prefix: &str,
    after: &str,
    limit: usize,
    names: &mut Vec<String>,
) -> io::Result<()> {
    let mut done = String::new();
    // Each round takes the next keys of this folder; sub-folders may be empty or partly passed, so one may not do. It
    // ends because each round begins after the last key of the one before.
    while names.len() < limit {
        let wanted = limit - names.len();
        let keys = smallest_keys(root, prefix, after, &done, wanted)?;
        let is_last_round = keys.len() < wanted;
        for key in keys {
            if names.len() == limit {
                return Ok(());
            }
            if key.ends_with('/') {
                match walk(root, &key, after, limit, names) {
                    // Deleted since.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    result => result?,
                }
            } else {
                names.push(key.clone());
            }
            done = key;
        }
        if is_last_round {
            return Ok(());
        }
    }
    Ok(())
}

/// The first `wanted` keys in one folder that come after `done` and may lead to names after `after`. A file's key is its
/// name; a sub-folder's is its name and `/`, which is how its files' names compare with its neighbours'.
fn smallest_keys(
    root: &Path,
    prefix: &str,
    after: &str,
    done: &str,
    wanted: usize,
) -> io::Result<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    for entry in fs::read_dir(root.join(prefix))? {
        let entry = entry?;
        // Objects' names are ASCII and do not begin with a dot: anything else is somebody else's.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let kind = entry.file_type()?;
        if name.starts_with('.') || !(kind.is_dir() || kind.is_file()) {
            continue;
        }
        let ending = if kind.is_dir() { "/" } else { "" };
        let key = format!("{prefix}{name}{ending}");
        let is_ahead = *key > *after || (kind.is_dir() && after.starts_with(&key));
        if is_ahead && *key > *done {
            keys.insert(key);
            if keys.len() > wanted {
                keys.pop_last();
            }
        }
    }
    Ok(keys)
}

//! The disk yardstick: what it takes to make one small file survive a power cut.

use anyhow::Result;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Enough for a median that hardly moves, in under a second on most disks.
const FILES: usize = 200;
/// The size of an image in the rows about overhead.
const FILE_BYTES: usize = 1000;

/// The median time to create a file of 1 kB and to sync the file and its folder, in milliseconds. The files are in a new
/// folder in `folder`, which is removed.
pub fn p50_ms(folder: &Path) -> Result<f64> {
    let folder = tempfile::tempdir_in(folder)?;
    let handle = File::open(folder.path())?;
    let mut times_ms = Vec::with_capacity(FILES);
    for number in 0..FILES {
        let began = Instant::now();
        let mut file = File::create_new(folder.path().join(number.to_string()))?;
        file.write_all(&[7; FILE_BYTES])?;
        file.sync_all()?;
        handle.sync_all()?;
        times_ms.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times_ms.sort_unstable_by(f64::total_cmp);
    Ok(times_ms[FILES / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_some_time_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        assert!(p50_ms(folder.path()).unwrap() > 0.0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

//! Counts the file syncs of a running process, with `strace`.

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;

/// The system calls that wait until file contents are on the disk.
const SYNCS: [&str; 3] = ["fsync", "fdatasync", "sync_file_range"];
/// Attaching takes milliseconds; a debugger that is not allowed here fails at once.
const ATTACHED_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// A count that goes on. While it does, the process is several times slower: take no other figure meanwhile.
pub struct SyncCount {
    strace: Child,
    summary: NamedTempFile,
}

impl SyncCount {
    /// Begins to count the syncs of all threads of a process; `None` when there is no `strace` or it may not attach.
    pub fn begin(pid: u32) -> Result<Option<Self>> {
        let summary = NamedTempFile::new()?;
        let strace = Command::new("strace")
            .args(["-f", "-q", "-c", "-e"])
            .arg(format!("trace={}", SYNCS.join(",")))
            .arg("-o")
            .arg(summary.path())
            .arg("-p")
            .arg(pid.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(strace) = strace else {
            return Ok(None);
        };
        let mut count = Self { strace, summary };
        let began = Instant::now();
        while !is_traced(pid)? {
            if count.strace.try_wait()?.is_some() || began.elapsed() > ATTACHED_WITHIN {
                return Ok(None);
            }
            std::thread::sleep(POLL);
        }
        Ok(Some(count))
    }

    /// Lets the process go; how many syncs there were.
    pub fn end(mut self) -> Result<u64> {
        kill_process(Pid::from_child(&self.strace), Signal::INT)?;
        self.strace.wait()?;
        total(&fs::read_to_string(self.summary.path())?)
    }
}

impl Drop for SyncCount {
    fn drop(&mut self) {
        self.strace.kill().ok();
        self.strace.wait().ok();
    }
}

/// Whether somebody traces every thread of the process.
fn is_traced(pid: u32) -> Result<bool> {
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end between being listed and being read.
        let status = fs::read_to_string(thread?.path().join("status")).unwrap_or_default();
        if status.lines().any(|line| line == "TracerPid:\t0") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Adds up the calls in the summary of `strace -c`: `% time, seconds, usecs/call, calls, [errors,] syscall`.
fn total(summary: &str) -> Result<u64> {
    let mut total = 0;
    for line in summary.lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        if !columns.last().is_some_and(|name| SYNCS.contains(name)) {
            continue;
        }
        match columns.get(3).map(|calls| calls.parse::<u64>()) {
            Some(Ok(calls)) => total += calls,
            _ => bail!("strace wrote a line that has no calls: {line}"),
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_a_summary_are_added_up() {
        let summary = "% time     seconds  usecs/call     calls    errors syscall\n\
            ------ ----------- ----------- --------- --------- ----------------\n \
            80.00    0.003334         138        24         1 fsync\n \
            20.00    0.000834         138         6           fdatasync\n\
            ------ ----------- ----------- --------- --------- ----------------\n\
            100.00    0.004168         138        30         1 total\n";
        assert_eq!(total(summary).unwrap(), 30);
        assert_eq!(total("").unwrap(), 0);
        assert!(total("24 fsync\n").is_err());
    }
}

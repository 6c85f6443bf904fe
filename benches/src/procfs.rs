//! What Linux says about a process: its CPU time and its memory.

use anyhow::{Context, Result};
use std::fs;

/// Linux counts the CPU time of processes in hundredths of a second, on every architecture.
const MS_PER_TICK: f64 = 10.0;
/// "Forget the peak of resident memory", see `proc_pid_clear_refs(5)`.
const FORGET_PEAK: &str = "5";

/// CPU time that all threads of a process have used so far, in milliseconds.
pub fn cpu_ms(pid: u32) -> Result<f64> {
    let stat = read(pid, "stat")?;
    cpu_ticks(&stat)
        .map(|ticks| ticks * MS_PER_TICK)
        .with_context(|| format!("/proc/{pid}/stat reads {stat}"))
}

/// Resident memory now, in bytes.
pub fn resident_bytes(pid: u32) -> Result<f64> {
    memory(pid, "VmRSS:")
}

/// The most resident memory since [`forget_peak`], in bytes.
pub fn peak_bytes(pid: u32) -> Result<f64> {
    memory(pid, "VmHWM:")
}

/// From now on [`peak_bytes`] begins anew.
pub fn forget_peak(pid: u32) -> Result<()> {
    let path = format!("/proc/{pid}/clear_refs");
    fs::write(&path, FORGET_PEAK).with_context(|| format!("cannot write {path}"))
}

fn memory(pid: u32, name: &str) -> Result<f64> {
    let status = read(pid, "status")?;
    bytes(&status, name).with_context(|| format!("/proc/{pid}/status has no {name}"))
}

fn read(pid: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

/// User and system time of `pid (name) state ppid …`; a name may hold spaces and parentheses.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The value of a line like `VmRSS:     1234 kB`.
fn bytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_all_threads_are_added_up() {
        let stat =
            "71 (a (b) c) S 42 71 71 0 -1 4194560 900 8000 1 2 30 4 500 60 20 0 1 0 99 1000 200\n";
        assert_eq!(cpu_ticks(stat), Some(34.0));
        assert_eq!(cpu_ticks("71 (short) S 42"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tgih\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n";
        assert_eq!(bytes(status, "VmRSS:"), Some(1_048_576.0));
        assert_eq!(bytes(status, "VmHWM:"), Some(2_097_152.0));
        assert_eq!(bytes(status, "VmSwap:"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let pid = std::process::id();
        assert!(cpu_ms(pid).unwrap() >= 0.0);
        forget_peak(pid).unwrap();
        assert!(peak_bytes(pid).unwrap() >= resident_bytes(pid).unwrap() / 2.0);
    }
}

//! What Linux says about a process: its CPU time and its memory.

use anyhow::{Context, Result};
use std::fs;

/// Linux counts the CPU time of processes in hundredths of a second, on every architecture.
const MS_PER_TICK: f64 = 10.0;
/// "Forget the peak of resident memory", see `proc_pid_clear_refs(5)`.
const FORGET_PEAK: &str = "5";

/// CPU time of a process, in milliseconds.
#[derive(Debug, PartialEq)]
pub struct Stat {
    /// The process id of its parent.
    pub parent: u32,
    /// What all its threads have used so far.
    pub own_ms: f64,
    /// What its children had used when they ended.
    pub ended_children_ms: f64,
}

impl Stat {
    /// Reads it.
    pub fn of(pid: u32) -> Result<Self> {
        let stat = read(pid, "stat")?;
        Self::parse(&stat).with_context(|| format!("/proc/{pid}/stat reads {stat}"))
    }

    /// Of `pid (name) state ppid …`; a name may hold spaces and parentheses.
    fn parse(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ms = |field: usize| Some(fields.get(field)?.parse::<f64>().ok()? * MS_PER_TICK);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own_ms: ms(11)? + ms(12)?,
            ended_children_ms: ms(13)? + ms(14)?,
        })
    }
}

/// CPU time that all threads of a process have used so far, in milliseconds.
pub fn cpu_ms(pid: u32) -> Result<f64> {
    Ok(Stat::of(pid)?.own_ms)
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
    fn the_times_of_a_process_are_read() {
        let stat =
            "71 (a (b) c) S 42 71 71 0 -1 4194560 900 8000 1 2 30 4 500 60 20 0 1 0 99 1000 200\n";
        let times = Stat {
            parent: 42,
            own_ms: 340.0,
            ended_children_ms: 5600.0,
        };
        assert_eq!(Stat::parse(stat), Some(times));
        assert_eq!(Stat::parse("71 (short) S 42"), None);
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

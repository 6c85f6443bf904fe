//! Starts a server as a child, waits until it listens, and ends it.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to listen.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long a server may take to end when asked to.
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);
const LISTENING: &str = "listening on ";
/// The end of a log that an error shows, in bytes.
const SHOWN_LOG_BYTES: usize = 2000;

/// A running server; killed when dropped.
pub struct Process {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// When it was started.
    pub started: Instant,
    /// From then until it said that it listens.
    pub ready_after: Duration,
}

impl Process {
    /// Starts a server and waits for its line `listening on http://…`. What it writes to stderr goes into the log file.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let name = command.get_program().display().to_string();
        let stderr = File::create(log).with_context(|| log.display().to_string())?;
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let output = child.stdout.take();
        let (tell, told) = mpsc::channel();
        // Reads to the end, so that the server never waits for a reader.
        thread::spawn(move || {
            for line in output
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines())
            {
                let Ok(line) = line else { break };
                if let Some(url) = line.strip_prefix(LISTENING) {
                    tell.send(url.to_owned()).ok();
                }
            }
        });
        let heard = told.recv_timeout(START_LIMIT);
        let mut process = Self {
            child,
            url: String::new(),
            started,
            ready_after: started.elapsed(),
        };
        match heard {
            Ok(url) => process.url = url,
            Err(RecvTimeoutError::Timeout) => {
                bail!("{name} does not listen after {} s", START_LIMIT.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                bail!("{name} ended before it listened: {}", end_of(log))
            }
        }
        Ok(process)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end and waits until it has. One that has ended by itself is an error.
    pub fn stop(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("a server ended by itself: {status}");
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > STOP_LIMIT {
                bail!("a server did not end within {} s", STOP_LIMIT.as_secs());
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The end of a log, for an error message.
pub fn end_of(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let start = text.len().saturating_sub(SHOWN_LOG_BYTES);
    String::from_utf8_lossy(&text[start..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Process> {
        let folder = tempfile::tempdir().unwrap();
        Process::start(
            Command::new("sh").args(["-c", script]),
            &folder.path().join("log"),
        )
    }

    #[test]
    fn a_server_is_ready_once_it_says_where_it_listens() {
        let process =
            shell("echo hello; echo listening on http://127.0.0.1:1; exec sleep 60").unwrap();
        assert_eq!(process.url, "http://127.0.0.1:1");
        process.stop().unwrap();
    }

    #[test]
    fn a_server_that_ended_by_itself_is_an_error_when_it_is_stopped() {
        let mut process = shell("echo listening on http://127.0.0.1:1").unwrap();
        process.child.wait().unwrap();
        let error = process.stop().err().unwrap();
        assert!(error.to_string().contains("by itself"), "{error}");
    }

    #[test]
    fn a_server_that_ends_early_is_an_error_with_its_log() {
        let error = shell("echo broken >&2; exit 1").err().unwrap();
        assert!(error.to_string().contains("broken"), "{error}");
    }
}

//! The binary as a process: commands that end, and `serve`, which does not.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::PATIENCE;

type Env = [(String, String)];

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it said on stdout.
    pub stdout: String,
    /// What it said on stderr.
    pub stderr: String,
}

impl Finished {
    /// The same, which must have succeeded.
    #[track_caller]
    pub fn succeed(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Its stdout as the one JSON value that `--json` prints.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON value ({error}): {self:?}"))
    }
}

/// This build's binary.
pub fn this_build() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_gih"))
}

/// `gih` in an environment of these variables and `PATH` alone, in the data folder's parent.
pub fn command(env: &Env, args: &[&str]) -> Command {
    command_of(this_build(), env, args)
}

/// The same of another build.
pub fn command_of(binary: &Path, env: &Env, args: &[&str]) -> Command {
    let mut command = Command::new(binary);
    let data_dir = env.iter().find(|(name, _)| name == "GIH_DATA_DIR");
    if let Some(parent) = data_dir.and_then(|(_, path)| Path::new(path).parent()) {
        command.current_dir(parent);
    }
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(env.iter().cloned())
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub fn run(env: &Env, args: &[&str]) -> Finished {
    run_with_stdin(env, args, "")
}

/// Runs a command to its end, with this on its stdin.
pub fn run_with_stdin(env: &Env, args: &[&str], stdin: &str) -> Finished {
    finish(command(env, args), stdin)
}

/// Runs this command to its end, with this on its stdin.
pub fn finish(mut command: Command, stdin: &str) -> Finished {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may be gone by now, which is its right.
    let _unread = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running `serve`, killed when dropped.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    stdout: String,
    stderr: Arc<Mutex<String>>,
    reading: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts it; nothing is waited for.
    pub fn spawn(env: &Env, args: &[&str]) -> Self {
        Self::of(command(env, args))
    }

    /// Starts this command; nothing is waited for.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (tell, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, written) = (child.stderr.take().unwrap(), Arc::clone(&log));
        let reading = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self {
            child,
            lines,
            stdout: String::new(),
            stderr: log,
            reading: Some(reading),
        }
    }

    /// Waits for the line of stdout that begins so; what follows there.
    pub fn line(&mut self, beginning: &str) -> String {
        self.line_or_end(beginning).unwrap_or_else(|| {
            panic!(
                "`gih serve` never said {beginning:?}\nstdout:\n{}\nstderr:\n{}",
                self.stdout,
                self.stderr()
            )
        })
    }

    /// The same, for a process that may end before: `None` then.
    pub fn line_or_end(&mut self, beginning: &str) -> Option<String> {
        let started = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(started.elapsed());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.stdout.push_str(&line);
                    self.stdout.push('\n');
                    if let Some(rest) = line.strip_prefix(beginning) {
                        return Some(rest.to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Everything on stdout so far.
    pub fn stdout(&mut self) -> &str {
        while let Ok(line) = self.lines.try_recv() {
            self.stdout.push_str(&line);
            self.stdout.push('\n');
        }
        &self.stdout
    }

    /// Everything on stderr, the log, so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it holds of memory, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.unwrap().parse().unwrap()
    }

    /// Sends a signal, like `TERM`, `INT`, `STOP` or `CONT`.
    pub fn signal(&self, signal: &str) {
        let (signal, pid) = (format!("-{signal}"), self.pid().to_string());
        let sent = Command::new("kill").args([signal, pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it as kill -9 and a power cut do.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "`gih serve` did not end:\n{}",
                self.stderr()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether it has ended; its log is whole then.
    pub fn has_ended(&mut self) -> bool {
        let has_ended = self.child.try_wait().unwrap().is_some();
        if has_ended && let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
        has_ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- the log of the hub\n{}---", self.stderr());
        }
    }
}

/// Reads all of a stream that ends.
pub fn read_all(mut stream: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset after the answer is as good as an end.
    let _reset = stream.by_ref().read_to_end(&mut bytes);
    bytes
}

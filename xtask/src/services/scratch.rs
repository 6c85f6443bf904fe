//! A temporary folder, the servers that live in it, and the one that cleans up behind them.

use crate::workspace;
use anyhow::{Context, Result, bail};
use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Reads process ids until its input ends, which it does when we drop it and also when we die, by Ctrl-C or worse.
/// Then it stops them (SIGINT is Postgres's fast shutdown, SIGTERM is for a program that was started with SIGINT
/// ignored), gives them ten seconds in all, and deletes the folder.
const WARDEN: &str = r#"
while read -r pid; do pids="$pids $pid"; done
for pid in $pids; do kill -INT "$pid"; kill -TERM "$pid"; done
waits=0
for pid in $pids; do
    while kill -0 "$pid" && [ "$waits" -lt 100 ]; do waits=$((waits + 1)); sleep 0.1; done
    [ "$waits" -lt 100 ] || kill -KILL "$pid"
done
rm -rf -- "$1"
"#;

/// Lines of a server's log shown when it does not come up.
const LOG_TAIL_LINES: usize = 30;

/// The warden's ten seconds and some; only if it was killed itself does it take longer, and then we do its work.
const WARDEN_WITHIN: Duration = Duration::from_secs(15);

const POLL: Duration = Duration::from_millis(50);

/// A file system in memory, where Linux has one.
const MEMORY: &str = "/dev/shm";

/// What must be free there, in KiB: `cargo xtask test` has taken 0.3 GB at once.
const MEMORY_FREE_KIB: u64 = 4 << 20;

/// A folder for temporary files, and the servers started in it. Dropping it stops them and deletes it.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    warden: Child,
    /// Open as long as we live; `None` only while being dropped.
    orders: Option<ChildStdin>,
    servers: Vec<Server>,
}

#[derive(Debug)]
struct Server {
    name: &'static str,
    process: Child,
}

impl Scratch {
    /// Makes the folder under the system's temporary folder, passable but not listable for other users, and posts the
    /// warden.
    pub fn new() -> Result<Self> {
        Self::under(&std::env::temp_dir())
    }

    /// The same in memory, unless `TMPDIR` names a folder or there is little room. Tests make and delete a hundred thousand
    /// small files, most of them Postgres's, which takes a disk's file system a good part of their time.
    pub fn in_memory() -> Result<Self> {
        let memory = Path::new(MEMORY);
        let is_ours_to_choose = std::env::var_os("TMPDIR").is_none();
        if is_ours_to_choose && free_kib(memory).is_some_and(|free| free >= MEMORY_FREE_KIB) {
            Self::under(memory)
        } else {
            Self::new()
        }
    }

    fn under(base: &Path) -> Result<Self> {
        let path = fresh_folder(base)?;
        let warden = Command::new("sh")
            .args(["-c", WARDEN, "warden"])
            .arg(&path)
            .current_dir("/")
            // Its own group: Ctrl-C in a terminal goes to the whole foreground group.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match warden {
            Ok(mut warden) => {
                let orders = warden.stdin.take();
                Ok(Self {
                    path,
                    warden,
                    orders,
                    servers: Vec::new(),
                })
            }
            Err(error) => {
                fs::remove_dir_all(&path).ok();
                Err(error).context("cannot start `sh`")
            }
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether we run as root: the owner of what we make tells.
    pub fn is_roots(&self) -> Result<bool> {
        Ok(fs::metadata(&self.path)?.uid() == 0)
    }

    /// Starts a server that writes to `<name>.log`, and waits until `ready`, at most `bound`; its process id. It is
    /// stopped with us.
    pub fn start(
        &mut self,
        name: &'static str,
        command: &mut Command,
        bound: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> Result<u32> {
        let log = File::create(self.log_path(name))?;
        let process = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let pid = process.id();
        let order = format!("{pid}\n");
        self.servers.push(Server { name, process });
        if let Some(orders) = &mut self.orders {
            orders
                .write_all(order.as_bytes())
                .context("the warden of the scratch folder is gone")?;
        }
        let started = Instant::now();
        while !ready() {
            if let Some(status) = self.exit_of(name)? {
                bail!("{name} did not start: {status}\n{}", self.log_tail(name));
            }
            if started.elapsed() > bound {
                bail!(
                    "{name} was not ready within {} s\n{}",
                    bound.as_secs(),
                    self.log_tail(name)
                );
            }
            std::thread::sleep(POLL);
        }
        Ok(pid)
    }

    fn exit_of(&mut self, name: &str) -> Result<Option<std::process::ExitStatus>> {
        match self.servers.iter_mut().find(|server| server.name == name) {
            Some(server) => Ok(server.process.try_wait()?),
            None => Ok(None),
        }
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.log"))
    }

    fn log_tail(&self, name: &str) -> String {
        let log = fs::read(self.log_path(name)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.orders.take());
        let told = Instant::now();
        for server in &mut self.servers {
            // A server is reaped only after the warden was told, so that the id it signals is still the server's.
            while let Ok(None) = server.process.try_wait() {
                if told.elapsed() > WARDEN_WITHIN {
                    server.process.kill().ok();
                }
                std::thread::sleep(POLL);
            }
        }
        // Deleted once and by one: behind a warden that succeeded the path is nobody's, or soon another's.
        if !self.warden.wait().is_ok_and(|status| status.success()) {
            fs::remove_dir_all(&self.path).ok();
        }
    }
}

/// Makes `gih-test-<pid>-<n>` where no such folder is. A number is never taken twice in a process, so that whoever still
/// holds the path of a deleted folder holds the path of nothing.
fn fresh_folder(base: &Path) -> Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // A folder left over by a killed process that had our id is possible; a hundred of them are not.
    for _ in 0..100 {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("gih-test-{}-{number}", std::process::id()));
        match DirBuilder::new().mode(0o711).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot create {}", path.display()));
            }
        }
    }
    bail!(
        "{} is full of gih-test-* folders: delete them",
        base.display()
    )
}

/// What is free where this folder is, in KiB; nothing where that cannot be told.
fn free_kib(folder: &Path) -> Option<u64> {
    // POSIX: a line of headings, then the file system, its blocks, what is used, what is free.
    let table = workspace::output(Command::new("df").arg("-Pk").arg(folder)).ok()?;
    let line = table.lines().nth(1)?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
#[path = "scratch_tests.rs"]
mod tests;

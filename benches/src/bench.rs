//! What the rows of one run share: the programs, the Postgres server, the books that were made once, and the pace.

use crate::hub::{Books, Kind};
use crate::load::Job;
use crate::pgbench::Pgbench;
use crate::postgres::Postgres;
use crate::process::Process;
use crate::spread::Round;
use anyhow::Result;
use std::cell::{Cell, OnceCell};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Accounts of the books that rows share: one for each of 32 callers.
const ACCOUNTS: usize = 32;

/// One run.
pub struct Bench<'a> {
    /// The binary `gih`.
    pub gih: PathBuf,
    /// The server of all databases.
    pub postgres: &'a Postgres,
    /// Everything that the run writes is in it; removed at the end.
    pub folder: TempDir,
    /// Few and short rounds.
    pub is_quick: bool,
    on_postgres: OnceCell<Books>,
    on_sqlite: OnceCell<Books>,
    pgbench: OnceCell<Pgbench<'a>>,
    logs: Cell<u32>,
}

impl<'a> Bench<'a> {
    /// Nothing is started yet.
    pub fn new(gih: PathBuf, postgres: &'a Postgres, folder: TempDir, is_quick: bool) -> Self {
        Self {
            gih,
            postgres,
            folder,
            is_quick,
            on_postgres: OnceCell::new(),
            on_sqlite: OnceCell::new(),
            pgbench: OnceCell::new(),
            logs: Cell::new(0),
        }
    }

    /// How long each load and each yardstick takes in a round, in seconds.
    pub fn seconds(&self) -> u32 {
        if self.is_quick { 1 } else { 4 }
    }

    /// How many rounds a row has.
    pub fn round_count(&self) -> usize {
        if self.is_quick { 2 } else { 5 }
    }

    /// Does the same several times, so that the target and its yardsticks take turns.
    pub fn rounds(&self, mut round: impl FnMut() -> Result<Round>) -> Result<Vec<Round>> {
        (0..self.round_count()).map(|_| round()).collect()
    }

    /// A job's load for as long as a round has.
    pub fn timed(&self, job: Job, concurrency: usize) -> Job {
        Job {
            concurrency,
            seconds: self.seconds().into(),
            ..job
        }
    }

    /// The books that rows share, made at their first use.
    pub fn books(&self, kind: Kind) -> Result<&Books> {
        let cell = match kind {
            Kind::Postgres => &self.on_postgres,
            Kind::Sqlite => &self.on_sqlite,
        };
        if let Some(books) = cell.get() {
            return Ok(books);
        }
        let books = Books::new(self, kind, "bench_hub", ACCOUNTS)?;
        Ok(cell.get_or_init(|| books))
    }

    /// The database yardstick, made at its first use.
    pub fn pgbench(&self) -> Result<&Pgbench<'a>> {
        if let Some(pgbench) = self.pgbench.get() {
            return Ok(pgbench);
        }
        let pgbench = Pgbench::new(self.postgres)?;
        Ok(self.pgbench.get_or_init(|| pgbench))
    }

    /// Starts a provider with these flags.
    pub fn upstream(&self, flags: &[(&str, usize)]) -> Result<Process> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("upstream");
        for (name, value) in flags {
            command.arg(name).arg(value.to_string());
        }
        self.start(&mut command)
    }

    /// A new folder for a server's files.
    pub fn new_folder(&self) -> Result<PathBuf> {
        Ok(tempfile::tempdir_in(self.folder.path())?.keep())
    }

    /// Starts a server; its log is a file of its own.
    pub fn start(&self, command: &mut Command) -> Result<Process> {
        let number = self.logs.get();
        self.logs.set(number + 1);
        Process::start(command, &self.folder.path().join(format!("{number}.log")))
    }
}

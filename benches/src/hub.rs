//! The hub under measurement: its books with accounts, credits and keys, and a running `gih serve` on them.

use crate::bench::Bench;
use crate::load::{Job, Outcome};
use crate::measure::{self, Usage};
use crate::million;
use crate::postgres::{Counters, Postgres};
use crate::process::Process;
use crate::spread::Round;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// What each account may spend: more than any run does.
const CREDITS: u32 = 1_000_000_000;
/// Commands that run at once while accounts are made.
const COMMANDS_AT_ONCE: usize = 4;
/// Callers while file syncs are counted. A hub that is traced answers more of them 503.
const MAX_TRACED_CALLERS: usize = 32;
/// The body of a plain request.
pub const PLAIN: &str = r#"{"model":"gpt-image-2","prompt":"a red fox in the snow"}"#;

/// The base of a provider that nobody calls.
pub const NO_PROVIDER: &str = "http://127.0.0.1:9";

/// Which database keeps the books.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Sqlite,
}

/// Transactions of a hub that nobody asks for anything, on Postgres: those of a start and a stop, and those of each second
/// between them.
#[derive(Clone, Copy, Default)]
struct Idle {
    once: f64,
    a_second: f64,
}

/// A database and a data folder that hubs can serve, one after the other or together.
pub struct Books {
    gih: PathBuf,
    /// The data folder is in it, and lists of callers.
    folder: PathBuf,
    /// The server and the database's name; `None` on SQLite.
    pub database: Option<(Postgres, String)>,
    /// A live key for each account.
    pub keys: Vec<String>,
    /// What a hub does when nobody asks for anything.
    idle: Idle,
}

impl Books {
    /// Makes a fresh database of that name with so many accounts.
    pub fn new(bench: &Bench, kind: Kind, name: &str, accounts: usize) -> Result<Self> {
        let folder = bench.new_folder()?;
        let database = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => {
                bench.postgres.create(name)?;
                Some((bench.postgres.clone(), name.to_owned()))
            }
        };
        let mut books = Self {
            gih: bench.gih.clone(),
            folder,
            database,
            keys: Vec::new(),
            idle: Idle::default(),
        };
        books.gih(&["migrate"])?;
        books.gih(&["seed"])?;
        books.keys = books.accounts(accounts)?;
        // Unfinished business of a first start is not what a row measures.
        let once = books.idle_transactions(bench, Duration::ZERO)?;
        if books.database.is_some() {
            // A hub looks for work a few times a second.
            let time = Duration::from_secs(bench.seconds().into());
            let more = books.idle_transactions(bench, time)? - once;
            books.idle = Idle {
                once,
                a_second: more.max(0.0) / time.as_secs_f64(),
            };
        }
        Ok(books)
    }

    /// Transactions of a hub that is started, left alone and stopped.
    fn idle_transactions(&self, bench: &Bench, time: Duration) -> Result<f64> {
        let before = self.transactions()?;
        let hub = self.serve(bench, NO_PROVIDER)?;
        thread::sleep(time);
        hub.process.stop()?;
        Ok(f64::from(u32::try_from(self.transactions()? - before)?))
    }

    /// Starts a hub whose provider is at `upstream`, the only one on these books.
    pub fn serve(&self, bench: &Bench, upstream: &str) -> Result<Hub<'_>> {
        let transactions_before = self.transactions()?;
        Ok(Hub {
            transactions_before,
            ..self.serve_beside(bench, upstream)?
        })
    }

    /// Starts a hub that may have others beside it. Its transactions cannot be told from theirs.
    pub fn serve_beside(&self, bench: &Bench, upstream: &str) -> Result<Hub<'_>> {
        let mut serve = self.command();
        serve
            .arg("serve")
            .env("OPENAI_API_KEY", "sk-bench")
            .env("OPENAI_BASE_URL", format!("{upstream}/v1"));
        let process = bench.start(&mut serve)?;
        Ok(Hub {
            books: self,
            process,
            requests: Cell::new(0.0),
            transactions_before: 0,
            warm_bytes: Cell::new(0.0),
        })
    }

    /// A list of callers: a URL for each account, with its key.
    pub fn callers(&self, name: &str, url: impl Fn(usize) -> String) -> Result<PathBuf> {
        let lines: Vec<String> = (self.keys.iter().enumerate())
            .map(|(account, key)| format!("{} {key}\n", url(account)))
            .collect();
        let path = self.folder.join(name);
        fs::write(&path, lines.concat())?;
        Ok(path)
    }

    /// Gives the first account a long history, and others too. Nothing serves these books meanwhile.
    pub fn fill(&self) -> Result<()> {
        let email = email(0);
        match &self.database {
            Some((postgres, name)) => {
                million::fill_postgres(postgres, name, &email, million::GENERATIONS)
            }
            None => million::fill_sqlite(&self.data().join("gih.db"), &email, million::GENERATIONS),
        }
    }

    /// Removes the stored images of these books, where large ones would fill the disk. Nobody reads them meanwhile.
    pub fn remove_images(&self) -> Result<()> {
        let images = self.data().join("media").join("generations");
        if images.is_dir() {
            fs::remove_dir_all(&images)?;
        }
        Ok(())
    }

    /// A command of the binary, with these books' settings and nothing else of the environment.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.gih);
        command
            .env_clear()
            .current_dir(&self.folder)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIH_DATA_DIR", self.data())
            .env("GIH_BIND", "127.0.0.1:0")
            .env("GIH_LOG", "warn")
            // An audit in the middle of a round would be in its figures.
            .env("GIH_AUDIT_INTERVAL", "30d")
            .stdin(Stdio::null());
        if let Some((postgres, name)) = &self.database {
            command.env("DATABASE_URL", postgres.url_of(name));
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Runs a command of the binary; what it printed.
    fn gih(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = self.command().args(arguments).output();
        let output = output.with_context(|| format!("cannot start {}", self.gih.display()))?;
        if !output.status.success() {
            bail!(
                "gih {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(output.stdout)
    }

    /// Makes accounts with credits, a few at once; their keys.
    fn accounts(&self, count: usize) -> Result<Vec<String>> {
        let share = count.div_ceil(COMMANDS_AT_ONCE).max(1);
        let numbers: Vec<usize> = (0..count).collect();
        thread::scope(|scope| {
            let makers: Vec<_> = numbers
                .chunks(share)
                .map(|numbers| {
                    scope.spawn(|| numbers.iter().map(|number| self.account(*number)).collect())
                })
                .collect();
            let mut keys = Vec::new();
            for maker in makers {
                let made: Result<Vec<String>> =
                    maker.join().ok().context("a maker of accounts panicked")?;
                keys.extend(made?);
            }
            Ok(keys)
        })
    }

    fn account(&self, number: usize) -> Result<String> {
        let email = email(number);
        let credits = CREDITS.to_string();
        self.gih(&["account", "create", "--email", &email, "--json"])?;
        self.gih(&["credits", "grant", "--email", &email, "--credits", &credits])?;
        let key = self.gih(&[
            "key", "create", "--email", &email, "--name", "bench", "--json",
        ])?;
        let key: Value = serde_json::from_slice(&key)?;
        let key = key["key"]
            .as_str()
            .context("gih key create prints no key")?;
        Ok(key.to_owned())
    }

    /// What Postgres counts for this database; `None` on SQLite.
    pub fn counters(&self) -> Result<Option<Counters>> {
        let Some((postgres, name)) = &self.database else {
            return Ok(None);
        };
        Ok(Some(postgres.counters(name)?))
    }

    /// Transactions of the database so far, once nobody is connected to it: a connection reports its last ones when it
    /// ends. 0 on SQLite.
    fn transactions(&self) -> Result<u64> {
        let Some((postgres, name)) = &self.database else {
            return Ok(0);
        };
        postgres.wait_until_alone(name)?;
        Ok(postgres.counters(name)?.transactions)
    }
}

fn email(account: usize) -> String {
    format!("caller{account}@example.com")
}

/// A running hub; killed when dropped.
pub struct Hub<'a> {
    pub books: &'a Books,
    pub process: Process,
    requests: Cell<f64>,
    transactions_before: u64,
    warm_bytes: Cell<f64>,
}

impl Hub<'_> {
    /// Each account calls this path: `GET`, or `POST` of a body.
    pub fn job(&self, path: &str, body: Option<&str>) -> Result<Job> {
        let url = format!("{}{path}", self.process.url);
        let callers = self
            .books
            .callers(&self.process.pid().to_string(), |_| url.clone())?;
        Ok(Job::new(callers, body))
    }

    /// Each account asks for one image.
    pub fn generations(&self) -> Result<Job> {
        self.job("/api/v1/images/generations", Some(PLAIN))
    }

    /// Lets everything that happens once happen, and remembers the memory that the hub has then.
    pub fn warm(&self, job: &Job) -> Result<()> {
        let few = Job {
            requests: 2,
            concurrency: 1,
            seconds: 60.0,
            warm_up_seconds: 0.0,
            ..job.clone()
        };
        let outcome = few.run()?;
        self.requests.set(self.requests.get() + outcome.requests);
        self.warm_bytes.set(measure::resident_bytes(&self.process)?);
        Ok(())
    }

    /// Runs a load on this hub, and takes the figures of a request.
    pub fn measure(&self, job: &Job) -> Result<(Outcome, Round)> {
        measure::forget_peak(&self.process)?;
        let before = Usage::before(self)?;
        let outcome = job.run()?;
        let round = Usage::after(self)?.round(&before, outcome.requests, self.warm_bytes.get());
        self.requests.set(self.requests.get() + outcome.requests);
        Ok((outcome, round))
    }

    /// Counts what cannot be counted while time is measured: file syncs, for a second of the load, and transactions,
    /// over the whole life of the hub, which ends.
    pub fn finish(self, job: &Job) -> Result<Round> {
        let mut round = Round::default();
        let brief = Job {
            concurrency: job.concurrency.min(MAX_TRACED_CALLERS),
            seconds: 1.0,
            warm_up_seconds: 0.0,
            ..job.clone()
        };
        let traced = measure::syncs(&self.process, &brief);
        if let Ok(Some((requests, syncs))) = traced {
            self.requests.set(self.requests.get() + requests);
            round.add(measure::SYNCS, syncs / requests);
        }
        let Self {
            books,
            process,
            requests,
            transactions_before,
            ..
        } = self;
        let lived = process.started.elapsed();
        process.stop()?;
        if let Err(error) = traced {
            // A hub that is traced is slow, and may answer 503 under a load that it serves otherwise. How many requests
            // it served then, nobody knows.
            eprintln!("neither file syncs nor transactions were counted: {error:#}");
        } else if books.database.is_some() {
            let life = u32::try_from(books.transactions()? - transactions_before)?;
            let idle = books.idle.once + books.idle.a_second * lived.as_secs_f64();
            let of_requests = (f64::from(life) - idle).max(0.0);
            round.add(measure::TRANSACTIONS, of_requests / requests.get());
        }
        Ok(round)
    }
}

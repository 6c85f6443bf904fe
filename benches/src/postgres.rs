//! The Postgres server of the benchmark: its databases, its counters, its CPU.
//!
//! The benchmark speaks to it through `psql`, because a driver would cost a dependency and its CPU would be the tool's.

use crate::procfs::Stat;
use anyhow::{Context, Result, bail};
use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

/// A hub that was stopped or killed is disconnected long before.
const ALONE_WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);
/// A read takes about a millisecond, and server processes end in bursts.
const CPU_READS: u32 = 1000;

/// A running server.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// The superuser's URL, `postgres://user:password@host:port/postgres`.
    pub url: String,
    /// The folder that holds `psql` and `pgbench`.
    pub bin: PathBuf,
    /// The process id of the postmaster, the parent of all server processes.
    pub pid: u32,
    has_statements: bool,
}

/// What one database has done since it was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Transactions that have ended. Each connection reports its own at most once a second and after a pause of up to ten,
    /// so they are complete only when nobody is connected: see [`Postgres::wait_until_alone`].
    pub transactions: u64,
    /// Statements from clients, `BEGIN` and `COMMIT` among them; `None` when the server has no `pg_stat_statements`.
    pub statements: Option<u64>,
    /// Bytes of write-ahead log, of all databases together.
    pub wal_bytes: u64,
}

impl Counters {
    /// What happened between `before` and this.
    pub fn since(self, before: Self) -> Self {
        Self {
            transactions: self.transactions.saturating_sub(before.transactions),
            statements: self
                .statements
                .zip(before.statements)
                .map(|(after, before)| after.saturating_sub(before)),
            wal_bytes: self.wal_bytes.saturating_sub(before.wal_bytes),
        }
    }
}

impl Postgres {
    /// Connects once to find out whether the server counts statements.
    pub fn new(url: String, bin: PathBuf, pid: u32) -> Result<Self> {
        let mut postgres = Self {
            url,
            bin,
            pid,
            has_statements: false,
        };
        let libraries = postgres.query("postgres", "SHOW shared_preload_libraries")?;
        if libraries.contains("pg_stat_statements") {
            let sql = "SET client_min_messages = error; CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
            postgres.query("postgres", sql)?;
            postgres.has_statements = true;
        }
        Ok(postgres)
    }

    /// The URL of a database on this server.
    pub fn url_of(&self, database: &str) -> String {
        let server = self.url.rsplit_once('/').map_or("", |(server, _)| server);
        format!("{server}/{database}")
    }

    /// Creates an empty database in the place of one of the same name; its URL. Connections to the old one are cut.
    pub fn create(&self, database: &str) -> Result<String> {
        self.drop(database)?;
        self.query("postgres", &format!("CREATE DATABASE {database}"))?;
        Ok(self.url_of(database))
    }

    /// Drops a database if it exists, and cuts its connections.
    pub fn drop(&self, database: &str) -> Result<()> {
        let sql = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        self.query("postgres", &sql).map(drop)
    }

    /// Runs SQL and returns what it answers: a line for each row, with `|` between its columns. Each statement is a
    /// transaction of its own, and the first that fails is an error.
    pub fn query(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = self.client("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(without_password(&self.url_of(database)).0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = psql.spawn().context("cannot start psql")?;
        // Closed at the end of the statement, which is the end of the script for psql. When psql has ended before it
        // read all, its own message says more than the broken pipe.
        if let Some(mut input) = running.stdin.take() {
            input.write_all(sql.as_bytes()).ok();
        }
        let output = running.wait_with_output()?;
        if !output.status.success() {
            bail!(
                "psql: {}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim_end()
            );
        }
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// Waits until nobody is connected to a database: a connection reports its last transactions when it ends.
    pub fn wait_until_alone(&self, database: &str) -> Result<()> {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity
            WHERE datname = '{database}' AND backend_type = 'client backend'"
        );
        let began = Instant::now();
        while self.query("postgres", &sql)? != "0" {
            if began.elapsed() > ALONE_WITHIN {
                bail!(
                    "{database} has connections for longer than {} s",
                    ALONE_WITHIN.as_secs()
                );
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Reads the counters of a database.
    pub fn counters(&self, database: &str) -> Result<Counters> {
        let sum = if self.has_statements {
            "(SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE dbid = datid)"
        } else {
            "NULL"
        };
        let row = self.query(
            "postgres",
            &format!(
                "SELECT xact_commit + xact_rollback, {sum}, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')
                FROM pg_stat_database WHERE datname = '{database}'"
            ),
        )?;
        let mut columns = row.split('|');
        Ok(Counters {
            transactions: number(columns.next())?,
            statements: columns
                .next()
                .filter(|text| !text.is_empty())
                .map(|text| number(Some(text)))
                .transpose()?,
            wal_bytes: number(columns.next())?,
        })
    }

    /// CPU time that the server has used so far, in milliseconds: all its processes, those that have ended included.
    pub fn cpu_ms(&self) -> Result<f64> {
        for _ in 0..CPU_READS {
            let ended_before = Stat::of(self.pid)?.ended_children_ms;
            let running_ms = self.children_ms()?;
            let server = Stat::of(self.pid)?;
            // A process that ends meanwhile could be counted twice, or not at all.
            if server.ended_children_ms <= ended_before {
                return Ok(running_ms + server.own_ms + server.ended_children_ms);
            }
        }
        bail!("Postgres ended a process during each of {CPU_READS} reads of its CPU time")
    }

    /// CPU time of the server's processes that run, without the postmaster.
    fn children_ms(&self) -> Result<f64> {
        let mut children_ms = 0.0;
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A process may end between being listed and being read.
            if let Some(child) = Stat::of(pid).ok().filter(|stat| stat.parent == self.pid) {
                children_ms += child.own_ms;
            }
        }
        Ok(children_ms)
    }

    /// A client program of the server's own folder, with the password in its environment: a command line is shown to
    /// all users of the machine.
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command
            .env("PGPASSWORD", without_password(&self.url).1)
            .env("PGCONNECT_TIMEOUT", "10")
            .env("LC_ALL", "C");
        command
    }
}

/// A URL without its password, and the password.
pub fn without_password(url: &str) -> (String, String) {
    let split = || {
        let (login, place) = url.split_once('@')?;
        let (user, password) = login.rsplit_once(':')?;
        let is_password = !password.starts_with("//");
        is_password.then(|| (format!("{user}@{place}"), password.to_owned()))
    };
    split().unwrap_or_else(|| (url.to_owned(), String::new()))
}

fn number<T>(text: Option<&str>) -> Result<T>
where
    T: FromStr<Err: Display>,
{
    let text = text.unwrap_or_default();
    text.parse()
        .map_err(|error| anyhow::anyhow!("psql answered `{text}` for a number: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://postgres:secret@127.0.0.1:5433/postgres";

    #[test]
    fn a_url_names_another_database_of_the_server() {
        let postgres = Postgres {
            url: URL.to_owned(),
            bin: PathBuf::new(),
            pid: 1,
            has_statements: false,
        };
        assert_eq!(
            postgres.url_of("bench"),
            "postgres://postgres:secret@127.0.0.1:5433/bench"
        );
    }

    #[test]
    fn a_password_is_taken_out_of_a_url() {
        let (url, password) = without_password(URL);
        assert_eq!(url, "postgres://postgres@127.0.0.1:5433/postgres");
        assert_eq!(password, "secret");
        let plain = "postgres://postgres@127.0.0.1:5433/postgres";
        assert_eq!(without_password(plain), (plain.to_owned(), String::new()));
    }

    #[test]
    fn counters_are_subtracted() {
        let counters = |transactions, statements, wal_bytes| Counters {
            transactions,
            statements,
            wal_bytes,
        };
        let before = counters(5, Some(10), 100);
        assert_eq!(
            counters(7, Some(15), 400).since(before),
            counters(2, Some(5), 300)
        );
        assert_eq!(counters(7, None, 400).since(before).statements, None);
    }
}

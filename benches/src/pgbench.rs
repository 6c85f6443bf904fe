//! The database yardstick: what one paid generation needs of Postgres, in the two statements that are the least.

use anyhow::{Context, Result, bail};
use std::fs;
use tempfile::TempDir;

use crate::postgres::{Postgres, without_password};

/// The tables, with a thousand accounts of three lots each.
const SCHEMA: &str = include_str!("../sql/schema.sql");
/// One paid generation: charge the account and open the generation, then finish it.
const SCRIPT: &str = include_str!("../sql/generation_two_statements.sql");
/// One read of a row by its primary key.
const READ: &str = include_str!("../sql/read.sql");
const DATABASE: &str = "bench_yardstick";

/// A database for `pgbench`, and the script that it runs.
pub struct Pgbench<'a> {
    postgres: &'a Postgres,
    folder: TempDir,
}

/// What one run came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Paid generations per second.
    pub per_second: f64,
    /// Mean latency of one paid generation, both statements, in milliseconds.
    pub latency_ms: f64,
    /// CPU of the server's processes per paid generation, in milliseconds; the CPU of `pgbench` is not in it.
    pub postgres_cpu_ms: f64,
}

impl<'a> Pgbench<'a> {
    /// Creates the database and its tables.
    pub fn new(postgres: &'a Postgres) -> Result<Self> {
        postgres.create(DATABASE)?;
        postgres.query(DATABASE, SCHEMA)?;
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("script.sql"), SCRIPT)?;
        fs::write(folder.path().join("read.sql"), READ)?;
        Ok(Self { postgres, folder })
    }

    /// Runs so many clients for so many seconds, over a thousand accounts or on one hot account (`accounts` = 1).
    pub fn run(&self, clients: u32, accounts: u32, seconds: u32) -> Result<Figures> {
        self.script("script.sql", clients, accounts, seconds)
    }

    /// The same with one read of an account in the place of a paid generation.
    pub fn read(&self, clients: u32, seconds: u32) -> Result<Figures> {
        self.script("read.sql", clients, 1000, seconds)
    }

    fn script(&self, name: &str, clients: u32, accounts: u32, seconds: u32) -> Result<Figures> {
        let mut pgbench = self.postgres.client("pgbench");
        pgbench
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1"])
            .arg(format!("--client={clients}"))
            .arg(format!("--define=accounts={accounts}"))
            .arg(format!("--time={seconds}"))
            .arg(format!(
                "--file={}",
                self.folder.path().join(name).display()
            ))
            .arg(without_password(&self.postgres.url_of(DATABASE)).0);
        let cpu_before = self.postgres.cpu_ms()?;
        let output = pgbench.output().context("cannot start pgbench")?;
        let cpu_ms = self.postgres.cpu_ms()? - cpu_before;
        if !output.status.success() {
            bail!(
                "pgbench: {}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim_end()
            );
        }
        let text = String::from_utf8(output.stdout)?;
        let count = figure(&text, "number of transactions actually processed: ")?;
        if count < 1.0 {
            bail!("pgbench finished no transaction within {seconds} s");
        }
        Ok(Figures {
            per_second: figure(&text, "tps = ")?,
            latency_ms: figure(&text, "latency average = ")?,
            postgres_cpu_ms: cpu_ms / count,
        })
    }
}

/// The number behind `name`, at the start of a line of what `pgbench` printed.
fn figure(text: &str, name: &str) -> Result<f64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.split([' ', '/']).next())
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("pgbench did not print `{name}`:\n{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_what_pgbench_prints() {
        let text = "transaction type: script.sql\n\
            number of transactions actually processed: 11213\n\
            number of failed transactions: 0 (0.000%)\n\
            latency average = 5.702 ms\n\
            initial connection time = 40.3 ms\n\
            tps = 5612.020210 (without initial connection time)\n";
        for (name, number) in [
            ("number of transactions actually processed: ", 11_213.0),
            ("latency average = ", 5.702),
            ("tps = ", 5_612.020_21),
        ] {
            let read = figure(text, name).unwrap();
            assert!((read - number).abs() < 0.001, "{name}{read}");
        }
        assert!(figure(text, "statements = ").is_err());
    }
}

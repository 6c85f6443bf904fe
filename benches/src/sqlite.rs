//! The yardstick of the embedded database: the work of the Postgres script in SQLite, durable, in one process.

use anyhow::{Context, Result, bail};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::procfs;

const SCHEMA: &str = include_str!("../sql/sqlite_schema.sql");
/// As many as the schema has.
const ACCOUNTS: i64 = 1000;
/// The subcommand that calls [`work`].
pub const SUBCOMMAND: &str = "sqlite-yardstick";

/// What one run came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Paid generations per second, one after the other.
    pub per_second: f64,
    /// CPU per paid generation, in milliseconds.
    pub cpu_ms: f64,
}

/// Does the work for so many seconds in a process of its own, whose CPU is that of this work alone. The database is in a
/// new folder in `folder`, which is removed.
pub fn run(folder: &Path, seconds: u32) -> Result<Figures> {
    let output = Command::new(std::env::current_exe()?)
        .arg(SUBCOMMAND)
        .arg(folder)
        .arg(seconds.to_string())
        .output()?;
    if !output.status.success() {
        bail!(
            "{SUBCOMMAND}: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    serde_json::from_slice(&output.stdout).context("the SQLite yardstick printed no figures")
}

/// Does the work in this process.
pub fn work(folder: &Path, seconds: u32) -> Result<Figures> {
    let folder = tempfile::tempdir_in(folder)?;
    let connection = Connection::open(folder.path().join("yardstick.sqlite3"))?;
    // The settings of the hub: a commit waits until the log is on the disk, and references are checked.
    connection.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA foreign_keys = on;",
    )?;
    connection.execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;"))?;
    let mut start = connection.prepare("BEGIN IMMEDIATE")?;
    let mut commit = connection.prepare("COMMIT")?;
    let mut charge_account = connection.prepare(
        "UPDATE account SET balance = balance - 4 WHERE id = ?1 AND balance >= 4 RETURNING balance",
    )?;
    let mut charge_lot = connection.prepare(
        "UPDATE credit_lot SET remaining = remaining - 4 WHERE id = (SELECT id FROM credit_lot
            WHERE account_id = ?1 AND remaining >= 4 ORDER BY expires_at LIMIT 1) RETURNING id",
    )?;
    let mut open = connection.prepare(
        "INSERT INTO generation (account_id, status, prompt) VALUES (?1, 'running', 'a red fox in the snow')
            RETURNING id",
    )?;
    let mut enter = connection.prepare(
        "INSERT INTO ledger_entry (account_id, lot_id, generation_id, amount, balance_after)
            VALUES (?1, ?2, ?3, -4, ?4)",
    )?;
    let mut finish =
        connection.prepare("UPDATE generation SET status = 'succeeded' WHERE id = ?1")?;
    let mut add_image = connection.prepare(
        "INSERT INTO image (generation_id, object_key, bytes) VALUES (?1, 'images/0123456789abcdef.png', 1500000)",
    )?;

    let time = Duration::from_secs(seconds.into());
    let began = Instant::now();
    let cpu_before_ms = procfs::cpu_ms(std::process::id())?;
    let mut count: u32 = 0;
    while began.elapsed() < time {
        // A prime step visits all accounts in an order without a pattern on pages.
        let account = i64::from(count) * 7919 % ACCOUNTS + 1;
        start.execute([])?;
        let balance: i64 = charge_account.query_one([account], |row| row.get(0))?;
        let lot: i64 = charge_lot.query_one([account], |row| row.get(0))?;
        let generation: i64 = open.query_one([account], |row| row.get(0))?;
        enter.execute((account, lot, generation, balance))?;
        commit.execute([])?;
        start.execute([])?;
        finish.execute([generation])?;
        add_image.execute([generation])?;
        commit.execute([])?;
        count += 1;
    }
    let took = began.elapsed().as_secs_f64();
    let cpu_ms = procfs::cpu_ms(std::process::id())? - cpu_before_ms;
    Ok(Figures {
        per_second: f64::from(count) / took,
        cpu_ms: cpu_ms / f64::from(count.max(1)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_generations_are_paid_within_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let figures = work(folder.path(), 1).unwrap();
        assert!(
            figures.per_second > 1.0 && figures.cpu_ms > 0.0,
            "{figures:?}"
        );
    }
}

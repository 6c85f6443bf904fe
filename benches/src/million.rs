//! Fills a hub's database with the history of a large hub: a million generations, ten million ledger entries, and one
//! account that owns every tenth of them.
//!
//! `gih audit --books-only` finds nothing wrong with these books. The files of the images do not exist.

use anyhow::{Context, Result};
use rusqlite::Connection;
use std::path::Path;

use crate::postgres::Postgres;

/// As many as the goals speak of.
pub const GENERATIONS: u32 = 1_000_000;

const ON_POSTGRES: &str = include_str!("../sql/million_postgres.sql");
const ON_SQLITE: &str = include_str!("../sql/million_sqlite.sql");

/// Fills a migrated database. A tenth of the generations goes to the account of `email`, which must have a live key.
pub fn fill_postgres(
    postgres: &Postgres,
    database: &str,
    email: &str,
    generations: u32,
) -> Result<()> {
    let sql = of(ON_POSTGRES, email, generations);
    postgres.query(database, &sql).map(drop)
}

/// The same for the database file of a hub that does not run.
pub fn fill_sqlite(file: &Path, email: &str, generations: u32) -> Result<()> {
    let connection =
        Connection::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    connection.execute_batch(&of(ON_SQLITE, email, generations))?;
    Ok(())
}

fn of(sql: &str, email: &str, generations: u32) -> String {
    sql.replace("{email}", email)
        .replace("{count}", &generations.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statements that bring an empty SQLite database to the hub's schema.
    const MIGRATIONS: [&str; 2] = [
        include_str!("../../migrations/sqlite/2026-11-20-000000_books/up.sql"),
        include_str!("../../migrations/sqlite/2026-11-27-000000_console/up.sql"),
    ];

    #[test]
    fn books_on_sqlite_add_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gih.sqlite3");
        let connection = Connection::open(&file).unwrap();
        for migration in MIGRATIONS {
            connection.execute_batch(migration).unwrap();
        }
        connection
            .execute_batch(
                "INSERT INTO accounts (id, email, account_type, is_admin, created_at)
                    VALUES (x'01', 'ann@example.com', 'PRO', 0, 0);
                INSERT INTO api_keys (id, account_id, mode, name, prefix, digest, created_at)
                    VALUES (x'02', x'01', 'live', 'shop', 'gih_live_123456', x'03', 0);",
            )
            .unwrap();
        fill_sqlite(&file, "ann@example.com", 500).unwrap();
        let number =
            |sql: &str| -> i64 { connection.query_one(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(number("SELECT count(*) FROM generations"), 500);
        let of_ann = "SELECT count(*) FROM generations WHERE account_id = x'01'";
        assert_eq!(number(of_ann), 50);
        assert_eq!(number("SELECT sum(amount) FROM ledger_entries"), 0);
        let broken = "PRAGMA foreign_key_check";
        assert!(
            connection
                .prepare(broken)
                .unwrap()
                .query([])
                .unwrap()
                .next()
                .unwrap()
                .is_none()
        );
    }
}

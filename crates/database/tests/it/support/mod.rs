//! Databases for tests: a fresh, migrated one of each kind for every test, gone afterwards.
//!
//! Depends on `gih_database` and `tempfile` alone, so that other crates' tests can take this file in by its path.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses a part of it

use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use gih_database::{Database, Kind, Settings, testing};

/// Where the tests' Postgres is; a role there that may create databases.
const POSTGRES_VARIABLE: &str = "TEST_DATABASE_URL";

/// Runs the test on a fresh database of each kind, one after the other, and fails naming those that it failed on.
pub async fn on_both<F, T>(test: F)
where
    F: Fn(TestDatabase) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let mut failed = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let database = TestDatabase::new(kind).await;
        // A task of its own, so that a panic on one database does not hide the other's outcome.
        if tokio::spawn(test(database)).await.is_err() {
            failed.push(kind);
        }
    }
    assert!(failed.is_empty(), "failed on {failed:?}; see above");
}

/// A database of one test.
pub struct TestDatabase {
    database: Option<Database>,
    /// Its address, for connections of one's own.
    pub url: String,
    _place: Place,
}

/// What goes when the test ends.
enum Place {
    Folder { _folder: tempfile::TempDir },
    Postgres { name: String },
}

impl TestDatabase {
    /// A fresh and migrated one.
    pub async fn new(kind: Kind) -> Self {
        let database = Self::empty(kind, true);
        if kind == Kind::Sqlite {
            database.migrate().await.unwrap();
        }
        database
    }

    /// A fresh and migrated one whose files are in memory where the system has a place for that: for tests that commit
    /// a hundred thousand times and ask nothing of the disk.
    pub async fn quick(kind: Kind) -> Self {
        const MEMORY: &str = "/dev/shm";
        if kind == Kind::Postgres || !Path::new(MEMORY).is_dir() {
            return Self::new(kind).await;
        }
        let database = Self::embedded(tempfile::tempdir_in(MEMORY).unwrap());
        database.migrate().await.unwrap();
        database
    }

    /// A fresh one without a schema.
    pub fn unmigrated(kind: Kind) -> Self {
        Self::empty(kind, false)
    }

    fn empty(kind: Kind, from_template: bool) -> Self {
        if kind == Kind::Sqlite {
            return Self::embedded(tempfile::tempdir().unwrap());
        }
        let name = unique_name("gih_test");
        let template = if from_template {
            testing::template(&admin_url(), (), testing::migrate).unwrap()
        } else {
            "template0".to_owned()
        };
        admin(&format!("CREATE DATABASE {name} TEMPLATE {template}")).unwrap();
        Self::at(postgres_url(&name), Place::Postgres { name })
    }

    fn embedded(folder: tempfile::TempDir) -> Self {
        let url = format!("sqlite://{}", folder.path().join("gih.db").display());
        Self::at(url, Place::Folder { _folder: folder })
    }

    fn at(url: String, place: Place) -> Self {
        Self {
            database: Some(Database::open(&url, Settings::default()).unwrap()),
            url,
            _place: place,
        }
    }

    /// Another handle with connections of its own, as another process would have.
    pub fn another(&self) -> Database {
        Database::open(&self.url, Settings::default()).unwrap()
    }

    /// Runs SQL outside of the hub.
    pub fn execute(&self, sql: &str) -> Result<(), String> {
        testing::execute(&self.url, sql)
    }

    /// The column `number` of a query outside of the hub.
    pub fn numbers(&self, sql: &str) -> Vec<i64> {
        testing::numbers(&self.url, sql).unwrap()
    }
}

impl Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.database.as_ref().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Postgres { name } = self
            && let Err(problem) = admin(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        {
            eprintln!("the test database {name} was not dropped: {problem}");
        }
    }
}

fn unique_name(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let nanos = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("{prefix}_{}_{count}_{nanos}", std::process::id())
}

fn admin(sql: &str) -> Result<(), String> {
    testing::execute(&admin_url(), sql)
}

/// A missing Postgres is a failure and never a skipped test: half of the contract would go unproven unnoticed.
pub fn admin_url() -> String {
    std::env::var(POSTGRES_VARIABLE).unwrap_or_else(|_| {
        panic!("these tests need Postgres: run `cargo xtask test`, or set {POSTGRES_VARIABLE} to postgres://…")
    })
}

/// The tests' Postgres with another database.
fn postgres_url(name: &str) -> String {
    testing::database_url(&admin_url(), name)
}

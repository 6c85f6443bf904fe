//! Where a hub keeps everything: a folder, and on Postgres a database.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use gih_database::testing;

use super::{Kind, process};

const POSTGRES_VARIABLE: &str = "TEST_DATABASE_URL";

/// A folder and a database of one test's own; both go when this is dropped.
pub struct Place {
    folder: tempfile::TempDir,
    postgres: Option<String>,
}

impl Place {
    /// A fresh one. On Postgres the database is there and without a schema.
    pub fn empty(kind: Kind) -> Self {
        Self::copy(kind, || "template1".to_owned())
    }

    /// A fresh one; on Postgres a copy of one that this build migrated, as an operator would. (The embedded database is
    /// migrated by its first start.)
    pub fn new(kind: Kind) -> Self {
        let built = std::fs::metadata(process::this_build()).unwrap().modified();
        let migrate = |url: &str| {
            let place = tempfile::tempdir().unwrap();
            let folder = place.path().join("data").display().to_string();
            let env = [("GIH_DATA_DIR", folder), ("DATABASE_URL", url.to_owned())];
            let env = env.map(|(name, value)| (name.to_owned(), value));
            process::run(&env, &["migrate"]).succeed();
            Ok(())
        };
        let template = || testing::template(&admin_url(), built.unwrap(), migrate).unwrap();
        Self::copy(kind, template)
    }

    fn copy(kind: Kind, template: impl FnOnce() -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let postgres = (kind == Kind::Postgres).then(|| {
            let name = unique_name();
            let create = format!("CREATE DATABASE {name} TEMPLATE {}", template());
            testing::execute(&admin_url(), &create).unwrap();
            name
        });
        Self { folder, postgres }
    }

    /// The settings that point here.
    pub fn env(&self) -> Vec<(String, String)> {
        let mut env = vec![(
            "GIH_DATA_DIR".to_owned(),
            self.data_dir().display().to_string(),
        )];
        if self.postgres.is_some() {
            env.push(("DATABASE_URL".to_owned(), self.database_url()));
        }
        env
    }

    /// `GIH_DATA_DIR`.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder that processes run in; a `gih.toml` here is theirs.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The database's address.
    pub fn database_url(&self) -> String {
        match &self.postgres {
            Some(name) => testing::database_url(&admin_url(), name),
            None => format!("sqlite://{}", self.data_dir().join("gih.db").display()),
        }
    }

    /// Runs SQL outside of every rule of the hub.
    pub fn execute(&self, sql: &str) {
        testing::execute(&self.database_url(), sql).unwrap();
    }

    /// The column `number` of a query outside of every rule of the hub.
    pub fn numbers(&self, sql: &str) -> Vec<i64> {
        testing::numbers(&self.database_url(), sql).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(name) = &self.postgres {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            if let Err(problem) = testing::execute(&admin_url(), &drop) {
                eprintln!("the test database {name} was not dropped: {problem}");
            }
        }
    }
}

/// A missing Postgres is a failure and never a skipped test: half of the contract would go unproven unnoticed.
fn admin_url() -> String {
    std::env::var(POSTGRES_VARIABLE).unwrap_or_else(|_| {
        panic!("these tests need Postgres: run `cargo xtask test`, or set {POSTGRES_VARIABLE} to postgres://…")
    })
}

fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let nanos = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("gih_it_{}_{count}_{nanos}", std::process::id())
}

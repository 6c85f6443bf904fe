//! Bringing a database to this build's schema.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use gih_domain::ports::DatabaseError;
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::dialect::Now;
use crate::error::{Error, MigrateError};
use crate::pool::Database;

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// The session lock that keeps a second migrator of the same Postgres database out: "gih" and a number, as any.
const MIGRATION_LOCK: i64 = 0x0067_6968_0000_0001;

/// How long a migration waits for a table that the hub is using. Short: those who come after it wait behind it.
const TABLE_LOCK_TIMEOUT: &str = "SET lock_timeout = '5s'";

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// Which migrations a database has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// This build's that it has, oldest first, by name.
    pub applied: Vec<String>,
    /// This build's that it lacks: the schema is behind.
    pub pending: Vec<String>,
    /// Those that this build does not know, by version: of a newer build, whose schema this one can run on.
    pub unknown: Vec<String>,
}

impl Database {
    /// Applies what is pending, oldest first, and returns the names. Waits up to 30 s for another migrator.
    pub async fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        self.long(|db| match db {
            Db::Pg(c) => migrate_postgres(c),
            Db::Lite(_) => migrate_sqlite(db),
        })
        .await
    }

    /// What is applied and what is not. Changes nothing.
    pub async fn migration_status(&self) -> Result<Status, DatabaseError> {
        Ok(self.read(status).await?)
    }

    /// Whether the database answers: waits at most 2 s for a connection.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        Ok(self.read(Db::ping).await?)
    }

    /// What time it is by the database's clock.
    pub async fn now(&self) -> Result<Timestamp, DatabaseError> {
        let now = self.read(|db| Ok(both!(db, c => diesel::select(Now).get_result(c))?));
        Ok(now.await?)
    }
}

impl From<Error> for MigrateError {
    fn from(error: Error) -> Self {
        Self::Database(error.into())
    }
}

/// A migration that must not run inside a transaction says so in its `metadata.toml`; all others are one each.
pub(crate) fn migrate_postgres(connection: &mut PgConnection) -> Result<Vec<String>, MigrateError> {
    // The lock ends with the session, which is this connection's alone.
    let locked = diesel::sql_query("SELECT pg_advisory_lock($1)")
        .bind::<BigInt, _>(MIGRATION_LOCK)
        .execute(connection);
    match locked.map_err(Error::from) {
        Ok(_) => {}
        // The one wait here is for the lock.
        Err(Error::Unavailable(message)) if message.contains("lock timeout") => {
            return Err(MigrateError::Busy);
        }
        Err(error) => return Err(error.into()),
    }
    connection
        .batch_execute(TABLE_LOCK_TIMEOUT)
        .map_err(Error::from)?;
    apply(connection, POSTGRES)
}

/// All pending ones are one transaction: SQLite's write lock is what keeps a second migrator out.
fn migrate_sqlite(db: &mut Db) -> Result<Vec<String>, MigrateError> {
    let result = db.transaction(|db| match db {
        Db::Lite(c) => apply(c, SQLITE),
        Db::Pg(c) => apply(c, POSTGRES),
    });
    match result {
        Err(MigrateError::Database(DatabaseError::Unavailable(message)))
            if message.contains("database is locked") =>
        {
            Err(MigrateError::Busy)
        }
        other => other,
    }
}

fn apply<C, B>(connection: &mut C, source: EmbeddedMigrations) -> Result<Vec<String>, MigrateError>
where
    B: diesel::backend::Backend,
    C: MigrationHarness<B>,
    EmbeddedMigrations: MigrationSource<B>,
{
    let unexpected = |problem: String| MigrateError::from(Error::Unexpected(problem));
    let pending = connection
        .pending_migrations(source)
        .map_err(|error| unexpected(error.to_string()))?;
    let mut applied = Vec::new();
    for migration in &pending {
        let name = migration.name().to_string();
        if let Err(error) = connection.run_migration(migration) {
            let problem = error.to_string();
            return Err(MigrateError::Failed { name, problem });
        }
        tracing::info!(migration = name, "the schema was migrated");
        applied.push(name);
    }
    Ok(applied)
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    found: bool,
}

fn status(db: &mut Db) -> Result<Status, Error> {
    let table_exists = match db {
        Db::Pg(_) => "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS found",
        Db::Lite(_) => {
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations') AS found"
        }
    };
    let exists: Exists = both!(db, c => diesel::sql_query(table_exists).get_result(c))?;
    let mut versions: Vec<String> = if exists.found {
        both!(db, c => __diesel_schema_migrations::table
            .select(__diesel_schema_migrations::version)
            .order(__diesel_schema_migrations::version)
            .load(c))?
    } else {
        Vec::new()
    };
    let known = match db {
        Db::Pg(_) => names::<diesel::pg::Pg>(&POSTGRES),
        Db::Lite(_) => names::<diesel::sqlite::Sqlite>(&SQLITE),
    }?;
    let mut status = Status::default();
    for (version, name) in known {
        match versions.iter().position(|applied| *applied == version) {
            Some(place) => {
                versions.remove(place);
                status.applied.push(name);
            }
            None => status.pending.push(name),
        }
    }
    status.unknown = versions;
    Ok(status)
}

/// The versions and names of the migrations in this build, oldest first.
fn names<B: diesel::backend::Backend>(
    source: &EmbeddedMigrations,
) -> Result<Vec<(String, String)>, Error>
where
    EmbeddedMigrations: MigrationSource<B>,
{
    let migrations: Vec<Box<dyn Migration<B>>> = source
        .migrations()
        .map_err(|error| Error::Unexpected(error.to_string()))?;
    let mut names: Vec<(String, String)> = migrations
        .iter()
        .map(|migration| {
            (
                migration.name().version().to_string(),
                migration.name().to_string(),
            )
        })
        .collect();
    names.sort();
    Ok(names)
}

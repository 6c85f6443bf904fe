//! A connection to either database, and transactions on it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::pg::PgConnection;
use diesel::r2d2::R2D2Connection;
use diesel::result::QueryResult;
use diesel::sqlite::SqliteConnection;

use crate::error::{Error, panic_text};

/// A connection to one of the two databases.
pub enum Db {
    /// Postgres.
    Pg(PgConnection),
    /// SQLite.
    Lite(SqliteConnection),
}

/// Writes a statement once and compiles it for each connection, with every feature that each has:
/// `both!(db, c => accounts::table.count().get_result(c))`.
macro_rules! both {
    ($db:expr, $connection:ident => $statement:expr) => {
        match $db {
            $crate::db::Db::Pg($connection) => $statement,
            $crate::db::Db::Lite($connection) => $statement,
        }
    };
}

/// How a transaction begins.
#[derive(Clone, Copy, Debug)]
enum Begin {
    /// To write: on SQLite it takes the write lock at once, because a transaction that reads first and writes later
    /// fails as "locked" whatever the timeout.
    Write,
    /// To read several statements off one consistent picture.
    Snapshot,
}

impl Db {
    /// Everything in `work` is one transaction, begun to write: committed on `Ok`, rolled back on `Err` and on panic.
    ///
    /// An error of the commit itself is [`Error::CommitOutcomeUnknown`] when the database's answer to it was lost; after
    /// any other error nothing was written.
    pub fn transaction<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(Begin::Write, work)
    }

    /// Everything in `work` reads one consistent picture.
    pub fn snapshot<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(Begin::Snapshot, work)
    }

    /// Whether a transaction was left open or could not be ended: not to be used again.
    pub fn is_broken(&mut self) -> bool {
        both!(self, c => c.is_broken())
    }

    /// Asks the database for nothing, to see whether it answers.
    pub fn ping(&mut self) -> Result<(), Error> {
        both!(self, c => c.ping()).map_err(Error::from)
    }

    fn run<T, E: From<Error>>(
        &mut self,
        begin: Begin,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin(begin).map_err(Error::from)?;
        // Unwind safety: on panic all that `work` did to the connection is rolled back, or the connection is dropped.
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(value)) => {
                self.commit()?;
                Ok(value)
            }
            Ok(Err(error)) => {
                self.rollback();
                Err(error)
            }
            Err(panic) => {
                self.rollback();
                Err(Error::Unexpected(panic_text(panic.as_ref())).into())
            }
        }
    }

    fn begin(&mut self, begin: Begin) -> QueryResult<()> {
        type Manager = AnsiTransactionManager;
        match (self, begin) {
            (Self::Pg(c), Begin::Write) => Manager::begin_transaction_sql(c, "BEGIN"),
            (Self::Pg(c), Begin::Snapshot) => {
                let sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Manager::begin_transaction_sql(c, sql)
            }
            (Self::Lite(c), Begin::Write) => Manager::begin_transaction_sql(c, "BEGIN IMMEDIATE"),
            (Self::Lite(c), Begin::Snapshot) => Manager::begin_transaction_sql(c, "BEGIN"),
        }
    }

    fn commit(&mut self) -> Result<(), Error> {
        both!(self, c => AnsiTransactionManager::commit_transaction(c)).map_err(Error::of_commit)
    }

    fn rollback(&mut self) {
        // What failed before is the news; a connection that cannot roll back marks itself broken and is dropped.
        if let Err(error) = both!(self, c => AnsiTransactionManager::rollback_transaction(c)) {
            tracing::debug!(%error, "a transaction could not be rolled back");
        }
    }
}

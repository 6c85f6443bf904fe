//! Several writes as one: all of them or none, in as few round trips as the database allows.

use diesel::backend::Backend;
use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager as _};
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::QueryFragment;
use diesel::result::QueryResult;
use diesel::sql_types::Integer;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{QueryableByName, RunQueryDsl as _};

use super::statement::Statement;
use crate::error::{Abort, Error};

/// The most parts of one statement on Postgres. A generation with ten images has a dozen; only a charge over dozens of
/// nearly empty lots has more, and is sent in pieces. Also bounds how many prepared texts there can be.
const MAX_PARTS: usize = 32;

/// Writes that belong together, and what must hold for them.
///
/// On Postgres it is a single statement (CTEs that write): one round trip and, outside of a transaction, one commit.
/// On SQLite the parts run one after the other inside of the caller's transaction. Foreign keys hold either way when
/// what is referred to is added first; apart from that, parts must not depend on each other.
pub(crate) struct Batch<'a, DB: Backend> {
    parts: Vec<Part<'a, DB>>,
}

struct Part<'a, DB: Backend> {
    statement: Statement<'a, DB>,
    is_guard: bool,
}

/// Why a batch was not applied. In a transaction, the caller rolls back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotApplied {
    /// A guard gave no row.
    Guarded,
    /// The database.
    Error(Error),
}

impl From<Error> for NotApplied {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<NotApplied> for Error {
    /// For a caller whom the rows, read again, did not explain it.
    fn from(problem: NotApplied) -> Self {
        match problem {
            NotApplied::Guarded => {
                Self::Unexpected("a write was refused and nobody knows why".to_owned())
            }
            NotApplied::Error(error) => error,
        }
    }
}

impl<R> From<NotApplied> for Abort<R> {
    fn from(problem: NotApplied) -> Self {
        Self::Database(problem.into())
    }
}

#[derive(QueryableByName)]
struct One {
    #[diesel(sql_type = Integer)]
    #[allow(dead_code)] // that there is a row says it all
    one: i32,
}

impl<'a, DB: Backend> Batch<'a, DB> {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Adds a statement that must give a row with the column `one`, or else nothing is written.
    pub(crate) fn guard(&mut self, statement: Statement<'a, DB>) {
        self.parts.push(Part {
            statement,
            is_guard: true,
        });
    }

    /// Adds a write.
    pub(crate) fn write(&mut self, statement: impl QueryFragment<DB> + 'a) {
        self.parts.push(Part {
            statement: Statement::new("").put(statement),
            is_guard: false,
        });
    }
}

/// A connection that applies batches.
pub(crate) trait Apply: Connection {
    /// Applies all of it.
    fn apply(&mut self, batch: Batch<'_, Self::Backend>) -> Result<(), NotApplied>;
}

impl Apply for PgConnection {
    fn apply(&mut self, batch: Batch<'_, Pg>) -> Result<(), NotApplied> {
        let status = AnsiTransactionManager::transaction_manager_status_mut(self);
        let is_alone = matches!(status.transaction_depth(), Ok(None));
        let applied = if batch.parts.len() <= MAX_PARTS {
            together(batch.parts).execute(self).map(|_| ())
        } else {
            self.transaction(|connection| in_pieces(batch.parts, connection))
        };
        applied.map_err(|error| match Error::from(error) {
            // No commit was still to come: the statement may have happened, and its answer was lost.
            Error::Lost(message) if is_alone => Error::CommitOutcomeUnknown(message).into(),
            // How Postgres says that a guard gave no row (see `together`), which Diesel has no kind for. A server that
            // is not set to English says it in other words, so an unknown error is taken for a guard's: callers read
            // the rows again, and give up when those do not explain it. Nothing was written; inside of a transaction
            // all that follows fails.
            Error::Unexpected(message) => {
                tracing::debug!(message, "a batch was not applied");
                NotApplied::Guarded
            }
            other => other.into(),
        })
    }
}

fn in_pieces(mut parts: Vec<Part<'_, Pg>>, connection: &mut PgConnection) -> QueryResult<()> {
    while !parts.is_empty() {
        let rest = parts.split_off(parts.len().min(MAX_PARTS));
        together(std::mem::replace(&mut parts, rest)).execute(connection)?;
    }
    Ok(())
}

impl Apply for SqliteConnection {
    fn apply(&mut self, batch: Batch<'_, Sqlite>) -> Result<(), NotApplied> {
        for part in batch.parts {
            if !part.is_guard {
                part.statement.execute(self).map_err(Error::from)?;
            } else if (part.statement.load::<One>(self))
                .map_err(Error::from)?
                .is_empty()
            {
                return Err(NotApplied::Guarded);
            }
        }
        Ok(())
    }
}

/// The parts as one statement: `WITH part_0 AS (…), part_1 AS (…) SELECT 1 / (SELECT count(*) FROM part_0)`.
///
/// A guard without rows divides by zero, which undoes the whole statement. The final SELECT reads guards alone, so
/// Postgres runs them first and the other parts after it: a waiting guard holds no locks of the writes.
fn together(parts: Vec<Part<'_, Pg>>) -> Statement<'_, Pg> {
    let mut statement = Statement::new("WITH ");
    let mut checks = vec![") SELECT 1".to_owned()];
    for (index, part) in parts.into_iter().enumerate() {
        let end_of_last = if index == 0 { "" } else { "), " };
        if part.is_guard {
            checks.push(format!(", 1 / (SELECT count(*) FROM part_{index})"));
        }
        statement = statement
            .text(format!("{end_of_last}part_{index} AS ("))
            .put(part.statement);
    }
    statement.text(checks.concat())
}

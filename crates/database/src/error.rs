//! What can go wrong with a statement, sorted by what can be done about it.

use std::any::Any;
use std::path::PathBuf;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use gih_domain::ports::DatabaseError;

/// What went wrong with a statement or a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A row with the same key is there. The constraint's name on Postgres, the columns on SQLite: see [`UniqueKey`].
    #[error("a unique key is taken: {0}")]
    Unique(String),
    /// A CHECK refused the row; its name.
    #[error("a check refused the row: {0}")]
    Check(String),
    /// A row that is referred to is not there. The constraint's name on Postgres, nothing on SQLite.
    #[error("a row that is referred to does not exist: {0}")]
    ForeignKey(String),
    /// Another transaction was in the way (deadlock, serialization, lock): the same again may work.
    #[error("another transaction was in the way: {0}")]
    Transient(String),
    /// The connection is gone, before any commit was sent: nothing was written.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// The connection broke while the commit was under way: it may or may not have happened.
    #[error("the answer to the commit was lost: {0}")]
    CommitOutcomeUnknown(String),
    /// It cannot be reached, is too busy, or has no room.
    #[error("{0}")]
    Unavailable(String),
    /// An act was to be recorded of an account that is no admin, or a blocked one.
    #[error("whoever was to have done it is no admin")]
    NotAdmin,
    /// It answered what it never should.
    #[error("{0}")]
    Unexpected(String),
}

/// A unique key by its names on the two databases.
#[derive(Clone, Copy, Debug)]
pub struct UniqueKey {
    /// The constraint, on Postgres.
    pub postgres: &'static str,
    /// What SQLite lists: `table.column, table.column`.
    pub sqlite: &'static str,
}

/// One account an address.
pub const ACCOUNT_EMAIL: UniqueKey = UniqueKey {
    postgres: "accounts_email_key",
    sqlite: "accounts.email",
};
/// The CHECK that keeps a lot's remaining credits between nothing and what was granted: it stops a stale plan.
pub const LOT_REMAINING_CHECK: &str = "credit_lots_remaining";

impl Error {
    /// Whether this key is what is taken.
    pub fn is_taken(&self, key: UniqueKey) -> bool {
        matches!(self, Self::Unique(name) if name == key.postgres || name == key.sqlite)
    }

    /// Whether a plan over lots had gone stale: another transaction spent them first.
    pub fn is_stale_plan(&self) -> bool {
        matches!(self, Self::Check(name) if name == LOT_REMAINING_CHECK)
    }

    /// What an error of `COMMIT` means: lost on the way, nobody can tell whether it happened.
    pub(crate) fn of_commit(error: DieselError) -> Self {
        let error = match error {
            // The rollback that Diesel tries after a failed commit failed too; the commit's own error tells more.
            DieselError::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            other => Self::from(other),
        };
        match error {
            Self::Lost(message) => {
                tracing::warn!(%message, "the connection was lost during a commit");
                Self::CommitOutcomeUnknown(message)
            }
            // SQLite may have written part of the log when the disk failed.
            Self::Unavailable(message) if message.contains(SQLITE_IO_ERROR) => {
                tracing::error!(%message, "the disk failed during a commit");
                Self::CommitOutcomeUnknown(message)
            }
            other => other,
        }
    }
}

const SQLITE_IO_ERROR: &str = "disk I/O error";

/// Diesel tells neither the SQLSTATE nor SQLite's code of the errors it has no kind for, so these are known by their
/// texts (Postgres' in English: connections ask for `lc_messages` C where they may).
const TRANSIENT: [&str; 5] = [
    "deadlock detected",
    "could not serialize access",
    "database is locked",
    "database table is locked",
    "database schema is locked",
];
const UNAVAILABLE: [&str; 18] = [
    "canceling statement due to statement timeout",
    "canceling statement due to lock timeout",
    "canceling statement due to user request",
    "canceling statement due to conflict with recovery",
    "the database system is ",
    "cannot connect now",
    "too many clients already",
    "remaining connection slots are reserved",
    "in a read-only transaction",
    "out of memory",
    "out of shared memory",
    "could not extend file",
    "could not write to file",
    "No space left on device",
    "database or disk is full",
    "attempt to write a readonly database",
    "unable to open database file",
    SQLITE_IO_ERROR,
];
const LOST: [&str; 6] = [
    "server closed the connection",
    "terminating connection",
    "connection not open",
    "no connection to the server",
    "could not receive data from server",
    "could not send data to server",
];

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, about) = error else {
            return match error {
                DieselError::BrokenTransactionManager => {
                    Self::Lost("the connection broke in an earlier transaction".to_owned())
                }
                other => Self::Unexpected(with_causes(&other)),
            };
        };
        // The message alone: details would quote the row.
        let message = about.message().trim_end().to_owned();
        // SQLite has no field for the constraint's name; its message ends with it.
        let constraint = about.constraint_name().map_or_else(
            || {
                let after_colon = message.split_once(": ").map(|(_, name)| name.to_owned());
                after_colon.unwrap_or_default()
            },
            str::to_owned,
        );
        let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
        match kind {
            DatabaseErrorKind::UniqueViolation => Self::Unique(constraint),
            DatabaseErrorKind::CheckViolation => Self::Check(constraint),
            DatabaseErrorKind::ForeignKeyViolation => Self::ForeignKey(constraint),
            DatabaseErrorKind::SerializationFailure => Self::Transient(message),
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Self::Lost(message)
            }
            DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable(message),
            _ if says(&TRANSIENT) => Self::Transient(message),
            _ if says(&LOST) => Self::Lost(message),
            _ if says(&UNAVAILABLE) => Self::Unavailable(message),
            _ => Self::Unexpected(message),
        }
    }
}

impl From<Error> for DatabaseError {
    /// The end of an error's way inside this crate, and so the place where it is logged.
    fn from(error: Error) -> Self {
        match error {
            Error::Transient(_) | Error::Lost(_) | Error::Unavailable(_) => {
                tracing::warn!(%error, "the database is unavailable");
                Self::Unavailable(error.to_string())
            }
            Error::CommitOutcomeUnknown(_) => {
                tracing::warn!(%error, "the database did not answer");
                Self::OutcomeUnknown(error.to_string())
            }
            Error::NotAdmin => Self::NotAdmin,
            Error::Unique(_) | Error::Check(_) | Error::ForeignKey(_) | Error::Unexpected(_) => {
                tracing::error!(%error, "the database answered unexpectedly");
                Self::Unexpected(error.to_string())
            }
        }
    }
}

/// Why a transaction was given up: the rules refused, or the database failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Abort<R> {
    /// The work itself says no; everything it did is rolled back.
    Refused(R),
    /// The database.
    Database(Error),
}

impl<R> From<Error> for Abort<R> {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl<R> From<DieselError> for Abort<R> {
    fn from(error: DieselError) -> Self {
        Self::Database(error.into())
    }
}

/// An error's text with those of its causes: Diesel's own names the column alone, not what was wrong with its value.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a panic: {}", text.unwrap_or("of unknown cause"))
}

/// Why a database cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none.
    #[error("DATABASE_URL is not an address of a database: {0}")]
    BadUrl(String),
    /// The file of the embedded database cannot be made or opened.
    #[error("the embedded database {path} cannot be opened: {problem}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A thread cannot be started.
    #[error("a thread for the database cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Why a database was not migrated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    /// Somebody else is at it.
    #[error("another migration of this database is under way; try again when it is done")]
    Busy,
    /// A migration failed; it and those after it are not applied.
    #[error("migration {name} failed: {problem}")]
    Failed {
        /// Which.
        name: String,
        /// Why.
        problem: String,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why there is no backup.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The database is not the embedded one.
    #[error(
        "this copies the embedded database only; back Postgres up with its own tools, such as pg_dump"
    )]
    NotEmbedded,
    /// There is something at the path already; nothing is overwritten.
    #[error("{0} exists already; a backup overwrites nothing")]
    Exists(PathBuf),
    /// The file cannot be made.
    #[error("{path} cannot be written: {problem}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_surely_not_written_is_called_unavailable() {
        let text = || "connection reset".to_owned();
        for error in [
            Error::Transient(text()),
            Error::Lost(text()),
            Error::Unavailable(text()),
        ] {
            assert!(matches!(error.into(), DatabaseError::Unavailable(_)));
        }
        let unknown = DatabaseError::from(Error::CommitOutcomeUnknown(text()));
        assert!(matches!(unknown, DatabaseError::OutcomeUnknown(_)));
    }
}

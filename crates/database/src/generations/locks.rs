//! Row locks, which only Postgres has. SQLite has one writer at a time and needs none.

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;

/// A backend's words for row locks, at the end of a query.
pub(crate) trait Locks: Backend {
    /// Locks the rows, waiting for whoever has them locked.
    const LOCK: &'static str;
    /// Locks the rows and passes over those that others have locked.
    const SKIP_LOCKED: &'static str;
    /// Keeps the rows from being updated until the transaction ends.
    const SHARE: &'static str;
}

impl Locks for Pg {
    const LOCK: &'static str = " FOR UPDATE";
    const SKIP_LOCKED: &'static str = " FOR UPDATE SKIP LOCKED";
    const SHARE: &'static str = " FOR SHARE";
}

impl Locks for Sqlite {
    const LOCK: &'static str = "";
    const SKIP_LOCKED: &'static str = "";
    const SHARE: &'static str = "";
}

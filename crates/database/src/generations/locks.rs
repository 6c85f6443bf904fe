//! Row locks, which only Postgres has. SQLite has one writer at a time and needs none.

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel::sqlite::Sqlite;
use gih_domain::id::LotId;
use gih_domain::lots::Part;

use super::statement::Statement;
use crate::lots::in_lock_order;
use crate::types::Id;

/// A backend's words for row locks, at the end of a query.
pub(crate) trait Locks: Backend {
    /// Locks the rows, waiting for whoever has them locked. No keys are changed, so that rows referring to these may be
    /// added meanwhile.
    const LOCK: &'static str;
    /// Locks the rows and passes over those that others have locked.
    const SKIP_LOCKED: &'static str;
    /// Keeps the rows from being updated until the transaction ends.
    const SHARE: &'static str;
}

impl Locks for Pg {
    const LOCK: &'static str = " FOR NO KEY UPDATE";
    const SKIP_LOCKED: &'static str = " FOR NO KEY UPDATE SKIP LOCKED";
    const SHARE: &'static str = " FOR SHARE";
}

impl Locks for Sqlite {
    const LOCK: &'static str = "";
    const SKIP_LOCKED: &'static str = "";
    const SHARE: &'static str = "";
}

/// Locks the lots of a batch that writes several of them, in the order in which everybody locks lots: the writes of one
/// statement run in whatever order the database likes, and two such statements could wait for each other. `None` where
/// there is nothing to put in order.
pub(super) fn lock_lots<'a, DB>(parts: &[Part]) -> Option<Statement<'a, DB>>
where
    DB: Locks + HasSqlType<Id>,
    LotId: ToSql<Id, DB>,
{
    if parts.len() < 2 || DB::LOCK.is_empty() {
        return None;
    }
    let mut statement = Statement::new("SELECT 1 AS one FROM credit_lots WHERE id IN (");
    for (index, part) in in_lock_order(parts).into_iter().enumerate() {
        statement = statement
            .text(if index == 0 { "" } else { ", " })
            .bind::<Id, _>(part.lot);
    }
    Some(statement.text(") ORDER BY id").text(DB::LOCK))
}

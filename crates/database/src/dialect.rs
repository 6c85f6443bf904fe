//! What the two databases say differently: their own clock.
//!
//! Leases and deadlines are counted by it, so that processes on machines with wrong clocks agree.

use std::time::Duration;

use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use crate::types::Ts;

/// Postgres' clock when the statement began: unlike `clock_timestamp()` it is stable, so an index can be searched by
/// it, and unlike `now()` it does not stand still in a long transaction.
pub const NOW_POSTGRES: &str = "statement_timestamp()";
/// SQLite's clock in microseconds. It ticks in milliseconds, and rounding in between keeps the floating point exact.
pub const NOW_SQLITE: &str = "(CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)";

/// The database's clock.
#[derive(Clone, Copy, Debug, QueryId)]
pub struct Now;

/// The database's clock, this much later.
#[derive(Clone, Copy, Debug, QueryId)]
pub struct NowPlus {
    micros: i64,
}

impl NowPlus {
    /// Now and `time`.
    pub fn new(time: Duration) -> Self {
        // The far end is cut at a hundred years, which no timeout means and both databases can add.
        const MOST: Duration = Duration::from_hours(100 * 366 * 24);
        Self {
            micros: i64::try_from(time.min(MOST).as_micros()).unwrap_or(i64::MAX),
        }
    }

    /// Now less `time`.
    pub fn ago(time: Duration) -> Self {
        Self {
            micros: -Self::new(time).micros,
        }
    }
}

impl QueryFragment<Pg> for Now {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(NOW_POSTGRES);
        Ok(())
    }
}

impl QueryFragment<Sqlite> for Now {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(NOW_SQLITE);
        Ok(())
    }
}

impl QueryFragment<Pg> for NowPlus {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        out.push_sql(NOW_POSTGRES);
        out.push_sql(" + ");
        out.push_bind_param::<BigInt, _>(&self.micros)?;
        out.push_sql(" * interval '1 microsecond')");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for NowPlus {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("(");
        out.push_sql(NOW_SQLITE);
        out.push_sql(" + ");
        out.push_bind_param::<BigInt, _>(&self.micros)?;
        out.push_sql(")");
        Ok(())
    }
}

macro_rules! times {
    ($($name:ident),+) => {$(
        impl Expression for $name {
            type SqlType = Ts;
        }
        impl<T> AppearsOnTable<T> for $name {}
        impl<T> SelectableExpression<T> for $name {}
        impl<G> ValidGrouping<G> for $name {
            type IsAggregate = is_aggregate::Never;
        }
    )+};
}

times!(Now, NowPlus);

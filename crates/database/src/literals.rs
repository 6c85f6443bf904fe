//! Constants written into the statement rather than bound to it.
//!
//! SQLite uses a partial index (`WHERE status = 'queued'`, `WHERE remaining > 0`) only when the statement says the
//! same with a constant, and Postgres plans it once instead of every time; a bound value proves nothing to either.

use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::BigInt;

use crate::types::Word;

macro_rules! literals {
    ($($(#[$doc:meta])* $name:ident: $sql_type:ty = $sql:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, QueryId)]
        pub struct $name;

        impl Expression for $name {
            type SqlType = $sql_type;
        }

        impl<DB: Backend> QueryFragment<DB> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }

        impl<T> AppearsOnTable<T> for $name {}
        impl<T> SelectableExpression<T> for $name {}
        impl<G> ValidGrouping<G> for $name {
            type IsAggregate = is_aggregate::Never;
        }
    )+};
}

literals! {
    /// `0`, for `remaining > 0`.
    Zero: BigInt = "0";
    /// `'queued'`, for `status = 'queued'`.
    Queued: Word = "'queued'";
    /// `'succeeded'`, for `status <> 'succeeded'`.
    Succeeded: Word = "'succeeded'";
    /// `'test'`, for `mode = 'test'`.
    InTestMode: Word = "'test'";
    /// `'charge'`, for `cause <> 'charge'`.
    Charged: Word = "'charge'";
    /// `'console'`, for `origin = 'console'`.
    ByConsole: Word = "'console'";
}

//! A list's own index, and no other.
//!
//! Postgres likes to read the primary key backwards, because that has the order of every list, and to pass over rows until
//! enough of them are an account's: all rows there are, when the account has few or old ones. So what a list is of comes
//! first in its order, `ORDER BY account_id DESC, id DESC`, which only an index that begins with it has. `account_id = $1`
//! would undo that, because Postgres then knows that there is nothing to put in order. [`only`] says it so that Postgres
//! does not know, and does know that it is one value.

use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, AsExpression, Expression, SelectableExpression, TypedExpressionType,
    ValidGrouping, is_aggregate,
};
use diesel::internal::derives::as_expression::Bound;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, SqlType};
use diesel::sqlite::Sqlite;

use crate::types::Sql;

/// See [`only`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Only<C, V> {
    column: C,
    value: V,
}

/// Rows whose column has this value.
pub(crate) fn only<C, T>(column: C, value: T) -> Only<C, Bound<C::SqlType, T>>
where
    C: Expression,
    C::SqlType: SqlType + TypedExpressionType,
{
    Only {
        column,
        value: AsExpression::<C::SqlType>::as_expression(Sql(value)),
    }
}

impl<C, V> Only<C, V> {
    fn walk<'b, DB: Backend>(
        &'b self,
        mut out: AstPass<'_, 'b, DB>,
        before: &str,
        after: &str,
    ) -> QueryResult<()>
    where
        C: QueryFragment<DB>,
        V: QueryFragment<DB>,
    {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(before);
        self.value.walk_ast(out.reborrow())?;
        out.push_sql(after);
        Ok(())
    }
}

impl<C: QueryFragment<Pg>, V: QueryFragment<Pg>> QueryFragment<Pg> for Only<C, V> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk(out, " = ANY(ARRAY[", "])")
    }
}

impl<C: QueryFragment<Sqlite>, V: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Only<C, V> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk(out, " = ", "")
    }
}

impl<C, V> QueryId for Only<C, V> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: Expression, V: Expression> Expression for Only<C, V> {
    type SqlType = Bool;
}

impl<T, C: AppearsOnTable<T>, V: AppearsOnTable<T>> AppearsOnTable<T> for Only<C, V> {}

impl<T, C: SelectableExpression<T>, V: SelectableExpression<T>> SelectableExpression<T>
    for Only<C, V>
{
}

impl<G, C: ValidGrouping<G, IsAggregate = is_aggregate::No>, V> ValidGrouping<G> for Only<C, V> {
    type IsAggregate = is_aggregate::No;
}

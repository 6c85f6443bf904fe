//! Statements that Diesel's query builder cannot say, as text with typed values in between.

use std::borrow::Cow;

use diesel::backend::Backend;
use diesel::connection::Connection;
use diesel::expression::{AsExpression, TypedExpressionType};
use diesel::internal::derives::as_expression::Bound;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{SqlType, Untyped};
use diesel::{QueryResult, RunQueryDsl};

use crate::types::Sql;

/// A statement for the backend `DB`: fixed text, with values and whole statements of the query builder in between.
///
/// Its text depends on nothing that comes from outside, only on how many parts it has (each bounded by its maker), so it
/// is prepared once a connection and text.
pub(crate) struct Statement<'a, DB: Backend> {
    parts: Vec<Part<'a, DB>>,
}

enum Part<'a, DB: Backend> {
    Text(Cow<'static, str>),
    Fragment(Box<dyn QueryFragment<DB> + 'a>),
}

impl<'a, DB: Backend> Statement<'a, DB> {
    /// A statement that begins with this text.
    pub(crate) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            parts: vec![Part::Text(text.into())],
        }
    }

    /// Goes on with this text.
    #[must_use]
    pub(crate) fn text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.parts.push(Part::Text(text.into()));
        self
    }

    /// Goes on with an expression or a statement.
    #[must_use]
    pub(crate) fn put(mut self, fragment: impl QueryFragment<DB> + 'a) -> Self {
        self.parts.push(Part::Fragment(Box::new(fragment)));
        self
    }

    /// Goes on with a value of the SQL type `T`.
    #[must_use]
    pub(crate) fn bind<T, U>(self, value: U) -> Self
    where
        T: SqlType + TypedExpressionType,
        Bound<T, U>: QueryFragment<DB> + 'a,
    {
        self.put(AsExpression::<T>::as_expression(Sql(value)))
    }
}

impl<DB: Backend> QueryFragment<DB> for Statement<'_, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_sql(text),
                Part::Fragment(fragment) => fragment.walk_ast(out.reborrow())?,
            }
        }
        Ok(())
    }

    /// Diesel never caches updates and upserts, whose text may depend on values; here it does not.
    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<DB: Backend> QueryId for Statement<'_, DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> Query for Statement<'_, DB> {
    type SqlType = Untyped;
}

impl<C: Connection> RunQueryDsl<C> for Statement<'_, C::Backend> {}

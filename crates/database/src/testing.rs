//! For tests: statements as they are, on a connection of their own, outside of every rule of this crate.

mod template;

pub use template::{database_url, migrate, template};

use diesel::connection::SimpleConnection;
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::Db;
use crate::error::Error;
use crate::pool::{Purpose, connect};
use crate::url::Target;

/// A connection for tests that look often. Its methods block; their errors are the database's.
pub struct Connection(Db);

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Nullable<Text>)]
    text: Option<String>,
}

#[derive(QueryableByName)]
struct PlanOnPostgres {
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "QUERY PLAN")]
    line: String,
}

#[derive(QueryableByName)]
struct PlanOnSqlite {
    #[diesel(sql_type = Text)]
    detail: String,
}

impl Connection {
    /// How the database would go about a query, whatever its parameters are: a line a step.
    pub fn plan(&mut self, sql: &str) -> Result<Vec<String>, String> {
        let text = |error| Error::from(error).to_string();
        match &mut self.0 {
            Db::Pg(c) => {
                let of_number = |number: &usize| sql.contains(&format!("${number}"));
                let parameters = (1..=sql.len()).take_while(of_number).count();
                let nulls = match parameters {
                    0 => String::new(),
                    count => format!("({})", vec!["NULL"; count].join(", ")),
                };
                // The driver says what type a parameter has; in an array nothing else does.
                let mut pieces = sql.split("_id\" = ANY(ARRAY[");
                let mut typed = pieces.next().unwrap_or_default().to_owned();
                for piece in pieces {
                    typed.push_str("_id\" = ANY(ARRAY[");
                    typed.push_str(&piece.replacen(']', "::uuid]", 1));
                }
                c.batch_execute(&format!("PREPARE asked AS {typed}"))
                    .map_err(text)?;
                let explain = format!("EXPLAIN EXECUTE asked{nulls}");
                let rows: QueryResult<Vec<PlanOnPostgres>> = diesel::sql_query(explain).load(c);
                c.batch_execute("DEALLOCATE asked").map_err(text)?;
                let lines = rows.map_err(text)?.into_iter().map(|row| row.line);
                Ok(lines.collect())
            }
            Db::Lite(c) => {
                let explain = format!("EXPLAIN QUERY PLAN {sql}");
                let rows: QueryResult<Vec<PlanOnSqlite>> = diesel::sql_query(explain).load(c);
                let lines = rows.map_err(text)?.into_iter().map(|row| row.detail);
                Ok(lines.collect())
            }
        }
    }

    /// A new one.
    pub fn open(url: &str) -> Result<Self, String> {
        let target = Target::parse(url)?;
        let db = connect(&target, Purpose::Long).map_err(|error| error.to_string())?;
        Ok(Self(db))
    }

    /// Runs the statements.
    pub fn execute(&mut self, sql: &str) -> Result<(), String> {
        let done = both!(&mut self.0, c => c.batch_execute(sql));
        done.map_err(|error| Error::from(error).to_string())
    }

    /// The one column, called `number`, of a query's rows.
    pub fn numbers(&mut self, sql: &str) -> Result<Vec<i64>, String> {
        let rows: QueryResult<Vec<Number>> =
            both!(&mut self.0, c => diesel::sql_query(sql).load(c));
        let rows = rows.map_err(|error| Error::from(error).to_string())?;
        Ok(rows.into_iter().map(|row| row.number).collect())
    }

    /// The one column, called `text`, of a query's one row; nothing for NULL.
    pub fn text(&mut self, sql: &str) -> Result<String, String> {
        let row: QueryResult<Words> = both!(&mut self.0, c => diesel::sql_query(sql).get_result(c));
        let row = row.map_err(|error| Error::from(error).to_string())?;
        Ok(row.text.unwrap_or_default())
    }
}

/// Runs the statements. Blocks. The error is the database's.
pub fn execute(url: &str, sql: &str) -> Result<(), String> {
    Connection::open(url)?.execute(sql)
}

/// The one column, called `number`, of a query's rows. Blocks.
pub fn numbers(url: &str, sql: &str) -> Result<Vec<i64>, String> {
    Connection::open(url)?.numbers(sql)
}

//! For tests: statements as they are, on a connection of their own, outside of every rule of this crate.

use diesel::connection::SimpleConnection;
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::error::Error;
use crate::pool::{Purpose, connect};
use crate::url::Target;

/// Runs the statements. Blocks. The error is the database's.
pub fn execute(url: &str, sql: &str) -> Result<(), String> {
    let run = || -> Result<(), Error> {
        let mut db = connect(
            &Target::parse(url).map_err(Error::Unexpected)?,
            Purpose::Long,
        )?;
        Ok(both!(&mut db, c => c.batch_execute(sql))?)
    };
    run().map_err(|error| error.to_string())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The one column, called `number`, of a query's rows. Blocks.
pub fn numbers(url: &str, sql: &str) -> Result<Vec<i64>, String> {
    let run = || -> Result<Vec<Row>, Error> {
        let mut db = connect(
            &Target::parse(url).map_err(Error::Unexpected)?,
            Purpose::Long,
        )?;
        Ok(both!(&mut db, c => diesel::sql_query(sql).load(c))?)
    };
    let rows = run().map_err(|error| error.to_string())?;
    Ok(rows.into_iter().map(|row| row.number).collect())
}

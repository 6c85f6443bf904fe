//! How much work there is, for whoever watches the hub.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gih_domain::ports::DatabaseError;

use crate::Database;
use crate::db::Db;
use crate::error::Error;
use crate::generations::Statement;

/// Generations that have not ended, in all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Unfinished {
    /// Those that wait for a worker.
    #[diesel(sql_type = BigInt)]
    pub queued: i64,
    /// Those in a worker's hands.
    #[diesel(sql_type = BigInt)]
    pub running: i64,
}

impl Database {
    /// Counts them, by the indexes that hold nothing else.
    pub async fn unfinished(&self) -> Result<Unfinished, DatabaseError> {
        Ok(self.read(count).await?)
    }
}

fn count(db: &mut Db) -> Result<Unfinished, Error> {
    Ok(both!(db, c => Statement::new(
        "SELECT (SELECT count(*) FROM generations WHERE status = 'queued') AS queued, \
            (SELECT count(*) FROM generations WHERE status = 'running') AS running")
        .get_result(c))?)
}

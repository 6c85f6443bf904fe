//! What only the embedded database is asked for: it belongs to one process.

use std::path::Path;

use diesel::prelude::*;
use gih_domain::id::WorkerId;
use gih_domain::ports::DatabaseError;
use gih_domain::time::Timestamp;

use crate::Database;
use crate::schema::workers;
use crate::types::Sql;
use crate::url::Target;

impl Database {
    /// The file of the embedded database; `None` on Postgres.
    pub fn file(&self) -> Option<&Path> {
        match &self.inner.target {
            Target::Sqlite(path) => Some(path),
            Target::Postgres(_) => None,
        }
    }

    /// Ends every other worker's lease at once. Only for a process that owns the database, which knows that no other
    /// lives: what they left running is then up for the reaper before the first request, not a lease later.
    pub async fn retire_others(&self, own: WorkerId) -> Result<(), DatabaseError> {
        let long_ago = Timestamp::from_micros(0);
        let retired = self.write(move |db| {
            let others = workers::table.filter(workers::id.ne(Sql(own)));
            both!(db, c => diesel::update(others).set(workers::lease_until.eq(Sql(long_ago))).execute(c))?;
            Ok(())
        });
        Ok(retired.await?)
    }
}

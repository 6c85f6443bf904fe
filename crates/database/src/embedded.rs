//! What only the embedded database is asked for: it belongs to one process.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use gih_domain::id::WorkerId;
use gih_domain::ports::DatabaseError;
use gih_domain::time::Timestamp;

use crate::Database;
use crate::error::OpenError;
use crate::schema::workers;
use crate::types::Sql;
use crate::url::Target;

/// What there is at a database's address, as far as can be told without touching it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A server has it: only asking tells.
    Server,
    /// A SQLite file.
    Ready(PathBuf),
    /// No file, or an empty one: the first start makes the database.
    ToBeMade(PathBuf),
    /// A file that is no SQLite database, or cannot be read.
    Strange {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// The beginning of every SQLite file (<https://sqlite.org/fileformat2.html>, "The Database Header").
const MAGIC: &[u8] = b"SQLite format 3\0";

impl Presence {
    /// What is at `url`. Blocks on local disk, and alters nothing, unlike [`Database::open`].
    pub fn of(url: &str) -> Result<Self, OpenError> {
        let path = match Target::parse(url).map_err(OpenError::BadUrl)? {
            Target::Postgres(_) => return Ok(Self::Server),
            Target::Sqlite(path) => path,
        };
        let mut header = Vec::new();
        let read = File::open(&path)
            .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut header));
        Ok(match read {
            Ok(0) => Self::ToBeMade(path),
            Ok(_) if !header.starts_with(MAGIC) => Self::Strange {
                path,
                problem: "it is no SQLite database".to_owned(),
            },
            Ok(_) => Self::Ready(path),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::ToBeMade(path),
            Err(error) => Self::Strange {
                path,
                problem: error.to_string(),
            },
        })
    }
}

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

//! A copy of the embedded database while it runs.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::db::Db;
use crate::error::{BackupError, Error};
use crate::pool::{Database, private_file};

impl Database {
    /// Writes a consistent copy of the embedded database to `file`, which must not exist, for its owner alone. Readers and
    /// the writer go on meanwhile. When it returns `Ok` the copy is durable; otherwise nothing is left of it.
    pub async fn backup(&self, file: &Path) -> Result<(), BackupError> {
        let path = std::path::absolute(file).map_err(|error| problem(file, &error.to_string()))?;
        self.long(move |db| match db {
            Db::Pg(_) => Err(BackupError::NotEmbedded),
            Db::Lite(connection) => copy(connection, &path),
        })
        .await
    }
}

impl From<Error> for BackupError {
    fn from(error: Error) -> Self {
        Self::Database(error.into())
    }
}

fn copy(connection: &mut SqliteConnection, path: &Path) -> Result<(), BackupError> {
    let name = path
        .to_str()
        .ok_or_else(|| problem(path, "the path is not UTF-8"))?;
    // Made empty first, which SQLite takes: so it is nobody else's, and readable by its owner alone from the beginning.
    private_file()
        .create_new(true)
        .open(path)
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => BackupError::Exists(path.to_owned()),
            _ => problem(path, &error.to_string()),
        })?;
    let copied = diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(name)
        .execute(connection)
        .map_err(|error| BackupError::from(Error::from(error)))
        .and_then(|_| make_durable(path).map_err(|error| problem(path, &error.to_string())));
    if copied.is_err() {
        // What remains is no copy. That it cannot be removed either changes nothing about the error.
        let _ = fs::remove_file(path);
    }
    copied
}

fn make_durable(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn problem(path: &Path, problem: &str) -> BackupError {
    BackupError::File {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

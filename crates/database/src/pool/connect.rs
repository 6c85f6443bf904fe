//! Making connections: each comes with its timeouts, and on SQLite with its durability.

use std::fs::{DirBuilder, OpenOptions};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use crate::db::Db;
use crate::error::Error;
use crate::url::Target;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Answering: short timeouts; on SQLite for reading alone.
    Pool,
    /// SQLite's one writer.
    Writer,
    /// Migrating, auditing, copying: long timeouts.
    Long,
}

impl Purpose {
    /// The longest one statement may run. Answers take milliseconds; an audit reads every row there is.
    const fn statement_timeout(self) -> Duration {
        match self {
            Self::Pool | Self::Writer => Duration::from_secs(10),
            Self::Long => Duration::from_hours(1),
        }
    }

    /// The longest a statement may wait for another's lock: on SQLite for other processes, such as commands.
    const fn lock_timeout(self) -> Duration {
        match self {
            Self::Pool | Self::Writer => Duration::from_secs(5),
            Self::Long => Duration::from_secs(30),
        }
    }
}

/// A new connection.
pub(crate) fn connect(target: &Target, purpose: Purpose) -> Result<Db, Error> {
    match target {
        Target::Postgres(url) => postgres(url, purpose),
        Target::Sqlite(path) => sqlite(path, purpose),
    }
}

fn postgres(url: &str, purpose: Purpose) -> Result<Db, Error> {
    let mut connection =
        PgConnection::establish(url).map_err(|error| Error::Unavailable(error.to_string()))?;
    connection.batch_execute(&format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        purpose.statement_timeout().as_millis(),
        purpose.lock_timeout().as_millis(),
        // A transaction whose process hangs must not hold its locks for ever.
        purpose.statement_timeout().as_millis(),
    ))?;
    // Errors without a kind are known by their English texts. Only a superuser or a role that was granted it may set
    // this; for all others the server's own language stays, and such errors count as unexpected.
    if let Err(error) = connection.batch_execute("SET lc_messages = 'C'") {
        tracing::debug!(%error, "lc_messages stays as the server has it");
    }
    Ok(Db::Pg(connection))
}

fn sqlite(path: &Path, purpose: Purpose) -> Result<Db, Error> {
    let text = path
        .to_str()
        .ok_or_else(|| Error::Unavailable("the path is not UTF-8".to_owned()))?;
    let mut connection =
        SqliteConnection::establish(text).map_err(|error| Error::Unavailable(error.to_string()))?;
    // The timeout first: the others may meet a lock. FULL: a commit that was answered survives a power loss.
    connection.batch_execute(&format!(
        "PRAGMA busy_timeout = {}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
        purpose.lock_timeout().as_millis()
    ))?;
    if purpose == Purpose::Pool {
        // 1 MiB of page cache a reader: the file is in the system's cache anyway, and idle memory counts.
        connection.batch_execute("PRAGMA cache_size = -1024; PRAGMA query_only = ON")?;
    }
    Ok(Db::Lite(connection))
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

/// Makes the file of an embedded database with its folders, for its owner alone, and sets it up so that readers and the
/// writer do not wait for each other. What is there already stays as it is.
pub(crate) fn create_sqlite(path: &Path) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        private_folder()
            .create(folder)
            .map_err(|error| error.to_string())?;
    }
    private_file()
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| error.to_string())?;
    // Switching a new file over wants it alone and does not wait for that, so it is tried until others have had it.
    let until = Instant::now() + Purpose::Writer.lock_timeout();
    let mode = loop {
        match switch_to_wal(path) {
            Err(Error::Transient(_)) if Instant::now() < until => thread::sleep(SWITCH_PAUSE),
            switched => break switched.map_err(|error| error.to_string())?,
        }
    };
    if mode == "wal" {
        Ok(())
    } else {
        Err("this file system cannot hold it (SQLite's write-ahead log does not work here, as on most network drives)".to_owned())
    }
}

/// The pause between tries to switch a file over; others hold it for milliseconds.
const SWITCH_PAUSE: Duration = Duration::from_millis(20);

/// Gives the file a write-ahead log, for good; the mode that it has then.
fn switch_to_wal(path: &Path) -> Result<String, Error> {
    let mut db = sqlite(path, Purpose::Writer)?;
    let mode: JournalMode =
        both!(&mut db, c => diesel::sql_query("PRAGMA journal_mode = WAL").get_result(c))?;
    Ok(mode.journal_mode)
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Options that make new files readable by their owner alone.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

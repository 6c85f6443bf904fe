//! The database: whether it answers, whether its schema is this build's, and whether its clock is the host's.

use std::path::{Path, PathBuf};

use gih_database::{Database, Kind, MigrationStatus, OpenError, Presence};
use gih_domain::ports::DatabaseError;
use gih_domain::time::Timestamp;

use super::{Check, blocking, host, in_time, models};
use crate::clock::host_time;
use crate::commands::COMMAND_POOL;
use crate::serve::owner::lock_file;
use crate::settings::{Settings, mask_password};

pub const DATABASE: &str = "database";
pub const SCHEMA: &str = "schema";
pub const CLOCK: &str = "clock";

/// Clouds refuse requests whose time is off by 15 min, and certificates are judged by the host's clock.
const FAR_OFF_MICROS: i64 = 5 * 60 * 1_000_000;
/// What a clock that is kept right by anything at all is never off by.
const OFF_MICROS: i64 = 2_000_000;

/// All that is asked of the database.
pub async fn check(settings: &Settings) -> Vec<Check> {
    let mut checks = Vec::new();
    let database = match look(settings).await {
        Ok(Some(database)) => database,
        Ok(None) => {
            let path = mask_password(&settings.database_url);
            let message = format!("{path} is not there yet; the first start makes it");
            checks.push(Check::fine(DATABASE, message));
            let made = "made with the database";
            checks.push(Check::fine(SCHEMA, made));
            checks.push(Check::fine(CLOCK, "the embedded database's is the host's"));
            checks.push(Check::fine(models::NAME, made));
            return checks;
        }
        Err(failed) => {
            checks.push(failed);
            checks.extend([SCHEMA, CLOCK, models::NAME].map(|name| Check::skipped(name, DATABASE)));
            return checks;
        }
    };
    let asked = host_time();
    let (told, answered) = (in_time(database.now()).await, host_time());
    let told =
        told.unwrap_or_else(|| Err(DatabaseError::Unavailable("no answer in time".to_owned())));
    let now = match told {
        Ok(now) => now,
        Err(error) => {
            checks.push(failed(settings, &error.to_string()));
            checks.extend([SCHEMA, CLOCK, models::NAME].map(|name| Check::skipped(name, DATABASE)));
            return checks;
        }
    };
    let url = mask_password(&settings.database_url);
    checks.push(Check::fine(DATABASE, format!("{url} answers")));
    let schema = schema(&database).await;
    let is_current = schema.ok;
    checks.push(schema);
    checks.push(clock(asked, answered, now));
    checks.push(if is_current {
        models::check(&database).await
    } else {
        Check::skipped(models::NAME, SCHEMA)
    });
    checks
}

/// Opens what is there; `None` when it is still to be made.
async fn look(settings: &Settings) -> Result<Option<Database>, Check> {
    let url = settings.database_url.clone();
    let opened = blocking(move || match Presence::of(&url)? {
        Presence::Strange { path, problem } => Err(OpenError::File { path, problem }),
        Presence::ToBeMade(path) => match can_be_made(&path) {
            Ok(()) => Ok(None),
            Err(problem) => Err(OpenError::File { path, problem }),
        },
        Presence::Ready(path) => match host::can_write(&path).and_then(|()| beside(&path)) {
            Ok(()) => Database::open_as_it_is(&url, COMMAND_POOL).map(Some),
            Err(problem) => Err(OpenError::File { path, problem }),
        },
        Presence::Server => Database::open_as_it_is(&url, COMMAND_POOL).map(Some),
    });
    match opened.await {
        Some(Ok(database)) => Ok(database),
        Some(Err(error)) => Err(failed(settings, &error.to_string())),
        None => Err(failed(settings, "the disk does not answer")),
    }
}

fn can_be_made(file: &Path) -> Result<(), String> {
    host::can_make(file.parent().unwrap_or(file))?;
    host::can_write_if_there(file)?; // it may be there and empty
    beside(file)
}

/// The files that the hub and SQLite have beside the database: another user's would keep `serve` from starting.
fn beside(file: &Path) -> Result<(), String> {
    let ending = |ending| {
        let mut path = file.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    };
    [lock_file(file), ending("-wal"), ending("-shm")]
        .iter()
        .try_for_each(|file| host::can_write_if_there(file))
}

fn failed(settings: &Settings, why: &str) -> Check {
    let url = mask_password(&settings.database_url);
    let scheme = settings.database_url.split("://").next();
    let mend = if !matches!(scheme, Some("sqlite" | "postgres" | "postgresql")) {
        "set DATABASE_URL to sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE, or to nothing for a file in \
         GIH_DATA_DIR"
            .to_owned()
    } else if settings.database_url.starts_with("postgres") {
        "check that Postgres runs and can be reached from here, and that DATABASE_URL names its host and port and a user, \
         password and database that are there"
            .to_owned()
    } else {
        format!(
            "check {}: it must lead to a file on local disk that the hub's user may write",
            settings.database_setting()
        )
    };
    Check::failed(DATABASE, format!("{url}: {why}"), mend)
}

async fn schema(database: &Database) -> Check {
    let mend = "run `gih migrate`";
    let status = match in_time(database.migration_status()).await {
        Some(Ok(status)) => status,
        Some(Err(error)) => return Check::failed(SCHEMA, error.to_string(), mend),
        None => return Check::failed(SCHEMA, "no answer in time", mend),
    };
    let MigrationStatus {
        applied,
        pending,
        unknown,
    } = status;
    let is_embedded = database.kind() == Kind::Sqlite;
    if is_embedded && applied.is_empty() && unknown.is_empty() {
        return Check::fine(SCHEMA, "empty; the first start makes it");
    }
    if !pending.is_empty() {
        let message = format!("behind this build, which needs {}", pending.join(", "));
        return Check::failed(SCHEMA, message, mend);
    }
    if unknown.is_empty() {
        Check::fine(SCHEMA, "this build's")
    } else {
        let message = format!(
            "of a newer build ({}), with which this one can work",
            unknown.join(", ")
        );
        Check::warning(
            SCHEMA,
            message,
            "finish the upgrade: replace the older binaries",
        )
    }
}

fn clock(asked: Timestamp, answered: Timestamp, database: Timestamp) -> Check {
    let (asked, answered) = (asked.as_micros(), answered.as_micros());
    // The database answered somewhere between the two.
    let off = if database.as_micros() < asked {
        asked - database.as_micros()
    } else {
        (database.as_micros() - answered).max(0)
    };
    let message = format!(
        "the host's clock and the database's differ by {}.{:03} s",
        off / 1_000_000,
        off / 1_000 % 1_000
    );
    let mend = "let both machines keep their clocks by NTP (chrony, systemd-timesyncd)";
    if off > FAR_OFF_MICROS {
        Check::failed(CLOCK, message, mend)
    } else if off > OFF_MICROS {
        Check::warning(CLOCK, message, mend)
    } else {
        Check::fine(CLOCK, message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    #[test]
    fn clocks_are_judged_by_how_far_they_are_apart() {
        let seconds = |seconds: i64| Timestamp::from_micros((1_000_000 + seconds) * 1_000_000);
        let off = |by: i64| clock(seconds(0), seconds(3), seconds(by)).status;
        assert_eq!([off(-2), off(0), off(2), off(5)], [Status::Ok; 4]);
        assert_eq!([off(-3), off(6), off(300), off(-300)], [Status::Warning; 4]);
        assert_eq!([off(-301), off(304), off(100_000)], [Status::Failed; 3]);
        let message = clock(seconds(0), seconds(0), seconds(-7)).message;
        assert!(message.ends_with("differ by 7.000 s"), "{message}");
    }
}

//! A pool of connections: all of them on Postgres, the readers on SQLite.
//!
//! Connections are not tested at every checkout (it costs a third of the reads). Instead, once one is found lost, all
//! that were made before are tested before their next use, so that a restart of the database is noticed once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::r2d2::{HandleError, ManageConnection, NopEventHandler, Pool, PooledConnection};

use super::connect::{Purpose, connect};
use crate::db::Db;
use crate::error::{Abort, Error, panic_text};
use crate::url::Target;

/// How often work is run when its connection turns out to be lost: nothing of it was committed, and the second
/// connection is tested or new.
const ATTEMPTS: u32 = 2;

/// A connection in the pool.
pub(crate) struct Session {
    db: Db,
    /// The loss that it is known to have survived.
    tested: u64,
    is_lost: bool,
}

/// Makes and judges connections for the pool.
pub(crate) struct Manager {
    target: Target,
    /// How many losses were noticed.
    losses: Arc<AtomicU64>,
}

impl ManageConnection for Manager {
    type Connection = Session;
    type Error = Error;

    fn connect(&self) -> Result<Session, Error> {
        // Read before connecting: a loss noticed meanwhile may be of this connection too.
        let tested = self.losses.load(Ordering::Acquire);
        let db = connect(&self.target, Purpose::Pool)?;
        Ok(Session {
            db,
            tested,
            is_lost: false,
        })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), Error> {
        session.db.ping()
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.is_lost || session.db.is_broken()
    }
}

#[derive(Debug)]
struct LogErrors;

impl HandleError<Error> for LogErrors {
    fn handle_error(&self, error: Error) {
        tracing::warn!(%error, "no connection to the database");
    }
}

/// The pool.
pub(crate) struct Sessions {
    pool: Pool<Manager>,
    losses: Arc<AtomicU64>,
}

impl Sessions {
    /// A pool of at most `size` connections, each made when it is first needed. With one made ahead, every command would
    /// open two.
    pub(crate) fn new(target: Target, size: u32) -> Self {
        let losses = Arc::new(AtomicU64::new(0));
        let manager = Manager {
            target,
            losses: Arc::clone(&losses),
        };
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .test_on_check_out(false)
            // Also bounds the pause between attempts to connect (half of it), and so how soon a return is noticed.
            .connection_timeout(Duration::from_secs(2))
            .error_handler(Box::new(LogErrors))
            .event_handler(Box::new(NopEventHandler))
            .build_unchecked(manager);
        Self { pool, losses }
    }

    /// How many connections there may be.
    pub(crate) fn size(&self) -> usize {
        self.pool.max_size() as usize
    }

    /// Runs `work` on a connection, which is waited for until `deadline`. Blocks.
    pub(crate) fn run<T, R>(
        &self,
        deadline: Instant,
        mut work: impl FnMut(&mut Db) -> Result<T, Abort<R>>,
    ) -> Result<T, Abort<R>> {
        let mut attempt = 1;
        loop {
            let mut session = self.checkout(deadline)?;
            // Unwind safety: after a panic the connection is dropped.
            let result = catch_unwind(AssertUnwindSafe(|| work(&mut session.db)));
            let result = result.unwrap_or_else(|panic| {
                session.is_lost = true;
                Err(Error::Unexpected(panic_text(panic.as_ref())).into())
            });
            match &result {
                Err(Abort::Database(Error::Lost(message))) => {
                    self.note_loss(&mut session, message);
                    if attempt < ATTEMPTS {
                        attempt += 1;
                        continue;
                    }
                }
                Err(Abort::Database(Error::CommitOutcomeUnknown(message))) => {
                    self.note_loss(&mut session, message);
                }
                _ => {}
            }
            return result;
        }
    }

    fn note_loss(&self, session: &mut Session, message: &str) {
        tracing::warn!(message, "a connection to the database was lost");
        session.is_lost = true;
        self.losses.fetch_add(1, Ordering::AcqRel);
    }

    fn checkout(&self, deadline: Instant) -> Result<PooledConnection<Manager>, Error> {
        // At most every connection of the pool is a lost one, and the next is new.
        for _ in 0..=self.pool.max_size() {
            let wait = deadline.saturating_duration_since(Instant::now());
            let mut session = self
                .pool
                .get_timeout(wait)
                .map_err(|error| Error::Unavailable(error.to_string()))?;
            let losses = self.losses.load(Ordering::Acquire);
            if session.tested == losses {
                return Ok(session);
            }
            match session.db.ping() {
                Ok(()) => {
                    session.tested = losses;
                    return Ok(session);
                }
                Err(_) => session.is_lost = true,
            }
        }
        Err(Error::Unavailable("every connection was lost".to_owned()))
    }
}

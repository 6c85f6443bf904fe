//! The hub's database: reading and writing without blocking an async thread.

mod connect;
mod sessions;
mod writer;

use std::convert::Infallible;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot};

pub(crate) use self::connect::{Purpose, connect, private_file};
use self::sessions::Sessions;
use self::writer::Writer;
use crate::db::Db;
use crate::error::{Abort, Error, OpenError};
use crate::url::{Kind, Target};

/// The longest that work waits for a connection: a caller is better told to come back than kept.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest that an answer is waited for once work has a connection: past every timeout that the database itself
/// keeps, so it is met only by one that hangs. The connection stays taken until the work has come back.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections beside those that requests wait for: a lease must not lapse, nor dead work lie, because the hub is busy.
const UPKEEP_CONNECTIONS: u32 = 1;
/// How often a transaction is run when others are in its way, and for how long that is tried.
const TRANSACTION_ATTEMPTS: u32 = 5;
const TRANSACTION_RETRY_TIME: Duration = Duration::from_secs(3);
/// The pause before the second attempt; it grows by as much with each.
const TRANSACTION_PAUSE: Duration = Duration::from_millis(10);

/// How many connections are kept.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Connections to Postgres, for reading and writing. All replicas' together must stay below its `max_connections`.
    pub postgres_connections: u32,
    /// SQLite connections for reading, beside the one that writes.
    pub sqlite_readers: u32,
}

impl Default for Settings {
    /// 8 to Postgres, 4 readers on SQLite.
    fn default() -> Self {
        Self {
            postgres_connections: 8,
            sqlite_readers: 4,
        }
    }
}

/// The hub's database; implements the domain's database ports. Cheap to clone. Its methods want a Tokio runtime.
#[derive(Clone)]
pub struct Database {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) target: Target,
    sessions: Arc<Sessions>,
    /// One permit a connection: work waits here, not on threads of the blocking pool.
    permits: Arc<Semaphore>,
    /// As [`Self::permits`], for upkeep alone.
    upkeep: Arc<Semaphore>,
    /// SQLite's.
    writer: Option<Writer>,
    /// One long task (migration, audit, copy) at a time, beside the pool.
    long: Arc<Semaphore>,
}

impl Database {
    /// The database at `url`: `sqlite://PATH` (made, for its owner alone, when it is not there) or
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Postgres is not waited for: whether it answers is [`Self::ping`]'s
    /// to tell. Touches no schema.
    pub fn open(url: &str, settings: Settings) -> Result<Self, OpenError> {
        let target = Target::parse(url).map_err(OpenError::BadUrl)?;
        if let Target::Sqlite(path) = &target {
            connect::create_sqlite(path).map_err(|problem| OpenError::File {
                path: path.clone(),
                problem,
            })?;
        }
        Self::over(target, settings)
    }

    /// The same for looking at a database that is there ([`Presence`](crate::Presence)): a file is left as it is.
    pub fn open_as_it_is(url: &str, settings: Settings) -> Result<Self, OpenError> {
        Self::over(Target::parse(url).map_err(OpenError::BadUrl)?, settings)
    }

    fn over(target: Target, settings: Settings) -> Result<Self, OpenError> {
        // Before libpq does: it would have OpenSSL clean up when the process exits, while the pool's threads may still be
        // using it, which ends the process by a signal.
        openssl_sys::init();
        let (size, writer) = match &target {
            Target::Postgres(_) => (settings.postgres_connections.max(1), None),
            Target::Sqlite(_) => {
                let writer = Writer::start(target.clone())?;
                (settings.sqlite_readers.max(1), Some(writer))
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                sessions: Arc::new(Sessions::new(target.clone(), size + UPKEEP_CONNECTIONS)),
                permits: Arc::new(Semaphore::new(size as usize)),
                upkeep: Arc::new(Semaphore::new(UPKEEP_CONNECTIONS as usize)),
                writer,
                long: Arc::new(Semaphore::new(1)),
                target,
            }),
        })
    }

    /// Which database it is.
    pub fn kind(&self) -> Kind {
        self.inner.target.kind()
    }

    /// How many connections of the pool are taken, and how many there are at most. On SQLite they are for reading; the
    /// writer's is not counted.
    pub fn connections(&self) -> (usize, usize) {
        let size = self.inner.sessions.size();
        let free = self.inner.permits.available_permits();
        (size.saturating_sub(free), size)
    }

    /// Reads: each statement by itself, unless `work` asks for a [`Db::snapshot`]. `work` may be run a second time when
    /// its connection turns out to be lost.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permits = &self.inner.permits;
        let result = self.on_session(permits, move |db| {
            work(db).map_err(Abort::<Infallible>::from)
        });
        let slow = || Error::Unavailable("it does not answer".to_owned());
        unrefused(result.await?.within(ANSWER_TIMEOUT, slow).await)
    }

    /// Writes: `work` is one transaction, all or nothing. It may be run again when nothing of it was committed, because
    /// another transaction was in its way or its connection was lost before the commit.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let work = move |db: &mut Db| work(db).map_err(Abort::<Infallible>::from);
        unrefused(self.write_or_refuse(work).await)
    }

    /// As [`Self::write`], for work that may refuse by a rule of its own, after which nothing is written.
    pub(crate) async fn write_or_refuse<T: Send + 'static, R: Send + 'static>(
        &self,
        work: impl FnMut(&mut Db) -> Result<T, Abort<R>> + Send + 'static,
    ) -> Result<T, Abort<R>> {
        self.write_in(Scope::Transaction, work).await
    }

    /// As [`Self::write_or_refuse`], for work whose only write is one statement on Postgres, its last: there it runs
    /// outside of any transaction, because such a statement is one. On SQLite it is a transaction as ever.
    pub(crate) async fn write_at_once<T: Send + 'static, R: Send + 'static>(
        &self,
        work: impl FnMut(&mut Db) -> Result<T, Abort<R>> + Send + 'static,
    ) -> Result<T, Abort<R>> {
        self.write_in(Scope::Statement, work).await
    }

    /// As [`Self::write_at_once`], for work that has no rule to refuse by.
    pub(crate) async fn write_one<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let work = move |db: &mut Db| work(db).map_err(Abort::<Infallible>::from);
        unrefused(self.write_at_once(work).await)
    }

    /// As [`Self::write`], for the process's own upkeep: never behind requests on Postgres.
    pub(crate) async fn write_upkeep<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let work = move |db: &mut Db| work(db).map_err(Abort::<Infallible>::from);
        let permits = &self.inner.upkeep;
        unrefused(self.write_by(permits, Scope::Transaction, work).await)
    }

    async fn write_in<T: Send + 'static, R: Send + 'static>(
        &self,
        scope: Scope,
        work: impl FnMut(&mut Db) -> Result<T, Abort<R>> + Send + 'static,
    ) -> Result<T, Abort<R>> {
        self.write_by(&self.inner.permits, scope, work).await
    }

    async fn write_by<T: Send + 'static, R: Send + 'static>(
        &self,
        permits: &Arc<Semaphore>,
        scope: Scope,
        mut work: impl FnMut(&mut Db) -> Result<T, Abort<R>> + Send + 'static,
    ) -> Result<T, Abort<R>> {
        let pending = match &self.inner.writer {
            None => {
                self.on_session(permits, move |db| transact(db, scope, &mut work))
                    .await?
            }
            Some(writer) => {
                let deadline = Instant::now() + CHECKOUT_TIMEOUT;
                let work = move |db: &mut Db| transact(db, scope, &mut work);
                Pending(writer.submit(deadline, work).await?)
            }
        };
        let slow = || Error::CommitOutcomeUnknown("it does not answer".to_owned());
        pending.within(ANSWER_TIMEOUT, slow).await
    }

    /// Runs `work` on a connection of its own with long timeouts, however long it takes; one at a time.
    pub(crate) async fn long<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let permit = Arc::clone(&self.inner.long)
            .try_acquire_owned()
            .map_err(|_| Error::Unavailable("another long task is at work".to_owned()))?;
        let target = self.inner.target.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&mut connect(&target, Purpose::Long)?)
        });
        task.await
            .unwrap_or_else(|error| Err(Error::Unexpected(error.to_string()).into()))
    }

    async fn on_session<T: Send + 'static, R: Send + 'static>(
        &self,
        permits: &Arc<Semaphore>,
        work: impl FnMut(&mut Db) -> Result<T, Abort<R>> + Send + 'static,
    ) -> Result<Pending<T, R>, Error> {
        let deadline = Instant::now() + CHECKOUT_TIMEOUT;
        let permit = Arc::clone(permits).acquire_owned();
        let permit = tokio::time::timeout_at(deadline.into(), permit)
            .await
            .map_err(|_| Error::Unavailable("all connections are busy".to_owned()))?
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        let sessions = Arc::clone(&self.inner.sessions);
        let (answer, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let outcome = sessions.run(deadline, work);
            // Given back before the answer, so that the next to ask finds it free.
            drop(permit);
            // Nobody listens when the caller has gone.
            let _ = answer.send(outcome);
        });
        Ok(Pending(result))
    }
}

/// Work that is under way, whether or not it is waited for.
struct Pending<T, R>(oneshot::Receiver<Result<T, Abort<R>>>);

impl<T, R> Pending<T, R> {
    async fn within(self, time: Duration, slow: impl FnOnce() -> Error) -> Result<T, Abort<R>> {
        match tokio::time::timeout(time, self.0).await {
            Ok(Ok(result)) => result,
            // The thread went without an answer: the runtime is shutting down.
            Ok(Err(_)) | Err(_) => Err(slow().into()),
        }
    }
}

/// What makes work atomic.
#[derive(Clone, Copy, Debug)]
enum Scope {
    /// A transaction around it.
    Transaction,
    /// On Postgres its one writing statement, on SQLite a transaction.
    Statement,
}

/// Runs work that writes until no other is in its way, a few times.
fn transact<T, R>(
    db: &mut Db,
    scope: Scope,
    work: &mut impl FnMut(&mut Db) -> Result<T, Abort<R>>,
) -> Result<T, Abort<R>> {
    let started = Instant::now();
    let mut attempt = 1;
    loop {
        let result = match (scope, &mut *db) {
            (Scope::Statement, Db::Pg(_)) => work(db),
            _ => db.transaction(&mut *work),
        };
        match &result {
            Err(Abort::Database(Error::Transient(message)))
                if attempt < TRANSACTION_ATTEMPTS && started.elapsed() < TRANSACTION_RETRY_TIME =>
            {
                tracing::debug!(message, attempt, "a transaction is run again");
                thread::sleep(TRANSACTION_PAUSE * attempt);
                attempt += 1;
            }
            _ => return result,
        }
    }
}

fn unrefused<T>(result: Result<T, Abort<Infallible>>) -> Result<T, Error> {
    result.map_err(|abort| match abort {
        Abort::Database(error) => error,
        Abort::Refused(never) => match never {},
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

//! SQLite's one writer: a thread that owns the connection, behind a bounded queue.
//!
//! SQLite has one write lock, and connections that compete for it poll; a queue is fair and waits no longer than it must.

use std::thread;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use super::connect::{Purpose, connect};
use crate::db::Db;
use crate::error::{Abort, Error};
use crate::url::Target;

/// How many transactions may wait: at some 4 ms each with `synchronous = FULL`, about as many as are served in the time
/// that a caller waits for its turn.
const QUEUE: usize = 512;

type Job = Box<dyn FnOnce(Result<&mut Db, Error>) + Send>;

/// The queue to the thread, which ends when the last of these is dropped.
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(target: Target) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("gih-writer".to_owned())
            .spawn(move || serve(&target, queue))?;
        Ok(Self { jobs })
    }

    /// Runs `work` on the thread; the result comes through the channel. An error here, or work that does not begin until
    /// `deadline`, has written nothing.
    pub(crate) async fn submit<T: Send + 'static, R: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce(&mut Db) -> Result<T, Abort<R>> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, Abort<R>>>, Error> {
        let place = tokio::time::timeout_at(deadline.into(), self.jobs.reserve())
            .await
            .map_err(|_| too_busy())?
            .map_err(|_| Error::Unavailable("the writer has ended".to_owned()))?;
        let (answer, result) = oneshot::channel();
        place.send(Box::new(move |db| {
            let outcome = match db {
                Ok(_) if Instant::now() > deadline => Err(too_busy().into()),
                Ok(db) => work(db),
                Err(error) => Err(error.into()),
            };
            // Nobody listens when the caller has gone; what is written is written.
            let _ = answer.send(outcome);
        }));
        Ok(result)
    }
}

fn too_busy() -> Error {
    Error::Unavailable("too many transactions wait to be written".to_owned())
}

fn serve(target: &Target, mut queue: mpsc::Receiver<Job>) {
    let mut connection: Option<Db> = None;
    while let Some(job) = queue.blocking_recv() {
        if connection.as_mut().is_some_and(Db::is_broken) {
            connection = None;
        }
        if let Some(db) = &mut connection {
            job(Ok(db));
            continue;
        }
        match connect(target, Purpose::Writer) {
            Ok(db) => job(Ok(connection.insert(db))),
            Err(error) => job(Err(error)),
        }
    }
}

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_channel::oneshot;
use futures_core::future::BoxFuture;
use futures_executor::{LocalPool, LocalSpawner};
use futures_util::future::{AbortHandle, FutureExt as _, LocalFutureObj, abortable};
use futures_util::task::LocalSpawn as _;

use super::TestClock;
use crate::ports::Tasks;

/// Work that was spawned and not yet begun.
#[derive(Default)]
pub(crate) struct QueuedTasks(Mutex<Vec<BoxFuture<'static, ()>>>);

impl Tasks for QueuedTasks {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.0.lock().unwrap().push(work);
    }
}

/// One thread on which everything runs, step by step, in virtual time: the same in every run.
pub(crate) struct Scene {
    pool: LocalPool,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) tasks: Arc<QueuedTasks>,
}

/// A caller that was started.
pub(crate) struct Running<T> {
    result: oneshot::Receiver<T>,
    abort: AbortHandle,
}

impl<T> Running<T> {
    /// What it came to, if it has.
    pub(crate) fn result(&mut self) -> Option<T> {
        self.result.try_recv().unwrap()
    }

    /// The caller is gone: its future is dropped where it stands.
    pub(crate) fn hang_up(self) {
        self.abort.abort();
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self {
            pool: LocalPool::new(),
            clock: Arc::default(),
            tasks: Arc::default(),
        }
    }

    /// Begins something and lets it come as far as it can without time passing.
    pub(crate) fn begin<T: 'static>(
        &mut self,
        future: impl Future<Output = T> + 'static,
    ) -> Running<T> {
        let (sender, result) = oneshot::channel();
        let (future, abort) = abortable(future);
        self.spawn(async move {
            if let Ok(output) = future.await {
                drop(sender.send(output));
            }
        });
        self.settle();
        Running { result, abort }
    }

    /// Lets everything come as far as it can without time passing.
    pub(crate) fn settle(&mut self) {
        loop {
            self.pool.run_until_stalled();
            let spawned = std::mem::take(&mut *self.tasks.0.lock().unwrap());
            if spawned.is_empty() {
                return;
            }
            for work in spawned {
                // A panic ends the task and not the process, as in a real runtime.
                self.spawn(std::panic::AssertUnwindSafe(work).catch_unwind().map(drop));
            }
        }
    }

    /// Lets time pass, stopping wherever somebody wakes.
    pub(crate) fn advance(&mut self, time: Duration) {
        let mut left = time;
        while let Some(step) = self.clock.until_next().filter(|&step| step <= left) {
            self.clock.advance(step);
            left -= step;
            self.settle();
        }
        self.clock.advance(left);
        self.settle();
    }

    /// Runs something to its end, letting as much time pass as it needs.
    pub(crate) fn run<T: 'static>(&mut self, future: impl Future<Output = T> + 'static) -> T {
        let mut running = self.begin(future);
        for _ in 0..10_000 {
            if let Some(output) = running.result() {
                return output;
            }
            let step = self.clock.until_next().expect("nothing moves any more");
            self.advance(step);
        }
        panic!("no end within 10,000 steps");
    }

    fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        let spawner: LocalSpawner = self.pool.spawner();
        let future = LocalFutureObj::new(Box::new(future));
        spawner.spawn_local_obj(future).unwrap();
    }
}

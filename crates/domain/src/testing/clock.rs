use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures_channel::oneshot;

use super::start;
use crate::ports::Clock;
use crate::time::Timestamp;

/// Time that stands still until a test moves it.
pub(crate) struct TestClock {
    now: Mutex<Timestamp>,
    sleepers: Mutex<Vec<(Timestamp, oneshot::Sender<()>)>>,
}

impl Default for TestClock {
    fn default() -> Self {
        Self {
            now: Mutex::new(start()),
            sleepers: Mutex::default(),
        }
    }
}

impl TestClock {
    /// Lets time pass and wakes whoever has slept enough.
    pub(crate) fn advance(&self, time: Duration) {
        let now = self.now().plus(time);
        *self.now.lock().unwrap() = now;
        let mut sleepers = self.sleepers.lock().unwrap();
        let (awake, asleep) = std::mem::take(&mut *sleepers)
            .into_iter()
            .partition::<Vec<_>, _>(|&(until, _)| until <= now);
        *sleepers = asleep;
        for (_, sleeper) in awake {
            sleeper.send(()).ok();
        }
    }

    /// How long until somebody wakes who still wants to; `None` when nobody sleeps.
    pub(crate) fn until_next(&self) -> Option<Duration> {
        let mut sleepers = self.sleepers.lock().unwrap();
        sleepers.retain(|(_, sleeper)| !sleeper.is_canceled());
        let next = sleepers.iter().map(|&(until, _)| until).min()?;
        Some(next.since(self.now()))
    }

    /// How much time has passed since the test began, in seconds.
    pub(crate) fn elapsed_seconds(&self) -> u64 {
        self.now().since(start()).as_secs()
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, time: Duration) {
        let (sender, receiver) = oneshot::channel();
        let until = self.now().plus(time);
        self.sleepers.lock().unwrap().push((until, sender));
        receiver.await.unwrap();
    }
}

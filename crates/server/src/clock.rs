//! The hub's clock: the host's, set right by the database's.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use gih_domain::ports::Clock;
use gih_domain::time::Timestamp;

/// An answer that took longer says too little: it could be off by half of that.
const SLOW_ANSWER_MICROS: i64 = 250_000;

/// The host's clock plus the database's offset as last measured, so that replicas whose hosts disagree agree on when
/// credits expire.
#[derive(Default)]
pub struct SystemClock {
    offset_micros: AtomicI64,
    is_set: AtomicBool,
}

impl SystemClock {
    /// Takes the database's time, which was asked for at `asked` and answered by now; the truth lay in between. A slow
    /// answer is passed over once there is a better one. Returns how far the host is behind, in microseconds.
    pub fn discipline(&self, asked: Timestamp, database: Timestamp) -> i64 {
        let answered = host_time().as_micros();
        if answered - asked.as_micros() > SLOW_ANSWER_MICROS && self.is_set.load(Ordering::Relaxed)
        {
            return self.offset_micros.load(Ordering::Relaxed);
        }
        self.is_set.store(true, Ordering::Relaxed);
        let middle = asked.as_micros() + (answered - asked.as_micros()) / 2;
        let offset = database.as_micros() - middle;
        self.offset_micros.store(offset, Ordering::Relaxed);
        offset
    }
}

/// The host's own time.
pub fn host_time() -> Timestamp {
    #[allow(clippy::disallowed_methods)] // this is the adapter behind the port
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(host_time().as_micros() + self.offset_micros.load(Ordering::Relaxed))
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_databases_time_is_taken() {
        let clock = SystemClock::default();
        let asked = host_time();
        let ahead = asked.plus(Duration::from_hours(1));
        clock.discipline(asked, ahead);
        let off = clock.now().since(ahead);
        assert!(
            clock.now() >= ahead && off < Duration::from_mins(1),
            "{off:?}"
        );
    }
}

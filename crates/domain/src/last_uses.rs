//! When keys were last shown, kept in memory until somebody writes it down: no request waits for that.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::id::KeyId;
use crate::ports::{DatabaseError, Keys};
use crate::time::Timestamp;

/// How many keys are kept between two flushes; of others nothing is recorded until then.
const MAX_KEYS: usize = 50_000;
/// How many are written at once: it must not hold others up.
const BATCH: usize = 500;

/// The last use of each key since the last flush.
#[derive(Default)]
pub struct LastUses(Mutex<HashMap<KeyId, Timestamp>>);

impl LastUses {
    /// The key was shown.
    pub fn record(&self, key: KeyId, at: Timestamp) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() < MAX_KEYS || uses.contains_key(&key) {
            let last = uses.entry(key).or_insert(at);
            *last = at.max(*last);
        }
    }

    /// Writes down what was recorded; what could not be written stays for the next time.
    pub async fn flush(&self, keys: &dyn Keys) -> Result<(), DatabaseError> {
        let mut uses: Vec<(KeyId, Timestamp)> = {
            let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            uses.drain().collect()
        };
        // In one order everywhere, so that processes that write the same keys wait for each other and never in a circle.
        uses.sort_unstable();
        for (written, batch) in uses.chunks(BATCH).enumerate() {
            if let Err(error) = keys.record_uses(batch).await {
                for &(key, at) in &uses[written * BATCH..] {
                    self.record(key, at);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::ports::MockKeys;
    use crate::testing::{away, hour, uuid};

    fn key(number: u128) -> KeyId {
        KeyId(uuid(number))
    }

    /// Flushes, the database answering so, and returns what it was asked to write.
    fn flush(
        uses: &LastUses,
        answer: Result<(), DatabaseError>,
    ) -> (Result<(), DatabaseError>, Vec<(KeyId, Timestamp)>) {
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut keys = MockKeys::new();
        let asked = Arc::clone(&written);
        keys.expect_record_uses().returning(move |batch| {
            assert!((1..=BATCH).contains(&batch.len()));
            asked.lock().unwrap().extend_from_slice(batch);
            answer.clone()
        });
        let flushed = uses.flush(&keys).now_or_never().unwrap();
        (flushed, std::mem::take(&mut *written.lock().unwrap()))
    }

    #[test]
    fn the_latest_use_of_each_key_is_written_once() {
        let uses = LastUses::default();
        for (number, at) in [(2, 1), (1, 5), (1, 3), (2, 4)] {
            uses.record(key(number), hour(at));
        }
        let both = vec![(key(1), hour(5)), (key(2), hour(4))];
        assert_eq!(flush(&uses, Ok(())), (Ok(()), both));
        assert_eq!(flush(&uses, Ok(())), (Ok(()), vec![]));
    }

    #[test]
    fn what_could_not_be_written_is_written_the_next_time() {
        let uses = LastUses::default();
        uses.record(key(1), hour(1));
        uses.record(key(2), hour(1));
        assert_eq!(flush(&uses, Err(away())).0, Err(away()));
        uses.record(key(1), hour(2));
        let all = vec![(key(1), hour(2)), (key(2), hour(1))];
        assert_eq!(flush(&uses, Ok(())), (Ok(()), all));
    }

    #[test]
    fn memory_is_bounded() {
        let uses = LastUses::default();
        for number in 0..=MAX_KEYS {
            uses.record(key(number as u128), hour(1));
        }
        uses.record(key(0), hour(2)); // one that is known is still kept up to date
        let (flushed, written) = flush(&uses, Ok(()));
        assert_eq!((flushed, written.len()), (Ok(()), MAX_KEYS));
        assert_eq!(written[0], (key(0), hour(2)));
    }
}

//! How much may be in flight in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A fixed number of slots.
pub(super) struct Slots {
    total: u32,
    free: AtomicU32,
}

/// One slot, free again when dropped.
pub(super) struct Slot(Arc<Slots>);

impl Slots {
    pub(super) fn new(total: u32) -> Arc<Self> {
        Arc::new(Self {
            total,
            free: AtomicU32::new(total),
        })
    }

    /// A slot, if one is free.
    pub(super) fn take(self: &Arc<Self>) -> Option<Slot> {
        let taken = self
            .free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| {
                free.checked_sub(1)
            });
        taken.is_ok().then(|| Slot(Arc::clone(self)))
    }

    /// As many as are free, at most `at_most`.
    pub(super) fn take_up_to(self: &Arc<Self>, at_most: u32) -> Vec<Slot> {
        (0..at_most).map_while(|_| self.take()).collect()
    }

    pub(super) fn are_all_free(&self) -> bool {
        self.free.load(Ordering::Acquire) == self.total
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.free.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_given_than_there_are() {
        let slots = Slots::new(3);
        let one = slots.take().unwrap();
        let two = slots.take_up_to(10);
        assert_eq!(two.len(), 2);
        assert!(slots.take().is_none());
        drop(one);
        assert!(!slots.are_all_free());
        drop(two);
        assert!(slots.are_all_free());
        assert!(Slots::new(0).take().is_none());
    }
}

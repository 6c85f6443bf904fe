//! How much of a mode may be in flight in this process, and how much of it for one account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::id::AccountId;

/// A fixed number of slots.
pub(super) struct Slots {
    total: u32,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    count: u32,
    /// Of the slots that belong to an account, how many belong to which. At most as many entries as slots.
    by_account: HashMap<AccountId, u32>,
}

/// One slot, free again when dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    account: Option<AccountId>,
}

/// Who may take how much while others wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shares {
    /// Accounts that hold half of the slots or more.
    pub(super) full: Vec<AccountId>,
    /// How many slots any other account can take without holding more than half; at least 1.
    pub(super) room: u32,
}

impl Slots {
    pub(super) fn new(total: u32) -> Arc<Self> {
        Arc::new(Self {
            total,
            taken: Mutex::default(),
        })
    }

    /// A slot for this account, if one is free.
    pub(super) fn take(self: &Arc<Self>, account: AccountId) -> Option<Slot> {
        let mut slot = self.take_up_to(1).pop()?;
        slot.give(account);
        Some(slot)
    }

    /// As many as are free, at most `at_most`; they belong to no account yet.
    pub(super) fn take_up_to(self: &Arc<Self>, at_most: u32) -> Vec<Slot> {
        let mut taken = self.lock();
        let count = at_most.min(self.total - taken.count);
        taken.count += count;
        let slot = || Slot {
            slots: Arc::clone(self),
            account: None,
        };
        (0..count).map(|_| slot()).collect()
    }

    /// Who holds how much of its share, which is half of the slots.
    pub(super) fn shares(&self) -> Shares {
        let share = self.total.div_ceil(2).max(1);
        let taken = self.lock();
        let mut shares = Shares {
            full: Vec::new(),
            room: share,
        };
        for (&account, &held) in &taken.by_account {
            match share.checked_sub(held) {
                None | Some(0) => shares.full.push(account),
                Some(room) => shares.room = shares.room.min(room),
            }
        }
        shares
    }

    pub(super) fn are_all_free(&self) -> bool {
        self.lock().count == 0
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// From now on the slot counts as this account's.
    pub(super) fn give(&mut self, account: AccountId) {
        *self.slots.lock().by_account.entry(account).or_default() += 1;
        self.account = Some(account);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.lock();
        taken.count -= 1;
        let Some(account) = self.account else { return };
        if let Some(held) = taken.by_account.get_mut(&account) {
            *held -= 1;
            if *held == 0 {
                taken.by_account.remove(&account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u128) -> AccountId {
        AccountId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn no_more_are_given_than_there_are() {
        let slots = Slots::new(3);
        let one = slots.take(account(1)).unwrap();
        let two = slots.take_up_to(10);
        assert_eq!(two.len(), 2);
        assert!(slots.take(account(1)).is_none());
        drop(one);
        assert!(!slots.are_all_free());
        drop(two);
        assert!(slots.are_all_free());
        assert!(Slots::new(0).take(account(1)).is_none());
    }

    #[test]
    fn an_account_s_share_is_half() {
        for (total, half) in [(1, 1), (2, 1), (3, 2), (4, 2), (256, 128)] {
            let slots = Slots::new(total);
            assert_eq!(
                slots.shares(),
                Shares {
                    full: vec![],
                    room: half
                }
            );
            let mut held: Vec<Slot> = (1..half).map(|_| slots.take(account(1)).unwrap()).collect();
            assert_eq!(
                slots.shares(),
                Shares {
                    full: vec![],
                    room: 1
                }
            );
            held.extend(slots.take(account(1)));
            let full = vec![account(1)];
            assert_eq!(slots.shares(), Shares { full, room: half });
            // What others hold counts as well, and what belongs to nobody yet for nobody.
            let nobodys = slots.take_up_to(1);
            assert_eq!(slots.shares().full, [account(1)]);
            drop(held);
            assert_eq!(
                slots.shares(),
                Shares {
                    full: vec![],
                    room: half
                }
            );
            drop(nobodys);
            assert!(slots.lock().by_account.is_empty());
        }
    }
}

//! The model's money: which lots pay, what comes back, and what expires.

use super::{Answer, DAY, Lot, Model, PURSES, Refusal, Time};

impl Lot {
    fn is_live(&self, now: Time) -> bool {
        self.left > 0 && self.expires.is_none_or(|expires| now < expires)
    }
}

impl Model {
    /// What can be spent now.
    pub fn balance(&self, purse: usize) -> i64 {
        self.live(purse).map(|(_, lot)| lot.left).sum()
    }

    /// When the next of the live lots expires.
    pub fn next_expiration(&self, purse: usize) -> Option<Time> {
        self.live(purse).filter_map(|(_, lot)| lot.expires).min()
    }

    /// What the live lots that expire at this time have left, each.
    pub fn expiring_at(&self, purse: usize, expires: Time) -> Vec<i64> {
        let lots = self
            .live(purse)
            .filter(|(_, lot)| lot.expires == Some(expires));
        lots.map(|(_, lot)| lot.left).collect()
    }

    fn live(&self, purse: usize) -> impl Iterator<Item = (usize, &Lot)> {
        (self.lots.iter().enumerate())
            .filter(move |(_, lot)| lot.purse == purse && lot.is_live(self.now))
    }

    pub(super) fn grant(
        &mut self,
        purse: usize,
        credits: i64,
        life: Option<Time>,
        reference: Option<u8>,
    ) -> Answer {
        // One reference is one grant, whatever the account and the mode.
        let known = reference.and_then(|reference| self.references.get(&reference).copied());
        let account = |lot: usize| PURSES[self.lots[lot].purse].0;
        if known.is_some_and(|lot| account(lot) != PURSES[purse].0) {
            return Answer::Refused(Refusal::ReferenceOfAnother);
        }
        let lot = match known {
            Some(lot) => lot,
            None if life.is_some_and(|life| life <= 0) => {
                return Answer::Refused(Refusal::AlreadyExpired);
            }
            None => {
                let expires = life.map(|life| self.now + life);
                let lot = self.add_lot(purse, credits, expires, None);
                if let Some(reference) = reference {
                    self.references.insert(reference, lot);
                }
                lot
            }
        };
        Answer::Granted {
            lot,
            credits: self.lots[lot].granted,
            balance: self.balance(self.lots[lot].purse),
        }
    }

    fn add_lot(
        &mut self,
        purse: usize,
        credits: i64,
        expires: Option<Time>,
        refund_of: Option<(usize, usize)>,
    ) -> usize {
        self.lots.push(Lot {
            purse,
            granted: credits,
            left: credits,
            expires,
            created: self.now,
            refund_of,
            written_off: 0,
        });
        self.lots.len() - 1
    }

    /// Takes `amount` from the lots: soonest expiry first, those that never expire last, oldest first among equals. What
    /// is available when it does not suffice.
    pub(super) fn charge(&mut self, purse: usize, amount: i64) -> Result<Vec<(usize, i64)>, i64> {
        let available = self.balance(purse);
        if available < amount {
            return Err(available);
        }
        let mut order: Vec<(Time, Time, usize)> = self
            .live(purse)
            .map(|(index, lot)| (lot.expires.unwrap_or(Time::MAX), lot.created, index))
            .collect();
        order.sort_unstable();
        let mut due = amount;
        let mut paid = Vec::new();
        for (_, _, index) in order {
            let part = due.min(self.lots[index].left);
            if part > 0 {
                self.lots[index].left -= part;
                due -= part;
                paid.push((index, part));
            }
        }
        Ok(paid)
    }

    /// Gives `amount` back for a generation: what was spent last comes back first, to the lot that paid; or, when that
    /// has expired or has under a day left, in a lot that lives as long as the old one had left when it was charged, and
    /// at least a day unless the old one was itself a refund's.
    pub(super) fn pay_back(&mut self, work: usize, amount: i64) {
        let (purse, charged_at) = (self.works[work].purse, self.works[work].charged_at);
        let mut due = amount;
        for (source, paid) in self.works[work].paid.clone().into_iter().rev() {
            let part = due.min(paid);
            due -= part;
            if part == 0 {
                break;
            }
            let lot = &self.lots[source];
            match lot.expires {
                Some(expires) if expires - self.now < DAY => {
                    let had_left = expires - charged_at;
                    let life = match lot.refund_of {
                        Some(_) => had_left,
                        None => had_left.max(DAY),
                    };
                    self.add_lot(purse, part, Some(self.now + life), Some((work, source)));
                }
                _ => self.lots[source].left += part,
            }
        }
        assert_eq!(due, 0, "the model refunds what was not paid");
        self.works[work].refunded += amount;
    }

    pub(super) fn expire(&mut self, at_most: u32) -> u32 {
        let mut expired: Vec<(Time, usize)> = (self.lots.iter().enumerate())
            .filter(|(_, lot)| lot.left > 0)
            .filter_map(|(index, lot)| Some((lot.expires?, index)))
            .filter(|&(expires, _)| expires <= self.now)
            .collect();
        expired.sort_unstable();
        expired.truncate(at_most as usize);
        for &(_, index) in &expired {
            let lot = &mut self.lots[index];
            lot.written_off += lot.left;
            lot.left = 0;
        }
        u32::try_from(expired.len()).unwrap()
    }

    /// In every purse: what was granted is there, held, captured or expired.
    pub(super) fn assert_conserved(&self) {
        for purse in 0..PURSES.len() {
            let lots = || self.lots.iter().filter(|lot| lot.purse == purse);
            let granted: i64 = lots()
                .filter(|lot| lot.refund_of.is_none())
                .map(|lot| lot.granted)
                .sum();
            let kept: i64 = lots().map(|lot| lot.left + lot.written_off).sum();
            let works = self.works.iter().filter(|work| work.purse == purse);
            let taken: i64 = works.map(|work| work.charged() - work.refunded).sum();
            assert_eq!(granted, kept + taken, "the model lost credits");
            assert!(lots().all(|lot| (0..=lot.granted).contains(&lot.left)));
        }
    }
}

//! The model's work: the queue, leases and ends.

use gih_domain::generation::Status;

use super::{Answer, Ended, Hand, Model, PURSES, Refusal, Why, Work, Worker};
use crate::torture::step::Ask;

impl Work {
    /// What it was charged.
    pub fn charged(&self) -> i64 {
        self.paid.iter().map(|(_, part)| part).sum()
    }
}

impl Model {
    fn queued(&self) -> impl Iterator<Item = (usize, &Work)> {
        (self.works.iter().enumerate()).filter(|(_, work)| work.status == Status::Queued)
    }

    /// The queue of a mode (0 is live).
    fn queued_in(&self, mode: usize) -> impl Iterator<Item = (usize, &Work)> {
        self.queued()
            .filter(move |(_, work)| PURSES[work.purse].1 == mode)
    }

    fn is_live(&self, worker: usize) -> bool {
        self.workers[worker] == Worker::Live
    }

    /// The first checks of an acceptance have passed.
    pub(super) fn take_in(&mut self, ask: &Ask) -> Answer {
        let (account, mode) = PURSES[ask.purse];
        let is_queue_empty = self.queued_in(mode).next().is_none();
        let holder = ask
            .worker
            .filter(|&worker| is_queue_empty && self.is_live(worker));
        let mine: Vec<i64> = self
            .queued_in(mode)
            .filter(|(_, work)| PURSES[work.purse].0 == account)
            .filter_map(|(_, work)| work.turn)
            .collect();
        if holder.is_none() && mine.len() >= ask.account_limit as usize {
            return Answer::Refused(Refusal::AccountsQueueFull);
        }
        let smallest = self.queued_in(mode).filter_map(|(_, work)| work.turn).min();
        let after_last = mine.iter().max().map_or(1, |last| last + 1);
        let turn = after_last.max(smallest.unwrap_or(1));
        let required = ask.price * i64::from(ask.n);
        let paid = match self.charge(ask.purse, required) {
            Ok(paid) => paid,
            Err(available) => {
                return Answer::Refused(Refusal::Insufficient {
                    required,
                    available,
                });
            }
        };
        let work = self.works.len();
        self.works.push(Work {
            purse: ask.purse,
            key: ask.key,
            price: ask.price,
            n: ask.n,
            charged_at: self.now,
            paid,
            status: if holder.is_some() {
                Status::Running
            } else {
                Status::Queued
            },
            turn: holder.is_none().then_some(turn),
            fence: i64::from(holder.is_some()),
            holder,
            dispatched: holder.is_some(),
            idle: false,
            waits: ask.waits,
            spent: false,
            late: false,
            overdue: false,
            end: None,
            refunded: 0,
        });
        match holder {
            Some(worker) => {
                self.hands.push(Hand {
                    work,
                    worker,
                    fence: 1,
                });
                Answer::Running(work)
            }
            None => Answer::Queued(work),
        }
    }

    /// Claims so many of each mode, the live ones first.
    pub(super) fn claim(&mut self, worker: usize, at_most: u32) -> Vec<usize> {
        if !self.is_live(worker) {
            return Vec::new();
        }
        [0, 1]
            .into_iter()
            .flat_map(|mode| self.claim_in(mode, worker, at_most))
            .collect()
    }

    fn claim_in(&mut self, mode: usize, worker: usize, at_most: u32) -> Vec<usize> {
        let mut order: Vec<(Option<i64>, usize)> = self
            .queued_in(mode)
            .filter(|(_, work)| !work.overdue && !work.spent)
            .map(|(index, work)| (work.turn, index))
            .collect();
        order.sort_unstable();
        order.truncate(at_most as usize);
        let claimed: Vec<usize> = order.into_iter().map(|(_, index)| index).collect();
        for &index in &claimed {
            let work = &mut self.works[index];
            work.status = Status::Running;
            work.dispatched = false;
            self.give(index, worker);
        }
        claimed
    }

    fn give(&mut self, index: usize, worker: usize) {
        let work = &mut self.works[index];
        work.fence += 1;
        work.holder = Some(worker);
        let fence = work.fence;
        self.hands.push(Hand {
            work: index,
            worker,
            fence,
        });
    }

    /// Whether the lease is still the one on its generation.
    pub fn holds(&self, hand: usize) -> bool {
        self.held(hand).is_some()
    }

    /// The generation, when the lease is still the one on it.
    fn held(&self, hand: usize) -> Option<usize> {
        let hand = self.hands[hand];
        let work = &self.works[hand.work];
        (work.holder == Some(hand.worker) && work.fence == hand.fence).then_some(hand.work)
    }

    pub(super) fn dispatch(&mut self, hand: usize) -> Answer {
        match self.held(hand) {
            Some(index)
                if self.works[index].status == Status::Running
                    && self.is_live(self.hands[hand].worker) =>
            {
                self.change(index, |work| work.dispatched = true)
            }
            _ => Answer::Lost,
        }
    }

    pub(super) fn settle(&mut self, hand: usize, images: u8) -> Answer {
        let Some(index) = self.held(hand) else {
            return Answer::Lost;
        };
        let work = &self.works[index];
        if let Some(end) = &work.end {
            return Answer::Ended(end.clone());
        }
        if images > work.n {
            return Answer::Refused(Refusal::MoreImagesThanPaidFor);
        }
        let status = if images > 0 {
            Status::Succeeded
        } else {
            Status::Failed
        };
        Answer::Ended(self.end(index, status, images))
    }

    /// What a lost answer to the acceptance would have been: it was born running in this worker's hands, and nobody has
    /// touched it since.
    pub(super) fn resume(&self, index: usize, worker: usize) -> Option<usize> {
        let work = &self.works[index];
        let is_as_born = work.status == Status::Running
            && (work.turn, work.holder, work.fence) == (None, Some(worker), 1);
        is_as_born.then_some(index)
    }

    fn end(&mut self, index: usize, status: Status, images: u8) -> Ended {
        let work = &self.works[index];
        let purse = work.purse;
        self.pay_back(index, work.price * i64::from(work.n - images));
        let ended = Ended {
            work: index,
            status,
            images,
            balance: self.balance(purse),
            next_expiration: self.next_expiration(purse),
        };
        let work = &mut self.works[index];
        work.status = status;
        work.end = Some(ended.clone());
        ended
    }

    pub(super) fn cancel(&mut self, index: usize, fails: bool) -> Answer {
        if self.works[index].status != Status::Queued {
            return Answer::NotQueued;
        }
        let status = if fails {
            Status::Failed
        } else {
            Status::Canceled
        };
        Answer::Ended(self.end(index, status, 0))
    }

    pub(super) fn revoke(&mut self, key: usize) -> Vec<usize> {
        let was_revoked = std::mem::replace(&mut self.revoked[key], true);
        let queued: Vec<usize> = self
            .queued()
            .filter(|(_, work)| work.key == key && !was_revoked)
            .map(|(index, _)| index)
            .collect();
        for &index in &queued {
            self.end(index, Status::Canceled, 0);
        }
        queued
    }

    /// Never sent, the holder is gone or hangs, and time is left: queued again. Sent and the holder is gone, or late: taken over.
    pub(super) fn reap(&mut self, reaper: usize) -> Answer {
        let mut requeued = 0;
        let mut taken = Vec::new();
        for index in 0..self.works.len() {
            let work = &self.works[index];
            let Some(holder) = work.holder.filter(|_| work.status == Status::Running) else {
                continue;
            };
            let is_abandoned = holder != reaper && !self.is_live(holder);
            if (work.late && work.idle) || (work.dispatched && is_abandoned) {
                self.give(index, reaper);
                // Its deadline is over, and it is the reaper's for the grace.
                self.works[index].spent = true;
                self.works[index].idle = false;
                taken.push(index);
            } else if !work.dispatched && !work.spent && (is_abandoned || work.idle) {
                let work = &mut self.works[index];
                work.status = Status::Queued;
                work.holder = None;
                work.idle = false;
                // It would have been canceled by the revocation.
                work.overdue |= self.revoked[work.key];
                requeued += 1;
            }
        }
        for worker in 0..self.workers.len() {
            let holds = (self.works.iter())
                .any(|work| work.status == Status::Running && work.holder == Some(worker));
            if self.workers[worker] == Worker::Lapsed && !holds {
                self.workers[worker] = Worker::Gone;
            }
        }
        let overdue = self.queued().filter(|(_, work)| work.overdue);
        let why = |work: &Work| match (self.revoked[work.key], work.waits) {
            (true, _) => Why::KeyRevoked,
            (false, true) => Why::CallerWaited,
            (false, false) => Why::Queued,
        };
        let overdue = overdue.map(|(index, work)| (index, why(work))).collect();
        Answer::Reaped {
            requeued,
            taken,
            overdue,
        }
    }
}

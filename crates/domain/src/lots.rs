//! Lots of credits: which pay for a charge, and where a refund goes.
//!
//! These functions only plan. The database reads the lots, asks here, and applies the plan in one transaction; a plan
//! that has gone stale is stopped by the lot's CHECK and made anew.

use std::cmp::Reverse;
use std::time::Duration;

use crate::credits::Credits;
use crate::id::LotId;
use crate::time::Timestamp;

/// The least life of a refund's lot, and the least that a source lot must have left to take a refund back: a day, so
/// that nobody is handed credits that are gone before they can be spent.
pub const REFUND_LIFE: Duration = Duration::from_hours(24);

/// A lot: credits that came together and expire together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Its name.
    pub id: LotId,
    /// What is left to spend, never below zero.
    pub remaining: Credits,
    /// From this instant on the lot is worth nothing; `None` never expires.
    pub expires_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Lot {
    /// Whether it can be spent at `at`: something left, not yet expired.
    pub fn is_live(&self, at: Timestamp) -> bool {
        !self.remaining.is_zero() && self.expires_at.is_none_or(|expires_at| at < expires_at)
    }

    /// Soonest expiry first, never-expiring last, oldest first among equals.
    fn spending_order(&self) -> impl Ord + use<> {
        (
            self.expires_at.is_none(),
            self.expires_at,
            self.created_at,
            self.id,
        )
    }
}

/// One lot's part of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The lot.
    pub lot: LotId,
    /// How much of it, more than zero.
    pub credits: Credits,
}

/// The live lots do not cover the charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{required} credits are needed and {available} are available")]
pub struct InsufficientCredits {
    /// What the charge needs.
    pub required: Credits,
    /// What the live lots have.
    pub available: Credits,
}

/// Which lots pay `amount` at `at`, and how much each, in the order of spending. Nothing is planned for nothing.
pub fn plan_spend(
    lots: &[Lot],
    amount: Credits,
    at: Timestamp,
) -> Result<Vec<Part>, InsufficientCredits> {
    let mut live: Vec<&Lot> = lots.iter().filter(|lot| lot.is_live(at)).collect();
    live.sort_by_key(|lot| lot.spending_order());
    let mut left = amount;
    let mut parts = Vec::new();
    for lot in &live {
        if left.is_zero() {
            break;
        }
        let credits = left.min(lot.remaining);
        parts.push(Part {
            lot: lot.id,
            credits,
        });
        left = left.minus(credits);
    }
    if left.is_zero() {
        Ok(parts)
    } else {
        let available = live.iter().map(|lot| lot.remaining).sum();
        Err(InsufficientCredits {
            required: amount,
            available,
        })
    }
}

/// What one lot paid for a generation, with what a refund must know of the lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The lot and what it paid.
    pub part: Part,
    /// When the lot expires.
    pub expires_at: Option<Timestamp>,
    /// When the lot was added.
    pub lot_created_at: Timestamp,
    /// Whether the lot was itself made by a refund.
    pub is_refund_lot: bool,
}

/// Where one part of a refund goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refund {
    /// Back to the lot that paid.
    ToSource(Part),
    /// Into a new lot, because the one that paid has expired or is about to.
    ToNewLot {
        /// The lot that paid, and how much comes back.
        source: Part,
        /// When the new lot expires.
        expires_at: Timestamp,
    },
}

impl Refund {
    /// How much this part gives back.
    pub fn credits(&self) -> Credits {
        match self {
            Self::ToSource(part) | Self::ToNewLot { source: part, .. } => part.credits,
        }
    }
}

/// Where `amount` of what `payments` paid at `charged_at` goes when it is refunded at `at`.
///
/// What was spent last comes back first, so that the credits finally taken are the soonest-expiring ones, as if less
/// had been asked for from the start. `amount` beyond what was paid is not refunded.
pub fn plan_refund(
    payments: &[Payment],
    amount: Credits,
    charged_at: Timestamp,
    at: Timestamp,
) -> Vec<Refund> {
    let mut payments = payments.to_vec();
    payments.sort_by_key(|payment| {
        Reverse((
            payment.expires_at.is_none(),
            payment.expires_at,
            payment.lot_created_at,
            payment.part.lot,
        ))
    });
    let mut left = amount;
    let mut refunds = Vec::new();
    for payment in payments {
        let credits = left.min(payment.part.credits);
        if credits.is_zero() {
            continue;
        }
        left = left.minus(credits);
        refunds.push(refund_of(payment, credits, charged_at, at));
    }
    refunds
}

fn refund_of(payment: Payment, credits: Credits, charged_at: Timestamp, at: Timestamp) -> Refund {
    let source = Part {
        lot: payment.part.lot,
        credits,
    };
    let Some(expires_at) = payment.expires_at else {
        return Refund::ToSource(source);
    };
    if expires_at.since(at) >= REFUND_LIFE {
        return Refund::ToSource(source);
    }
    // Held credits do not expire while held: the new lot lives as long as the old one had left when it was charged. A
    // refund lot may have had its day's grace already; another on every refund would make credits immortal.
    let life = expires_at.since(charged_at);
    let life = if payment.is_refund_lot {
        life
    } else {
        life.max(REFUND_LIFE)
    };
    Refund::ToNewLot {
        source,
        expires_at: at.plus(life),
    }
}

#[cfg(test)]
#[path = "lots_tests.rs"]
mod tests;

//! Amounts of credits.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// A number of credits, 0 to [`Credits::MAX`]. Arithmetic is checked: nothing wraps, nothing goes below zero.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Credits(i64);

/// The number is below zero or above [`Credits::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no amount of credits: it is 0 to {max}", max = Credits::MAX)]
pub struct InvalidCredits(i64);

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);
    /// The most that one amount may be: 10^15, far above any balance and below 2^53, so that JSON consumers that
    /// read numbers as doubles read it exactly, and sums of thousands of lots stay inside 64 bits.
    pub const MAX: i64 = 1_000_000_000_000_000;

    /// The most that one image may cost: 10^9, so that the price of all images of a request is far below [`Credits::MAX`].
    pub const MAX_PRICE: i64 = 1_000_000_000;

    /// An amount from a number.
    pub const fn new(amount: i64) -> Result<Self, InvalidCredits> {
        if amount < 0 || amount > Self::MAX {
            return Err(InvalidCredits(amount));
        }
        Ok(Self(amount))
    }

    /// An amount that always fits.
    pub const fn from_u32(amount: u32) -> Self {
        Self(amount as i64)
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether one image may cost this.
    pub const fn is_price(self) -> bool {
        self.0 <= Self::MAX_PRICE
    }

    /// This times `count`, at most [`Credits::MAX`].
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(count)).min(Self::MAX))
    }

    /// This plus `other`, at most [`Credits::MAX`].
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self((self.0 + other.0).min(Self::MAX))
    }

    /// This less `other`, or nothing when `other` is more.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self((self.0 - other.0).max(0))
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Sum for Credits {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

impl TryFrom<i64> for Credits {
    type Error = InvalidCredits;

    fn try_from(amount: i64) -> Result<Self, InvalidCredits> {
        Self::new(amount)
    }
}

impl From<Credits> for i64 {
    fn from(credits: Credits) -> Self {
        credits.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_only_what_is_an_amount() {
        assert!(Credits::new(-1).is_err());
        assert!(Credits::new(Credits::MAX).is_ok());
        assert!(Credits::new(Credits::MAX + 1).is_err());
    }

    #[test]
    fn saturates_at_both_ends() {
        let most = Credits::new(Credits::MAX).unwrap();
        assert_eq!(most.plus(most), most);
        assert_eq!(most.times(u32::MAX), most);
        assert_eq!(
            Credits::from_u32(3).minus(Credits::from_u32(5)),
            Credits::ZERO
        );
    }
}

//! How fast anybody may try to come in: counted in this process's memory.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gih_domain::ports::{Throttle, Wait};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// How many are counted each for themselves, in each of the counts. Beyond that, newcomers share [`CROWD`] counts: memory
/// is bounded whatever comes, and those who share one wait for each other.
const MOST: usize = 100_000;
const CROWD: u64 = 4_096;
/// After so many tries, those who have waited enough are forgotten.
const FORGET_EVERY: u32 = 1_024;

/// So many tries at once, and then so many a minute.
const fn quota(at_once: u32, a_minute: u32) -> Quota {
    Quota::per_minute(at_least_one(a_minute)).allow_burst(at_least_one(at_once))
}

/// So many tries at once, and then one in this time, which is not zero.
fn slow_quota(at_once: u32, one_in: Duration) -> Quota {
    let quota = Quota::with_period(one_in).unwrap_or(quota(at_once, 1));
    quota.allow_burst(at_least_one(at_once))
}

const fn at_least_one(count: u32) -> NonZeroU32 {
    match NonZeroU32::new(count) {
        Some(count) => count,
        None => NonZeroU32::MIN,
    }
}

/// The counts of tries, by who tries what from where. Nothing here keeps an address or an email: keys are hashes.
pub struct MemoryThrottle<C: Clock = DefaultClock> {
    hasher: RandomState,
    /// Strangers, by address: whoever tries many accounts.
    address: Count<C>,
    /// Strangers, by account and address: whoever tries many passwords.
    pair: Count<C>,
    /// The first tries of strangers, by account and address: whatever all others do, so many are left to who comes anew.
    first: Count<C>,
    /// Strangers beyond those, by account: many addresses that try many passwords together.
    email: Count<C>,
    /// Devices that are known to the account, by account. No stranger comes here, whatever address they share.
    known: Count<C>,
    /// New accounts, by address.
    sign_up: Count<C>,
}

impl Default for MemoryThrottle {
    fn default() -> Self {
        Self::over(&DefaultClock::default())
    }
}

impl<C: Clock + Clone> MemoryThrottle<C> {
    fn over(clock: &C) -> Self {
        let count = |quota| Count::over(quota, clock.clone());
        Self {
            hasher: RandomState::new(),
            address: count(quota(20, 4)),
            pair: count(quota(5, 1)),
            first: count(slow_quota(2, Duration::from_mins(10))),
            email: count(quota(50, 2)),
            known: count(quota(20, 4)),
            sign_up: count(quota(20, 1)),
        }
    }
}

impl<C: Clock + Send + Sync> Throttle for MemoryThrottle<C>
where
    C::Instant: Send + Sync,
{
    fn admit_sign_in(
        &self,
        address: Option<IpAddr>,
        email: &str,
        is_known_device: bool,
    ) -> Result<(), Wait> {
        let email = self.hash(email.trim().to_lowercase());
        if is_known_device {
            return self.known.admit(email);
        }
        let address = self.hash(network(address));
        // From the narrowest door to the widest: what one address may try bounds what it can take from the others.
        self.address.admit(address)?;
        let pair = self.hash((email, address));
        self.pair.admit(pair)?;
        // Who tries from many addresses takes the others' tries away, but not the first ones of an owner elsewhere.
        self.first.admit(pair).or_else(|_| self.email.admit(email))
    }

    fn admit_sign_up(&self, address: Option<IpAddr>) -> Result<(), Wait> {
        self.sign_up.admit(self.hash(network(address)))
    }
}

impl<C: Clock> MemoryThrottle<C> {
    /// With a secret of this process, so that nobody can choose what shares a count.
    fn hash(&self, what: impl Hash) -> u64 {
        self.hasher.hash_one(what)
    }
}

/// What one customer of a network has: an address of version 4, or of version 6 the 56 bits that providers hand out to a
/// home (RFC 6177).
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    Some(match address?.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 72 << 72;
            IpAddr::V6(Ipv6Addr::from(network))
        }
        IpAddr::V4(address) => IpAddr::V4(address),
    })
}

/// A count for each key, at most about [`MOST`] of them.
struct Count<C: Clock> {
    limiter: RateLimiter<u64, HashMapStateStore<u64>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    tries: AtomicU32,
}

impl<C: Clock> Count<C> {
    fn over(quota: Quota, clock: C) -> Self
    where
        C: Clone,
    {
        Self {
            limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()),
            clock,
            tries: AtomicU32::new(0),
        }
    }

    fn admit(&self, key: u64) -> Result<(), Wait> {
        let tries = self.tries.fetch_add(1, Ordering::Relaxed);
        if tries.wrapping_add(1).is_multiple_of(FORGET_EVERY) {
            self.limiter.retain_recent();
        }
        let is_crowded = self.limiter.len() >= MOST;
        let key = if is_crowded { key % CROWD } else { key };
        self.limiter
            .check_key(&key)
            .map_err(|refused| Wait(refused.wait_time_from(self.clock.now())))
    }
}

#[cfg(test)]
#[path = "throttle_tests.rs"]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

/// How fast anybody may try to come in. Counts in memory, bounded; never waits.
///
/// Whoever guesses a password must not lock its owner out: tries from devices where somebody has signed in to the account
/// before are counted apart from strangers', whatever address those come from; and of strangers, whoever comes from an
/// address for the first time has a try or two, whatever was tried from others.
#[cfg_attr(test, mockall::automock)]
pub trait Throttle: Send + Sync {
    /// Admits a sign-in with this address of mail, as it was typed, or says how long to wait. An `address` that is not
    /// known is one like any other.
    fn admit_sign_in(
        &self,
        address: Option<IpAddr>,
        email: &str,
        is_known_device: bool,
    ) -> Result<(), Wait>;
    /// The same for a new account.
    fn admit_sign_up(&self, address: Option<IpAddr>) -> Result<(), Wait>;
}

/// Too many tries: the next is admitted after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tries: wait {} s", .0.as_secs())]
pub struct Wait(pub Duration);

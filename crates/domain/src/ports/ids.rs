use uuid::Uuid;

use crate::time::Timestamp;

/// Randomness.
#[cfg_attr(test, mockall::automock)]
pub trait Ids: Send + Sync {
    /// A new version 7 UUID (RFC 9562 §5.7): sorts by `at`, to the millisecond.
    fn next(&self, at: Timestamp) -> Uuid;
    /// Fills `secret` from the operating system's cryptographic generator.
    fn fill(&self, secret: &mut [u8]);
}

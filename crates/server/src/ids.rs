//! Randomness from the operating system.

use gih_domain::ports::Ids;
use gih_domain::time::Timestamp;
use uuid::Uuid;

/// The operating system's cryptographic generator.
pub struct SystemIds;

impl Ids for SystemIds {
    fn next(&self, at: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn fill(&self, secret: &mut [u8]) {
        // Without randomness the hub could only make guessable keys: it must not go on.
        #[allow(clippy::expect_used)]
        getrandom::fill(secret).expect("the operating system has a random number generator");
    }
}

//! What is measured of one process, for Prometheus.
//!
//! Measurements are taken by decorators over ports, so that the domain knows nothing of them, and by the HTTP side's
//! middleware. Labels are names that the hub makes, of which there are few: nothing of accounts, keys or requests.
//! docs/DEPLOYMENT.md says what they mean and which alarms to set on them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use gih_database::Kind;
use gih_domain::time::Timestamp;
use prometheus::Registry;

mod audit;
mod family;
mod generations;
mod http;
mod process;
mod provider;
mod scrape;

pub use self::generations::MeteredGenerations;
pub use self::provider::Metered;
pub use self::scrape::Scrape;

/// What is known of the process from the start.
pub struct About {
    /// Which database it is on.
    pub database: Kind,
    /// When it started.
    pub started_at: Timestamp,
    /// How many live generations may be in flight.
    pub slots: u32,
    /// How many test generations may be in flight.
    pub test_slots: u32,
    /// How much the spool may hold.
    pub spool_limit_bytes: u64,
}

/// All measurements.
pub struct Metrics {
    registry: Registry,
    /// Held while several are written that belong together, and while all are read.
    together: Mutex<()>,
    audit: audit::Family,
    generations: generations::Family,
    http: http::Family,
    process: process::Family,
    provider: provider::Family,
}

impl Metrics {
    /// Nothing measured yet.
    pub fn new(about: &About) -> prometheus::Result<Self> {
        let registry = Registry::new();
        Ok(Self {
            audit: audit::Family::new(&registry)?,
            generations: generations::Family::new(&registry)?,
            http: http::Family::new(&registry)?,
            process: process::Family::new(&registry, about)?,
            provider: provider::Family::new(&registry)?,
            registry,
            together: Mutex::new(()),
        })
    }

    fn together(&self) -> MutexGuard<'_, ()> {
        self.together.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

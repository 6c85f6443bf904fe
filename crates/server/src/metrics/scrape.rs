//! Reading the measurements.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gih_api::Answered;
use gih_database::Database;
use gih_domain::engine::Engine;
use gih_domain::mode::Mode;
use gih_media::FileSpool;
use prometheus::TextEncoder;
use tokio::sync::Mutex;

use super::Metrics;

/// How long what the database was asked holds: anybody who reaches the address may ask us.
const LIFE: Duration = Duration::from_secs(2);
/// How long the database may take to answer: Prometheus gives up after 10 s by default.
const PATIENCE: Duration = Duration::from_secs(3);

/// The measurements, with what has to be looked up when they are read.
pub struct Scrape {
    metrics: Arc<Metrics>,
    database: Database,
    engine: Arc<Engine>,
    spool: Arc<FileSpool>,
    asked: Mutex<Option<Instant>>,
}

impl Scrape {
    /// Over these.
    pub fn new(
        metrics: Arc<Metrics>,
        database: Database,
        engine: Arc<Engine>,
        spool: Arc<FileSpool>,
    ) -> Self {
        Self {
            metrics,
            database,
            engine,
            spool,
            asked: Mutex::new(None),
        }
    }

    /// Asks the database, one question at a time, unless it was asked a moment ago.
    async fn ask(&self) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|asked| asked.elapsed() < LIFE) {
            return;
        }
        let answer = tokio::time::timeout(PATIENCE, self.database.unfinished()).await;
        let unfinished = answer.ok().and_then(Result::ok);
        let _together = self.metrics.together();
        self.metrics.process.set_unfinished(unfinished);
        *asked = Some(Instant::now());
    }
}

#[async_trait]
impl gih_api::Metrics for Scrape {
    fn answered(&self, answered: &Answered<'_>) {
        self.metrics.http.answered(answered);
    }

    async fn text(&self) -> String {
        self.ask().await;
        let (connections, _) = self.database.connections();
        let in_flight = |mode| self.engine.in_flight(mode);
        let (slots, test_slots) = (in_flight(Mode::Live), in_flight(Mode::Test));
        let spool = self.spool.used_bytes();
        let process = &self.metrics.process;
        process.set_taken(connections, slots, test_slots, spool);
        let families = {
            let _together = self.metrics.together();
            self.metrics.registry.gather()
        };
        TextEncoder::new()
            .encode_to_string(&families)
            .unwrap_or_else(|error| {
                tracing::error!(%error, "the measurements cannot be written");
                String::new()
            })
    }
}

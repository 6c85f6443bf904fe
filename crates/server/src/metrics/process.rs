//! The process, and what is asked for when the measurements are read.

use gih_database::{Kind, Unfinished};
use prometheus::{IntGauge, IntGaugeVec, Registry, Result};

use super::{About, family};

pub(super) struct Family {
    database_up: IntGauge,
    unfinished: IntGaugeVec,
    connections: IntGauge,
    slots: IntGauge,
    test_slots: IntGauge,
    spool: IntGauge,
}

impl Family {
    pub(super) fn new(registry: &Registry, about: &About) -> Result<Self> {
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let database = match about.database {
            Kind::Sqlite => "sqlite",
            Kind::Postgres => "postgres",
        };
        family::gauges(
            registry,
            "gih_info",
            "1, with the version of the hub and its kind of database.",
            &["version", "database"],
        )?
        .with_label_values(&[env!("CARGO_PKG_VERSION"), database])
        .set(1);
        family::gauge(
            registry,
            "process_start_time_seconds",
            "When the process started.",
        )?
        .set(about.started_at.as_seconds());
        family::gauge(
            registry,
            "gih_slots",
            "Live generations that may be in flight in this process.",
        )?
        .set(i64::from(about.slots));
        family::gauge(
            registry,
            "gih_slots_test",
            "Test generations that may be in flight in this process.",
        )?
        .set(i64::from(about.test_slots));
        family::gauge(registry, "gih_spool_limit_bytes", "GIH_SPOOL_LIMIT.")?
            .set(bytes(about.spool_limit_bytes));
        Ok(Self {
            database_up: family::gauge(
                registry,
                "gih_database_up",
                "1 when the database answered within seconds, 0 when not.",
            )?,
            unfinished: family::gauges(
                registry,
                "gih_generations",
                "Generations that have not ended, in all processes; a few seconds old, absent while the database is away.",
                &["status"],
            )?,
            connections: family::gauge(
                registry,
                "gih_database_connections_in_use",
                "Connections of the pool in use; on SQLite those that read.",
            )?,
            slots: family::gauge(
                registry,
                "gih_slots_in_use",
                "Live generations in flight in this process.",
            )?,
            test_slots: family::gauge(
                registry,
                "gih_slots_in_use_test",
                "Test generations in flight in this process.",
            )?,
            spool: family::gauge(
                registry,
                "gih_spool_used_bytes",
                "Bytes being received or decoded on local disk.",
            )?,
        })
    }

    /// What the database was last asked; `None` when it did not answer.
    pub(super) fn set_unfinished(&self, unfinished: Option<Unfinished>) {
        self.database_up.set(i64::from(unfinished.is_some()));
        let Some(unfinished) = unfinished else {
            self.unfinished.reset();
            return;
        };
        let set = |status, count| self.unfinished.with_label_values(&[status]).set(count);
        set("queued", unfinished.queued);
        set("running", unfinished.running);
    }

    /// What the process has taken.
    pub(super) fn set_taken(
        &self,
        connections: usize,
        slots: usize,
        test_slots: usize,
        spool_bytes: u64,
    ) {
        for (gauge, taken) in [
            (&self.connections, connections),
            (&self.slots, slots),
            (&self.test_slots, test_slots),
        ] {
            gauge.set(i64::try_from(taken).unwrap_or(i64::MAX));
        }
        self.spool
            .set(i64::try_from(spool_bytes).unwrap_or(i64::MAX));
    }
}

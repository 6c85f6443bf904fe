//! The audits of `serve`.

use std::time::Duration;

use gih_domain::audit::Audited;
use gih_domain::time::Timestamp;
use prometheus::{IntCounterVec, IntGaugeVec, Registry, Result};

use super::{Metrics, family};

/// Gauges that say nothing before the first audit: "all is well" and "all is lost" would both be lies.
pub(super) struct Family {
    ok: IntGaugeVec,
    violations: IntGaugeVec,
    last: IntGaugeVec,
    duration_ms: IntGaugeVec,
    runs: IntCounterVec,
}

impl Family {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
        let family = Self {
            ok: family::gauges(
                registry,
                "gih_audit_ok",
                "1 when the last audit found no violation, 0 when it did.",
                &[],
            )?,
            violations: family::gauges(
                registry,
                "gih_audit_violations",
                "Violations that the last audit found, by invariant; the log names them.",
                &["invariant"],
            )?,
            last: family::gauges(
                registry,
                "gih_audit_last_timestamp_seconds",
                "When the last audit ended.",
                &[],
            )?,
            duration_ms: family::gauges(
                registry,
                "gih_audit_duration_milliseconds",
                "How long the last audit took.",
                &[],
            )?,
            runs: family::counters(
                registry,
                "gih_audit_runs_total",
                "Audits by this process: done, or not possible because database or storage could not be asked.",
                &["result"],
            )?,
        };
        for result in ["done", "impossible"] {
            family.runs.with_label_values(&[result]);
        }
        Ok(family)
    }
}

const NONE: [&str; 0] = [];

impl Metrics {
    /// An audit was done, whatever it found.
    pub fn audited(&self, audited: &Audited, at: Timestamp, took: Duration) {
        let _together = self.together();
        let family = &self.audit;
        let is_ok = audited.violations.is_empty();
        family.ok.with_label_values(&NONE).set(i64::from(is_ok));
        family.violations.reset();
        for violation in &audited.violations {
            family
                .violations
                .with_label_values(&[violation.invariant])
                .inc();
        }
        family.last.with_label_values(&NONE).set(at.as_seconds());
        let millis = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        family.duration_ms.with_label_values(&NONE).set(millis);
        family.runs.with_label_values(&["done"]).inc();
    }

    /// An audit could not be done; what the last one said stays.
    pub fn audit_impossible(&self) {
        self.audit.runs.with_label_values(&["impossible"]).inc();
    }
}

//! The HTTP side.

use gih_api::Answered;
use prometheus::{HistogramVec, IntCounterVec, Registry, Result};

use super::family;

/// From an answer out of memory to a waiting call at the default `GIH_GENERATION_TIMEOUT`.
const SECONDS: [f64; 13] = [
    0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 240.0, 900.0,
];

pub(super) struct Family {
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl Family {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
        Ok(Self {
            requests: family::counters(
                registry,
                "gih_http_requests_total",
                "Answered requests.",
                &["method", "route", "status"],
            )?,
            seconds: family::seconds(
                registry,
                "gih_http_request_duration_seconds",
                "Time from a request's head to its answer's; a waiting call's includes its images.",
                &["method", "route"],
                &SECONDS,
            )?,
        })
    }

    pub(super) fn answered(&self, answered: &Answered<'_>) {
        let Answered {
            method,
            route,
            status,
            time,
        } = *answered;
        let status = status.to_string();
        self.requests
            .with_label_values(&[method, route, &status])
            .inc();
        self.seconds
            .with_label_values(&[method, route])
            .observe(time.as_secs_f64());
    }
}

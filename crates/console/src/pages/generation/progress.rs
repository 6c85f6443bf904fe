//! How far a generation is: what it went through, and how long it may still take.

use std::time::Duration;

use gih_domain::generation::{Generation, Status, Timeline};
use gih_domain::time::Timestamp;

use crate::format::second;
use crate::words::exactly;

/// A step of its way.
pub(super) struct Step {
    pub name: &'static str,
    /// When; `None` when it is still to come.
    pub at: Option<String>,
    /// How long after the step before.
    pub after: Option<String>,
}

/// What it went through, and what is still to come.
pub(super) fn steps(generation: &Generation, timeline: Option<Timeline>) -> Vec<Step> {
    let Some(timeline) = timeline else {
        return Vec::new();
    };
    let sent = match generation.mode {
        gih_domain::mode::Mode::Live => "Sent to the provider",
        gih_domain::mode::Mode::Test => "Sent to the sandbox",
    };
    let ended = match generation.status() {
        Status::Queued | Status::Running => "Finished",
        Status::Succeeded => "Succeeded",
        Status::Failed => "Failed and refunded",
        Status::Canceled => "Canceled and refunded",
    };
    let mut before = timeline.accepted_at;
    [
        ("Accepted and charged", Some(timeline.accepted_at)),
        ("Started", timeline.started_at),
        (sent, timeline.dispatched_at),
        (ended, timeline.completed_at),
    ]
    .into_iter()
    // What has ended went through no more than it did.
    .filter(|(_, at)| at.is_some() || timeline.completed_at.is_none())
    .map(|(name, at)| {
        let after = at.filter(|&at| at != timeline.accepted_at).map(|at| {
            let after = exactly(at.since(before));
            before = at;
            after
        });
        Step {
            name,
            at: at.map(second),
            after,
        }
    })
    .collect()
}

/// How far an unfinished generation is.
pub(super) struct Progress {
    /// What it is at, in a sentence.
    pub doing: &'static str,
    pub elapsed_seconds: u64,
    /// How long such a one usually takes, and the same in words.
    pub usual_seconds: Option<u64>,
    pub usual: Option<String>,
}

impl Progress {
    /// As it is at `at`; `None` once it has ended.
    pub fn of(generation: &Generation, usual: Option<Duration>, at: Timestamp) -> Option<Self> {
        let doing = match generation.status() {
            Status::Queued => "Waiting for a free place.",
            Status::Running => "Being drawn.",
            Status::Succeeded | Status::Failed | Status::Canceled => return None,
        };
        Some(Self {
            doing,
            elapsed_seconds: at.since(generation.created_at).as_secs(),
            // A bar of no length at all would be full.
            usual_seconds: usual.map(|usual| usual.as_secs().max(1)),
            usual: usual.map(exactly),
        })
    }

    /// How far the bar is: never quite full, because nobody knows.
    pub fn shown_seconds(&self) -> u64 {
        let usual = self.usual_seconds.unwrap_or(0);
        self.elapsed_seconds.min(usual.saturating_mul(95) / 100)
    }
}

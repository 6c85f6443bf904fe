//! A hub that does nothing.

use crate::bench::Bench;
use crate::hub::{Kind, NO_PROVIDER};
use crate::measure;
use crate::spread::Round;
use anyhow::Result;
use std::thread;
use std::time::Duration;

/// Resident memory some time after the start, in MB.
pub const RESIDENT: &str = "resident MB";
/// From the start of the process until it listens, in seconds.
pub const START: &str = "start to ready s";
/// The size of the binary, in MB.
pub const BINARY: &str = "binary MB";

/// What a hub does once after its start is over by then.
const SETTLED_AFTER: Duration = Duration::from_secs(2);
const MB: f64 = 1e6;

#[allow(clippy::cast_precision_loss)] // the size of a file
pub fn run(bench: &Bench) -> Result<Vec<Round>> {
    let books = bench.books(Kind::Sqlite)?;
    bench.rounds(|| {
        let hub = books.serve(bench, NO_PROVIDER)?;
        thread::sleep(SETTLED_AFTER);
        let mut round = Round::default();
        round.add(RESIDENT, measure::resident_bytes(&hub.process)? / MB);
        round.add(START, hub.process.ready_after.as_secs_f64());
        round.add(BINARY, bench.gih.metadata()?.len() as f64 / MB);
        hub.process.stop()?;
        Ok(round)
    })
}

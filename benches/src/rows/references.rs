//! Requests with many large reference images: they must not be in memory.

use crate::bench::Bench;
use crate::hub::Kind;
use crate::load::Job;
use crate::spread::Round;
use anyhow::Result;

const REFERENCES: usize = 16;
const REFERENCE_BYTES: usize = 50_000_000;
/// Gigabytes are written, read and sent on meanwhile.
const TIMEOUT_SECONDS: u32 = 900;

pub fn one(bench: &Bench) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[])?;
    run(bench, &upstream.url, 1, bench.round_count())
}

/// Two rounds: each writes, reads and sends on 6.4 GB.
pub fn eight(bench: &Bench) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[])?;
    run(bench, &upstream.url, 8, 2)
}

fn run(bench: &Bench, upstream: &str, requests: usize, rounds: usize) -> Result<Vec<Round>> {
    let hub = bench.books(Kind::Postgres)?.serve(bench, upstream)?;
    let job = Job {
        references: REFERENCES,
        reference_bytes: REFERENCE_BYTES,
        concurrency: requests,
        requests: requests as u64,
        seconds: TIMEOUT_SECONDS.into(),
        timeout_seconds: TIMEOUT_SECONDS.into(),
        ..hub.job("/api/v1/images/generations", None)?
    };
    let small = Job {
        references: 1,
        reference_bytes: 100_000,
        ..job.clone()
    };
    hub.warm(&small)?;
    let mut measured = Vec::new();
    for _ in 0..rounds {
        let (outcome, mut round) = hub.measure(&job)?;
        round.add("seconds", outcome.p50_ms / 1000.0);
        measured.push(round);
    }
    hub.process.stop()?;
    Ok(measured)
}

//! Large images: what each byte costs, and how many are in memory.

use crate::bench::Bench;
use crate::hub::{Books, Kind};
use crate::measure::HUB_CPU;
use crate::spread::Round;
use crate::yardstick::Yardstick;
use anyhow::Result;

/// The hub's CPU for an image, as a multiple of "store"'s.
pub const OF_STORE: &str = "CPU ÷ store's";

const IMAGE_BYTES: usize = 12_000_000;
const CALLERS: usize = 16;
const FOUR: &str = r#"{"model":"gpt-image-2","prompt":"a red fox in the snow","n":4}"#;

pub fn postgres(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Postgres)
}

pub fn sqlite(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Sqlite)
}

fn run(bench: &Bench, kind: Kind) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[("--image-bytes", IMAGE_BYTES)])?;
    let store = Yardstick::store(bench, &upstream)?;
    // Books of its own: its images are removed, and those of other rows are many and small.
    let books = Books::new(bench, kind, "bench_large", CALLERS)?;
    let hub = books.serve(bench, &upstream.url)?;
    let job = bench.timed(hub.generations()?, CALLERS);
    hub.warm(&job)?;
    let mut rounds = bench.rounds(|| {
        let (outcome, mut round) = hub.measure(&job)?;
        let parts = store.measure(&upstream, &job)?;
        store.remove_images()?;
        books.remove_images()?;
        if let Some(hub_cpu_ms) = round.get(HUB_CPU) {
            round.add(OF_STORE, hub_cpu_ms / parts.own_cpu_ms);
        }
        round.add("per second", outcome.per_second);
        round.add("p50 ms", outcome.p50_ms);
        round.add("store per second", parts.outcome.per_second);
        round.add("store CPU ms", parts.own_cpu_ms);
        Ok(round)
    })?;
    rounds.push(hub.finish(&job)?);
    books.remove_images()?;
    Ok(rounds)
}

/// Four images in each answer, on Postgres.
pub fn four(bench: &Bench) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[("--image-bytes", IMAGE_BYTES), ("--images", 4)])?;
    let books = Books::new(bench, Kind::Postgres, "bench_large", CALLERS)?;
    let hub = books.serve(bench, &upstream.url)?;
    let job = hub.job("/api/v1/images/generations", Some(FOUR))?;
    let job = bench.timed(job, CALLERS);
    hub.warm(&job)?;
    let mut rounds = bench.rounds(|| {
        let (outcome, mut round) = hub.measure(&job)?;
        round.add("per second", outcome.per_second);
        round.add("p50 ms", outcome.p50_ms);
        books.remove_images()?;
        Ok(round)
    })?;
    rounds.push(hub.finish(&job)?);
    books.remove_images()?;
    Ok(rounds)
}

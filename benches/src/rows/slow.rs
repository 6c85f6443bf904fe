//! A slow provider and many callers: nobody may wait for anybody else.

use crate::bench::Bench;
use crate::hub::Kind;
use crate::load::Job;
use crate::spread::Round;
use crate::yardstick::Yardstick;
use anyhow::Result;

/// Generations per second, in percent of what the provider's time allows.
pub const OF_IDEAL: &str = "% of the ideal";

const LATENCY_MS: u32 = 200;
const CALLERS: u32 = 256;
/// Callers get into step within some answers.
const WARM_UP_SECONDS: f64 = 1.0;

pub fn postgres(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Postgres)
}

pub fn sqlite(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Sqlite)
}

fn run(bench: &Bench, kind: Kind) -> Result<Vec<Round>> {
    let ideal = f64::from(CALLERS) * 1000.0 / f64::from(LATENCY_MS);
    let upstream = bench.upstream(&[("--latency-ms", LATENCY_MS as usize)])?;
    let pass_through = Yardstick::pass_through(bench, &upstream)?;
    let hub = bench.books(kind)?.serve(bench, &upstream.url)?;
    let job = Job {
        warm_up_seconds: WARM_UP_SECONDS,
        stagger_seconds: f64::from(LATENCY_MS) / 1000.0,
        ..bench.timed(hub.generations()?, CALLERS as usize)
    };
    hub.warm(&job)?;
    let mut rounds = bench.rounds(|| {
        let (outcome, mut round) = hub.measure(&job)?;
        let bare = pass_through.measure(&upstream, &job)?.outcome;
        round.add(OF_IDEAL, outcome.per_second / ideal * 100.0);
        round.add(
            "pass-through % of the ideal",
            bare.per_second / ideal * 100.0,
        );
        round.add("per second", outcome.per_second);
        round.add("p50 ms", outcome.p50_ms);
        round.add("p99 ms", outcome.p99_ms);
        Ok(round)
    })?;
    rounds.push(hub.finish(&job)?);
    Ok(rounds)
}

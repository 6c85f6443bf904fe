//! Many callers who spend one balance.

use crate::bench::Bench;
use crate::hub::Kind;
use crate::spread::Round;
use anyhow::Result;
use std::fs;

/// Generations per second, as a part of what Postgres does alone with one account.
pub const OF_PGBENCH: &str = "÷ pgbench on one account";

const CALLERS: u32 = 32;

pub fn run(bench: &Bench) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[])?;
    let hub = bench.books(Kind::Postgres)?.serve(bench, &upstream.url)?;
    let job = bench.timed(hub.generations()?, CALLERS as usize);
    let callers = fs::read_to_string(&job.callers)?;
    fs::write(&job.callers, callers.lines().next().unwrap_or_default())?;
    hub.warm(&job)?;
    let mut rounds = bench.rounds(|| {
        let (outcome, mut round) = hub.measure(&job)?;
        let alone = bench.pgbench()?.run(CALLERS, 1, bench.seconds())?;
        round.add(OF_PGBENCH, outcome.per_second / alone.per_second);
        round.add("per second", outcome.per_second);
        round.add("p50 ms", outcome.p50_ms);
        round.add("p99 ms", outcome.p99_ms);
        round.add("pgbench per second", alone.per_second);
        Ok(round)
    })?;
    rounds.push(hub.finish(&job)?);
    Ok(rounds)
}

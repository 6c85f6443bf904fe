//! Many paid generations of a tiny image: what everything around the image costs.

use crate::bench::Bench;
use crate::hub::Kind;
use crate::spread::Round;
use crate::sqlite;
use crate::yardstick::{Yardstick, limit_per_second};
use anyhow::Result;

/// Generations per second, as a part of what all cores could do with the parts that each needs at least.
pub const OF_PARTS: &str = "÷ limit of the parts";

const CALLERS: u32 = 32;

pub fn postgres(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Postgres)
}

pub fn sqlite(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Sqlite)
}

fn run(bench: &Bench, kind: Kind) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[])?;
    let store = Yardstick::store(bench, &upstream)?;
    let hub = bench.books(kind)?.serve(bench, &upstream.url)?;
    let job = bench.timed(hub.generations()?, CALLERS as usize);
    hub.warm(&job)?;
    let mut rounds = bench.rounds(|| {
        let (outcome, mut round) = hub.measure(&job)?;
        let parts = store.measure(&upstream, &job)?;
        let (database_cpu_ms, database_per_second) = match kind {
            Kind::Postgres => {
                let figures = bench.pgbench()?.run(CALLERS, 1000, bench.seconds())?;
                (figures.postgres_cpu_ms, figures.per_second)
            }
            Kind::Sqlite => {
                let figures = sqlite::run(bench.folder.path(), bench.seconds())?;
                (figures.cpu_ms, figures.per_second)
            }
        };
        let limit = limit_per_second(&[parts.own_cpu_ms, parts.around_cpu_ms, database_cpu_ms]);
        round.add(OF_PARTS, outcome.per_second / limit);
        round.add("per second", outcome.per_second);
        round.add("p50 ms", outcome.p50_ms);
        round.add("p99 ms", outcome.p99_ms);
        round.add("limit per second", limit);
        round.add("store per second", parts.outcome.per_second);
        round.add("store CPU ms", parts.own_cpu_ms);
        round.add("load and upstream CPU ms", parts.around_cpu_ms);
        round.add("database yardstick per second", database_per_second);
        round.add("database yardstick CPU ms", database_cpu_ms);
        Ok(round)
    })?;
    rounds.push(hub.finish(&job)?);
    Ok(rounds)
}

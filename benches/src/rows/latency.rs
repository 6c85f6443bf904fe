//! The time that the hub adds to one caller's paid generation of a tiny image.

use crate::bench::Bench;
use crate::hub::{Kind, PLAIN};
use crate::spread::Round;
use crate::{synced_write, yardstick};
use anyhow::Result;

/// The added median, as a multiple of the least that durable books and a synced image take one after the other.
pub const OF_PARTS: &str = "added p50 ÷ (pgbench + synced write)";

pub fn postgres(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Postgres)
}

pub fn sqlite(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Sqlite)
}

fn run(bench: &Bench, kind: Kind) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[])?;
    let hub = bench.books(kind)?.serve(bench, &upstream.url)?;
    let job = bench.timed(hub.generations()?, 1);
    hub.warm(&job)?;
    let callers = bench.folder.path().join("direct");
    let url = format!("{}/v1/images/generations", upstream.url);
    let direct = yardstick::single_caller(callers, &url, Some(PLAIN), &job)?;
    let mut rounds = bench.rounds(|| {
        let (outcome, mut round) = hub.measure(&job)?;
        let upstream_ms = direct.run()?.p50_ms;
        let synced_ms = synced_write::p50_ms(bench.folder.path())?;
        let added_ms = outcome.p50_ms - upstream_ms;
        if kind == Kind::Postgres {
            let pgbench_ms = bench.pgbench()?.run(1, 1000, bench.seconds())?.latency_ms;
            round.add(OF_PARTS, added_ms / (pgbench_ms + synced_ms));
            round.add("pgbench ms", pgbench_ms);
        }
        round.add("added p50 ms", added_ms);
        round.add("p99 ms", outcome.p99_ms);
        round.add("upstream p50 ms", upstream_ms);
        round.add("synced write p50 ms", synced_ms);
        Ok(round)
    })?;
    rounds.push(hub.finish(&job)?);
    Ok(rounds)
}

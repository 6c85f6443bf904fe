//! The calls that only read, on Postgres.

use crate::bench::Bench;
use crate::hub::{Hub, Kind, PLAIN};
use crate::load::Job;
use crate::spread::Round;
use crate::yardstick::{self, Parts};
use crate::{http, serve};
use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Requests per second, as a part of a bare JSON answer's.
pub const OF_BARE: &str = "÷ bare JSON";
/// Requests per second, as a part of what all cores could do with a bare JSON answer and one database read for each.
pub const OF_PARTS: &str = "÷ (bare JSON + one read)";

const CALLERS: usize = 32;

pub fn models(bench: &Bench) -> Result<Vec<Round>> {
    read(bench, false, |hub| {
        let job = hub.job("/api/v1/models", None)?;
        let url = format!("{}/api/v1/models", hub.process.url);
        yardstick::single_caller(job.callers.clone(), &url, None, &job)
    })
}

pub fn credits(bench: &Bench) -> Result<Vec<Round>> {
    read(bench, true, |hub| hub.job("/api/v1/credits", None))
}

/// Each account asks for a generation of its own.
pub fn generation(bench: &Bench) -> Result<Vec<Round>> {
    read(bench, true, |hub| {
        let base = &hub.process.url;
        let mut ids = Vec::new();
        for key in &hub.books.keys {
            ids.push(generate(base, key)?);
        }
        let callers = (hub.books).callers("generations", |account| {
            format!("{base}/api/v1/generations/{}", ids[account])
        })?;
        Ok(Job::new(callers, None))
    })
}

/// Measures a job on a hub; against a bare JSON answer, and one database read if the call needs one.
fn read(
    bench: &Bench,
    needs_database: bool,
    job: impl FnOnce(&Hub) -> Result<Job>,
) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[("--threads", serve::cores())])?;
    let hub = bench.books(Kind::Postgres)?.serve(bench, &upstream.url)?;
    let job = bench.timed(job(&hub)?, CALLERS);
    hub.warm(&job)?;
    let bare_callers = bench.folder.path().join("bare");
    let bare_url = format!("{}/json", upstream.url);
    let bare_job = yardstick::single_caller(bare_callers, &bare_url, None, &job)?;
    let mut rounds = bench.rounds(|| {
        let (outcome, mut round) = hub.measure(&job)?;
        let Parts {
            outcome: bare,
            own_cpu_ms,
            around_cpu_ms,
        } = yardstick::parts(&upstream, None, &bare_job)?;
        if needs_database {
            let read_cpu_ms = bench.pgbench()?.read(32, bench.seconds())?.postgres_cpu_ms;
            let limit = yardstick::limit_per_second(&[own_cpu_ms, around_cpu_ms, read_cpu_ms]);
            round.add(OF_PARTS, outcome.per_second / limit);
            round.add("limit per second", limit);
        } else {
            round.add(OF_BARE, outcome.per_second / bare.per_second);
        }
        round.add("per second", outcome.per_second);
        round.add("p50 ms", outcome.p50_ms);
        round.add("p99 ms", outcome.p99_ms);
        round.add("bare JSON per second", bare.per_second);
        Ok(round)
    })?;
    rounds.push(hub.finish(&job)?);
    Ok(rounds)
}

/// Makes a generation; its id.
pub fn generate(base: &str, key: &str) -> Result<String> {
    let body = [PLAIN.as_bytes().to_vec().into()];
    let url = format!("{base}/api/v1/images/generations");
    let answer = http::once(&http::Request::new(
        &url,
        Some(key),
        &body,
        "application/json",
    )?)?;
    let text = String::from_utf8_lossy(&answer.start);
    if answer.status != 200 {
        bail!("{} instead of 200: {text}", answer.status);
    }
    let generation: Value = serde_json::from_str(&text)?;
    let id = generation["id"]
        .as_str()
        .context("a generation has no id")?;
    Ok(id.to_owned())
}

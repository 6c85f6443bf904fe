//! Every call on a database with a long history: nothing may become slower with what was done before.

use super::Goal;
use crate::bench::Bench;
use crate::hub::{Books, Hub, Kind, PLAIN};
use crate::load::Job;
use crate::spread::Round;
use anyhow::Result;
use std::time::Instant;

/// A call: its figures' names, its path, and the body to post.
struct Call {
    ratio: &'static str,
    p50_ms: &'static str,
    path: &'static str,
    body: Option<&'static str>,
}

const CALLS: [Call; 6] = [
    Call {
        ratio: "models ÷ empty",
        p50_ms: "models p50 ms",
        path: "/api/v1/models",
        body: None,
    },
    Call {
        ratio: "credits ÷ empty",
        p50_ms: "credits p50 ms",
        path: "/api/v1/credits",
        body: None,
    },
    Call {
        ratio: "generation ÷ empty",
        p50_ms: "generation p50 ms",
        path: "/api/v1/generations/{id}",
        body: None,
    },
    Call {
        ratio: "list ÷ empty",
        p50_ms: "list p50 ms",
        path: "/api/v1/generations?limit=20",
        body: None,
    },
    Call {
        ratio: "list by status ÷ empty",
        p50_ms: "list by status p50 ms",
        path: "/api/v1/generations?limit=20&status=succeeded",
        body: None,
    },
    Call {
        ratio: "generate ÷ empty",
        p50_ms: "generate p50 ms",
        path: "/api/v1/images/generations",
        body: Some(PLAIN),
    },
];

/// No call may be slower.
pub const GOALS: [Goal; CALLS.len()] = {
    let mut goals = [Goal::at_most(1.2, ""); CALLS.len()];
    let mut call = 0;
    while call < CALLS.len() {
        goals[call].figure = CALLS[call].ratio;
        call += 1;
    }
    goals
};

pub fn postgres(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Postgres)
}

pub fn sqlite(bench: &Bench) -> Result<Vec<Round>> {
    run(bench, Kind::Sqlite)
}

fn run(bench: &Bench, kind: Kind) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[])?;
    let empty = Books::new(bench, kind, "bench_empty", 1)?;
    let full = Books::new(bench, kind, "bench_million", 1)?;
    let began = Instant::now();
    full.fill()?;
    let filled_seconds = began.elapsed().as_secs_f64();
    let (empty, full) = (
        empty.serve(bench, &upstream.url)?,
        full.serve(bench, &upstream.url)?,
    );
    // As many as a page of the list holds, so that both answer a full one.
    for hub in [&empty, &full] {
        let page = Job {
            requests: 20,
            seconds: 60.0,
            ..hub.generations()?
        };
        page.run()?;
    }
    let jobs: Result<Vec<(&Call, Job, Job)>> = CALLS
        .iter()
        .map(|call| Ok((call, job(bench, &empty, call)?, job(bench, &full, call)?)))
        .collect();
    let jobs = jobs?;
    let mut rounds = bench.rounds(|| {
        let mut round = Round::default();
        for (call, on_empty, on_full) in &jobs {
            let (empty, full) = (on_empty.run()?.p50_ms, on_full.run()?.p50_ms);
            round.add(call.ratio, full / empty);
            round.add(call.p50_ms, full);
        }
        Ok(round)
    })?;
    rounds.push(Round(vec![("seconds to fill", filled_seconds)]));
    Ok(rounds)
}

fn job(bench: &Bench, hub: &Hub, call: &Call) -> Result<Job> {
    let id = super::reads::generate(&hub.process.url, &hub.books.keys[0])?;
    let url = format!("{}{}", hub.process.url, call.path.replace("{id}", &id));
    let callers = hub.books.callers(call.ratio, |_| url.clone())?;
    Ok(bench.timed(Job::new(callers, call.body), 1))
}

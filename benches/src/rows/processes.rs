//! Several processes on one Postgres and one file store.

use crate::bench::Bench;
use crate::hub::{Hub, Kind, PLAIN};
use crate::load::Job;
use crate::spread::Round;
use anyhow::Result;

/// Generations per second of four processes, as a multiple of one's.
pub const THROUGHPUT: &str = "per second, 4 processes ÷ 1";
/// The same of the median time.
pub const LATENCY: &str = "p50, 4 processes ÷ 1";

/// How many processes, and the names of their figures.
const COUNTS: [(usize, &str, &str); 3] = [
    (1, "per second, 1 process", "p50 ms, 1 process"),
    (2, "per second, 2 processes", "p50 ms, 2 processes"),
    (4, "per second, 4 processes", "p50 ms, 4 processes"),
];

/// As many callers as saturate one process.
const CALLERS: usize = 32;

pub fn run(bench: &Bench) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[])?;
    let books = bench.books(Kind::Postgres)?;
    bench.rounds(|| {
        let mut round = Round::default();
        for (count, per_second, p50_ms) in COUNTS {
            let hubs: Result<Vec<Hub>> = (0..count)
                .map(|_| books.serve_beside(bench, &upstream.url))
                .collect();
            let hubs = hubs?;
            let url = |account: usize| {
                let hub = &hubs[account % count];
                format!("{}/api/v1/images/generations", hub.process.url)
            };
            let job = Job::new(books.callers("processes", url)?, Some(PLAIN));
            let job = Job {
                warm_up_seconds: 0.5,
                ..bench.timed(job, CALLERS)
            };
            let outcome = job.run()?;
            round.add(per_second, outcome.per_second);
            round.add(p50_ms, outcome.p50_ms);
            for hub in hubs {
                hub.process.stop()?;
            }
        }
        let ratio = |of: fn(&(usize, &'static str, &'static str)) -> &'static str| {
            let (first, last) = (round.get(of(&COUNTS[0]))?, round.get(of(&COUNTS[2]))?);
            Some(last / first)
        };
        let throughput = ratio(|count| count.1);
        let latency = ratio(|count| count.2);
        if let (Some(throughput), Some(latency)) = (throughput, latency) {
            round.add(THROUGHPUT, throughput);
            round.add(LATENCY, latency);
        }
        Ok(round)
    })
}

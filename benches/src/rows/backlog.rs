//! A provider that does not answer, and everybody waits.

use crate::bench::Bench;
use crate::hub::{Books, Hub, Kind};
use crate::load::Job;
use crate::spread::Round;
use crate::{measure, procfs};
use anyhow::{Result, bail};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The hub's CPU while nothing happens, in percent of a core.
pub const CPU: &str = "idle CPU % of a core";
/// Resident memory, in MB.
pub const RESIDENT: &str = "resident MB";

/// Fewer than the default bound of an account's queue allows for all of it.
const ACCOUNTS: usize = 16;
const QUEUED: u64 = 10_000;
const WAITING: usize = 1_000;
/// The waiting callers come one after the other: a hub answers 503 when more come than it can write down within seconds.
const STAGGER: Duration = Duration::from_secs(8);
/// The provider answers after the run.
const LATENCY_MS: usize = 3_600_000;
const QUEUED_BODY: &str =
    r#"{"model":"gpt-image-2","prompt":"a red fox in the snow","async":true}"#;
/// All are accepted when the hub uses less than a tenth of a core for a second.
const BUSY_MS: f64 = 100.0;
/// CPU is counted in hundredths of a second; this makes it a fifth of a percent of a core.
const SAMPLE: Duration = Duration::from_secs(5);
const QUIET_WITHIN: Duration = Duration::from_mins(1);

pub fn run(bench: &Bench) -> Result<Vec<Round>> {
    let upstream = bench.upstream(&[("--latency-ms", LATENCY_MS)])?;
    // Books of its own, because what is unfinished stays in them.
    let books = Books::new(bench, Kind::Postgres, "bench_backlog", ACCOUNTS)?;
    let hub = books.serve(bench, &upstream.url)?;
    let queue = Job {
        concurrency: 32,
        expect: 202,
        requests: QUEUED,
        seconds: 300.0,
        ..hub.job("/api/v1/images/generations", Some(QUEUED_BODY))?
    };
    let queued = queue.run()?;
    let waiting = Job {
        concurrency: WAITING,
        stagger_seconds: STAGGER.as_secs_f64(),
        seconds: 3600.0,
        timeout_seconds: 3600,
        ..hub.generations()?
    };
    let mut waiting = Waiting(
        waiting
            .command()?
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()?,
    );
    thread::sleep(STAGGER);
    wait_until_quiet(&hub)?;
    let mut rounds = bench.rounds(|| {
        let (began, before) = (Instant::now(), procfs::cpu_ms(hub.process.pid())?);
        thread::sleep(SAMPLE);
        let used = procfs::cpu_ms(hub.process.pid())? - before;
        let mut round = Round::default();
        round.add(CPU, used / 10.0 / began.elapsed().as_secs_f64());
        round.add(RESIDENT, measure::resident_bytes(&hub.process)? / 1e6);
        Ok(round)
    })?;
    if let Some(status) = waiting.0.try_wait()? {
        bail!("the callers did not wait: {status}");
    }
    rounds.push(Round(vec![("queued per second", queued.per_second)]));
    Ok(rounds)
}

/// The callers that wait; killed when dropped.
struct Waiting(Child);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn wait_until_quiet(hub: &Hub) -> Result<()> {
    let began = Instant::now();
    loop {
        let before = procfs::cpu_ms(hub.process.pid())?;
        thread::sleep(Duration::from_secs(1));
        if procfs::cpu_ms(hub.process.pid())? - before < BUSY_MS {
            return Ok(());
        }
        if began.elapsed() > QUIET_WITHIN {
            eprintln!(
                "the hub is not quiet after {} s: what follows may not be its idle CPU",
                QUIET_WITHIN.as_secs()
            );
            return Ok(());
        }
    }
}

//! The load generator: so many callers, each with one request at a time. A process of its own, on one thread.

use crate::http::{Connection, Request};
use crate::{picture, procfs, spread};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const BOUNDARY: &str = "gih-bench-boundary";

/// A load. It ends after its seconds or its requests, whichever comes first.
#[derive(Args, Clone)]
pub struct Job {
    /// A file with a line for each caller: a URL, and a key if one is needed; with more callers the lines repeat
    #[arg(long)]
    pub callers: PathBuf,
    /// Callers at once
    #[arg(long, default_value_t = 1)]
    pub concurrency: usize,
    /// The JSON to post; without it, and without references, the requests are GET
    #[arg(long)]
    pub body: Option<String>,
    /// The status that every answer must have
    #[arg(long, default_value_t = 200)]
    pub expect: u16,
    /// Requests that end within the first seconds are in no figure but `requests` and `cpu_ms`
    #[arg(long, default_value_t = 0.0)]
    pub warm_up_seconds: f64,
    /// The callers begin one after the other within so many seconds
    #[arg(long, default_value_t = 0.0)]
    pub stagger_seconds: f64,
    /// Seconds of load after the warm-up
    #[arg(long, default_value_t = 1.0)]
    pub seconds: f64,
    /// The most requests
    #[arg(long, default_value_t = 10_000_000)]
    pub requests: u64,
    /// The longest that one request may take
    #[arg(long, default_value_t = 120)]
    pub timeout_seconds: u64,
    /// Post so many reference images with each request
    #[arg(long, default_value_t = 0)]
    pub references: usize,
    /// The length of each reference image
    #[arg(long, default_value_t = 0)]
    pub reference_bytes: usize,
}

/// What a load came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Requests in all, the warm-up included.
    pub requests: f64,
    /// Requests that ended per second after the warm-up and within the seconds; until the last one, when the load ran
    /// out of requests or all of them took longer.
    pub per_second: f64,
    /// The median time from the first byte sent to the last one received, in milliseconds.
    pub p50_ms: f64,
    /// The same for the 99th percentile.
    pub p99_ms: f64,
    /// CPU of the load generator in all, in milliseconds.
    pub cpu_ms: f64,
}

impl Job {
    /// One caller for a second: `GET`, or `POST` of a body.
    pub fn new(callers: PathBuf, body: Option<&str>) -> Self {
        Self {
            callers,
            concurrency: 1,
            body: body.map(str::to_owned),
            expect: 200,
            warm_up_seconds: 0.0,
            stagger_seconds: 0.0,
            seconds: 1.0,
            requests: 10_000_000,
            timeout_seconds: 120,
            references: 0,
            reference_bytes: 0,
        }
    }

    /// The command that does this job in a process of its own.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("load").arg("--callers").arg(&self.callers);
        if let Some(body) = &self.body {
            command.arg("--body").arg(body);
        }
        for (name, value) in [
            ("--concurrency", self.concurrency.to_string()),
            ("--expect", self.expect.to_string()),
            ("--warm-up-seconds", self.warm_up_seconds.to_string()),
            ("--stagger-seconds", self.stagger_seconds.to_string()),
            ("--seconds", self.seconds.to_string()),
            ("--requests", self.requests.to_string()),
            ("--timeout-seconds", self.timeout_seconds.to_string()),
            ("--references", self.references.to_string()),
            ("--reference-bytes", self.reference_bytes.to_string()),
        ] {
            command.arg(name).arg(value);
        }
        Ok(command)
    }

    /// Does this job in a process of its own.
    pub fn run(&self) -> Result<Outcome> {
        let output = self.command()?.output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        serde_json::from_slice(&output.stdout).context("the load generator printed no outcome")
    }

    /// The requests of the callers, a line each.
    fn requests(&self) -> Result<Vec<Request>> {
        let text = std::fs::read_to_string(&self.callers)
            .with_context(|| self.callers.display().to_string())?;
        let (body, content_type) = if self.references > 0 {
            let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
            (self.form()?, content_type)
        } else {
            let body = self.body.iter().map(|body| Bytes::from(body.clone()));
            (body.collect(), "application/json".to_owned())
        };
        text.lines()
            .map(|line| match line.split_once(' ') {
                Some((url, key)) => Request::new(url, Some(key), &body, &content_type),
                None => Request::new(line, None, &body, &content_type),
            })
            .collect()
    }

    /// A form with the reference images, which are one image in memory.
    fn form(&self) -> Result<Vec<Bytes>> {
        let picture = Bytes::from(picture::png(self.reference_bytes)?);
        let mut pieces = Vec::new();
        for (name, value) in [("model", "gpt-image-2"), ("prompt", "the same fox")] {
            pieces.push(Bytes::from(format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )));
        }
        for _ in 0..self.references {
            pieces.push(Bytes::from(format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"reference_image\"; filename=\"fox.png\"\r\n\
                content-type: image/png\r\n\r\n"
            )));
            pieces.extend([picture.clone(), Bytes::from_static(b"\r\n")]);
        }
        pieces.push(Bytes::from(format!("--{BOUNDARY}--\r\n")));
        Ok(pieces)
    }
}

/// Does a job in this process.
#[allow(clippy::cast_precision_loss)] // counts of callers
pub fn work(job: &Job) -> Result<Outcome> {
    let requests = job.requests()?;
    if requests.is_empty() {
        bail!("{} names no caller", job.callers.display());
    }
    let cpu_before = procfs::cpu_ms(std::process::id())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let began = Instant::now();
    let left = Rc::new(Cell::new(job.requests));
    let callers = LocalSet::new();
    let handles: Vec<_> = (0..job.concurrency)
        .map(|caller| {
            let request = requests[caller % requests.len()].clone();
            let calls = call(job.clone(), request, began, Rc::clone(&left));
            let share = job.stagger_seconds / job.concurrency as f64;
            let start = began + Duration::from_secs_f64(share * caller as f64);
            callers.spawn_local(async move {
                tokio::time::sleep_until(start.into()).await;
                calls.await
            })
        })
        .collect();
    let ended = runtime.block_on(callers.run_until(async {
        let mut ended = Vec::new();
        for handle in handles {
            ended.extend(handle.await??);
        }
        anyhow::Ok(ended)
    }))?;
    let cpu_ms = procfs::cpu_ms(std::process::id())? - cpu_before;
    outcome(job, &ended, cpu_ms)
}

/// When a request ended, in seconds since the load began, and how long it took, in milliseconds.
type Ended = (f64, f64);

/// One caller.
async fn call(
    job: Job,
    request: Request,
    began: Instant,
    left: Rc<Cell<u64>>,
) -> Result<Vec<Ended>> {
    let limit = Duration::from_secs(job.timeout_seconds);
    let time = Duration::from_secs_f64(job.warm_up_seconds + job.seconds);
    let mut ended = Vec::new();
    let mut connection: Option<Connection> = None;
    while began.elapsed() < time && left.get() > 0 {
        left.set(left.get() - 1);
        let mut open = match connection.take() {
            Some(open) => open,
            None => Connection::open(&request.address).await?,
        };
        let sent = Instant::now();
        let answer = tokio::time::timeout(limit, open.call(&request))
            .await
            .with_context(|| format!("no answer within {} s", limit.as_secs()))??;
        let took = sent.elapsed();
        if answer.status != job.expect {
            let start = String::from_utf8_lossy(&answer.start).into_owned();
            bail!("{} instead of {}: {start}", answer.status, job.expect);
        }
        ended.push((began.elapsed().as_secs_f64(), took.as_secs_f64() * 1000.0));
        if !open.is_closing {
            connection = Some(open);
        }
    }
    Ok(ended)
}

#[allow(clippy::cast_precision_loss)] // counts of requests
fn outcome(job: &Job, ended: &[Ended], cpu_ms: f64) -> Result<Outcome> {
    let is_warm = |(end, _): &&Ended| *end >= job.warm_up_seconds;
    let is_in_time = |(end, _): &&Ended| *end <= job.warm_up_seconds + job.seconds;
    let warm = ended.iter().filter(is_warm);
    let mut counted: Vec<&Ended> = warm.clone().filter(is_in_time).collect();
    let is_out_of_requests = ended.len() as u64 == job.requests;
    let is_too_slow = counted.is_empty();
    if is_too_slow {
        counted = warm.collect();
    }
    let Some(last) = counted.iter().map(|(end, _)| *end).max_by(f64::total_cmp) else {
        bail!("no request ended after the warm-up");
    };
    let seconds = if is_out_of_requests || is_too_slow {
        last - job.warm_up_seconds
    } else {
        job.seconds
    };
    let mut times: Vec<f64> = counted.iter().map(|(_, took)| *took).collect();
    times.sort_unstable_by(f64::total_cmp);
    Ok(Outcome {
        requests: ended.len() as f64,
        per_second: times.len() as f64 / seconds,
        p50_ms: spread::percentile(&times, 50),
        p99_ms: spread::percentile(&times, 99),
        cpu_ms,
    })
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // values that are exact
mod tests {
    use super::*;

    fn job(warm_up_seconds: f64, seconds: f64, requests: u64) -> Job {
        Job {
            warm_up_seconds,
            seconds,
            requests,
            ..Job::new(PathBuf::new(), None)
        }
    }

    #[test]
    fn only_what_ended_within_the_window_counts() {
        let ended = [(0.5, 9.0), (1.5, 2.0), (2.5, 4.0), (3.5, 9.0)];
        let outcome = outcome(&job(1.0, 2.0, 100), &ended, 8.0).unwrap();
        assert_eq!(
            (outcome.requests, outcome.per_second, outcome.p50_ms),
            (4.0, 1.0, 2.0)
        );
        assert_eq!(outcome.p99_ms, 4.0);
    }

    #[test]
    fn a_load_that_ran_out_of_requests_counts_until_its_last() {
        let ended = [(0.25, 9.0), (0.5, 2.0)];
        let outcome = outcome(&job(0.0, 10.0, 2), &ended, 8.0).unwrap();
        assert_eq!(outcome.per_second, 4.0);
    }

    #[test]
    fn a_load_too_slow_for_its_seconds_counts_until_its_last() {
        let slow = outcome(&job(0.0, 1.0, 9), &[(2.0, 2000.0)], 0.0).unwrap();
        assert_eq!((slow.per_second, slow.p50_ms), (0.5, 2000.0));
        assert!(outcome(&job(3.0, 1.0, 9), &[(2.0, 2000.0)], 0.0).is_err());
    }

    #[test]
    fn a_form_holds_one_image_several_times() {
        let job = Job {
            references: 3,
            reference_bytes: 5000,
            ..job(0.0, 1.0, 1)
        };
        let form = job.form().unwrap();
        let bytes: usize = form.iter().map(Bytes::len).sum();
        assert!(bytes > 15_000 && bytes < 16_000, "{bytes}");
    }
}

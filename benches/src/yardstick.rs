//! The yardsticks that speak HTTP: "store" and the pass-through, before the same provider as the hub.

use crate::bench::Bench;
use crate::hub::PLAIN;
use crate::load::{Job, Outcome};
use crate::process::Process;
use crate::{procfs, serve};
use anyhow::Result;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A running yardstick.
pub struct Yardstick {
    process: Process,
    /// Its images are in it, and the list of its callers. It stays until the end of the run: on ext4, files are slow to
    /// create for minutes after many others were deleted.
    folder: PathBuf,
}

/// What a load on a yardstick came to, CPU in milliseconds per request.
pub struct Parts {
    pub outcome: Outcome,
    pub own_cpu_ms: f64,
    /// Of the load generator and the provider.
    pub around_cpu_ms: f64,
}

impl Yardstick {
    /// Starts "store" before a provider.
    pub fn store(bench: &Bench, upstream: &Process) -> Result<Self> {
        let folder = bench.new_folder()?;
        let images = folder.join("images");
        fs::create_dir(&images)?;
        let mut command = subcommand("store", upstream)?;
        let process = bench.start(command.arg("--folder").arg(images))?;
        Ok(Self { process, folder })
    }

    /// Starts the pass-through before a provider.
    pub fn pass_through(bench: &Bench, upstream: &Process) -> Result<Self> {
        Ok(Self {
            process: bench.start(&mut subcommand("pass-through", upstream)?)?,
            folder: bench.new_folder()?,
        })
    }

    /// Runs the load of that job on it instead of on the hub.
    pub fn measure(&self, upstream: &Process, job: &Job) -> Result<Parts> {
        let callers = self.folder.join("callers");
        let job = single_caller(callers, &self.process.url, Some(PLAIN), job)?;
        parts(&self.process, Some(upstream), &job)
    }

    /// Removes what "store" has stored: few large files, which fill a disk otherwise.
    pub fn remove_images(&self) -> Result<()> {
        for image in fs::read_dir(self.folder.join("images"))? {
            fs::remove_file(image?.path())?;
        }
        Ok(())
    }
}

/// Runs a load on a server; the CPU of that server, and of the provider with the load generator.
pub fn parts(server: &Process, upstream: Option<&Process>, job: &Job) -> Result<Parts> {
    let upstream_cpu_ms = || upstream.map_or(Ok(0.0), |server| procfs::cpu_ms(server.pid()));
    let (own_before, upstream_before) = (procfs::cpu_ms(server.pid())?, upstream_cpu_ms()?);
    let outcome = job.run()?;
    let own = procfs::cpu_ms(server.pid())? - own_before;
    let around = upstream_cpu_ms()? - upstream_before + outcome.cpu_ms;
    Ok(Parts {
        own_cpu_ms: own / outcome.requests,
        around_cpu_ms: around / outcome.requests,
        outcome,
    })
}

/// The load of another job, with every caller at this URL and without keys.
pub fn single_caller(callers: PathBuf, url: &str, body: Option<&str>, job: &Job) -> Result<Job> {
    fs::write(&callers, format!("{url}\n"))?;
    Ok(Job {
        callers,
        body: body.map(str::to_owned),
        expect: 200,
        ..job.clone()
    })
}

/// Requests per second that all cores could do if they did nothing but these parts, in CPU milliseconds per request.
#[allow(clippy::cast_precision_loss)] // a number of cores
pub fn limit_per_second(parts_cpu_ms: &[f64]) -> f64 {
    serve::cores() as f64 * 1000.0 / parts_cpu_ms.iter().sum::<f64>()
}

fn subcommand(name: &str, upstream: &Process) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    let url = format!("{}/v1/images/generations", upstream.url);
    command.arg(name).arg("--upstream").arg(url);
    Ok(command)
}

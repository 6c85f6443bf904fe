//! `cargo xtask torture`: the long tests again and again, each pass with another seed.

mod figures;
mod plan;

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::services::{self, Needs, Scratch};
use crate::{test, workspace};
use figures::Figures;
use plan::Until;

/// The long tests choose by it what happens by chance.
const SEED: &str = "TORTURE_SEED";
/// The file that they add their figures to.
const FIGURES: &str = "TORTURE_FIGURES";

/// Runs passes until the minutes are up, or ten of them; prints what they came to. A pass that failed is an error, after
/// all have run.
pub fn run(minutes: Option<u64>, narrowed: &[String]) -> Result<()> {
    let mut scratch = Scratch::new()?;
    let servers = services::for_tests(&mut scratch, Needs::of_long_tests(narrowed))?;
    let until = Until::of(minutes);
    let file = std::env::temp_dir().join(format!("gih-torture-{}", std::process::id()));
    let began = Instant::now();
    let mut figures = Figures::default();
    let mut seed = first_seed();
    let mut passes = 0;
    let mut failed = Vec::new();
    while until.goes_on(passes, began.elapsed()) {
        passes += 1;
        eprintln!("pass {passes}, {SEED}={seed}");
        let ran = workspace::run(
            test::nextest()?
                .args(plan::arguments(narrowed))
                .envs(servers.iter().cloned())
                .env(SEED, seed.to_string())
                .env(FIGURES, &file),
        );
        if let Err(error) = ran {
            eprintln!("xtask: {error:#}");
            failed.push(seed);
        }
        figures.add(&taken(&file)?);
        seed = seed.wrapping_add(1);
    }
    print(&figures, passes, seed, began.elapsed(), &failed);
    if !failed.is_empty() {
        bail!("{} of {passes} passes failed", failed.len());
    }
    Ok(())
}

/// Another one for each run, and of few digits: the seconds of the day.
fn first_seed() -> u64 {
    UNIX_EPOCH.elapsed().unwrap_or_default().as_secs() % 86_400 + 1_000
}

/// What is in the file, which is emptied. None is no error: a test may fail before its first figure.
fn taken(file: &Path) -> Result<String> {
    if !file.exists() {
        return Ok(String::new());
    }
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    std::fs::remove_file(file).with_context(|| file.display().to_string())?;
    Ok(text)
}

#[allow(clippy::print_stdout)] // what the command is run for
fn print(figures: &Figures, passes: u64, next_seed: u64, took: Duration, failed: &[u64]) {
    println!("{}", figures.table());
    let (first, last) = (next_seed.wrapping_sub(passes), next_seed.wrapping_sub(1));
    println!(
        "passes: {passes}, seeds {first} to {last}, in {} s",
        took.as_secs()
    );
    if failed.is_empty() {
        println!("failures: none");
    } else {
        let seeds: Vec<String> = failed.iter().map(u64::to_string).collect();
        println!(
            "failures: {}, with {SEED}={}",
            failed.len(),
            seeds.join(", ")
        );
    }
}

//! `gih-bench run`: measures the rows one after the other, and reports.

use crate::bench::Bench;
use crate::postgres::Postgres;
use crate::report::{self, Measured};
use crate::rows;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A quick run begins no row later than this, so that it ends within three minutes on a slow machine too.
const QUICK_LIMIT: Duration = Duration::from_secs(150);

/// Names a superuser's URL of the Postgres server, `postgres://user:password@host:port/postgres`: a variable and no
/// option, because a command line is shown to all users of the machine.
const POSTGRES_URL: &str = "GIH_BENCH_POSTGRES_URL";

#[derive(Args)]
pub struct Options {
    /// The rows to measure; all but the longest unless named
    rows: Vec<String>,
    /// Few and short rounds, and not the rows that take long: under three minutes
    #[arg(long)]
    quick: bool,
    /// Also the row `million`, whose data takes minutes to make
    #[arg(long)]
    million: bool,
    /// The binary `gih`
    #[arg(long)]
    gih: PathBuf,
    /// The folder of psql and pgbench
    #[arg(long)]
    postgres_bin: PathBuf,
    /// The postmaster's process id
    #[arg(long)]
    postgres_pid: u32,
    /// Where everything is written meanwhile; it must be on a disk
    #[arg(long, default_value = "target")]
    folder: PathBuf,
    /// Where the report is written as JSON
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
}

/// Measures; fails when a row did, after all have been measured.
#[allow(clippy::print_stdout)] // the report is what it is run for
pub fn run(options: &Options) -> Result<()> {
    let rows = rows::choose(&options.rows, options.quick, options.million)?;
    let gih = fs::canonicalize(&options.gih).with_context(|| options.gih.display().to_string())?;
    // Rows that were named are measured, however long they take.
    let is_bounded = options.quick && options.rows.is_empty();
    let postgres = Postgres::new(
        std::env::var(POSTGRES_URL).context(POSTGRES_URL)?,
        options.postgres_bin.clone(),
        options.postgres_pid,
    )?;
    fs::create_dir_all(&options.folder)?;
    let folder = tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(fs::canonicalize(&options.folder)?)?;
    let bench = Bench::new(gih, &postgres, folder, options.quick);
    let mut measured = Vec::new();
    let run_began = Instant::now();
    let mut left_out = Vec::new();
    for row in rows {
        if is_bounded && run_began.elapsed() > QUICK_LIMIT {
            left_out.push(row.name);
            continue;
        }
        eprintln!("== {}: {}", row.name, row.about);
        let began = Instant::now();
        let one = Measured::new(row, (row.run)(&bench));
        eprintln!("{:.1} s", began.elapsed().as_secs_f64());
        measured.push(one);
    }
    println!("{}", report::table(&measured));
    if !left_out.is_empty() {
        let seconds = QUICK_LIMIT.as_secs();
        println!(
            "not measured, because {seconds} s were over: {}",
            left_out.join(", ")
        );
    }
    let json = serde_json::to_vec_pretty(&report::json(&measured, options.quick))?;
    if let Some(folder) = options.json.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&options.json, json).with_context(|| options.json.display().to_string())?;
    let failed: Vec<&str> = measured.iter().filter_map(Measured::failed).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

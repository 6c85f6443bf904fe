//! `cargo xtask bench`: builds the hub and the tool that measures it, and runs the tool on a Postgres of its own.

use crate::BenchOptions;
use crate::services::{Scratch, postgres};
use crate::workspace;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const RELEASE: &str = "release";

/// Measures; fails when something could not be measured, and never because of a time.
pub fn run(options: &BenchOptions) -> Result<()> {
    let folder = build(&options.profile)?;
    let mut scratch = Scratch::new()?;
    if options.profile == RELEASE && is_in_memory(scratch.path()) {
        bail!(
            "{} is in memory, where a sync costs nothing: set TMPDIR to a folder on a disk",
            scratch.path().display()
        );
    }
    workspace::run(&mut tool(options, &folder, &mut scratch)?)
}

/// Measures one row, of which the figures mean nothing, to see that the tool works; what it printed.
pub fn smoke_test() -> Result<String> {
    let options = BenchOptions {
        quick: true,
        million: false,
        profile: "dev".to_owned(),
        rows: vec!["models".to_owned()],
    };
    let folder = build(&options.profile)?;
    let mut scratch = Scratch::new()?;
    let mut tool = tool(&options, &folder, &mut scratch)?;
    // It must not replace the report of a run.
    tool.arg("--json").arg(scratch.path().join("bench.json"));
    workspace::output(&mut tool)
}

/// The tool with its arguments, on a Postgres of its own that lives as long as `scratch`.
fn tool(options: &BenchOptions, folder: &Path, scratch: &mut Scratch) -> Result<Command> {
    let postgres = postgres::start_durable(scratch)?;
    for program in ["psql", "pgbench"] {
        let path = postgres.binaries.join(program);
        if !path.is_file() {
            bail!(
                "{} is missing: install PostgreSQL's client programs",
                path.display()
            );
        }
    }
    let mut tool = Command::new(folder.join("gih-bench"));
    tool.current_dir(workspace::root())
        .arg("run")
        .args(options.quick.then_some("--quick"))
        .args(options.million.then_some("--million"))
        .arg("--gih")
        .arg(folder.join("gih"))
        .arg("--postgres-bin")
        .arg(&postgres.binaries)
        .arg("--postgres-pid")
        .arg(postgres.pid.to_string())
        .arg("--folder")
        .arg(scratch.path())
        .env("TMPDIR", scratch.path())
        // A command line is shown to all users of the machine, and in the log.
        .env("GIH_BENCH_POSTGRES_URL", &postgres.url)
        .args(&options.rows);
    Ok(tool)
}

/// Builds both programs; the folder they are in. Unoptimised they are those that the tests are built with, so that the
/// smoke test builds nothing again.
fn build(profile: &str) -> Result<PathBuf> {
    let mut build = workspace::cargo();
    build.current_dir(workspace::root());
    if profile == RELEASE {
        build
            .args([
                "build",
                "--release",
                "--package",
                "gih-server",
                "--bin",
                "gih",
            ])
            .args(["--package", "gih-bench", "--bin", "gih-bench"]);
    } else {
        build.args([
            "test",
            "--workspace",
            "--all-targets",
            "--no-run",
            "--quiet",
        ]);
    }
    workspace::run(&mut build)?;
    // Cargo built us into `debug` of the folder that it builds them into.
    let us = std::env::current_exe()?;
    let target = us.parent().and_then(Path::parent);
    let target = target.with_context(|| format!("{} is in no target folder", us.display()))?;
    Ok(target.join(if profile == RELEASE { RELEASE } else { "debug" }))
}

/// Whether a folder is of a file system in memory, as `/tmp` is on many machines. One that nobody knows is on a disk.
fn is_in_memory(folder: &Path) -> bool {
    let mut stat = Command::new("stat");
    stat.args(["--file-system", "--format=%T"]).arg(folder);
    workspace::output(&mut stat).is_ok_and(|kind| ["tmpfs", "ramfs"].contains(&kind.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_memory_is_known() {
        assert!(!is_in_memory(Path::new("/proc")));
        if Path::new("/dev/shm").is_dir() {
            assert!(is_in_memory(Path::new("/dev/shm")));
        }
    }
}

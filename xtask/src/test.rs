//! `cargo xtask test`: every test of the workspace, on servers and with tools of its own.

use crate::bench;
use crate::services::{self, Needs, Scratch};
use crate::workspace;
use anyhow::{Result, bail};
use std::num::NonZeroUsize;
use std::process::Command;
use std::thread;

/// The runner. It runs each test in a process of its own, and those of all crates beside each other.
const NEXTEST: &str = "cargo-nextest";
/// What is built when the machine has none. The workflows in `.github` install the same.
const NEXTEST_VERSION: &str = "0.9.143";

/// How many tests run at once, as nextest itself reads it.
const THREADS: &str = "NEXTEST_TEST_THREADS";
/// For each core. `.config/nextest.toml` says how many of them a test takes: most wait for others for most of their time.
const THREADS_PER_CORE: usize = 4;

/// Brings up what the tests need and the environment does not name already, runs them, and removes what it brought up.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut scratch = Scratch::in_memory()?;
    let settings = services::for_tests(&mut scratch, Needs::of(&packages(arguments)))?;
    let mut nextest = nextest()?;
    let tests = nextest.args(plan(arguments)).envs(settings);
    let mut failed = Vec::new();
    let mut others = Vec::new();
    thread::scope(|scope| {
        if arguments.is_empty() {
            // The first tests wait for deadlines half of their time. This load is outside of what nextest weighs.
            scope.spawn(|| others = what_nextest_does_not_run());
        }
        failed.extend(workspace::run(tests).err());
    });
    for outcome in others {
        match outcome {
            Ok(output) => eprintln!("{}", output.trim_end()),
            Err(error) => failed.push(error),
        }
    }
    if !failed.is_empty() {
        let lines: Vec<String> = failed.iter().map(|error| format!("{error:#}")).collect();
        bail!("{}", lines.join("\n"));
    }
    Ok(())
}

/// The smoke test of the benchmark and the examples of the documentation; what they printed.
fn what_nextest_does_not_run() -> Vec<Result<String>> {
    let smoke_test = if services::is_set(services::DATABASE) {
        // The benchmark needs a server of its own, whose processes it can see.
        Ok(format!(
            "{} is set: no smoke test of the benchmark",
            services::DATABASE
        ))
    } else {
        bench::smoke_test()
    };
    let mut examples = workspace::cargo();
    examples
        .args(["test", "--workspace", "--doc", "--no-fail-fast", "--quiet"])
        .current_dir(workspace::root());
    vec![smoke_test, workspace::output(&mut examples)]
}

/// `cargo nextest run` with as many threads as suit our tests, unless the environment says how many.
pub fn nextest() -> Result<Command> {
    let program = workspace::installed(NEXTEST, NEXTEST_VERSION, |found| {
        found.starts_with("cargo-nextest 0.9.")
    })?;
    let mut nextest = Command::new(program);
    nextest
        .args(["nextest", "run"])
        .current_dir(workspace::root());
    if std::env::var_os(THREADS).is_none() {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        nextest.env(THREADS, (THREADS_PER_CORE * cores).to_string());
    }
    Ok(nextest)
}

/// What `cargo nextest run` is told. Without arguments: everything. With arguments: these, over the workspace unless they
/// choose packages, since cargo quietly ignores `--package` beside `--workspace`.
fn plan(arguments: &[String]) -> Vec<String> {
    let mut plan = Vec::new();
    if packages(arguments).is_empty() {
        plan.push("--workspace".to_owned());
    }
    if arguments.is_empty() {
        plan.push("--all-targets".to_owned());
    }
    plan.extend_from_slice(arguments);
    plan
}

/// The packages that the arguments choose: `-p X`, `-pX`, `--package X`, `--package=X`.
fn packages(arguments: &[String]) -> Vec<&str> {
    let mut packages = Vec::new();
    let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "-p" || argument == "--package" {
            packages.extend(arguments.next().map(String::as_str));
        } else if let Some(name) = argument.strip_prefix("--package=") {
            packages.push(name);
        } else if let Some(name) = argument.strip_prefix("-p") {
            packages.push(name);
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_arguments_every_target_runs() {
        assert_eq!(plan(&[]), ["--workspace", "--all-targets"]);
    }

    #[test]
    fn arguments_narrow_the_run() {
        let planned = |arguments: &[&str]| plan(&owned(arguments)).join(" ");
        assert_eq!(planned(&["-p", "xtask"]), "-p xtask");
        assert_eq!(
            planned(&["--package=xtask", "plan"]),
            "--package=xtask plan"
        );
        assert_eq!(planned(&["refund"]), "--workspace refund");
        assert_eq!(planned(&["--", "-p"]), "--workspace -- -p");
    }

    #[test]
    fn packages_are_found_however_they_are_named() {
        let arguments = owned(&[
            "-p",
            "a",
            "-pb",
            "--package",
            "c",
            "--package=d",
            "e",
            "--",
            "-p",
            "f",
        ]);
        assert_eq!(packages(&arguments), ["a", "b", "c", "d"]);
        assert!(packages(&owned(&["refund"])).is_empty());
    }
}

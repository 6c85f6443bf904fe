//! `cargo xtask check`: everything but the tests. Every step runs, whatever the ones before it found.

mod arrows;
mod deny;
mod features;
mod parity;
mod sql;
mod tidy;

use crate::workspace;
use anyhow::{Result, bail};

type Step = (&'static str, fn() -> Result<()>);

/// In the order of what is quickest to fix.
const STEPS: [Step; 7] = [
    ("format", || {
        workspace::run(
            workspace::cargo()
                .args(["fmt", "--all", "--check"])
                .current_dir(workspace::root()),
        )
    }),
    ("clippy", clippy),
    ("dependencies", deny::dependencies),
    ("the domain's dependencies", arrows::check),
    ("the domain's features", features::check),
    ("migrations parity", parity::check),
    ("tidiness", tidy::check),
];

const ADVISORIES: Step = ("advisories", deny::advisories);

/// Runs the steps, and fails naming those that failed.
pub fn run(advisories: bool) -> Result<()> {
    run_all(STEPS.into_iter().chain(advisories.then_some(ADVISORIES)))
}

fn run_all(steps: impl Iterator<Item = Step>) -> Result<()> {
    let mut failed = Vec::new();
    for (name, step) in steps {
        eprintln!("== {name}");
        if let Err(error) = step() {
            eprintln!("{error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    eprintln!("== all good");
    Ok(())
}

fn clippy() -> Result<()> {
    let mut clippy = workspace::cargo();
    clippy.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]);
    workspace::run(clippy.current_dir(workspace::root()))
}

/// One error of all the findings, or none.
fn verdict(findings: &[String]) -> Result<()> {
    if findings.is_empty() {
        Ok(())
    } else {
        Err(anyhow::Error::msg(findings.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn every_step_runs_and_the_failed_ones_are_named() {
        static RAN: AtomicU32 = AtomicU32::new(0);
        let steps: [Step; 3] = [
            ("one", || verdict(&["wrong".to_owned()])),
            ("two", || {
                RAN.fetch_add(1, Ordering::SeqCst);
                verdict(&[])
            }),
            ("three", || verdict(&["wrong too".to_owned()])),
        ];
        let error = run_all(steps.into_iter()).unwrap_err();
        assert_eq!(error.to_string(), "failed: one, three");
        assert_eq!(RAN.load(Ordering::SeqCst), 1);
    }
}

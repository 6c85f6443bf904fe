//! cargo-deny over `deny.toml`: who may depend on whom, licences, sources, and known vulnerabilities.

use crate::workspace;
use anyhow::Result;
use std::process::Command;

const VERSION: &str = "0.20.2";

/// Arrows, licences and sources.
pub fn dependencies() -> Result<()> {
    deny(&["bans", "licenses", "sources"])
}

/// The advisory database, which is fetched.
pub fn advisories() -> Result<()> {
    deny(&["advisories"])
}

fn deny(checks: &[&str]) -> Result<()> {
    let wanted = format!("cargo-deny {VERSION}");
    let program = workspace::installed("cargo-deny", VERSION, |found| found.trim() == wanted)?;
    let mut command = Command::new(program);
    // A wrapper that is not met says who may depend on a crate, not who must.
    command
        .args(["--all-features", "check", "--allow", "unused-wrapper"])
        .args(checks);
    workspace::run(command.current_dir(workspace::root()))
}

//! cargo-deny over `deny.toml`: who may depend on whom, licences, sources, and known vulnerabilities.

use crate::workspace;
use anyhow::Result;
use std::path::PathBuf;
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
    let mut command = Command::new(program()?);
    // A wrapper that is not met says who may depend on a crate, not who must.
    command
        .args(["--all-features", "check", "--allow", "unused-wrapper"])
        .args(checks);
    workspace::run(command.current_dir(workspace::root()))
}

/// The pinned version, from the path or our tools; built when neither has it. A debug build takes a fraction of the
/// time and checks the tree in seconds all the same.
fn program() -> Result<PathBuf> {
    let ours = workspace::tools().join("bin").join("cargo-deny");
    let wanted = format!("cargo-deny {VERSION}");
    for program in [ours.clone(), PathBuf::from("cargo-deny")] {
        if workspace::output(Command::new(&program).arg("--version"))
            .is_ok_and(|found| found.trim() == wanted)
        {
            return Ok(program);
        }
    }
    let mut install = workspace::cargo();
    install.args([
        "install",
        "--locked",
        "--debug",
        "cargo-deny",
        "--version",
        VERSION,
        "--root",
    ]);
    workspace::run(install.arg(workspace::tools()))?;
    Ok(ours)
}

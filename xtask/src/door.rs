//! `cargo xtask migrate` and `cargo xtask seed`: the binary's own commands, built and run.

use crate::workspace;
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;

/// Becomes `gih <command> <arguments>`. Returns only when that could not be started.
pub fn open(command: &str, arguments: &[String]) -> Result<()> {
    let failure = workspace::cargo()
        .args([
            "run",
            "--quiet",
            "--package",
            "gih-server",
            "--bin",
            "gih",
            "--",
            command,
        ])
        .args(arguments)
        .exec();
    Err(failure).with_context(|| format!("cannot start `gih {command}`"))
}

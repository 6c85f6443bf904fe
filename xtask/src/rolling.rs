//! `cargo xtask rolling`: the build of another revision and this one, on one database.

use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

use crate::services::{self, Needs, Scratch};
use crate::workspace;

/// Builds the binary of that revision, and runs the tests of two builds on one database with it.
pub fn run(revision: &str) -> Result<()> {
    let previous = build_of(revision)?;
    let mut scratch = Scratch::new()?;
    let servers = services::for_tests(&mut scratch, Needs::SERVERS)?;
    let arguments = [
        "test",
        "-p",
        "gih-server",
        "--test",
        "it",
        "torture::rolling",
        "--",
        "--nocapture",
    ];
    workspace::run(
        workspace::cargo()
            .args(arguments)
            .envs(servers)
            .env("GIH_PREVIOUS_BINARY", previous),
    )
}

/// The binary `gih` of a revision, built in a work tree and a target folder of their own, which stay for the next time.
fn build_of(revision: &str) -> Result<PathBuf> {
    let git = || {
        let mut git = Command::new("git");
        git.arg("-C").arg(workspace::root());
        git
    };
    let commit = format!("{revision}^{{commit}}");
    let commit = workspace::output(git().args(["rev-parse", "--verify", &commit]))?;
    let commit = commit.trim();
    let folder = workspace::root().join("target").join("rolling");
    let (tree, target) = (folder.join("tree"), folder.join("target"));
    if tree.join(".git").exists() {
        let mut checkout = Command::new("git");
        checkout.arg("-C").arg(&tree);
        workspace::run(checkout.args(["checkout", "--quiet", "--detach", commit]))?;
    } else {
        // A folder that was deleted by hand is still known to git.
        workspace::run(git().args(["worktree", "prune"]))?;
        workspace::run(
            git()
                .args(["worktree", "add", "--quiet", "--detach"])
                .arg(&tree)
                .arg(commit),
        )?;
    }
    workspace::run(
        workspace::cargo()
            .current_dir(&tree)
            .args(["build", "--package", "gih-server", "--bin", "gih"])
            .env("CARGO_TARGET_DIR", &target),
    )?;
    eprintln!("the previous build is {commit}");
    Ok(target.join("debug").join("gih"))
}

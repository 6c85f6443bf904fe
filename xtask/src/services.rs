//! The servers that tests need, brought up from what the machine has and removed without trace, and their tools.

mod account;
mod install;
mod postgres;
mod python;
mod s3;
mod scratch;
pub mod tools;

pub use scratch::Scratch;

use anyhow::{Context, Result};
use std::net::{Ipv4Addr, TcpListener};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What the database tests connect to: `postgres://…` of a role that may create databases.
const DATABASE: &str = "TEST_DATABASE_URL";
/// What the object storage tests speak to: `http://…` of an S3 server that takes any credentials.
const S3: &str = "TEST_S3_ENDPOINT";

/// How many tests of a binary run at once, as `cargo test` itself reads it.
const THREADS: &str = "RUST_TEST_THREADS";
/// For each core: most long tests wait for others (a timeout, a database, the hub) for most of their time.
const THREADS_PER_CORE: usize = 2;

/// Brings up the servers that tests speak to, unless the environment names them already; the variables that name those
/// that were brought up, and how many tests run at once unless the environment says it.
pub fn for_tests(scratch: &mut Scratch) -> Result<Vec<(&'static str, String)>> {
    let mut settings = Vec::new();
    if std::env::var_os(THREADS).is_none() {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        settings.push((THREADS, (THREADS_PER_CORE * cores).to_string()));
    }
    for (name, start) in [
        (
            DATABASE,
            postgres::start as fn(&mut Scratch) -> Result<String>,
        ),
        (S3, s3::start),
    ] {
        match std::env::var(name) {
            Ok(value) if !value.is_empty() => eprintln!("{name} is set: using that server"),
            _ => settings.push((name, start(scratch)?)),
        }
    }
    Ok(settings)
}

/// A loopback port that was free a moment ago. Another process may take it before the server does; the server then
/// fails to start, and says so.
fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// The program's path, looked up in `PATH` as a shell does; an absolute path is its own.
fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound() {
        let port = free_port().unwrap();
        assert_ne!(port, 0);
    }

    #[test]
    fn programs_are_found_on_the_path_only() {
        assert!(on_path("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(on_path("no-such-program-anywhere"), None);
    }
}

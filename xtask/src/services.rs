//! The servers that tests need, brought up from what the machine has and removed without trace, and their tools.

mod account;
mod install;
pub mod postgres;
mod python;
mod s3;
mod scratch;
mod tools;

pub use scratch::Scratch;

use anyhow::{Context, Result};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

/// What the database tests connect to: `postgres://…` of a role that may create databases.
pub const DATABASE: &str = "TEST_DATABASE_URL";
/// What the object storage tests speak to: `http://…` of an S3 server that takes any credentials.
const S3: &str = "TEST_S3_ENDPOINT";

/// What tests need beside the toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    database: bool,
    s3: bool,
    tools: bool,
}

impl Needs {
    /// What the tests of these packages need; of all packages when none is named.
    pub fn of(packages: &[&str]) -> Self {
        let any_of = |those: &[&str]| {
            packages.is_empty() || packages.iter().any(|package| those.contains(package))
        };
        Self {
            database: any_of(&["gih-database", "gih-server"]),
            s3: any_of(&["gih-media", "gih-server"]),
            tools: any_of(&["gih-server"]),
        }
    }

    /// What the long tests need whose path contains one of these words, or all of them without words. Only those of
    /// accessibility need a browser.
    pub fn of_long_tests(words: &[String]) -> Self {
        let in_browser = "console::accessibility::torture::axe_finds_nothing";
        Self {
            tools: words.is_empty() || words.iter().any(|word| in_browser.contains(word.as_str())),
            ..Self::SERVERS
        }
    }

    /// Servers and no browser.
    pub const SERVERS: Self = Self {
        database: true,
        s3: true,
        tools: false,
    };
}

/// Brings up the servers and finds the tools that tests need, unless the environment names them already; the variables
/// that name what was brought up and found, and a folder for temporary files, so that a test that is killed leaves none.
pub fn for_tests(scratch: &mut Scratch, needs: Needs) -> Result<Vec<(&'static str, String)>> {
    type Start = fn(&mut Scratch) -> Result<String>;
    let mut settings = Vec::new();
    for (name, is_needed, start) in [
        (DATABASE, needs.database, postgres::start as Start),
        (S3, needs.s3, s3::start),
    ] {
        if is_needed {
            if is_set(name) {
                eprintln!("{name} is set: using that server");
            } else {
                settings.push((name, start(scratch)?));
            }
        }
    }
    if needs.tools {
        settings.extend(tools::for_tests(scratch)?);
    }
    let folder = scratch.path().join("tmp");
    std::fs::create_dir(&folder)?;
    settings.push(("TMPDIR", folder.display().to_string()));
    Ok(settings)
}

/// Whether the environment names a server or a tool; an empty value names none.
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
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
    fn a_package_gets_what_it_needs_alone() {
        let nothing = Needs {
            database: false,
            s3: false,
            tools: false,
        };
        assert_eq!(Needs::of(&["gih-domain", "xtask"]), nothing);
        let s3 = Needs {
            s3: true,
            ..nothing
        };
        assert_eq!(Needs::of(&["gih-domain", "gih-media"]), s3);
        let all = Needs {
            tools: true,
            ..Needs::SERVERS
        };
        assert_eq!(Needs::of(&["gih-server"]), all);
        assert_eq!(Needs::of(&[]), all);
        assert_eq!(Needs::of_long_tests(&["kills".to_owned()]), Needs::SERVERS);
        assert_eq!(Needs::of_long_tests(&["accessibility".to_owned()]), all);
        assert_eq!(Needs::of_long_tests(&[]), all);
    }

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

//! A Postgres of our own: a new cluster on a free loopback port, from the binaries the machine has.

use super::account::{self, Account};
use super::install::{Need, install};
use super::{Scratch, free_port, on_path};
use crate::workspace;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const NEED: Need = Need {
    what: "PostgreSQL's server",
    instead: "TEST_DATABASE_URL",
    apt_get: "postgresql",
    dnf: "postgresql-server",
    apk: "postgresql",
    pacman: "postgresql",
    brew: "postgresql@17",
};

/// It takes well under a second; a machine busy with a build may take many.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Tests run in parallel, each with a pool of its own.
const MAX_CONNECTIONS: u32 = 300;

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    /// The superuser's URL: `postgres://postgres:<password>@127.0.0.1:<port>/postgres`.
    pub url: String,
    /// The folder of the programs of its version, `psql` and `pgbench` among them where they are installed.
    pub binaries: PathBuf,
    /// The process id of the postmaster.
    pub pid: u32,
}

/// Starts one for tests and returns its URL. The data is thrown away: nothing has to survive a power cut.
pub fn start(scratch: &mut Scratch) -> Result<String> {
    let settings = |_: &Path| vec!["fsync=off".to_owned(), "full_page_writes=off".to_owned()];
    // The tests connect thousands of times, and each time SCRAM takes milliseconds of a client.
    Ok(launch(scratch, "md5", settings)?.url)
}

/// Starts one for the benchmark: its commits are durable, and it counts statements if it has the library for that.
pub fn start_durable(scratch: &mut Scratch) -> Result<Server> {
    launch(scratch, "scram-sha-256", |binaries| {
        let durable = ["fsync=on", "full_page_writes=on", "synchronous_commit=on"];
        let mut settings = durable.map(String::from).to_vec();
        if has_library(binaries, "pg_stat_statements") {
            settings.push("shared_preload_libraries=pg_stat_statements".to_owned());
        }
        settings
    })
}

/// Whether the server of these programs can load a library.
fn has_library(binaries: &Path, library: &str) -> bool {
    let mut pg_config = Command::new(binaries.join("pg_config"));
    workspace::output(pg_config.arg("--pkglibdir")).is_ok_and(|folder| {
        let file = Path::new(folder.trim()).join(library);
        file.with_extension("so").is_file()
    })
}

/// Makes a cluster that checks passwords by this method, and starts it with these settings, which may depend on the folder
/// of its programs.
fn launch(
    scratch: &mut Scratch,
    authentication: &str,
    settings: impl FnOnce(&Path) -> Vec<String>,
) -> Result<Server> {
    let root = scratch.is_roots()?;
    let binaries = if let Some(folder) = binaries() {
        folder
    } else {
        install(&NEED, root)?;
        binaries().context(
            "PostgreSQL was installed, but `initdb` and `postgres` are nowhere to be found",
        )?
    };
    let account = if root {
        Some(account::unprivileged()?)
    } else {
        None
    };
    let home = scratch.path().join("postgres");
    let data = home.join("data");
    fs::create_dir(&home)?;
    let password = password()?;
    let password_file = home.join("password");
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&password_file)?
        .write_all(password.as_bytes())?;
    if let Some(Account { uid, gid }) = account {
        chown(&home, Some(uid), Some(gid))?;
        chown(&password_file, Some(uid), Some(gid))?;
    }
    let command = |program: &str| {
        let mut command = Command::new(binaries.join(program));
        // Its account may not read our folder, and its messages are in English.
        command
            .current_dir(&home)
            .env("HOME", &home)
            .env("LC_ALL", "C");
        if let Some(Account { uid, gid }) = account {
            command.uid(uid).gid(gid);
        }
        command
    };
    let mut initdb = command("initdb");
    // A password, because other users of the machine reach the port too, and a superuser can run programs.
    initdb.args([
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]);
    initdb
        .arg(format!("--auth={authentication}"))
        .arg("--pwfile")
        .arg(&password_file)
        .arg("--pgdata")
        .arg(&data);
    workspace::output(&mut initdb)?;

    let port = free_port()?;
    let mut postgres = command("postgres");
    postgres.arg("-D").arg(&data);
    let ours = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "unix_socket_directories=".to_owned(),
        format!("max_connections={MAX_CONNECTIONS}"),
    ];
    for setting in ours.into_iter().chain(settings(&binaries)) {
        postgres.arg("-c").arg(setting);
    }
    let status_file = data.join("postmaster.pid");
    let pid = scratch.start("postgres", &mut postgres, READY_WITHIN, || {
        is_ready(&status_file)
    })?;
    eprintln!("Postgres from {} on 127.0.0.1:{port}", binaries.display());
    Ok(Server {
        url: format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres"),
        binaries,
        pid,
    })
}

/// The postmaster keeps its state in the eighth line of its pid file, where `pg_ctl` reads it too.
fn is_ready(status_file: &Path) -> bool {
    fs::read_to_string(status_file).is_ok_and(|status| {
        status
            .lines()
            .nth(7)
            .is_some_and(|state| state.trim() == "ready")
    })
}

/// 128 random bits in hexadecimal.
fn password() -> Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut password = String::new();
    for byte in bytes {
        write!(password, "{byte:02x}")?;
    }
    Ok(password)
}

/// The first folder that holds both `initdb` and `postgres`; where links to them are, the folder that they lead to.
fn binaries() -> Option<PathBuf> {
    let folder = candidates()
        .into_iter()
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())?;
    let initdb = fs::canonicalize(folder.join("initdb")).ok()?;
    Some(initdb.parent()?.to_path_buf())
}

/// Where servers are installed: the path, then the distributions' places with the newest version first.
fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = on_path("initdb")
        .iter()
        .filter_map(|path| path.parent())
        .map(PathBuf::from)
        .collect();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/usr/libexec", "postgresql"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ] {
        let names = fs::read_dir(parent)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name());
        let names = newest_first(names.filter_map(|name| name.into_string().ok()), prefix);
        // Alpine keeps the programs in the versioned folder itself.
        folders.extend(names.iter().flat_map(|name| {
            [
                Path::new(parent).join(name).join("bin"),
                Path::new(parent).join(name),
            ]
        }));
    }
    folders.extend(
        [
            "/opt/homebrew/bin",
            "/usr/local/bin",
            "/usr/local/pgsql/bin",
        ]
        .map(PathBuf::from),
    );
    if let Ok(told) = workspace::output(Command::new("pg_config").arg("--bindir")) {
        folders.push(PathBuf::from(told.trim()));
    }
    folders
}

/// The names that are the prefix and a version, highest version first.
fn newest_first(names: impl Iterator<Item = String>, prefix: &str) -> Vec<String> {
    let mut versions: Vec<(Vec<u32>, String)> = names
        .filter_map(|name| {
            let version = name
                .strip_prefix(prefix)?
                .split('.')
                .map(str::parse)
                .collect::<Result<Vec<u32>, _>>()
                .ok()?;
            Some((version, name))
        })
        .collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_by_number() {
        let names = ["9.6", "15", "10", "common", "17"].map(String::from);
        assert_eq!(
            newest_first(names.into_iter(), ""),
            ["17", "15", "10", "9.6"]
        );
        let names = ["postgresql@9", "postgresql@14", "postgresql", "mysql@8"].map(String::from);
        assert_eq!(
            newest_first(names.into_iter(), "postgresql@"),
            ["postgresql@14", "postgresql@9"]
        );
    }

    #[test]
    fn only_the_word_ready_in_its_line_is_ready() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.path().join("postmaster.pid");
        assert!(!is_ready(&file));
        fs::write(&file, "1\n/data\n0\n5432\n\n127.0.0.1\n0\nstarting\n").unwrap();
        assert!(!is_ready(&file));
        fs::write(&file, "1\n/data\n0\n5432\n\n127.0.0.1\n0\nready   \n").unwrap();
        assert!(is_ready(&file));
    }

    #[test]
    fn passwords_are_long_and_differ() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}

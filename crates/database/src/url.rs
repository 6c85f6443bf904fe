//! Addresses of databases: which one by the scheme, and what every Postgres connection asks for.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `postgres://…`
    Postgres,
    /// `sqlite://…`, the embedded one.
    Sqlite,
}

/// A database to connect to.
#[derive(Clone)]
pub(crate) enum Target {
    /// The address as libpq takes it, with our defaults added.
    Postgres(String),
    /// The file.
    Sqlite(PathBuf),
}

/// What a connection asks for unless the address says otherwise: a server that cannot be reached is given up after 5 s,
/// a peer that is dead after about 10 s (idle: 10 s of silence, then probes; sending: 10 s unacknowledged).
const POSTGRES_DEFAULTS: [(&str, &str); 7] = [
    ("application_name", "gih"),
    ("connect_timeout", "5"),
    ("keepalives", "1"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "3"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "10000"),
];

const ALLOWED: &str = "it is sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE";

impl Target {
    /// Reads an address. The error never quotes it, because it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(format!("it has no scheme; {ALLOWED}"));
        };
        match scheme {
            "postgres" | "postgresql" => Ok(Self::Postgres(with_defaults(url, &system_ca))),
            "sqlite" => sqlite_path(rest).map(Self::Sqlite),
            other => Err(format!("the scheme {other:?} is none of ours; {ALLOWED}")),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Postgres(_) => Kind::Postgres,
            Self::Sqlite(_) => Kind::Sqlite,
        }
    }
}

fn sqlite_path(path: &str) -> Result<PathBuf, String> {
    if path.is_empty() || path.ends_with('/') {
        return Err("sqlite:// wants the path of a file".to_owned());
    }
    if path.contains(":memory:") || path.contains('?') {
        // Every connection would have a database of its own; and the hub sets what it needs by itself.
        return Err("sqlite:// wants the path of a file, without parameters".to_owned());
    }
    // Absolute, so that neither a change of directory nor SQLite's own `file:` addresses can make it mean another one.
    std::path::absolute(Path::new(path)).map_err(|error| error.to_string())
}

fn with_defaults(url: &str, ca: &dyn Fn() -> Option<PathBuf>) -> String {
    let (_, query) = url.split_once('?').unwrap_or((url, ""));
    let given = |name: &str| {
        query
            .split('&')
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value)
    };
    let mut complete = url.to_owned();
    let mut separator = match url.split_once('?') {
        None => '?',
        Some(_) => '&',
    };
    let mut add = |name: &str, value: &str| {
        let _ = write!(complete, "{separator}{name}={value}"); // cannot fail: it is a String
        separator = '&';
    };
    for (name, value) in POSTGRES_DEFAULTS {
        if given(name).is_none() {
            add(name, value);
        }
    }
    let verifies = matches!(given("sslmode"), Some("verify-ca" | "verify-full"));
    if verifies && given("sslrootcert").is_none() {
        // OpenSSL is built in, and its compiled-in folder is not where this system keeps its certificates.
        if let Some(bundle) = ca().as_deref().and_then(Path::to_str) {
            add("sslrootcert", &percent_encoded(bundle));
        }
    }
    complete
}

fn system_ca() -> Option<PathBuf> {
    openssl_probe::probe().cert_file
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}"); // cannot fail: it is a String
        }
        encoded
    })
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;

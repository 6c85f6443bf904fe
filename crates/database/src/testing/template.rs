//! A Postgres database that tests copy theirs from, which takes a fraction of the time of preparing each.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::{Connection, execute, numbers};
use crate::db::Db;
use crate::migrate::migrate_postgres;

/// The name of the database to copy from, on the server of `admin_url`: there is one for each state of the migrations and
/// of what else it depends `on`. `prepare` gets the address of an empty one. Blocks. The error is the database's.
///
/// It is made under another name and renamed when it is done, so that of processes at the same time one wins, and one
/// that dies half way leaves nothing that looks whole.
pub fn template(
    admin_url: &str,
    on: impl Hash,
    prepare: impl FnOnce(&str) -> Result<(), String>,
) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    hash_folder(&migrations, &mut hasher).map_err(|error| error.to_string())?;
    on.hash(&mut hasher);
    let template = format!("gih_template_{:016x}", hasher.finish());
    let exists = format!("SELECT count(*) AS number FROM pg_database WHERE datname = '{template}'");
    let is_there = || Ok::<_, String>(numbers(admin_url, &exists)? == [1]);
    if is_there()? {
        return Ok(template);
    }
    let nanos = UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    let draft = format!("gih_draft_{}_{nanos}", std::process::id());
    execute(admin_url, &format!("CREATE DATABASE {draft}"))?;
    let rename = format!("ALTER DATABASE {draft} RENAME TO {template}");
    let made = prepare(&database_url(admin_url, &draft)).and_then(|()| execute(admin_url, &rename));
    if let Err(problem) = made {
        let _dropped = execute(admin_url, &format!("DROP DATABASE {draft} WITH (FORCE)"));
        // The rename fails when another process made the template first.
        if !is_there().unwrap_or(false) {
            return Err(problem);
        }
    }
    Ok(template)
}

/// Brings a Postgres database to this build's schema. Blocks.
pub fn migrate(url: &str) -> Result<(), String> {
    match &mut Connection::open(url)? {
        Connection(Db::Pg(c)) => migrate_postgres(c).map_err(|error| error.to_string())?,
        Connection(Db::Lite(_)) => return Err(format!("{url} is no Postgres")),
    };
    Ok(())
}

/// The address of another database on the same server.
pub fn database_url(admin_url: &str, name: &str) -> String {
    let (address, query) = match admin_url.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (admin_url, String::new()),
    };
    let server = address
        .rsplit_once('/')
        .map_or(address, |(server, _)| server);
    format!("{server}/{name}{query}")
}

fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        path.file_name().hash(hasher);
        if path.is_dir() {
            hash_folder(&path, hasher)?;
        } else {
            std::fs::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}

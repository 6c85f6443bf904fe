//! How many files and sockets the process may have open, and whether that is enough for its settings.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::settings::Settings;

/// What is open besides: the listener, the log, the runtimes' own, the database's connections and files.
const OTHERS: u64 = 128;
/// What one generation may have open: the connection to the provider, to the image store, and the file it receives.
const PER_GENERATION: u64 = 3;
/// What one upload may have open besides its connection: the file it receives, and the one being put into the store.
const PER_UPLOAD: u64 = 2;

/// Raises the process's limit as far as it may by itself, and says in the log when the settings can come to need more.
pub fn provide(settings: &Settings, workers: u32) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let allowed = if current == maximum {
        current
    } else {
        let raised = Rlimit {
            current: maximum,
            maximum,
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => maximum,
            Err(_) => current, // it stays as it is
        }
    };
    let needed = needed(settings, workers);
    // No limit is none to fall short of.
    if let Some(allowed) = allowed.filter(|allowed| *allowed < needed) {
        tracing::warn!(
            allowed,
            needed,
            "the limit of open files (ulimit -n, LimitNOFILE) is lower than GIH_MAX_CONNECTIONS, GIH_WORKERS and \
             GIH_MAX_UPLOADS can need: connections will wait, and work will fail, when it is reached"
        );
    }
}

fn needed(settings: &Settings, workers: u32) -> u64 {
    // An answer to a client may have an image open.
    let connections = 2 * u64::from(settings.http.max_connections);
    let uploads = PER_UPLOAD * u64::from(settings.http.max_uploads);
    OTHERS + connections + PER_GENERATION * u64::from(workers) + uploads
}

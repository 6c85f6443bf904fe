//! Work that blocks, off the async threads.

use std::io;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// Runs `work` on the blocking pool. Once begun it runs to its end, even if the caller gives up.
pub(crate) async fn run<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<io::Error> + Send + 'static,
{
    // It fails when the runtime goes away or the work panics: either way this piece of work is lost, not the process.
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error).into()))
}

/// Runs `work` some time soon, without waiting for it; at once where there is no runtime.
pub(crate) fn detach(work: impl FnOnce() + Send + 'static) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(work)),
        Err(_) => work(),
    }
}

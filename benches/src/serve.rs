//! What the three servers have in common.

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer};
use anyhow::{Context, Result};
use std::time::Duration;

/// Longer than any run: a server that closes an idle connection races with the next request on it.
const KEEP_ALIVE: Duration = Duration::from_hours(1);
/// Connections that may wait to be accepted; all callers of a row connect at once.
const BACKLOG: u32 = 4096;

/// Serves on a free port of loopback until it is killed; says where on stdout.
#[allow(clippy::print_stdout)] // the program that starts this one reads the line
pub fn forever<F, S>(threads: usize, services: F) -> Result<()>
where
    F: Fn() -> S + Send + Clone + 'static,
    S: HttpServiceFactory + 'static,
{
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || App::new().service(services()))
            .workers(threads)
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(Duration::ZERO)
            .backlog(BACKLOG)
            .bind(("127.0.0.1", 0))
            .context("no free port on 127.0.0.1")?;
        let address = server.addrs().into_iter().next();
        println!(
            "listening on http://{}",
            address.context("the server is bound to no address")?
        );
        Ok(server.run().await?)
    })
}

/// As many threads as this process has cores.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

//! The HTTP server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpServer, web};
use anyhow::Context as _;
use tokio::task::JoinHandle;

use crate::cli::Role;
use crate::hub::Hub;
use crate::settings::Settings;

/// How long a connection may take to send a whole request head: a bound on what slow clients can hold.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long an idle connection is kept for the next request: longer than common proxies keep theirs idle (60 s), so that
/// it is they who close, and no request meets a closing connection.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long connections get to take their last answer once nothing is in flight any more.
const CLOSE_TIMEOUT_SECONDS: u64 = 5;

/// The running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// The base of links.
    pub public_url: String,
    /// Whether it answers health checks and metrics alone.
    pub is_worker: bool,
    handle: ServerHandle,
    running: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Returns when the server has ended, which it does by itself only when it cannot serve.
    pub async fn ended(&mut self) {
        if let Ok(Err(error)) = (&mut self.running).await {
            tracing::error!(%error, "the HTTP server failed");
        }
    }

    /// Stops to listen, lets connections take their last answer, and ends.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        if let Ok(Err(error)) = self.running.await {
            tracing::warn!(%error, "the HTTP server ended with an error");
        }
    }
}

/// Binds and serves. A worker answers health checks and metrics alone.
pub fn start(hub: &Arc<Hub>, settings: &Settings, role: Option<Role>) -> anyhow::Result<Server> {
    let http = &settings.http;
    // Bound before anything else, because port 0 tells the address only then, and links need it.
    let listener = std::net::TcpListener::bind(http.bind)
        .with_context(|| format!("GIH_BIND: cannot listen on {}", http.bind))?;
    let address = listener.local_addr()?;
    let public_url = http
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{address}"));
    let state = web::Data::new(hub.api(settings, public_url.clone()));
    let origins = http.cors_origins.clone();
    let is_worker = role == Some(Role::Worker);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(Condition::new(!origins.is_empty(), gih_api::cors(&origins)))
            .wrap(from_fn(gih_api::observe))
            .wrap(from_fn(gih_api::measure))
            .configure(gih_api::configure(&state, is_worker))
    })
    .client_request_timeout(HEAD_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(CLOSE_TIMEOUT_SECONDS)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    Ok(Server {
        address,
        public_url,
        is_worker,
        handle,
        running: tokio::spawn(server),
    })
}

//! The HTTP server: actix's, over streams of our own, so that no client can hold a connection by being slow.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_http::{HttpService, Protocol};
use actix_server::{ServerBuilder, ServerHandle};
use actix_service::{
    IntoServiceFactory as _, ServiceFactoryExt as _, apply_fn_factory, map_config,
};
use actix_web::dev::AppConfig;
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, web};
use anyhow::Context as _;
use gih_api::{ApiError, Connection, HEAD_TIMEOUT, KEEP_ALIVE, Slow};
use gih_console::ConsoleState;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::client_stream::ClientStream;
use crate::cli::Role;
use crate::hub::Hub;
use crate::settings::Settings;

/// How long a client whose body is not read may go on sending it before the connection is closed under it: what was
/// answered meanwhile would be lost with the connection.
const LINGER: Duration = Duration::from_secs(5);
/// How long connections get to take their last answer once no work is in flight any more. Those that wait for a request
/// are closed at once.
const CLOSE_TIMEOUT_SECONDS: u64 = 30;
/// How many bytes may wait in the system that it has not sent. It would let megabytes wait and then tell of room only when
/// a third of them is gone, so that a client that takes them slowly looks like one that takes nothing. What is on its
/// way is not counted, so far clients lose no speed by it.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;

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
    let console = web::Data::new(hub.console(settings, &state)?);
    let origins = http.cors_origins.clone();
    let is_worker = role == Some(Role::Worker);
    let builder = bounded(http.max_connections);
    let stopping = builder.graceful_shutdown_signal();
    let service = move || {
        let app = App::new()
            .wrap(Condition::new(!origins.is_empty(), gih_api::cors(&origins)))
            .wrap(from_fn(gih_api::observe))
            .wrap(from_fn(gih_api::measure))
            .configure(gih_api::configure(&state, is_worker))
            .configure(|config| {
                if !is_worker {
                    config.configure(gih_console::configure(&console));
                    config.default_service(web::to(unknown));
                }
            })
            .into_factory()
            .map_err(|error| error.error_response());
        let stopping = stopping.clone();
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIMEOUT)
            .client_disconnect_timeout(LINGER)
            .local_addr(address)
            // As actix-web's own server does: idle connections end when the server does.
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|stream: &ClientStream, data| {
                data.insert(stream.connection());
            })
            // The configuration is about names in links, and ours come from the settings.
            .finish(map_config(app, |()| AppConfig::default()));
        apply_fn_factory(http, |stream: TcpStream, http| {
            let peer = stream.peer_addr().ok();
            // Answers are written whole. It fails on a connection that is gone, which is found out next.
            let _gone = stream.set_nodelay(true);
            #[cfg(target_os = "linux")]
            let _gone = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
            let stream = ClientStream::new(stream);
            let connection = stream.connection();
            let serving = actix_service::Service::call(http, (stream, Protocol::Http1, peer));
            async move {
                tokio::select! {
                    served = serving => served,
                    why = slowness(&connection) => {
                        tracing::debug!(?why, peer = peer.map(tracing::field::display), "a slow connection was closed");
                        Ok(())
                    }
                }
            }
        })
    };
    let server = builder
        .disable_signals()
        .shutdown_timeout(CLOSE_TIMEOUT_SECONDS)
        .listen("http", listener, service)?
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

/// Nothing is at this address: a page for people, the API's error for programs.
async fn unknown(
    request: HttpRequest,
    console: web::Data<ConsoleState>,
) -> Result<HttpResponse, ApiError> {
    match gih_console::unknown(&request, &console).await {
        Some(page) => Ok(page),
        None => gih_api::unknown(request).await,
    }
}

/// A server that has at most so many connections at once; more wait in the listener's backlog. Each thread has its part.
fn bounded(max_connections: u32) -> ServerBuilder {
    let max = max_connections as usize;
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = threads.min(MAX_THREADS).min(max);
    ServerBuilder::new()
        .workers(threads)
        .max_concurrent_connections(max / threads)
}

/// As many threads as actix takes; more than any machine needs to parse HTTP.
const MAX_THREADS: usize = 512;

/// Returns when the connection must be ended.
async fn slowness(connection: &Connection) -> Slow {
    loop {
        match connection.look(Instant::now()) {
            Ok(next) => tokio::time::sleep_until(next.into()).await,
            Err(why) => return why,
        }
    }
}

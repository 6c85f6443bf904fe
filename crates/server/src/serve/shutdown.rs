//! The end: on a first signal drained, on a second at once.

use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::http::Server;
use crate::hub::Hub;

/// How often it is looked whether the last work is done.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long the listener still answers 503 once nothing is in flight, so that whoever balances load has seen it.
const LINGER: Duration = Duration::from_millis(300);

/// What ends the process: SIGTERM, or SIGINT from a terminal.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen: from here on a signal no longer ends the process by itself.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits for a signal, then drains: new work is answered 503 while the listener stays open, running work goes on, at
/// most for `longest`. A second signal ends the process at once; what it had in flight is settled by the next start, or
/// by another process's reaper. So does a server that cannot serve.
pub async fn wait(
    hub: &Hub,
    mut signals: Signals,
    mut server: Server,
    longest: Duration,
) -> ExitCode {
    tokio::select! {
        () = signals.next() => {}
        () = server.ended() => {
            tracing::error!("the HTTP server ended by itself");
            return ExitCode::FAILURE;
        }
    }
    tracing::info!("shutting down: taking nothing new, finishing what runs");
    tokio::select! {
        () = drain(hub, server, longest) => {
            tracing::info!("shut down");
            ExitCode::SUCCESS
        }
        () = signals.next() => {
            tracing::warn!("second signal: ending at once");
            ExitCode::FAILURE
        }
    }
}

async fn drain(hub: &Hub, server: Server, longest: Duration) {
    let deadline = Instant::now() + longest;
    // Canceling asks the database, which may be away; what is not canceled by then stays queued.
    if tokio::time::timeout(longest, hub.engine.drain())
        .await
        .is_err()
    {
        tracing::warn!("queued work could not be canceled in time");
    }
    sleep(LINGER).await;
    idle(hub, deadline).await;
    server.stop().await;
    // A request that was let in at the last moment may have become work while the server stopped.
    idle(hub, deadline).await;
    if let Err(error) = hub.flush_uses().await {
        tracing::warn!(%error, "when keys were last used could not be written down");
    }
    if let Err(error) = hub.engine.resign().await {
        tracing::warn!(%error, "the lease could not be given up; it will lapse");
    }
}

async fn idle(hub: &Hub, deadline: Instant) {
    while !hub.engine.is_idle() && Instant::now() < deadline {
        sleep(LOOK_EVERY).await;
    }
}

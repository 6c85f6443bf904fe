//! The hub as its users have it: the real binary, started on a database and a folder of its own, spoken to over a socket.
//!
//! Nothing is left behind: processes are killed, folders and databases removed when their owner is dropped.

#![allow(dead_code)] // each module of tests uses a part of it

mod account;
mod answer;
mod api;
mod browser;
mod exposition;
mod hub;
mod place;
pub mod process;
pub mod samples;
mod settings;
mod shape;
pub mod wire;

pub use account::Account;
pub use answer::Answer;
pub use api::{Api, send};
pub use browser::{Browser, Key, tool};
pub use exposition::Exposition;
pub use hub::Hub;
pub use place::Place;
pub use process::Finished;
pub use settings::{Kind, Options};
pub use shape::shape;

use std::time::{Duration, Instant};

use gih_fake_openai::FakeOpenAi;

/// How long anything may take that a test waits for: far more than it needs, so that only what never comes fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Runs the test on a hub's worth of options for each database, one after the other.
pub async fn on_both(test: impl AsyncFn(Options)) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        eprintln!("--- on {kind:?}");
        test(Options::on(kind)).await;
    }
}

/// A hub in front of a stand-in for the provider, and its API with the live key of a PRO account that has so many
/// credits.
pub async fn live(options: Options, credits: u32) -> (FakeOpenAi, Hub, Api) {
    let upstream = FakeOpenAi::start().await;
    let hub = Hub::start(options.upstream(&upstream)).await;
    let account = hub.account();
    if credits > 0 {
        account.grant(credits);
    }
    let api = account.live();
    (upstream, hub, api)
}

/// Asks again and again until there is an answer; fails when there is none within [`PATIENCE`].
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(pause(started.elapsed())).await;
    }
}

/// The pause before the next question: a tenth of the time waited so far, between 20 and 200 ms. Questions that are asked all
/// the time take the cores from the tests beside.
pub fn pause(waited: Duration) -> Duration {
    (waited / 10).clamp(Duration::from_millis(20), Duration::from_millis(200))
}

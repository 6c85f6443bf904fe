//! The previous build and this one on one database: side by side on Postgres, one after the other on the embedded one.
//!
//! `cargo xtask rolling [REVISION]` builds the previous one and names it in `GIH_PREVIOUS_BINARY`. Without that, this
//! build takes both parts, which still tests the exchange of processes under load.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::chance::{Chance, Seed, figure, seed};
use super::crowd::{Crowd, within};
use super::upstream::Upstream;
use crate::support::process::{command_of, finish, this_build};
use crate::support::{Hub, Kind, Options, Place};

/// Names the binary of the previous build.
const PREVIOUS: &str = "GIH_PREVIOUS_BINARY";
/// How often a process is exchanged, to the new build and back and to the new build again.
const EXCHANGES: usize = 12;
/// New asks of each exchange, and the time within which they come.
const ASKS: usize = 10;
const SPREAD: Duration = Duration::from_millis(400);
/// How long the provider takes at most.
const SLOWEST: Duration = Duration::from_millis(300);

/// The two builds, the previous one first.
fn builds() -> [PathBuf; 2] {
    let this = this_build().to_owned();
    let previous = std::env::var_os(PREVIOUS).map(PathBuf::from);
    match previous {
        Some(previous) => {
            eprintln!("the previous build is {}", previous.display());
            [previous, this]
        }
        None => [this.clone(), this],
    }
}

fn options(kind: Kind, upstream: &Upstream) -> Options {
    Options::on(kind)
        .upstream(&upstream.fake)
        .env("GIH_WORKERS", 4)
        .env("GIH_LEASE", "1s")
}

/// The books hold by the rules of both builds.
fn audit(place: &Place, builds: &[PathBuf]) {
    for build in builds {
        let audit = finish(command_of(build, &place.env(), &["audit", "--json"]), "").succeed();
        assert_eq!(
            audit.json(),
            json!({"ok": true, "violations": []}),
            "{}",
            build.display()
        );
    }
}

/// Ends a process as an operator's tools do: mostly kindly, and not always.
async fn end(mut hub: Hub, is_kind: bool) {
    let ending = tokio::task::spawn_blocking(move || {
        if is_kind {
            hub.process.signal("TERM");
            let code = hub.process.wait().code();
            assert_eq!(code, Some(0), "{}", hub.process.stderr());
        } else {
            hub.process.kill();
        }
    });
    ending.await.unwrap();
}

/// Which build each exchange brings: both processes to the new one, both back, and so on, so that in every other
/// exchange the two differ.
fn build_of(exchange: usize, builds: &[PathBuf; 2]) -> PathBuf {
    builds[(exchange / 2 + 1) % 2].clone()
}

/// What a figure is called: a build beside itself is no upgrade.
fn named(figure: &str) -> String {
    let what = match std::env::var_os(PREVIOUS) {
        Some(_) => "rolling upgrade",
        None => "one build after itself",
    };
    format!("{what}: {figure}")
}

#[tokio::test]
async fn two_builds_share_a_database_while_one_replaces_the_other() {
    let seed = Seed(seed());
    let builds = builds();
    let upstream = Upstream::start().await;
    let place = Arc::new(Place::empty(Kind::Postgres));
    finish(command_of(&builds[0], &place.env(), &["migrate"]), "").succeed();
    let options = options(Kind::Postgres, &upstream);
    let start = async |build: PathBuf| {
        Hub::start_at(Arc::clone(&place), options.clone().binary(build)).await
    };
    let mut leaving = start(builds[0].clone()).await;
    let mut staying = start(builds[0].clone()).await;
    let mut crowd = Crowd::of(&staying, Chance::new(seed.0), SLOWEST);
    for exchange in 0..EXCHANGES {
        let apis = [crowd.api(&leaving), crowd.api(&staying)];
        let calls = crowd.ask(&apis, ASKS, SPREAD);
        tokio::time::sleep(within(&mut crowd.chance, SPREAD)).await;
        if exchange == 0 {
            // With the previous build at work, as an operator is told to.
            finish(command_of(&builds[1], &place.env(), &["migrate"]), "").succeed();
        }
        let is_kind = crowd.chance.below(3) > 0;
        let (coming, (), ()) = tokio::join!(
            start(build_of(exchange, &builds)),
            end(leaving, is_kind),
            crowd.hear(calls)
        );
        // And now those two side by side, with nobody leaving.
        let calls = crowd.ask(
            &[crowd.api(&coming), crowd.api(&staying)],
            ASKS / 2,
            SPREAD / 4,
        );
        crowd.hear(calls).await;
        (leaving, staying) = (staying, coming);
    }
    let reckoning = crowd.reckon(&staying, &upstream).await;
    audit(&place, &builds);
    figure(&named("exchanges"), "postgres", EXCHANGES as u64);
    figure(&named("generations"), "postgres", reckoning.generations);
    let wrong = reckoning.lost + reckoning.doubled + reckoning.sent_twice;
    figure(&named("lost, doubled or sent twice"), "postgres", wrong);
    assert!(reckoning.succeeded > EXCHANGES as u64, "{reckoning:?}");
}

#[tokio::test]
async fn two_builds_follow_each_other_on_the_embedded_database() {
    let seed = Seed(seed());
    let builds = builds();
    let upstream = Upstream::start().await;
    let place = Arc::new(Place::empty(Kind::Sqlite));
    let options = options(Kind::Sqlite, &upstream);
    let start = async |build: &PathBuf| {
        Hub::start_at(Arc::clone(&place), options.clone().binary(build)).await
    };
    let mut hub = start(&builds[0]).await;
    let mut crowd = Crowd::of(&hub, Chance::new(seed.0), SLOWEST);
    for exchange in 1..=EXCHANGES {
        let calls = crowd.ask(&[crowd.api(&hub)], ASKS, SPREAD);
        tokio::time::sleep(within(&mut crowd.chance, SPREAD)).await;
        let is_kind = crowd.chance.below(2) == 0;
        tokio::join!(end(hub, is_kind), crowd.hear(calls));
        hub = start(&builds[exchange % 2]).await;
    }
    let reckoning = crowd.reckon(&hub, &upstream).await;
    audit(&place, &builds);
    figure(&named("exchanges"), "sqlite", EXCHANGES as u64);
    figure(&named("generations"), "sqlite", reckoning.generations);
    let wrong = reckoning.lost + reckoning.doubled + reckoning.sent_twice;
    figure(&named("lost, doubled or sent twice"), "sqlite", wrong);
}

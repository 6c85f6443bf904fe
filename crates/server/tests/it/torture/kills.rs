//! `kill -9` at random moments under load, again and again.

use std::time::Duration;

use super::chance::{Chance, Seed, figure, seed, share};
use super::crowd::{Crowd, within};
use super::reckoning::Reckoning;
use super::upstream::Upstream;
use crate::operator::site::Site;
use crate::support::{Hub, Kind, Options};

/// How often a hub is killed in one run.
const CYCLES: u64 = 100;
const CYCLES_SHARE: u64 = 20;
/// The same where another goes on beside it; in one of two cycles the other is killed next.
const CYCLES_BESIDE: u64 = 50;
const CYCLES_BESIDE_SHARE: u64 = 20;
/// New asks of each cycle.
const ASKS: usize = 8;
/// They come within this time after the start.
const SPREAD: Duration = Duration::from_millis(150);
/// A kill comes within this time after the start: before, while and after the work is done.
const LIFE: Duration = Duration::from_millis(300);
/// How long the provider takes at most.
const SLOWEST: Duration = Duration::from_millis(80);
/// The books are audited after so many cycles, right after the kill, as it left them.
const AUDIT_EVERY: u64 = 10;

fn site(kind: Kind, upstream: &Upstream) -> Site {
    let options = Options::on(kind).upstream(&upstream.fake);
    Site {
        // Fewer slots than asks, so that some queue.
        options: options
            .env("GIH_WORKERS", 4)
            .env("GIH_LEASE", "1s")
            .env("GIH_LOG", "warn"),
        ..Site::of(kind)
    }
}

/// Records the figures of a run.
fn tell(name: &str, database: &str, cycles: u64, reckoning: &Reckoning) {
    eprintln!("{name} on {database}: {reckoning:?}");
    figure(&format!("{name}: cycles"), database, cycles);
    figure(
        &format!("{name}: generations"),
        database,
        reckoning.generations,
    );
    figure(&format!("{name}: succeeded"), database, reckoning.succeeded);
    figure(
        &format!("{name}: cut off and refunded"),
        database,
        reckoning.interrupted,
    );
    figure(
        &format!("{name}: found in the list by who lost the answer"),
        database,
        reckoning.found_in_list,
    );
    for (what, number) in [
        ("lost", reckoning.lost),
        ("doubled", reckoning.doubled),
        ("sent twice", reckoning.sent_twice),
    ] {
        figure(&format!("{name}: {what}"), database, number);
    }
    // A run that cuts nothing off, or lets nothing through, proves nothing.
    assert_eq!(reckoning.canceled, 0, "nobody shuts down");
    let cut_off = reckoning.interrupted;
    assert!(
        cut_off > 0 && reckoning.succeeded > cycles / 2,
        "{reckoning:?}"
    );
}

/// Kills the only process, again and again; some starts are killed before they listen.
async fn kill_the_only_one(kind: Kind, database: &str) {
    let seed = Seed(seed());
    let upstream = Upstream::start().await;
    let site = site(kind, &upstream);
    let mut hub = site.serve().await;
    let mut crowd = Crowd::of(&hub, Chance::new(seed.0), SLOWEST);
    let cycles = share(CYCLES_SHARE, CYCLES);
    for cycle in 1..=cycles {
        let calls = crowd.ask(&[crowd.api(&hub)], ASKS, SPREAD);
        tokio::time::sleep(within(&mut crowd.chance, LIFE)).await;
        hub.process.kill();
        crowd.hear(calls).await;
        if cycle % AUDIT_EVERY == 0 {
            hub.audit();
        }
        if crowd.chance.below(8) == 0 {
            let mut start = site.spawn(&["serve"]);
            tokio::time::sleep(within(&mut crowd.chance, LIFE / 2)).await;
            start.kill();
        }
        hub = hub.restart().await;
    }
    let reckoning = crowd.reckon(&hub, &upstream).await;
    hub.audit();
    tell("kill -9", database, cycles, &reckoning);
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_on_the_embedded_database() {
    kill_the_only_one(Kind::Sqlite, "sqlite").await;
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_on_postgres() {
    kill_the_only_one(Kind::Postgres, "postgres").await;
}

/// Two processes, of which one or the other is killed while its neighbour goes on and takes over.
#[tokio::test]
async fn nothing_is_lost_or_doubled_while_another_process_goes_on() {
    let seed = Seed(seed());
    let upstream = Upstream::start().await;
    let site = site(Kind::Postgres, &upstream);
    let (mut killed, mut beside): (Hub, Hub) = (site.serve().await, site.serve().await);
    let mut crowd = Crowd::of(&killed, Chance::new(seed.0 ^ 1), SLOWEST);
    let cycles = share(CYCLES_BESIDE_SHARE, CYCLES_BESIDE);
    for cycle in 1..=cycles {
        let apis = [crowd.api(&killed), crowd.api(&beside)];
        let calls = crowd.ask(&apis, ASKS, SPREAD);
        tokio::time::sleep(within(&mut crowd.chance, LIFE)).await;
        killed.process.kill();
        if cycle % AUDIT_EVERY == 0 {
            beside.audit();
        }
        let (restarted, ()) = tokio::join!(killed.restart(), crowd.hear(calls));
        killed = restarted;
        assert!(!beside.process.has_ended(), "the neighbour died too");
        if crowd.chance.below(2) == 0 {
            std::mem::swap(&mut killed, &mut beside);
        }
    }
    let reckoning = crowd.reckon(&beside, &upstream).await;
    beside.audit();
    // The reaper forgets the dead, if not the last of them yet; two processes started the whole, and one each cycle.
    let workers = site.number("SELECT count(*) AS number FROM workers");
    let started = 2 + i64::try_from(cycles).unwrap();
    assert!(
        workers < 30.min(started - 2),
        "{workers} of {started} are remembered"
    );
    tell("kill -9 of one of two", "postgres", cycles, &reckoning);
}

//! One process answers, others work: ends are heard of soon, and workers come and go under load.

use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::join_all;

use super::asks::{Ask, Heard, Manner};
use super::chance::{Chance, Seed, figure, seed};
use super::crowd::Crowd;
use super::upstream::Upstream;
use crate::operator::site::KINDS;
use crate::support::{Hub, Options, until};

/// Waiting calls whose answers are timed.
const CALLS: usize = 40;
/// They end at moments spread over this time, several within one look for ends and some alone.
const ENDS_WITHIN: Duration = Duration::from_secs(4);
/// How late the answer may be on average (the median): what the hub promises for each.
const LATE_MS: i64 = 300;

fn options(upstream: &Upstream) -> Options {
    Options::postgres()
        .upstream(&upstream.fake)
        .env("GIH_LEASE", "1s")
}

async fn half(first: Option<&Hub>, options: Options, role: &str) -> Hub {
    let options = options.arg("--role").arg(role);
    match first {
        Some(first) => first.beside(|_| options).await,
        None => Hub::start(options).await,
    }
}

/// From the end in the database, which a worker writes, to the answer at the client of another process. The median,
/// because a busy machine may keep any one of them.
#[tokio::test]
async fn a_waiting_call_is_answered_soon_after_its_end_in_another_process() {
    let seed = Seed(seed());
    let mut chance = Chance::new(seed.0);
    let upstream = Upstream::start().await;
    let api = half(None, options(&upstream), "api").await;
    let worker = half(Some(&api), options(&upstream), "worker").await;
    let crowd = Crowd::of(&api, Chance::new(seed.0), Duration::ZERO);
    let caller = crowd.api(&api);
    let ends_within = u64::try_from(ENDS_WITHIN.as_millis()).unwrap_or(u64::MAX);
    let calls = (0..CALLS).map(|number| {
        let takes = Duration::from_millis(chance.below(ends_within));
        let ask = Ask::plain(number, Manner::Waits, takes);
        let caller = caller.clone();
        async move {
            let heard = ask.send(&caller).await;
            let answered = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
            assert!(
                matches!(&heard, Heard::Id(_, body) if body["status"] == "succeeded"),
                "{heard:?}"
            );
            answered
        }
    });
    let answered = join_all(calls).await;
    let ended = api.place.numbers(
        "SELECT CAST(extract(epoch FROM completed_at) * 1000 AS bigint) AS number \
         FROM generations ORDER BY CAST(split_part(prompt, ' ', 3) AS integer)",
    );
    let mut late: Vec<i64> = answered
        .iter()
        .zip(&ended)
        .map(|(answered, ended)| answered - ended)
        .collect();
    late.sort_unstable();
    let at = |percent: usize| u64::try_from(late[(CALLS - 1) * percent / 100]).unwrap_or(0);
    figure(
        "answer after an end elsewhere: median ms",
        "postgres",
        at(50),
    );
    figure("answer after an end elsewhere: 90 % ms", "postgres", at(90));
    assert!(late[CALLS / 2] <= LATE_MS, "late by {late:?} ms");
    assert_eq!(upstream.order().len(), CALLS);
    drop(worker);
    api.audit();
}

/// Workers share the work of one API process. One drains under load, which costs nothing; one is told twice, which
/// costs what it had sent.
#[tokio::test]
async fn workers_come_and_go_under_load() {
    let seed = Seed(seed());
    let upstream = Upstream::start().await;
    let options = options(&upstream).env("GIH_WORKERS", 5);
    let api = half(None, options.clone(), "api").await;
    let mut first = half(Some(&api), options.clone(), "worker").await;
    let mut second = half(Some(&api), options.clone(), "worker").await;
    let mut crowd = Crowd::of(&api, Chance::new(seed.0), Duration::from_millis(600));
    let apis = [crowd.api(&api)];
    let calls = crowd.ask(&apis, 50, Duration::from_secs(1));
    until("both to work", async || {
        let at_work =
            "SELECT count(DISTINCT worker_id) AS number FROM generations WHERE status = 'running'";
        (api.place.numbers(at_work) == [2]).then_some(())
    })
    .await;
    first.process.signal("TERM");
    crowd.hear(calls).await;
    assert_eq!(
        first.process.wait().code(),
        Some(0),
        "{}",
        first.process.stderr()
    );
    let drained = crowd.reckon(&api, &upstream).await;
    assert_eq!(
        (drained.interrupted, drained.canceled),
        (0, 0),
        "{drained:?}"
    );

    let before = upstream.order().len();
    let calls = crowd.ask(&apis, 30, Duration::from_millis(200));
    until("the other to be busy", async || {
        (upstream.order().len() >= before + 5).then_some(())
    })
    .await;
    second.process.signal("TERM");
    tokio::time::sleep(Duration::from_millis(20)).await;
    second.process.signal("TERM");
    // Either signal may have found it idle for a moment, and then it has drained.
    assert!(second.process.wait().code().is_some());
    let third = half(Some(&api), options, "worker").await;
    crowd.hear(calls).await;
    let reckoning = crowd.reckon(&api, &upstream).await;
    figure(
        "workers come and go: generations",
        "postgres",
        reckoning.generations,
    );
    figure(
        "workers come and go: cut off and refunded",
        "postgres",
        reckoning.interrupted,
    );
    drop(third);
    api.audit();
}

/// SIGTERM in the middle of everything: who is served is served, who is not is told so and charged nothing.
#[tokio::test]
async fn a_drain_under_load_loses_nothing() {
    for (kind, database) in KINDS.into_iter().zip(["sqlite", "postgres"]) {
        let seed = Seed(seed());
        let upstream = Upstream::start().await;
        let options = Options::on(kind).upstream(&upstream.fake);
        let mut hub = Hub::start(options.env("GIH_WORKERS", 4).env("GIH_LEASE", "1s")).await;
        let mut crowd = Crowd::of(&hub, Chance::new(seed.0), Duration::from_millis(300));
        // Once drained, once told twice.
        for signals in [1, 2] {
            let before = upstream.order().len();
            let calls = crowd.ask(&[crowd.api(&hub)], 40, Duration::from_millis(400));
            until("much to do", async || {
                (upstream.order().len() >= before + 6).then_some(())
            })
            .await;
            for _ in 0..signals {
                hub.process.signal("TERM");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            crowd.hear(calls).await;
            let code = hub.process.wait().code();
            assert_eq!(code, Some(signals - 1), "{}", hub.process.stderr());
            hub.audit();
            hub = hub.restart().await;
            let reckoning = crowd.reckon(&hub, &upstream).await;
            if signals == 1 {
                assert_eq!(reckoning.interrupted, 0, "{reckoning:?}");
                figure(
                    "drained under load: generations",
                    database,
                    reckoning.generations,
                );
                figure(
                    "drained under load: told to come again",
                    database,
                    reckoning.canceled,
                );
                figure(
                    "drained under load: cut off",
                    database,
                    reckoning.interrupted,
                );
            } else {
                figure(
                    "told twice to end: cut off and refunded",
                    database,
                    reckoning.interrupted,
                );
            }
        }
        hub.audit();
    }
}

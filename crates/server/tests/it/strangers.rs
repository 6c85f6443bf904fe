//! What free accounts and strangers do, and that paying callers do not feel it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gih_fake_openai::FakeOpenAi;
use reqwest::Method;
use serde_json::json;

use crate::support::*;

/// Long enough that what waits for it is late.
const LONG: &str = "sandbox:delay=30 a fox";

#[tokio::test(flavor = "multi_thread")]
async fn test_work_takes_no_slots_of_live_work() {
    on_both(async |options| {
        let upstream = FakeOpenAi::start().await;
        let hub = Hub::start(options.upstream(&upstream).env("GIH_WORKERS", 4)).await;
        for _ in 0..3 {
            let free = hub.account().test();
            for _ in 0..10 {
                let answer = free.draw(json!({"prompt": LONG, "async": true})).await;
                answer.ok(202);
            }
        }
        let paying = hub.account().grant(100).live();
        let began = Instant::now();
        paying.draw(json!({"prompt": "a fox"})).await.ok(200);
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
        let metrics = hub.metrics().await;
        let taken = metrics.get("gih_slots_in_use_test");
        assert_eq!(taken, metrics.get("gih_slots_test"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_others_wait_an_account_holds_half_of_the_slots() {
    on_both(async |options| {
        let hub = Hub::start(options.env("GIH_TEST_WORKERS", 4)).await;
        let (ann, bob) = (hub.account().test(), hub.account().test());
        let ask = |prompt: &str| json!({"prompt": prompt, "async": true});
        // Hers take long and his do not, so that turns alone would leave her with all slots.
        for _ in 0..2 {
            ann.draw(ask(LONG)).await.ok(202);
        }
        for _ in 0..8 {
            bob.draw(ask("sandbox:delay=0.5 a fox")).await.ok(202);
        }
        for _ in 0..8 {
            ann.draw(ask(LONG)).await.ok(202);
        }
        let count = async |api: &Api, status: &str| {
            let path = format!("/api/v1/generations?status={status}");
            api.get(&path).await.ok(200)["data"]
                .as_array()
                .unwrap()
                .len()
        };
        until("his to be done", async || {
            let hers = count(&ann, "running").await;
            assert!(hers <= 2 || count(&bob, "queued").await == 0);
            (count(&bob, "succeeded").await == 8).then_some(())
        })
        .await;
        // Nobody else waits now.
        until("hers to take what is free", async || {
            (count(&ann, "running").await == 4).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn test_generations_are_accepted_at_a_limited_rate() {
    on_both(async |options| {
        let hub = Hub::start(options.clone()).await;
        let ask = json!({"prompt": "sandbox:fail", "async": true});
        let free = hub.account().test();
        // What was accepted before, and is refunded and free again at once, counts.
        let tries: Vec<_> = join_all((0..70).map(|_| free.draw(ask.clone()))).await;
        let refused = tries.iter().filter(|answer| answer.status == 429);
        assert_eq!(refused.count(), 10);
        let refused = free.draw(ask.clone()).await;
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        let message = refused.error(429, "rateLimited", json!({}));
        assert!(message.contains("60 generations a minute"), "{message}");
        // Others, and live work, have limits of their own.
        hub.account().test().draw(ask.clone()).await.ok(202);
        hub.audit();

        let hub = Hub::start(options.env("GIH_RATE_LIMITS", "test=off,live=2")).await;
        let free = hub.account().test();
        for answer in join_all((0..70).map(|_| free.draw(ask.clone()))).await {
            answer.ok(202);
        }
    })
    .await;
}

/// A `POST` of a form by somebody at this address, behind a proxy.
async fn submit(hub: &Hub, path: &str, address: usize, form: String) -> Answer {
    let request = hub.without_key().request(Method::POST, path);
    let request = request
        .header("x-forwarded-for", format!("203.0.113.{address}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ups_take_their_memory_once() {
    const SIGN_UPS: usize = 40;
    const MOST_KIB: u64 = 60_000;
    let hub = Hub::start(Options::sqlite().env("GIH_TRUSTED_PROXIES", "127.0.0.1")).await;
    let before = hub.process.resident_kib();
    for number in 0..SIGN_UPS / 4 {
        let sign_up = |place: usize| {
            let form = format!("email=p{number}-{place}%40example.com&password=four+small+words");
            submit(&hub, "/sign-up", number, form)
        };
        for answer in join_all((0..4).map(sign_up)).await {
            assert_eq!(answer.status, 303);
        }
    }
    let grown = hub.process.resident_kib().saturating_sub(before);
    assert!(grown < MOST_KIB, "{grown} KiB by {SIGN_UPS} sign-ups");
}

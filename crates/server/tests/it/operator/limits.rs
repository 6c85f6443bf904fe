//! What an operator bounds: the queue, time, uploads.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use gih_fake_openai::{Behaviour, FakeOpenAi, Outcome};
use reqwest::multipart::{Form, Part};
use serde_json::json;

use super::site::{KINDS, Site};
use super::work::{PRICE, answer, call, is_refunded, queue, until_there_are};
use crate::support::{Hub, Kind, Options, samples, until};

/// Longer than any test.
const FOREVER: Duration = Duration::from_mins(10);

/// A hub of one worker with these settings more.
async fn hub(kind: Kind, upstream: &FakeOpenAi, settings: &[(&str, &str)]) -> (Site, Hub) {
    let mut site = Site::of(kind).with("GIH_WORKERS", "1");
    for (name, value) in settings {
        site = site.with(name, value);
    }
    site.options = site.options.upstream(upstream);
    let hub = site.serve().await;
    (site, hub)
}

fn hanging() -> Behaviour {
    Outcome::Hang.into()
}

#[tokio::test]
async fn a_full_queue_is_503_and_free() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(3)));
        let (_, hub) = hub(kind, &upstream, &[("GIH_MAX_QUEUE", "1")]).await;
        let (ann, bob) = (hub.account(), hub.account());
        ann.grant(100);
        bob.grant(100);
        let (ann, bob) = (ann.live(), bob.live());
        let first = queue(&ann, "running").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let second = queue(&ann, "queued").await;
        for api in [&ann, &bob] {
            for is_async in [true, false] {
                let refused = api.draw(json!({"async": is_async})).await;
                refused.error(503, "serviceUnavailable", json!({}));
                assert!(refused.header("retry-after").is_some(), "{refused:?}");
                assert_eq!(refused.header("x-should-retry"), None);
            }
        }
        assert_eq!(
            (ann.credits().await, ann.count().await),
            (100 - 2 * PRICE, 2)
        );
        assert_eq!((bob.credits().await, bob.count().await), (100, 0));
        for id in [first, second] {
            assert_eq!(ann.end(&id).await["status"], "succeeded");
        }
        bob.draw(json!({})).await.ok(200); // there is room again
        assert_eq!(upstream.call_count(), 3);
        hub.audit();
    }
}

#[tokio::test]
async fn an_account_with_too_much_queued_is_429_and_the_others_are_not() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(3)));
        let (_, hub) = hub(kind, &upstream, &[("GIH_MAX_QUEUED_PER_ACCOUNT", "2")]).await;
        let (ann, bob) = (hub.account(), hub.account());
        ann.grant(100);
        bob.grant(100);
        let (ann, other_key, bob) = (ann.live(), ann.live(), bob.live());
        queue(&ann, "running").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        queue(&ann, "queued").await;
        let last = queue(&ann, "queued").await;
        for api in [&ann, &other_key] {
            for is_async in [true, false] {
                let refused = api.draw(json!({"async": is_async})).await;
                refused.error(429, "rateLimited", json!({}));
                assert!(refused.header("retry-after").is_some(), "{refused:?}");
            }
        }
        assert_eq!(
            (ann.credits().await, ann.count().await),
            (100 - 3 * PRICE, 3)
        );
        let of_bob = queue(&bob, "queued").await;
        for (api, id) in [(&ann, last), (&bob, of_bob)] {
            assert_eq!(api.end(&id).await["status"], "succeeded");
        }
        ann.draw(json!({})).await.ok(200);
        hub.audit();
    }
}

#[tokio::test]
async fn a_generation_that_takes_too_long_fails_and_is_refunded() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(hanging());
        upstream.enqueue(hanging());
        let (_, hub) = hub(kind, &upstream, &[("GIH_GENERATION_TIMEOUT", "2s")]).await;
        let ann = hub.account();
        ann.grant(100);
        let api = ann.live();
        let began = Instant::now();
        let (status, _, body) = answer(call(&api, "waiting")).await;
        let took = began.elapsed();
        assert_eq!(
            (status.as_u16(), &body["error"]["code"]),
            (500, &json!("generationFailed"))
        );
        assert!((2.0..10.0).contains(&took.as_secs_f64()), "{took:?}");
        is_refunded(
            &api.end(&queue(&api, "queued").await).await,
            "failed",
            "generationFailed",
        );
        assert_eq!(api.credits().await, 100);
        api.draw(json!({})).await.ok(200); // the worker is free again
        assert_eq!(
            (api.credits().await, upstream.call_count()),
            (100 - PRICE, 3)
        );
        hub.audit();
    }
}

#[tokio::test]
async fn work_that_stays_queued_too_long_fails_and_is_refunded() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(Behaviour::succeed().after(FOREVER));
        let (_, hub) = hub(kind, &upstream, &[("GIH_QUEUE_TIMEOUT", "1s")]).await;
        let ann = hub.account();
        ann.grant(100);
        let api = ann.live();
        let running = queue(&api, "running").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let queued = queue(&api, "queued").await;
        is_refunded(&api.end(&queued).await, "failed", "generationFailed");
        assert_eq!(
            api.look(&running).await["status"],
            "running",
            "it is the queue's time alone"
        );
        assert_eq!(
            (api.credits().await, upstream.call_count()),
            (100 - PRICE, 1)
        );
        hub.audit();
    }
}

#[tokio::test]
async fn a_waiting_call_that_is_not_started_in_time_is_503_and_refunded() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.set_default(hanging());
        let (site, hub) = hub(kind, &upstream, &[("GIH_GENERATION_TIMEOUT", "3s")]).await;
        let ann = hub.account();
        ann.grant(100);
        let api = ann.live();
        // Two that hang, one behind the other, keep the one worker longer than the call may wait for it.
        let first = queue(&api, "first").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let second = queue(&api, "second").await;
        let waiting = call(&api, "waiting");
        until_there_are(&site, 2, "queued").await;
        let (status, retry_after, body) = answer(waiting).await;
        assert_eq!(
            (status.as_u16(), &body["error"]["code"]),
            (503, &json!("serviceUnavailable"))
        );
        assert!(retry_after.is_some(), "{body}");
        let id = body["error"]["generation_id"].as_str().unwrap();
        is_refunded(&api.look(id).await, "canceled", "serviceUnavailable");
        for id in [first, second] {
            is_refunded(&api.end(&id).await, "failed", "generationFailed");
        }
        assert_eq!((api.credits().await, upstream.call_count()), (100, 2));
        hub.audit();
    }
}

fn form(png: Vec<u8>) -> Form {
    Form::new()
        .text("model", "gpt-image-2")
        .text("prompt", "a fox")
        .part("reference_image", Part::bytes(png).file_name("fox.png"))
}

#[tokio::test]
async fn a_full_spool_is_503_and_free_and_room_comes_back() {
    let hub = Hub::start(Options::sqlite().env("GIH_SPOOL_LIMIT", "3 MB")).await;
    let api = hub.account().test();
    let refused = api.submit(form(samples::png_of_bytes(4_000_000))).await;
    refused.error(503, "serviceUnavailable", json!({}));
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert_eq!((api.credits().await, api.count().await), (1_000, 0));
    // Each of these needs most of the room, and gives it back, refused or not.
    for _ in 0..3 {
        api.submit(form(samples::png_of_bytes(2_000_000)))
            .await
            .ok(200);
        api.submit(form(samples::png_of_bytes(4_000_000)))
            .await
            .ok(503);
    }
    assert_eq!(api.credits().await, 1_000 - 3 * PRICE);
    hub.audit();
}

/// An upload whose body comes drop by drop: it holds its turn until it is dropped.
struct SlowUpload(std::net::TcpStream);

impl SlowUpload {
    fn begin(hub: &Hub, key: &str) -> Self {
        let mut stream = hub.connect();
        let head = format!(
            "POST /api/v1/images/generations HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\n\
            Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n\
            --b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\n",
            hub.host()
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self(stream)
    }

    /// Keeps the body from stalling.
    fn drip(&mut self) {
        self.0.write_all(b"x").unwrap();
    }
}

#[tokio::test]
async fn uploads_beyond_the_limit_wait_and_then_are_503() {
    let hub = Hub::start(Options::sqlite().env("GIH_MAX_UPLOADS", 1)).await;
    let ann = hub.account();
    let key = ann.key("test")["key"].as_str().unwrap().to_owned();
    let api = hub.with_key(&key);
    let mut slow = SlowUpload::begin(&hub, &key);
    let upload = || {
        let api = api.clone();
        tokio::spawn(async move { api.submit(form(samples::png(64, 64))).await })
    };
    // Those that come before the slow one has its turn are drawn at once; sooner or later one is kept waiting.
    let mut drawn = 0;
    let (began, waiting) = loop {
        let (began, waiting) = (Instant::now(), upload());
        while !waiting.is_finished() && began.elapsed() < Duration::from_secs(3) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if !waiting.is_finished() {
            break (began, waiting);
        }
        waiting.await.unwrap().ok(200);
        drawn += 1;
    };
    // Bodies without files are read beside them.
    api.draw(json!({})).await.ok(200);
    drawn += 1;
    while !waiting.is_finished() {
        slow.drip();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let refused = waiting.await.unwrap();
    refused.error(503, "serviceUnavailable", json!({}));
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert!(
        began.elapsed() > Duration::from_secs(10),
        "it waited for its turn"
    );
    assert_eq!(api.credits().await, 1_000 - drawn * PRICE);

    // Whoever waits when the turn comes free gets it.
    let waiting = upload();
    drop(slow);
    waiting.await.unwrap().ok(200);
    assert_eq!(api.credits().await, 1_000 - (drawn + 1) * PRICE);
    hub.audit();
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let hub = Hub::start(Options::sqlite()).await;
    let key = hub.account().key("test")["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut stalled = SlowUpload::begin(&hub, &key);
    let began = Instant::now();
    let mut answer = String::new();
    tokio::task::spawn_blocking(move || {
        stalled.0.read_to_string(&mut answer).unwrap();
        // Half a minute for the body, and a moment for the answer to be taken.
        let took = began.elapsed().as_secs();
        assert!((25..44).contains(&took), "{took} s: {answer}");
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains("invalid_request"),
            "{answer}"
        );
    })
    .await
    .unwrap();
    assert_eq!(hub.with_key(&key).count().await, 0);
    hub.audit();
}

//! What free accounts and strangers do, and that paying callers do not feel it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gih_fake_openai::FakeOpenAi;
use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;

use crate::support::wire::{self, Wire};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_list_ends_by_bytes_and_cuts_long_prompts() {
    const MAX_BYTES: usize = 256 * 1024;
    on_both(async |options| {
        let hub = Hub::start(options).await;
        let free = hub.account().test();
        // In JSON each of these characters has six bytes.
        let long = format!("sandbox:fail {}", "\u{1}".repeat(30_000));
        let asks = (0..59).map(|_| free.draw(json!({"prompt": long, "async": true})));
        for answer in join_all(asks).await {
            answer.ok(202);
        }
        let short = format!("sandbox:fail {}", "a".repeat(1_000 - 13));
        free.draw(json!({"prompt": short, "async": true}))
            .await
            .ok(202);

        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = free
                .get(&format!("/api/v1/generations?limit=100&cursor={cursor}"))
                .await;
            assert!(
                answer.body.len() < MAX_BYTES + 1_000,
                "{}",
                answer.body.len()
            );
            let page = answer.ok(200);
            seen.extend(page["data"].as_array().unwrap().clone());
            assert_eq!(page["has_more"], !page["next_cursor"].is_null());
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            next.clone_into(&mut cursor);
        }
        assert_eq!(seen.len(), 60);
        assert_eq!(seen[0]["prompt"], short);
        assert_eq!(seen[0].get("prompt_truncated"), None);
        for generation in &seen[1..] {
            let prompt = generation["prompt"].as_str().unwrap();
            assert_eq!(prompt.chars().count(), 1_000);
            assert!(long.starts_with(prompt));
            assert_eq!(generation["prompt_truncated"], true);
        }
        let whole = free.look(seen[1]["id"].as_str().unwrap()).await;
        assert_eq!(whole["prompt"], long);
        assert_eq!(whole.get("prompt_truncated"), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_take_little_memory() {
    const READERS: usize = 100;
    const MOST_KIB: u64 = 60_000;
    let upstream = FakeOpenAi::start().await;
    let hub = Hub::start(Options::sqlite().upstream(&upstream)).await;
    let free = hub.account().test();
    let long = format!("sandbox:fail {}", "\u{1}".repeat(30_000));
    let asks = (0..50).map(|_| free.draw(json!({"prompt": long, "async": true})));
    for answer in join_all(asks).await {
        answer.ok(202);
    }
    let path = "/api/v1/generations?limit=100";
    free.get(path).await.ok(200);
    let before = hub.process.resident_kib();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        free.key()
    );
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        let mut stream = socket.connect(hub.host().parse().unwrap()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        readers.push(stream);
    }
    let answered = async |status: u16| {
        let labels = format!("method=\"GET\",route=\"/api/v1/generations\",status=\"{status}\"");
        let metrics = hub.metrics().await;
        metrics
            .find(&format!("gih_http_requests_total{{{labels}}}"))
            .unwrap_or(0)
    };
    until("all answers", async || {
        (answered(200).await + answered(503).await > 100).then_some(())
    })
    .await;
    let grown = hub.process.resident_kib().saturating_sub(before);
    assert!(grown < MOST_KIB, "{grown} KiB by {READERS} readers");
    // Others are not in their way, and the account is heard again when they have gone.
    let paying = hub.account().grant(100).live();
    paying.draw(json!({})).await.ok(200);
    paying.get(path).await.ok(200);
    drop(readers);
    until("room", async || {
        (free.get(path).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_pay_is_told_before_the_files_come() {
    on_both(async |options| {
        let (upstream, hub, poor) = live(options, 7).await;
        let head = |headers: &str| {
            let auth = format!("Authorization: Bearer {}\r\n", poor.key());
            let form =
                "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 160000000\r\n";
            wire::post(
                "/api/v1/images/generations",
                &format!("{auth}{form}{headers}"),
            )
        };
        // Nothing of the body is sent.
        let mut client = Wire::open(&hub).await;
        client.say(&head("")).await;
        let (head_of_answer, body) = client.hear().await;
        assert!(
            head_of_answer.starts_with("HTTP/1.1 402"),
            "{head_of_answer}"
        );
        assert!(body.contains("insufficientCredits"), "{body}");
        // The request may have been paid for before, and JSON has the contract's order.
        let mut client = Wire::open(&hub).await;
        client.say(&head("Idempotency-Key: a\r\n")).await;
        let quiet = tokio::time::timeout(Duration::from_millis(300), client.hear()).await;
        assert!(quiet.is_err(), "the body is waited for");
        poor.generate(json!({"model": "none", "prompt": "a fox"}))
            .await
            .error(400, "invalid_request", json!({"param": "model"}));
        poor.draw(json!({}))
            .await
            .error(402, "insufficientCredits", json!({}));
        assert_eq!(upstream.call_count(), 0);
        hub.audit();
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

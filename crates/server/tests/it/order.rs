//! Checks come in the contract's order, and what can be said only about the hub or the balance comes last.

use std::time::Duration;

use gih_fake_openai::{Behaviour, FakeOpenAi};
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::support::*;

fn fox() -> serde_json::Value {
    json!({"model": "gpt-image-2", "prompt": "a fox"})
}

#[tokio::test]
async fn key_then_content_type_then_body() {
    // No provider, no credits: whoever gets that far is told so.
    let hub = Hub::start(Options::sqlite()).await;
    let (nobody, api) = (hub.without_key(), hub.account().live());
    let oversized = "x".repeat(2_000_000);
    let nonsense = |api: &Api| {
        api.generation()
            .header(CONTENT_TYPE, "text/plain")
            .body(oversized.clone())
    };
    send(nonsense(&nobody))
        .await
        .error(401, "missingApiKey", json!({}));
    send(nonsense(&api))
        .await
        .error(415, "unsupportedMediaType", json!({}));
    let oversized = api
        .generation()
        .header(CONTENT_TYPE, "application/json")
        .body(oversized.clone());
    send(oversized)
        .await
        .error(413, "payloadTooLarge", json!({}));
    api.draw(json!({"n": 9}))
        .await
        .error(400, "invalid_request", json!({"param": "n"}));
    let answer = api.draw(json!({})).await;
    let message = answer.error(503, "serviceUnavailable", json!({}));
    assert!(
        message.contains("openai") && message.contains("gih_test_"),
        "{message}"
    );
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.header("x-should-retry"), None, "nothing was charged");
    assert_eq!(api.count().await, 0);
}

#[tokio::test]
async fn a_known_idempotency_key_counts_before_provider_room_and_credits() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 8).await;
        let named = |n: u8| {
            api.generation()
                .header("idempotency-key", "k")
                .json(&json!({"model": "gpt-image-2", "prompt": "a fox", "n": n}))
        };
        let first = send(named(1)).await.ok(200);
        // No credits are left: the same request is replayed all the same, another one mismatches, an invalid one is invalid.
        assert_eq!(send(named(1)).await.ok(200), first);
        send(named(2))
            .await
            .error(422, "idempotencyMismatch", json!({}));
        send(named(5))
            .await
            .error(400, "invalid_request", json!({"param": "n"}));
        api.generate(fox())
            .await
            .error(402, "insufficientCredits", json!({}));
        assert_eq!(upstream.call_count(), 1);
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_full_queue_then_limits_then_credits() {
    on_both(async |options| {
        let upstream = FakeOpenAi::start().await;
        upstream.set_default(Behaviour::succeed().after(Duration::from_mins(5)));
        let limited = options
            .upstream(&upstream)
            .env("GIH_WORKERS", 1)
            .env("GIH_MAX_QUEUE", 3)
            .env("GIH_MAX_QUEUED_PER_ACCOUNT", 2);
        let hub = Hub::start(limited).await;
        let (one, two, poor) = (hub.account(), hub.account(), hub.account());
        let queued = json!({"async": true});
        let (one, two, poor) = (one.grant(80).live(), two.grant(80).live(), poor.live());
        poor.draw(queued.clone())
            .await
            .error(402, "insufficientCredits", json!({}));
        // One runs, two are queued, which is this account's limit.
        let running = one.draw(queued.clone()).await.ok(202);
        one.once("running", running["id"].as_str().unwrap()).await;
        for _ in 0..2 {
            one.draw(queued.clone()).await.ok(202);
        }
        let answer = one.draw(queued.clone()).await;
        let message = answer.error(429, "rateLimited", json!({}));
        assert!(message.contains('2'), "{message}");
        assert_eq!(answer.header("retry-after"), Some("5"));
        // Waiting calls queue as well when the worker is busy.
        one.draw(json!({}))
            .await
            .error(429, "rateLimited", json!({}));
        poor.draw(queued.clone())
            .await
            .error(402, "insufficientCredits", json!({}));
        two.draw(queued.clone()).await.ok(202);
        // Three are queued: full for everybody, before anything about the account.
        for api in [&one, &two, &poor] {
            let answer = api.draw(queued.clone()).await;
            answer.error(503, "serviceUnavailable", json!({}));
            assert_eq!(answer.header("retry-after"), Some("5"));
        }
        assert_eq!(
            (
                one.credits().await,
                two.credits().await,
                poor.credits().await
            ),
            (56, 72, 0)
        );
        assert_eq!(
            (one.count().await, two.count().await, poor.count().await),
            (3, 1, 0)
        );
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_paid_is_402_and_leaves_no_trace() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 23).await;
        let cases = [
            (json!({"n": 3}), 24),
            (json!({"n": 4, "quality": "4K"}), 48),
            (json!({"n": 3, "async": true}), 24),
        ];
        for (fields, price) in cases {
            let answer = api.draw(fields).await;
            let message = answer.error(402, "insufficientCredits", json!({}));
            assert_eq!(
                message,
                format!("The request costs {price} credits and the balance is 23.")
            );
            assert_eq!(answer.header("x-should-retry"), None);
        }
        assert_eq!(
            (
                api.credits().await,
                api.count().await,
                upstream.call_count()
            ),
            (23, 0, 0)
        );
        // The refused key is free: the same request may be made under it later.
        let named = || {
            api.generation()
                .header("idempotency-key", "k")
                .json(&json!({"model": "gpt-image-2", "prompt": "a", "n": 3}))
        };
        send(named())
            .await
            .error(402, "insufficientCredits", json!({}));
        Account::of(&hub, &api).grant(1);
        let body = send(named()).await.ok(200);
        assert_eq!(
            (&body["usage"]["credits"], &body["balance"]["credits"]),
            (&json!(24), &json!(0))
        );
        hub.audit();
    })
    .await;
}

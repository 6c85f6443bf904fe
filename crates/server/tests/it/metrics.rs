//! `GET /metrics`: read strictly, and its values change as they must.

use std::time::Duration;

use gih_fake_openai::{Behaviour, Failure, Item};
use reqwest::Method;
use serde_json::json;

use crate::support::*;

const ENDED: &str = "gih_generations_ended_total";

fn ended(mode: &str, status: &str, code: &str) -> String {
    format!("{ENDED}{{code=\"{code}\",mode=\"{mode}\",status=\"{status}\"}}")
}

fn calls(provider: &str, result: &str) -> String {
    format!("gih_provider_calls_total{{provider=\"{provider}\",result=\"{result}\"}}")
}

#[tokio::test]
async fn a_new_process_tells_what_it_is_and_that_nothing_has_happened() {
    on_both(async |options| {
        let database = format!("{:?}", options.kind).to_lowercase();
        let (_upstream, hub, api) = live(
            options.env("GIH_WORKERS", 7).env("GIH_SPOOL_LIMIT", "5 GB"),
            0,
        )
        .await;
        let metrics = hub.metrics().await;
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            metrics.get(&format!(
                "gih_info{{database={database:?},version={version:?}}}"
            )),
            1
        );
        assert_eq!(metrics.get("gih_slots"), 7);
        assert_eq!(metrics.get("gih_spool_limit_bytes"), 5_000_000_000);
        let zero = [
            "gih_slots_in_use".to_owned(),
            "gih_spool_used_bytes".to_owned(),
            "gih_generations{status=\"queued\"}".to_owned(),
            "gih_generations{status=\"running\"}".to_owned(),
            "gih_generations_accepted_total{mode=\"live\"}".to_owned(),
            ended("live", "succeeded", ""),
            ended("test", "failed", "contentRejected"),
            calls("openai", "account"),
            calls("sandbox", "ok"),
            "gih_provider_account_alarm{provider=\"openai\"}".to_owned(),
            "gih_credits_captured_total{mode=\"live\"}".to_owned(),
            "gih_credits_refunded_total{mode=\"test\"}".to_owned(),
            "gih_audit_runs_total{result=\"done\"}".to_owned(),
        ];
        for series in zero {
            assert_eq!(metrics.get(&series), 0, "{series}");
        }
        assert_eq!(metrics.get("gih_database_up"), 1);
        assert!(metrics.get("process_start_time_seconds") > 1_700_000_000);
        // Of audits nothing is known yet, and nothing is said.
        assert_eq!(metrics.find("gih_audit_ok"), None);
        drop(api);
    })
    .await;
}

#[tokio::test]
async fn successes_failures_and_their_credits_are_counted() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 1_000).await;
        api.draw(json!({"n": 2})).await.ok(200);
        upstream.enqueue(Behaviour::fail(Failure::server_error()));
        api.draw(json!({})).await.ok(500);
        upstream.enqueue(Behaviour::fail(Failure::moderation_blocked()));
        api.draw(json!({})).await.ok(400);
        let refused = Failure::overloaded().with_header("retry-after-ms", "1");
        upstream.enqueue(Behaviour::fail(refused));
        let key = |request: reqwest::RequestBuilder| request.header("Idempotency-Key", "once");
        let body = json!({"model": "gpt-image-2", "prompt": "a fox"});
        for _ in 0..2 {
            send(key(api.generation()).json(&body)).await.ok(200);
        }
        let test = Account::of(&hub, &api).test();
        test.draw(json!({"prompt": "sandbox:partial=1", "n": 3}))
            .await
            .ok(200);
        let metrics = hub.metrics().await;
        let expected = [
            (
                "gih_generations_accepted_total{mode=\"live\"}".to_owned(),
                4,
            ),
            (ended("live", "succeeded", ""), 2),
            (ended("live", "failed", "generationFailed"), 1),
            (ended("live", "failed", "contentRejected"), 1),
            (ended("live", "canceled", "serviceUnavailable"), 0),
            (ended("test", "succeeded", ""), 1),
            ("gih_credits_captured_total{mode=\"live\"}".to_owned(), 24),
            ("gih_credits_refunded_total{mode=\"live\"}".to_owned(), 16),
            ("gih_credits_captured_total{mode=\"test\"}".to_owned(), 8),
            ("gih_credits_refunded_total{mode=\"test\"}".to_owned(), 16),
            (calls("openai", "ok"), 2),
            (calls("openai", "failed"), 1),
            (calls("openai", "refused"), 1),
            (calls("openai", "not_accepted"), 1),
            (calls("openai", "abandoned"), 0),
            (calls("sandbox", "ok"), 1),
            (
                "gih_provider_images_total{provider=\"openai\"}".to_owned(),
                3,
            ),
            (
                "gih_provider_call_duration_seconds_count{provider=\"openai\"}".to_owned(),
                5,
            ),
        ];
        for (series, value) in expected {
            assert_eq!(metrics.get(&series), value, "{series}");
        }
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn calls_that_bring_nothing_whole_or_nothing_in_time_are_told_apart() {
    let options = Options::sqlite().env("GIH_GENERATION_TIMEOUT", "2s");
    let (upstream, hub, api) = live(options, 1_000).await;
    upstream.enqueue(Behaviour::items([Item::Truncated, Item::NoImage]));
    api.draw(json!({"n": 2})).await.ok(500);
    upstream.enqueue(Behaviour::items([Item::BadBase64, Item::Good]));
    api.draw(json!({"n": 2})).await.ok(200);
    upstream.enqueue(Behaviour::succeed().after(Duration::from_mins(5)));
    api.draw(json!({})).await.ok(500);
    let metrics = hub.metrics().await;
    let count = |result| metrics.get(&calls("openai", result));
    assert_eq!((count("bad_images"), count("ok")), (1, 1));
    // The provider's client gives up at the deadline, too: either may be first.
    assert_eq!(count("abandoned") + count("failed"), 1);
}

#[tokio::test]
async fn the_provider_refusing_our_account_raises_the_alarm_until_it_draws_again() {
    const ALARM: &str = "gih_provider_account_alarm{provider=\"openai\"}";
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 1_000).await;
        let refusals = [Failure::invalid_api_key(), Failure::insufficient_quota()];
        for (count, refusal) in (1..).zip(refusals) {
            upstream.enqueue(Behaviour::fail(refusal));
            api.draw(json!({})).await.ok(500);
            let metrics = hub.metrics().await;
            assert_eq!(metrics.get(&calls("openai", "account")), count);
            assert_eq!(metrics.get(ALARM), 1);
        }
        let log = hub.process.stderr();
        let alarms = log
            .lines()
            .filter(|line| line.contains("ERROR") && line.contains("needs the operator"));
        assert_eq!(alarms.count(), 2, "{log}");
        // Another failure tells nothing of the account.
        upstream.enqueue(Behaviour::fail(Failure::server_error()));
        api.draw(json!({})).await.ok(500);
        assert_eq!(hub.metrics().await.get(ALARM), 1);
        api.draw(json!({})).await.ok(200);
        assert_eq!(hub.metrics().await.get(ALARM), 0);
    })
    .await;
}

#[tokio::test]
async fn work_is_seen_while_it_is_under_way() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options.env("GIH_WORKERS", 1), 1_000).await;
        upstream.set_default(Behaviour::succeed().after(Duration::from_mins(5)));
        for _ in 0..3 {
            api.draw(json!({"async": true})).await.ok(202);
        }
        let seen = until("one running and two queued", async || {
            let metrics = hub.metrics().await;
            let unfinished = ["running", "queued"]
                .map(|status| metrics.find(&format!("gih_generations{{status={status:?}}}")));
            (unfinished == [Some(1), Some(2)]).then_some(metrics)
        });
        assert_eq!(seen.await.get("gih_slots_in_use"), 1);
    })
    .await;
}

#[tokio::test]
async fn requests_are_counted_by_method_route_and_status_and_by_nothing_that_callers_choose() {
    let hub = Hub::start(Options::sqlite()).await;
    let account = hub.account();
    let api = account.test();
    let drawn = api.draw(json!({})).await.ok(200);
    api.open(&drawn["images"][0]).await;
    let id = drawn["id"].as_str().unwrap();
    api.look(id).await;
    let other = Method::from_bytes(b"BREW").unwrap();
    for path in ["/secret-one", "/secret-two"] {
        hub.without_key().get(path).await;
        send(api.request(other.clone(), path)).await;
    }
    hub.without_key().get("/api/v1/credits").await.ok(401);
    let answer = hub.without_key().get("/metrics").await;
    let text = std::str::from_utf8(&answer.body).unwrap();
    let metrics = Exposition::read(text);
    let count = |method: &str, route: &str, status: u16| {
        metrics.get(&format!(
            "gih_http_requests_total{{method={method:?},route={route:?},status=\"{status}\"}}"
        ))
    };
    assert_eq!(count("POST", "/api/v1/images/generations", 200), 1);
    assert_eq!(count("GET", "/api/v1/generations/{id}", 200), 1);
    assert_eq!(count("GET", "/media/{object_name:.*}", 200), 1);
    assert_eq!(count("GET", "/api/v1/credits", 401), 1);
    assert_eq!(count("GET", "none", 404), 2);
    assert_eq!(count("other", "none", 404), 2);
    let timed = "gih_http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/images/generations\"}";
    assert_eq!(metrics.get(timed), 1);
    // Nothing of whoever asked, or what for.
    for told in ["secret", "BREW", id, &account.email, "gih_test_", "a fox"] {
        assert!(!text.contains(told), "{told}: {text}");
    }
}

#[tokio::test]
async fn both_roles_tell_and_each_of_its_own() {
    let (_upstream, api, client) = live(Options::postgres().arg("--role").arg("api"), 100).await;
    let worker = api
        .beside(|options| Options {
            args: vec!["--role".into(), "worker".into()],
            ..options
        })
        .await;
    client.draw(json!({})).await.ok(200);
    let (api, worker) = (api.metrics().await, worker.metrics().await);
    let (accepted, drawn) = (
        "gih_generations_accepted_total{mode=\"live\"}",
        ended("live", "succeeded", ""),
    );
    assert_eq!([api.get(accepted), api.get(&drawn)], [1, 0]);
    assert_eq!([worker.get(accepted), worker.get(&drawn)], [0, 1]);
    assert_eq!([api.get("gih_slots"), worker.get("gih_slots")], [0, 256]);
    for process in [api, worker] {
        assert_eq!(process.get("gih_generations{status=\"running\"}"), 0);
    }
}

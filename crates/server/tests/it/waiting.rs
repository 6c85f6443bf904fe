//! Waiting, not waiting, and going away.

use std::io::Write as _;
use std::time::{Duration, Instant};

use gih_fake_openai::Behaviour;
use serde_json::json;

use crate::support::*;

fn slow(millis: u64) -> Behaviour {
    Behaviour::succeed().after(Duration::from_millis(millis))
}

#[tokio::test]
async fn an_async_generation_is_polled_to_its_images() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        upstream.enqueue(slow(300));
        let accepted = api.draw(json!({"async": true, "n": 2})).await.ok(202);
        assert_eq!(api.credits().await, 84, "held");
        let (id, poll_url) = (
            accepted["id"].as_str().unwrap(),
            accepted["poll_url"].as_str().unwrap(),
        );
        assert!(poll_url.ends_with(id));
        let ended = api.end(id).await;
        assert_eq!(
            (&ended["status"], &ended["usage"]),
            (
                &json!("succeeded"),
                &json!({"credits": 16, "credits_requested": 16})
            )
        );
        assert_eq!(ended["created_at"], accepted["created_at"]);
        for image in ended["images"].as_array().unwrap() {
            assert_eq!(samples::dimensions(&api.open(image).await), (1024, 1024));
        }
        assert_eq!((upstream.call_count(), api.credits().await), (1, 84));
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_preferred_wait_bounds_the_wait_and_loses_nothing() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        let prefer = |wait: &str, more| {
            let body = json!({"model": "gpt-image-2", "prompt": "a fox", "async": more});
            send(api.generation().header("prefer", wait).json(&body))
        };
        upstream.enqueue(slow(2_000));
        let started = Instant::now();
        let answer = prefer("wait=1", json!(false)).await;
        assert!(started.elapsed() >= Duration::from_secs(1));
        let body = answer.ok(202);
        let id = body["id"].as_str().unwrap();
        assert_eq!(
            (&body["status"], &body["usage"]),
            (
                &json!("running"),
                &json!({"credits": 0, "credits_requested": 8})
            )
        );
        assert_eq!(answer.header("preference-applied"), Some("wait=1"));
        assert_eq!(answer.header("location"), body["poll_url"].as_str());
        assert_eq!(answer.header("retry-after"), Some("2"));
        assert_eq!(api.end(id).await["status"], "succeeded");

        let answer = prefer("wait=30", json!(null)).await;
        assert_eq!(
            (answer.status, answer.header("preference-applied")),
            (200, Some("wait=30"))
        );
        assert_eq!(answer.json()["status"], "succeeded");

        // async wins, at once; what is no preference is none.
        upstream.enqueue(slow(2_000));
        let started = Instant::now();
        let answer = prefer("wait=30", json!(true)).await;
        assert_eq!(
            (answer.status, answer.header("preference-applied")),
            (202, None)
        );
        assert_eq!(answer.json()["status"], "queued");
        assert!(started.elapsed() < Duration::from_secs(1));
        let answer = prefer("wait=soon", json!(null)).await;
        assert_eq!(
            (answer.status, answer.header("preference-applied")),
            (200, None)
        );
        // Not drawn at once: nobody waits, but on a busy machine the image may be there before the answer.
        upstream.enqueue(slow(1_000));
        let answer = prefer("wait=0", json!(null)).await;
        assert_eq!(
            (answer.status, answer.header("preference-applied")),
            (202, Some("wait=0"))
        );
        until("all to end", async || {
            (hub.gih(&["audit"]).code == Some(0) && api.credits().await == 60).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_waiting_call_queues_when_all_workers_are_busy() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options.env("GIH_WORKERS", 1), 100).await;
        upstream.set_default(slow(400));
        let started = Instant::now();
        let calls = [0, 1, 2].map(|_| {
            let api = api.clone();
            tokio::spawn(async move { api.draw(json!({})).await })
        });
        for call in calls {
            assert_eq!(call.await.unwrap().ok(200)["status"], "succeeded");
        }
        assert!(
            started.elapsed() >= Duration::from_millis(1_200),
            "one after the other"
        );
        assert_eq!((upstream.call_count(), api.credits().await), (3, 76));
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_client_that_hangs_up_gets_its_images_later_and_pays_once() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        let key = Account::of(&hub, &api).key("live");
        let body = json!({"model": "gpt-image-2", "prompt": "a fox", "n": 2}).to_string();
        let request = format!(
            "POST /api/v1/images/generations HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: {}\r\n\r\n{body}",
            hub.host(),
            key["key"].as_str().unwrap(),
            body.len()
        );
        upstream.enqueue(slow(700));
        let mut stream = hub.connect();
        stream.write_all(request.as_bytes()).unwrap();
        until("the provider to be called", async || (upstream.call_count() == 1).then_some(())).await;
        drop(stream);
        let page = api.get("/api/v1/generations").await.ok(200);
        assert_eq!(page["data"][0]["status"], "running");
        let ended = api.end(page["data"][0]["id"].as_str().unwrap()).await;
        assert_eq!((&ended["status"], &ended["usage"]["credits"]), (&json!("succeeded"), &json!(16)));
        assert!(!api.open(&ended["images"][1]).await.is_empty());
        // Sent again, as a client does that lost its connection: the answer it missed.
        let named = api.generation().header("idempotency-key", "k").header("content-type", "application/json").body(body);
        assert_eq!(send(named).await.ok(200)["images"], ended["images"]);
        assert_eq!((upstream.call_count(), api.credits().await, api.count().await), (1, 84, 1));
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn revoking_a_key_cancels_what_waits_in_the_queue_and_lets_the_rest_finish() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options.env("GIH_WORKERS", 1), 100).await;
        upstream.set_default(slow(1_500));
        let account = Account::of(&hub, &api);
        let key = account.key("live");
        let doomed = hub.with_key(key["key"].as_str().unwrap());
        let call = || {
            let doomed = doomed.clone();
            tokio::spawn(async move { doomed.draw(json!({})).await })
        };
        let running = call();
        until("the provider to be called", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let queued = call();
        until("two to be accepted", async || {
            (api.count().await == 2).then_some(())
        })
        .await;
        let revoked = hub.gih_json(&["key", "revoke", key["id"].as_str().unwrap()]);
        let id = revoked["canceled_generations"][0].as_str().unwrap();
        let answer = queued.await.unwrap();
        let poll_url = format!("{}/api/v1/generations/{id}", hub.url);
        let message = answer.error(
            409,
            "generationCanceled",
            json!({"generation_id": id, "poll_url": poll_url}),
        );
        assert_eq!(
            message,
            "The generation was canceled because its API key was revoked."
        );
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        running.await.unwrap().ok(200);
        assert_eq!((upstream.call_count(), api.credits().await), (1, 92));
        assert_eq!(api.look(id).await["status"], "canceled");
        hub.audit();
    })
    .await;
}

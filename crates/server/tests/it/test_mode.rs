//! Test keys: a balance of their own, a sandbox that draws without network, and prompts that steer it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn test_keys_have_a_world_of_their_own() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        let account = hub.account();
        account.grant(40);
        let (test, live) = (account.test(), account.live());
        assert_eq!((test.credits().await, live.credits().await), (1_000, 40));
        let body = test
            .draw(json!({"aspect_ratio": "2:3", "n": 2, "quality": "2K"}))
            .await
            .ok(200);
        assert_eq!(
            (&body["usage"]["credits"], &body["balance"]["credits"]),
            (&json!(20), &json!(980))
        );
        let images = body["images"].as_array().unwrap();
        let (one, two) = (test.open(&images[0]).await, test.open(&images[1]).await);
        assert_eq!(
            (samples::dimensions(&one), samples::dimensions(&two)),
            ((1536, 2304), (1536, 2304))
        );
        assert_ne!(one, two);
        assert_eq!(
            (live.credits().await, live.count().await, test.count().await),
            (40, 0, 1)
        );
        let id = body["id"].as_str().unwrap();
        live.get(&format!("/api/v1/generations/{id}"))
            .await
            .error(404, "notFound", json!({}));
        // No provider is configured here, which is a matter of live keys alone.
        live.draw(json!({}))
            .await
            .error(503, "serviceUnavailable", json!({}));
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn prompts_steer_the_sandbox() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        let api = hub.account().test();
        let refused = async |prompt: &str, status: u16, code: &str| {
            let answer = api.draw(json!({"prompt": prompt, "n": 2})).await;
            let id = answer.json()["error"]["generation_id"]
                .as_str()
                .unwrap()
                .to_owned();
            let poll_url = format!("{}/api/v1/generations/{id}", hub.url);
            let message = answer.error(
                status,
                code,
                json!({"generation_id": id, "poll_url": poll_url}),
            );
            assert_eq!(answer.header("x-should-retry"), Some("false"));
            assert_eq!(
                api.look(&id).await["error"],
                json!({"message": message, "code": code})
            );
            assert_eq!(api.credits().await, 1_000, "refunded");
        };
        refused("sandbox:fail", 500, "generationFailed").await;
        refused("sandbox:fail a fox", 500, "generationFailed").await;
        refused("sandbox:refuse a fox", 400, "contentRejected").await;
        refused("sandbox:partial=0 a fox", 500, "generationFailed").await;
        refused("sandbox:dance a fox", 400, "contentRejected").await;

        let body = api
            .draw(json!({"prompt": "sandbox:partial=3 a fox", "n": 4}))
            .await
            .ok(200);
        assert_eq!(
            (
                body["images"].as_array().unwrap().len(),
                &body["usage"]["credits"]
            ),
            (3, &json!(24))
        );
        let started = Instant::now();
        let accepted = api
            .draw(json!({"prompt": "sandbox:delay=1.2 a fox", "async": true}))
            .await
            .ok(202);
        let id = accepted["id"].as_str().unwrap();
        assert_eq!(
            api.once("running", id).await["usage"],
            json!({"credits": 0, "credits_requested": 8})
        );
        assert_eq!(api.end(id).await["status"], "succeeded");
        assert!(started.elapsed() >= Duration::from_millis(1_200));
        assert_eq!(api.credits().await, 968);
        hub.audit();
    })
    .await;
}

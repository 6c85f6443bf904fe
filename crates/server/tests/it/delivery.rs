//! What a generation delivers when the provider or the storage is slow, silent, away, or gives other than was asked.

use std::time::Duration;

use gih_fake_openai::{Behaviour, Cut, Failure, FakeOpenAi, Item};
use serde_json::{Value, json};

use crate::provider::{FAILED, OVERLOADED, failed};
use crate::support::*;

#[tokio::test]
async fn what_came_is_charged_and_the_rest_refunded() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 400).await;
        let good = Item::Good;
        let cases: [(Behaviour, usize); 9] = [
            (Behaviour::items([good]), 1),
            (Behaviour::items([good; 3]), 3),
            (Behaviour::items([good; 10]), 4),
            (
                Behaviour::items([good, Item::BadBase64, good, Item::Truncated]),
                2,
            ),
            (Behaviour::items([Item::NoImage, good]), 1),
            (Behaviour::items([Item::UrlOnly, good, good]), 2),
            // A bad one does not use up a place: the first four good ones are kept.
            (
                Behaviour::items([Item::Truncated, good, good, good, good]),
                4,
            ),
            // Those that were whole before the connection broke.
            (Behaviour::succeed().cut(Cut::Reset, 60), 2),
            (Behaviour::succeed().cut(Cut::Truncate, 80), 3),
        ];
        let mut balance = 400;
        for (behaviour, saved) in cases {
            upstream.enqueue(behaviour.clone());
            let body = api.draw(json!({"n": 4})).await.ok(200);
            let charged = 8 * i64::try_from(saved).unwrap();
            balance -= charged;
            let images = body["images"].as_array().unwrap();
            assert_eq!(
                (images.len(), &body["usage"]["credits"]),
                (saved, &json!(charged)),
                "{behaviour:?}"
            );
            assert_eq!(
                (&body["balance"]["credits"], api.credits().await),
                (&json!(balance), balance)
            );
            for image in images {
                assert_eq!(samples::dimensions(&api.open(image).await), (1024, 1024));
            }
            let found = api.look(body["id"].as_str().unwrap()).await;
            assert_eq!(
                found["usage"],
                json!({"credits": charged, "credits_requested": 32})
            );
            assert_eq!(
                (&found["status"], &found["images"]),
                (&json!("succeeded"), &body["images"])
            );
        }
        assert_eq!(upstream.call_count(), 9);
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn what_hangs_or_stalls_ends_at_the_deadline() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options.env("GIH_GENERATION_TIMEOUT", "2s"), 64).await;
        let waits = [
            Behaviour::fail(Failure::rate_limited().with_header("retry-after", "600")),
            Behaviour::raw(200, "application/json", "").after(Duration::from_mins(10)),
            Behaviour::succeed().cut(Cut::Stall, 0),
        ];
        for behaviour in waits {
            upstream.enqueue(behaviour);
            let answer = api.draw(json!({"n": 4})).await;
            failed(&api, &answer, (500, "generationFailed", FAILED), 32).await;
            assert_eq!(api.credits().await, 64);
        }
        // What was whole before the silence is kept.
        upstream.enqueue(Behaviour::succeed().cut(Cut::Stall, 60));
        let body = api.draw(json!({"n": 4})).await.ok(200);
        assert_eq!(
            (
                &body["usage"]["credits"],
                body["images"].as_array().unwrap().len()
            ),
            (&json!(16), 2)
        );
        assert_eq!((api.credits().await, upstream.call_count()), (48, 4));
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_tried_four_times() {
    on_both(async |options| {
        let upstream = FakeOpenAi::start().await;
        let gone = upstream.base_url();
        let hub = Hub::start(options.upstream(&upstream)).await;
        let api = hub.account().grant(8).live();
        drop(upstream);
        until("the port to be closed", async || {
            reqwest::get(&gone).await.err().map(|_| ())
        })
        .await;
        let started = std::time::Instant::now();
        let answer = api.draw(json!({})).await;
        failed(&api, &answer, (500, "generationFailed", OVERLOADED), 8).await;
        assert!(
            started.elapsed() >= Duration::from_secs(7),
            "1, 2 and 4 seconds between"
        );
        assert_eq!(api.credits().await, 8);
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_failure_is_replayed_and_not_repeated() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 8).await;
        upstream.enqueue(Behaviour::fail(Failure::moderation_blocked()));
        let body: Value = json!({"model": "gpt-image-2", "prompt": "a fox"});
        let named = || api.generation().header("idempotency-key", "k").json(&body);
        let first = send(named()).await;
        let again = send(named()).await;
        assert_eq!((first.status, first.json()), (400, again.json()));
        assert_eq!(
            (again.status, again.header("x-should-retry")),
            (400, Some("false"))
        );
        assert_eq!(
            (
                upstream.call_count(),
                api.credits().await,
                api.count().await
            ),
            (1, 8, 1)
        );
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_storage_that_fails_refunds_what_it_lost() {
    let (upstream, hub, api) =
        live(Options::sqlite().env("GIH_GENERATION_TIMEOUT", "3s"), 16).await;
    // A file where the folder of images has to be.
    let folder = hub.place.data_dir().join("media/generations");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::write(&folder, "in the way").unwrap();
    let answer = api.draw(json!({})).await;
    failed(&api, &answer, (500, "generationFailed", FAILED), 8).await;
    // Back before the deadline: nobody notices.
    let coming = tokio::spawn({
        let api = api.clone();
        async move { api.draw(json!({})).await }
    });
    until("the provider to be called", async || {
        (upstream.call_count() == 2).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    std::fs::remove_file(&folder).unwrap();
    let body = coming.await.unwrap().ok(200);
    assert_eq!(
        samples::dimensions(&api.open(&body["images"][0]).await),
        (1024, 1024)
    );
    assert_eq!(api.credits().await, 8);
    hub.audit();
}

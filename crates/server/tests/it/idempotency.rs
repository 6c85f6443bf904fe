//! `Idempotency-Key`: the same request under the same key is made and paid once.

use std::time::Duration;

use gih_fake_openai::Behaviour;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::*;

async fn named(api: &Api, key: &str, more: Value) -> Answer {
    let mut body = json!({"model": "gpt-image-2", "prompt": "a fox"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    send(api.generation().header("idempotency-key", key).json(&body)).await
}

#[tokio::test]
async fn the_first_answer_is_replayed() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        let first = named(&api, "k", json!({})).await.ok(200);
        api.draw(json!({})).await.ok(200);
        // With the balance as it was then, however the defaults are spelled.
        let same = [
            json!({}),
            json!({"n": 1, "quality": "1K", "size": "auto", "aspect_ratio": "auto", "async": false}),
            json!({"prompt": "  a fox ", "user": "somebody else", "n": null}),
        ];
        for more in same {
            assert_eq!(named(&api, "k", more).await.ok(200), first);
        }
        let others = [json!({"n": 2}), json!({"prompt": "a Fox"}), json!({"quality": "high"}), json!({"size": "1024x1024"}), json!({"async": true})];
        for more in others {
            named(&api, "k", more).await.error(422, "idempotencyMismatch", json!({}));
        }
        assert_eq!((upstream.call_count(), api.credits().await), (2, 84));
        // A key belongs to one account and one mode.
        let account = Account::of(&hub, &api);
        named(&account.test(), "k", json!({"n": 2})).await.ok(200);
        named(&hub.account().grant(8).live(), "k", json!({})).await.ok(200);
        assert_ne!(named(&account.live(), "k2", json!({})).await.ok(200)["id"], first["id"]);
        assert_eq!(named(&account.live(), "k", json!({})).await.ok(200), first, "another key of the account");
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn an_accepted_answer_is_replayed_whatever_has_become_of_it() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        upstream.enqueue(Behaviour::succeed().after(Duration::from_millis(500)));
        let first = named(&api, "k", json!({"async": true})).await;
        let body = first.ok(202);
        let id = body["id"].as_str().unwrap();
        for _ in 0..2 {
            let again = named(&api, "k", json!({"async": true})).await;
            assert_eq!(again.ok(202), body);
            for name in ["location", "retry-after"] {
                assert_eq!(again.header(name), first.header(name));
            }
            api.end(id).await;
        }
        named(&api, "k", json!({}))
            .await
            .error(422, "idempotencyMismatch", json!({}));
        assert_eq!(
            (
                upstream.call_count(),
                api.credits().await,
                api.count().await
            ),
            (1, 92, 1)
        );
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_waiting_one_that_is_unfinished_conflicts() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(1)));
        let waiting = tokio::spawn({
            let api = api.clone();
            async move { named(&api, "k", json!({})).await }
        });
        until("the provider to be called", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let conflict = named(&api, "k", json!({})).await;
        let id = conflict.json()["error"]["generation_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let poll_url = format!("{}/api/v1/generations/{id}", hub.url);
        conflict.error(
            409,
            "idempotencyConflict",
            json!({"generation_id": id, "poll_url": poll_url}),
        );
        named(&api, "k", json!({"n": 2}))
            .await
            .error(422, "idempotencyMismatch", json!({}));
        let first = waiting.await.unwrap().ok(200);
        assert_eq!(first["id"], id.as_str());
        assert_eq!(named(&api, "k", json!({})).await.ok(200), first);
        // `Prefer` does not count: left early, then asked for without it.
        upstream.enqueue(Behaviour::succeed().after(Duration::from_millis(500)));
        let body = json!({"model": "gpt-image-2", "prompt": "a fox"});
        let early = send(
            api.generation()
                .header("idempotency-key", "p")
                .header("prefer", "wait=0")
                .json(&body),
        )
        .await
        .ok(202);
        api.end(early["id"].as_str().unwrap()).await;
        assert_eq!(named(&api, "p", json!({})).await.ok(200)["id"], early["id"]);
        assert_eq!((upstream.call_count(), api.credits().await), (2, 84));
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn multipart_is_the_same_by_its_fields_and_files() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        let submit = async |form: Form| {
            send(
                api.generation()
                    .header("idempotency-key", "k")
                    .multipart(form),
            )
            .await
        };
        let file = |number: u8, name: &str| {
            Part::bytes(samples::numbered_png(number)).file_name(name.to_owned())
        };
        let fields = || {
            Form::new()
                .text("model", "gpt-image-2")
                .text("prompt", "a fox")
        };
        let first = submit(
            fields()
                .part("image", file(1, "a"))
                .part("image", file(2, "b")),
        )
        .await
        .ok(200);
        // Another boundary, other names, another order of fields: the same request.
        let same = Form::new()
            .part("reference_image[]", file(1, "c"))
            .part("reference_image[]", file(2, "d"))
            .text("prompt", "a fox ")
            .text("n", "1")
            .text("async", "FALSE")
            .text("model", "gpt-image-2");
        assert_eq!(submit(same).await.ok(200), first);
        let others = [
            fields()
                .part("image", file(2, "b"))
                .part("image", file(1, "a")),
            fields().part("image", file(1, "a")),
            fields()
                .part("image", file(1, "a"))
                .part("image", file(3, "b")),
            fields()
                .part("image", file(1, "a"))
                .part("image", file(2, "b"))
                .text("n", "2"),
            fields(),
        ];
        for form in others {
            submit(form)
                .await
                .error(422, "idempotencyMismatch", json!({}));
        }
        named(&api, "k", json!({}))
            .await
            .error(422, "idempotencyMismatch", json!({}));
        // Without files it does not matter how the fields were sent.
        let text = named(&api, "t", json!({})).await.ok(200);
        let again = send(
            api.generation()
                .header("idempotency-key", "t")
                .multipart(fields()),
        )
        .await
        .ok(200);
        assert_eq!(
            (again, upstream.call_count(), api.credits().await),
            (text, 2, 84)
        );
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn racers_under_one_key_make_one_generation() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        upstream.set_default(Behaviour::succeed().after(Duration::from_millis(300)));
        for (round, is_async) in [false, true, false, true].into_iter().enumerate() {
            let key = format!("race-{round}");
            let racers: Vec<_> = (0..8)
                .map(|_| {
                    let (api, key) = (api.clone(), key.clone());
                    tokio::spawn(async move { named(&api, &key, json!({"async": is_async})).await })
                })
                .collect();
            let mut ids = Vec::new();
            let mut statuses = Vec::new();
            for racer in racers {
                let answer = racer.await.unwrap();
                let body = answer.json();
                let id = body["id"]
                    .as_str()
                    .or(body["error"]["generation_id"].as_str());
                ids.push(id.unwrap_or_else(|| panic!("{body}")).to_owned());
                statuses.push(answer.status);
            }
            ids.dedup();
            assert_eq!(ids.len(), 1, "{ids:?}");
            let won = statuses
                .iter()
                .filter(|status| **status == if is_async { 202 } else { 200 })
                .count();
            let lost = statuses.iter().filter(|status| **status == 409).count();
            assert_eq!(won + lost, 8, "{statuses:?}");
            assert!(if is_async { lost == 0 } else { won >= 1 }, "{statuses:?}");
            api.end(&ids[0]).await;
        }
        assert_eq!(
            (
                upstream.call_count(),
                api.credits().await,
                api.count().await
            ),
            (4, 68, 4)
        );
        hub.audit();
    })
    .await;
}

//! The documented answers, compared whole: no field more, no field less. Ids, times and addresses are checked for their
//! form by [`shape`].

use std::time::Duration;

use gih_fake_openai::{Behaviour, Failure};
use serde_json::{Value, json};

use crate::support::*;

/// Longer than a test takes.
const LONG: Duration = Duration::from_mins(5);

fn balance(credits: i64) -> Value {
    json!({"credits": credits, "account_type": "PRO", "next_expiration": null})
}

fn images(count: usize) -> Value {
    let image = json!({
        "id": "img_…", "object": "image", "created_at": "<time>",
        "url": "https://hub.example.com/media/generations/gen_…/….png",
    });
    vec![image; count].into()
}

/// What `GET` tells of a finished or unfinished generation of one square image at 1K, with more or other fields.
fn retrieved(status: &str, more: Value) -> Value {
    let mut body = json!({
        "object": "image_generation", "id": "gen_…", "status": status, "model": "gpt-image-2", "aspect_ratio": "1:1",
        "quality": "1K", "prompt": "a fox", "n": 1, "size": "1024x1024", "images": [],
        "usage": {"credits": 0, "credits_requested": 8}, "created_at": "<time>",
    });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn models() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        let models = json!({
            "object": "list",
            "data": [{
                "id": "gpt-image-2",
                "object": "model",
                "name": "GPT IMAGE 2",
                "provider": "openai",
                "provider_model": "gpt-image-2",
                "aspect_ratios": ["auto","1:1","4:3","3:4","3:2","2:3","16:9","9:16","5:4","4:5","21:9","9:21","2:1","1:2","3:1","1:3"],
                "qualities": ["1K","2K","4K"],
                "rendering_qualities": ["auto","low","medium","high"],
                "default_options": {"aspect_ratio": "auto", "quality": "1K"},
                "reference_image_limit": 16,
                "credits_per_image": {"1K": 8, "2K": 10, "4K": 12}
            }]
        });
        assert_eq!(hub.without_key().get("/api/v1/models").await.ok(200), models);
    })
    .await;
}

#[tokio::test]
async fn credits_tell_the_lot_that_expires_next() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        let account = hub.account();
        let api = account.live();
        let credits = async || api.get("/api/v1/credits").await.ok(200);
        let none = json!({"object": "credit_balance", "credits": 0, "account_type": "PRO", "next_expiration": null});
        assert_eq!(credits().await, none);
        account.grant(72);
        account.grant_with(25, &["--expires-at", "2199-01-01"]);
        account.grant_with(40, &["--expires-at", "2198-12-01"]);
        let expiring = json!({
            "object": "credit_balance", "credits": 137, "account_type": "PRO",
            "next_expiration": {"credits": 40, "expires_at": "2198-12-01T00:00:00.000Z"},
        });
        assert_eq!(credits().await, expiring);
        for account_type in ["FREE", "ENTERPRISE"] {
            let body = hub.account_of_type(account_type).live().get("/api/v1/credits").await.ok(200);
            assert_eq!(body["account_type"], account_type);
        }
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_waiting_call_is_answered_with_the_images() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 120).await;
        let answer = api.draw(json!({"aspect_ratio": "1:1"})).await;
        assert_eq!(answer.header("location"), None);
        assert_eq!(answer.header("retry-after"), None);
        let body = answer.ok(200);
        let documented = json!({
            "object": "image_generation",
            "id": "gen_…",
            "status": "succeeded",
            "model": "gpt-image-2",
            "aspect_ratio": "1:1",
            "quality": "1K",
            "images": images(1),
            "usage": {"credits": 8},
            "balance": balance(112),
        });
        assert_eq!(shape(body.clone(), &hub.url), documented);
        let png = api.open(&body["images"][0]).await;
        assert_eq!(samples::dimensions(&png), (1024, 1024));

        let body = api
            .draw(json!({"n": 4, "quality": "2K", "aspect_ratio": "9:16"}))
            .await
            .ok(200);
        assert_eq!(shape(body.clone(), &hub.url)["images"], images(4));
        assert_eq!(body["usage"], json!({"credits": 40}));
        assert_eq!(body["balance"]["credits"], 72);
        let mut seen = Vec::new();
        for image in body["images"].as_array().unwrap() {
            let png = api.open(image).await;
            assert_eq!(samples::dimensions(&png), (1440, 2560));
            seen.push(samples::sha256(&png));
        }
        seen.dedup();
        assert_eq!(
            (seen.len(), upstream.call_count()),
            (4, 2),
            "four images of one call, in order"
        );
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn an_async_call_is_answered_at_once_and_retrieved_in_every_state() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options.env("GIH_WORKERS", 1), 40).await;
        upstream.set_default(Behaviour::succeed().after(LONG));
        let square = json!({"aspect_ratio": "1:1", "async": true});
        let answer = api.draw(square.clone()).await;
        let body = answer.ok(202);
        let id = body["id"].as_str().unwrap().to_owned();
        let poll_url = format!("{}/api/v1/generations/{id}", hub.url);
        assert_eq!(answer.header("location"), Some(poll_url.as_str()));
        assert_eq!(body["poll_url"], poll_url);
        assert_eq!(answer.header("retry-after"), Some("2"));
        let documented = json!({
            "object": "image_generation", "id": "gen_…", "status": "queued", "model": "gpt-image-2",
            "aspect_ratio": "1:1", "quality": "1K", "created_at": "<time>",
            "images": [], "usage": {"credits": 0, "credits_requested": 8},
            "poll_url": "https://hub.example.com/api/v1/generations/gen_…",
        });
        assert_eq!(shape(body, &hub.url), documented);

        let unfinished = |status, credits| {
            let poll_url = "https://hub.example.com/api/v1/generations/gen_…";
            retrieved(status, json!({"poll_url": poll_url, "balance": balance(credits)}))
        };
        let running = api.once("running", &id).await;
        assert_eq!(shape(running, &hub.url), unfinished("running", 32));
        let answer = api.get(&poll_url).await;
        assert_eq!((answer.status, answer.header("retry-after")), (200, Some("2")));

        // The only worker is busy: what comes now stays queued, whoever of the account looks at it.
        let account = Account::of(&hub, &api);
        let key = account.key("live");
        let second = hub.with_key(key["key"].as_str().unwrap());
        let queued = second.draw(square).await.ok(202);
        let queued_id = queued["id"].as_str().unwrap();
        assert_eq!(shape(api.look(queued_id).await, &hub.url), unfinished("queued", 24));

        let revoked = hub.gih_json(&["key", "revoke", key["id"].as_str().unwrap()]);
        assert_eq!(revoked["canceled_generations"], json!([queued_id]));
        let answer = api.get(&format!("/api/v1/generations/{queued_id}")).await;
        assert_eq!(answer.header("retry-after"), None);
        let canceled = retrieved(
            "canceled",
            json!({
                "completed_at": "<time>", "balance": balance(32),
                "error": {"message": "The generation was canceled because its API key was revoked.", "code": "generationCanceled"},
            }),
        );
        assert_eq!(shape(answer.ok(200), &hub.url), canceled);
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn ended_generations_are_retrieved_whole() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        let square = json!({"aspect_ratio": "1:1"});
        let id = api.draw(square.clone()).await.ok(200)["id"].as_str().unwrap().to_owned();
        let answer = api.get(&format!("/api/v1/generations/{id}")).await;
        assert_eq!(answer.header("retry-after"), None);
        let succeeded = retrieved(
            "succeeded",
            json!({
                "images": images(1), "usage": {"credits": 8, "credits_requested": 8}, "completed_at": "<time>",
                "balance": balance(92),
            }),
        );
        assert_eq!(shape(answer.ok(200), &hub.url), succeeded);

        let auto = api.draw(json!({"prompt": "  a fox\n"})).await.ok(200);
        let found = api.look(auto["id"].as_str().unwrap()).await;
        assert_eq!((&found["size"], &found["aspect_ratio"], &found["prompt"]), (&json!("auto"), &json!("auto"), &json!("a fox")));

        upstream.enqueue(Behaviour::fail(Failure::server_error()));
        let error = api.draw(square).await.ok(500);
        let id = error["error"]["generation_id"].as_str().unwrap();
        let failed = retrieved(
            "failed",
            json!({
                "completed_at": "<time>", "balance": balance(84),
                "error": {
                    "message": "The image provider failed to generate the image; the credits were refunded.",
                    "code": "generationFailed",
                },
            }),
        );
        assert_eq!(shape(api.look(id).await, &hub.url), failed);
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn the_list_pages_and_filters() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        let empty = json!({"object": "list", "data": [], "has_more": false, "next_cursor": null});
        assert_eq!(api.get("/api/v1/generations").await.ok(200), empty);
        let mut ids = Vec::new();
        for nth in 0..5 {
            if nth == 2 {
                upstream.enqueue(Behaviour::fail(Failure::server_error()));
            }
            let body = api.draw(json!({"aspect_ratio": "1:1"})).await.json();
            let id = body["id"].as_str().or(body["error"]["generation_id"].as_str());
            ids.insert(0, id.unwrap().to_owned());
        }
        let mut sorted = ids.clone();
        sorted.sort();
        sorted.reverse();
        assert_eq!(sorted, ids, "ids sort by creation time");

        let list = async |query: &str| api.get(&format!("/api/v1/generations{query}")).await.ok(200);
        let listed = |page: &Value| -> Vec<String> {
            let data = page["data"].as_array().unwrap();
            data.iter().map(|generation| generation["id"].as_str().unwrap().to_owned()).collect()
        };
        let all = list("").await;
        assert_eq!(listed(&all), ids);
        let succeeded = retrieved(
            "succeeded",
            json!({"images": images(1), "usage": {"credits": 8, "credits_requested": 8}, "completed_at": "<time>"}),
        );
        assert_eq!(shape(all["data"][0].clone(), &hub.url), succeeded, "as one generation, without balance");

        let first = list("?limit=2").await;
        assert_eq!((listed(&first), &first["has_more"]), (ids[..2].to_vec(), &json!(true)));
        let next = |page: &Value| format!("?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
        let second = list(&next(&first)).await;
        assert_eq!((listed(&second), &second["has_more"]), (ids[2..4].to_vec(), &json!(true)));
        let third = list(&next(&second)).await;
        assert_eq!((listed(&third), &third["has_more"]), (ids[4..].to_vec(), &json!(false)));
        assert_eq!(third["next_cursor"], Value::Null);

        assert_eq!(listed(&list("?status=failed").await), [ids[2].clone()]);
        assert_eq!(listed(&list("?status=queued").await), Vec::<String>::new());
        let middle = all["data"][2]["created_at"].as_str().unwrap();
        assert_eq!(listed(&list("?created_from=2000-01-01T00:00:00Z&limit=100").await), ids);
        let (from, before) = (
            listed(&list(&format!("?created_from={middle}")).await),
            listed(&list(&format!("?created_before={middle}")).await),
        );
        assert_eq!([from, before].concat(), ids, "each is on one side of {middle}");
        assert_eq!(listed(&list("?created_before=2000-01-01T00:00:00Z").await), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn an_error_has_message_and_code() {
    let hub = Hub::start(Options::sqlite()).await;
    let body = hub.without_key().get("/api/v1/credits").await.ok(401);
    let message =
        "No API key was sent. Send it as Authorization: Bearer gih_live_… (or gih_test_…).";
    assert_eq!(
        body,
        json!({"error": {"message": message, "code": "missingApiKey"}})
    );
    let body = hub.account().test().draw(json!({"n": 5})).await.ok(400);
    let message = "n is 5; it must be an integer from 1 to 4";
    assert_eq!(
        body,
        json!({"error": {"message": message, "code": "invalid_request", "param": "n"}})
    );
}

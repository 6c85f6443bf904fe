//! Refusals: every row of the contract's error table that is answered before anything is accepted, and their order.
//! Every such answer carries `X-Request-Id` (checked by the harness), costs nothing and leaves nothing.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::support::*;

const GENERATE: &str = "/api/v1/images/generations";

fn nothing() -> Value {
    json!({})
}

/// A request as valid as can be, to be spoiled.
fn valid(more: Value) -> Value {
    let mut body = json!({"model": "gpt-image-2", "prompt": "a fox"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn keys_are_asked_for_and_told_apart() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        let account = hub.account();
        let revoked = account.key("live");
        hub.gih_json(&["key", "revoke", revoked["id"].as_str().unwrap()]);
        let expired = account.key_with("live", &["--expires-in", "1s"]);
        let good = account.key("test");
        let text = |key: &Value| key["key"].as_str().unwrap().to_owned();
        let mut mistyped = text(&good);
        let last = mistyped.pop().unwrap();
        mistyped.push(if last == 'x' { 'y' } else { 'x' });
        // A well-formed key of no hub: from another one.
        let other = Hub::start(Options::sqlite()).await;
        let unknown = text(&other.account().key("live"));
        tokio::time::sleep(Duration::from_millis(1_100)).await;

        let bearer = |key: &str| format!("Bearer {key}");
        let cases = [
            (None, "missingApiKey"),
            (Some(String::new()), "missingApiKey"),
            (Some(" ".to_owned()), "missingApiKey"),
            (Some("Bearer".to_owned()), "missingApiKey"),
            (Some("Bearer   ".to_owned()), "missingApiKey"),
            (Some("Basic dTpw".to_owned()), "invalidApiKey"),
            (Some(text(&good)), "invalidApiKey"),
            (Some(bearer("nonsense")), "invalidApiKey"),
            (Some(bearer("sk-1234567890")), "invalidApiKey"),
            (
                Some(bearer(&format!("{} {}", text(&good), text(&good)))),
                "invalidApiKey",
            ),
            (Some(bearer(&mistyped)), "invalidApiKey"),
            (Some(bearer(&unknown)), "invalidApiKey"),
            (Some(bearer(&text(&revoked))), "invalidApiKey"),
            (Some(bearer(&text(&expired))), "expiredApiKey"),
        ];
        let nobody = hub.without_key();
        for (header, code) in cases {
            let protected = [
                (Method::GET, "/api/v1/credits"),
                (Method::GET, "/api/v1/generations"),
                (Method::GET, "/api/v1/generations/x"),
                (Method::POST, GENERATE),
            ];
            for (method, path) in protected {
                let mut request = nobody.request(method, path);
                if let Some(header) = &header {
                    request = request.header(AUTHORIZATION, header);
                }
                let answer = send(request).await;
                answer.error(401, code, nothing());
                assert_eq!(
                    answer.header("www-authenticate"),
                    Some("Bearer"),
                    "{header:?}"
                );
            }
        }
        // The scheme's case does not matter, and models are open to whoever, whatever they show.
        let lower = nobody
            .request(Method::GET, "/api/v1/credits")
            .header(AUTHORIZATION, format!("bearer  {} ", text(&good)));
        assert_eq!(send(lower).await.status, 200);
        let odd = nobody
            .request(Method::GET, "/api/v1/models")
            .header(AUTHORIZATION, "nonsense");
        assert_eq!(send(odd).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn wrong_fields_are_named_with_what_came_and_what_is_allowed() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 8).await;
        let long = "ä".repeat(32_001);
        let cases = [
            (json!({"model": null}), "model", "required", "gpt-image-2"),
            (json!({"model": "dall-e-9"}), "model", "\"dall-e-9\"", "gpt-image-2"),
            (json!({"model": 1}), "model", "the number 1", "a string"),
            (json!({"prompt": null}), "prompt", "required", ""),
            (json!({"prompt": " \n\t"}), "prompt", "empty", "1 to 32,000"),
            (json!({"prompt": long}), "prompt", "32001 characters", "32,000"),
            (json!({"prompt": "a\u{0}b"}), "prompt", "NUL", ""),
            (json!({"prompt": ["a"]}), "prompt", "an array", "a string"),
            (json!({"aspect_ratio": "7:3"}), "aspect_ratio", "\"7:3\"", "auto, 1:1, 4:3"),
            (json!({"aspect_ratio": ""}), "aspect_ratio", "\"\"", "auto"),
            (json!({"aspect_ratio": true}), "aspect_ratio", "true", "a string"),
            (json!({"size": "big"}), "size", "\"big\"", "WIDTHxHEIGHT"),
            (json!({"size": "1024X1024"}), "size", "\"1024X1024\"", "WIDTHxHEIGHT"),
            (json!({"size": "1000x1000"}), "size", "\"1000x1000\"", "multiples of 16"),
            (json!({"size": "3856x1600"}), "size", "\"3856x1600\"", "3840"),
            (json!({"size": "3104x1024"}), "size", "\"3104x1024\"", "3 times"),
            (json!({"size": "640x640"}), "size", "\"640x640\"", "655360"),
            (json!({"size": "3840x2176"}), "size", "\"3840x2176\"", "8294400"),
            (json!({"size": 1024}), "size", "the number 1024", "a string"),
            (json!({"size": "1024x1024", "aspect_ratio": "3:2"}), "aspect_ratio", "3:2", "1:1"),
            (json!({"size": "1024x1024", "quality": "2K"}), "quality", "2K", "1K"),
            (json!({"quality": "8K"}), "quality", "\"8K\"", "1K, 2K, 4K"),
            (json!({"quality": "HIGH"}), "quality", "\"HIGH\"", "auto, low, medium, high"),
            (json!({"quality": 1}), "quality", "the number 1", "a string"),
            (json!({"n": 0}), "n", "n is 0", "1 to 4"),
            (json!({"n": 5}), "n", "n is 5", "1 to 4"),
            (json!({"n": -1}), "n", "n is -1", "1 to 4"),
            (json!({"n": "1"}), "n", "the string \"1\"", "1 to 4"),
            (json!({"n": 1.0}), "n", "the number 1.0", "1 to 4"),
            (json!({"n": 10_000_000_000_000_000_000_u64}), "n", "10000000000000000000", "1 to 4"),
            (json!({"async": "true"}), "async", "the string \"true\"", "true or false"),
            (json!({"async": 1}), "async", "the number 1", "true or false"),
            (json!({"reference_image": "https://example.com/a.png"}), "reference_image", "JSON", "multipart/form-data"),
            (json!({"image": ["data:image/png;base64,"]}), "image", "JSON", "multipart/form-data"),
        ];
        for (fields, param, came, allowed) in cases {
            let answer = api.generate(valid(fields.clone())).await;
            let message = answer.error(400, "invalid_request", json!({"param": param}));
            assert!(message.contains(param) && message.contains(came) && message.contains(allowed), "{fields}: {message}");
            assert!(message.len() < 300, "{message}");
        }
        // Absent and unknown fields are fine: what is left is valid, and unpaid refusals have left the balance alone.
        let same = json!({"aspect_ratio": null, "size": null, "quality": null, "n": null, "async": null,
            "reference_image": null, "image": null, "user": "u", "response_format": 7, "stream": {"x": []}});
        api.generate(valid(same)).await.ok(200);
        assert_eq!((api.credits().await, api.count().await, upstream.call_count()), (0, 1, 1));
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_prompt_may_have_exactly_32_000_characters() {
    let (upstream, _hub, api) = live(Options::sqlite(), 16).await;
    let longest = "🦊".repeat(32_000);
    api.draw(json!({"prompt": format!(" \n{longest}\t ")}))
        .await
        .ok(200);
    assert_eq!(
        upstream.requests()[0].fields["prompt"],
        longest,
        "trimmed, whole"
    );
}

#[tokio::test]
async fn bodies_that_are_no_request_are_refused() {
    let (upstream, _hub, api) = live(Options::sqlite(), 8).await;
    let json_body = |body: Vec<u8>| {
        api.generation()
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body)
    };
    for body in [
        "",
        "{",
        "nonsense",
        "{\"model\": \"a\",}",
        "{\"prompt\": \"\u{1}\"}",
    ] {
        let message = send(json_body(body.into()))
            .await
            .error(400, "invalid_request", nothing());
        assert!(message.contains("not valid JSON"), "{message}");
    }
    let message = send(json_body(b"{\"prompt\": \"\xff\"}".to_vec()))
        .await
        .error(400, "invalid_request", nothing());
    assert!(message.contains("not valid JSON"), "{message}");
    for (body, kind) in [("[]", "an array"), ("null", "null"), ("\"a\"", "a string")] {
        let message = send(json_body(body.into()))
            .await
            .error(400, "invalid_request", nothing());
        assert!(
            message.contains("JSON object") && message.contains(kind),
            "{message}"
        );
    }
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("nonsense"),
        Some("multipart/mixed; boundary=x"),
    ] {
        let mut request = api.generation().body(valid(nothing()).to_string());
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        let message = send(request)
            .await
            .error(415, "unsupportedMediaType", nothing());
        assert!(
            message.contains("application/json") && message.contains("multipart/form-data"),
            "{message}"
        );
    }
    let message = send(
        api.generation()
            .header(CONTENT_TYPE, "multipart/form-data")
            .body("x"),
    )
    .await
    .error(400, "invalid_request", nothing());
    assert!(message.contains("boundary"), "{message}");

    // 1 MiB is allowed to the byte, when it is announced and when it is not.
    let mut body = valid(json!({"user": ""})).to_string();
    body.insert_str(body.len() - 2, &"u".repeat(1_048_576 - body.len()));
    let chunked = |body: String| {
        reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(body)]))
    };
    send(json_body(body.clone().into())).await.ok(200);
    body.push(' ');
    let message =
        send(json_body(body.clone().into()))
            .await
            .error(413, "payloadTooLarge", nothing());
    assert!(message.contains("1048576"), "{message}");
    let request = api
        .generation()
        .header(CONTENT_TYPE, "application/json")
        .body(chunked(body));
    send(request).await.error(413, "payloadTooLarge", nothing());
    assert_eq!(
        (
            api.credits().await,
            api.count().await,
            upstream.call_count()
        ),
        (0, 1, 1)
    );
}

#[tokio::test]
async fn what_a_query_says_is_checked() {
    let hub = Hub::start(Options::sqlite()).await;
    let api = hub.account().test();
    let cases = [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("status=done", "status"),
        ("created_from=yesterday", "created_from"),
        ("created_before=1", "created_before"),
        ("limit=%ff", "limit"),
    ];
    for (query, param) in cases {
        let answer = api.get(&format!("/api/v1/generations?{query}")).await;
        let message = answer.error(400, "invalid_request", json!({"param": param}));
        assert!(message.starts_with(&format!("{param} is ")), "{message}");
    }
    api.get("/api/v1/generations?limit=100&unknown=1&status=")
        .await
        .ok(200);
    let key = |key: &str| {
        api.generation()
            .header("idempotency-key", key)
            .json(&valid(nothing()))
    };
    for wrong in ["", "a b", &"k".repeat(256)] {
        let message = send(key(wrong)).await.error(
            400,
            "invalid_request",
            json!({"param": "Idempotency-Key"}),
        );
        assert!(message.contains("255"), "{message}");
    }
    send(key(&"k".repeat(255))).await.ok(200);
}

#[tokio::test]
async fn an_unknown_or_foreign_id_is_404() {
    on_both(async |options| {
        let (_upstream, hub, api) = live(options, 8).await;
        let id = api.draw(nothing()).await.ok(200)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let stranger = hub.account().live();
        let own_test_key = Account::of(&hub, &api).test();
        let unknown = format!("gen_{}", "0".repeat(32));
        let message = "There is no such generation.";
        for (who, id) in [
            (&stranger, id.as_str()),
            (&own_test_key, &id),
            (&api, &unknown),
            (&api, "nonsense"),
            (&api, "%00"),
            (&api, "%ff"),
        ] {
            let answer = who.get(&format!("/api/v1/generations/{id}")).await;
            assert_eq!(answer.error(404, "notFound", nothing()), message);
        }
        assert_eq!(
            (
                stranger.count().await,
                own_test_key.count().await,
                api.count().await
            ),
            (0, 0, 1)
        );
    })
    .await;
}

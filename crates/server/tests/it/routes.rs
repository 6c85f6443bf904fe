//! Which address and method is answered at all.

use reqwest::Method;
use reqwest::header::ALLOW;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn unknown_routes_are_404_before_anything_else() {
    let hub = Hub::start(Options::sqlite()).await;
    let nobody = hub.without_key();
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v1/model",
        "/api/v1/models/",
        "/api/v2/models",
        "/api/v1/images",
        "/x",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = send(nobody.request(method, path)).await;
            let message = answer.error(404, "notFound", json!({}));
            assert_eq!(message, format!("There is nothing at {path}."));
        }
    }
    let long = nobody.get(&format!("/{}", "x".repeat(2_000))).await;
    assert!(long.error(404, "notFound", json!({})).len() < 200);
}

#[tokio::test]
async fn wrong_methods_are_405_and_told_what_is_allowed() {
    let hub = Hub::start(Options::sqlite()).await;
    let nobody = hub.without_key();
    let read = [
        "/api/v1/models",
        "/api/v1/credits",
        "/api/v1/generations",
        "/api/v1/generations/x",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
    ];
    let routes = read.map(|path| (path, "GET, HEAD", ["POST", "PUT", "DELETE", "OPTIONS"]));
    let generate = (
        "/api/v1/images/generations",
        "POST",
        ["GET", "PUT", "DELETE", "OPTIONS"],
    );
    for (path, allow, wrong) in routes.into_iter().chain([generate]) {
        for method in wrong {
            let answer = send(nobody.request(method.parse().unwrap(), path)).await;
            answer.error(405, "methodNotAllowed", json!({}));
            assert_eq!(
                answer.header(ALLOW.as_str()),
                Some(allow),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn head_works_where_get_does() {
    let hub = Hub::start(Options::sqlite()).await;
    let api = hub.account().test();
    let drawn = api.draw(json!({})).await.ok(200);
    let (id, image) = (
        drawn["id"].as_str().unwrap(),
        drawn["images"][0]["url"].as_str().unwrap(),
    );
    let one = format!("/api/v1/generations/{id}");
    for path in [
        "/api/v1/models",
        "/api/v1/credits",
        "/api/v1/generations",
        &one,
        image,
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/x",
    ] {
        let get = api.get(path).await;
        let head = send(api.request(Method::HEAD, path)).await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.body.len(), 0);
        for name in ["content-type", "content-length"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
}

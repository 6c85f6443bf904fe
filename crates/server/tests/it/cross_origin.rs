//! Calls from browsers: off unless origins are named, and then for these alone.

use reqwest::Method;
use serde_json::json;

use crate::support::*;

const OURS: &str = "https://app.example.com";

fn preflight(api: &Api, origin: &str) -> reqwest::RequestBuilder {
    api.request(Method::OPTIONS, "/api/v1/images/generations")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type,idempotency-key",
        )
}

fn is_about_origins(answer: &Answer) -> bool {
    answer
        .headers
        .keys()
        .any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn off_by_default() {
    let hub = Hub::start(Options::sqlite()).await;
    let nobody = hub.without_key();
    let answers = [
        send(
            nobody
                .request(Method::GET, "/api/v1/models")
                .header("origin", OURS),
        )
        .await,
        send(
            nobody
                .request(Method::GET, "/api/v1/credits")
                .header("origin", OURS),
        )
        .await,
        send(preflight(&nobody, OURS)).await,
    ];
    assert_eq!(
        answers.each_ref().map(|answer| answer.status),
        [200, 401, 405]
    );
    assert!(!answers.iter().any(is_about_origins), "{answers:?}");
}

#[tokio::test]
async fn named_origins_alone_may_call() {
    let origins = format!("https://other.example.com, {OURS}");
    let hub = Hub::start(Options::sqlite().env("GIH_CORS_ORIGINS", origins)).await;
    let nobody = hub.without_key();
    let answer = send(preflight(&nobody, OURS)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some(OURS));
    assert!(
        answer
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    let headers = answer
        .header("access-control-allow-headers")
        .unwrap()
        .to_ascii_lowercase();
    assert!(
        ["authorization", "content-type", "idempotency-key"]
            .iter()
            .all(|name| headers.contains(name)),
        "{headers}"
    );

    // Errors too, or a page could not read them.
    let answer = send(
        nobody
            .request(Method::GET, "/api/v1/credits")
            .header("origin", OURS),
    )
    .await;
    answer.error(401, "missingApiKey", json!({}));
    assert_eq!(answer.header("access-control-allow-origin"), Some(OURS));
    let exposed = answer
        .header("access-control-expose-headers")
        .unwrap()
        .to_ascii_lowercase();
    assert!(
        exposed.contains("x-request-id") && exposed.contains("retry-after"),
        "{exposed}"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), None);

    for stranger in ["https://evil.example.com", "http://app.example.com", "null"] {
        let answer = send(
            nobody
                .request(Method::GET, "/api/v1/models")
                .header("origin", stranger),
        )
        .await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{answer:?}"
        );
        let answer = send(preflight(&nobody, stranger)).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{answer:?}"
        );
    }
    // Whoever is no browser is not concerned.
    assert_eq!(nobody.get("/api/v1/models").await.status, 200);
}

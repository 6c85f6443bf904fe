//! The hub at the level of HTTP: what clients and attackers send that no library would.

use std::io::Write as _;

use serde_json::json;

use crate::support::*;

/// Status line and headers of an answer on the wire, and its body.
fn parted(answer: &str) -> (&str, &str) {
    answer.split_once("\r\n\r\n").unwrap_or((answer, ""))
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_the_hub_lives() {
    let hub = Hub::start(Options::sqlite()).await;
    let requests = [
        "nonsense\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET /a b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /api/v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\nBad Header: x\r\n\r\n".to_owned(),
        "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "x".repeat(1_000_000)),
        format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}\r\n", "a: b\r\n".repeat(10_000)),
    ];
    for request in requests {
        let answer = hub.raw(request.as_bytes());
        // A refusal, or a connection that is closed in the face of a flood.
        let (head, _) = parted(&answer);
        assert!(
            answer.is_empty() || head.starts_with("HTTP/1.1 4"),
            "{head}"
        );
    }
    assert_eq!(hub.without_key().get("/api/v1/models").await.status, 200);
    assert!(
        !hub.process.stderr().contains("panicked"),
        "{}",
        hub.process.stderr()
    );
}

#[tokio::test]
async fn a_client_that_sends_before_it_listens_sees_the_refusal() {
    let hub = Hub::start(Options::sqlite()).await;
    let key = hub.account().key("test");
    let head = |authorization: &str, kind: &str, length: usize| {
        format!(
            "POST /api/v1/images/generations HTTP/1.1\r\nHost: x\r\n{authorization}Content-Type: {kind}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        )
    };
    let body = vec![b' '; 8_000_000];
    let bearer = format!("Authorization: Bearer {}\r\n", key["key"].as_str().unwrap());
    let cases = [
        (head("", "application/json", body.len()), "401"),
        (head(&bearer, "application/json", body.len()), "413"),
        (head(&bearer, "text/plain", body.len()), "415"),
        (
            head(&bearer, "multipart/form-data; boundary=x", body.len()),
            "400",
        ),
        (head(&bearer, "multipart/form-data", body.len()), "400"),
    ];
    for (head, status) in cases {
        let answer = hub.raw(&[head.as_bytes(), &body].concat());
        let (head, body) = parted(&answer);
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}")),
            "{status}: {head}"
        );
        assert!(
            head.contains("x-request-id: req_") && body.contains("\"error\""),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_refused_and_costs_nothing() {
    let hub = Hub::start(Options::sqlite()).await;
    let account = hub.account();
    let (key, api) = (account.key("test"), account.test());
    let mut stream = hub.connect();
    let body = json!({"model": "gpt-image-2", "prompt": "a fox"}).to_string();
    let head = format!(
        "POST /api/v1/images/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        key["key"].as_str().unwrap(),
        body.len() + 1
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let answer = String::from_utf8(process::read_all(stream)).unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    assert_eq!((api.credits().await, api.count().await), (1_000, 0));
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let hub = Hub::start(Options::sqlite()).await;
    let nobody = hub.without_key();
    let mut ids = Vec::new();
    for path in [
        "/api/v1/models",
        "/api/v1/credits",
        "/x",
        "/media/x",
        "/healthz",
        "/readyz",
        "/openapi.json",
    ] {
        let answer = send(
            nobody
                .request(reqwest::Method::GET, path)
                .header("x-request-id", "mine"),
        )
        .await;
        ids.push(answer.header("x-request-id").unwrap().to_owned());
    }
    for id in &ids {
        assert!(id.starts_with("req_"), "{id}");
        until("the id in the log", async || {
            hub.process.stderr().contains(id.as_str()).then_some(())
        })
        .await;
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
}

#[tokio::test]
async fn health_and_readiness_are_open() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        let nobody = hub.without_key();
        assert_eq!(
            nobody.get("/healthz").await.ok(200),
            json!({"status": "ok"})
        );
        assert_eq!(
            nobody.get("/readyz").await.ok(200),
            json!({"status": "ready"})
        );
    })
    .await;
}

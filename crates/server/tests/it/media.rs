//! The image files: what an address opens, and what it never does. In files and in a bucket alike.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use gih_fake_openai::Behaviour;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::*;

/// Where the tests' S3 server is. A missing one is a failure and never a skipped test.
fn endpoint() -> String {
    std::env::var("TEST_S3_ENDPOINT").unwrap_or_else(|_| {
        panic!("this test needs an S3 server: run `cargo xtask test`, or set TEST_S3_ENDPOINT to http://…")
    })
}

/// One request to the S3 server, which looks whether a request is signed and not how; its whole answer.
fn s3(line: &str) -> String {
    let endpoint = endpoint();
    let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
    let signed =
        "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request";
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\n{signed}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A new bucket, and the options to store there.
pub fn in_bucket(options: Options) -> (Options, String) {
    let bucket = format!(
        "it-{}-{}",
        std::process::id(),
        std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos()
    );
    let made = s3(&format!("PUT /{bucket}"));
    assert!(made.starts_with("HTTP/1.1 200"), "{made}");
    let options = options
        .env("GIH_STORAGE_URL", format!("s3://{bucket}/some/prefix"))
        .env("AWS_ENDPOINT_URL", endpoint())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1");
    (options, bucket)
}

async fn get(api: &Api, url: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers
        .iter()
        .fold(api.request(Method::GET, url), |request, (name, value)| {
            request.header(*name, *value)
        });
    send(request).await
}

/// Everything about one image's address.
async fn opens(api: &Api, url: &str) {
    let whole = get(api, url, &[]).await;
    assert_eq!(whole.status, 200, "{whole:?}");
    let bytes = whole.body.clone();
    let length = bytes.len();
    assert_eq!(samples::dimensions(&bytes), (1024, 1024));
    let always = |answer: &Answer| {
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=31536000, immutable"),
            "{answer:?}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(
            answer.header("content-security-policy"),
            Some("default-src 'none'; sandbox")
        );
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        assert_eq!(answer.header("etag"), whole.header("etag"));
    };
    always(&whole);
    assert_eq!(whole.header("content-type"), Some("image/png"));
    assert_eq!(
        whole.header("content-length"),
        Some(length.to_string().as_str())
    );

    let last = length - 1;
    let ranges = [
        ("bytes=0-0".to_owned(), 0..1),
        ("bytes=8-99".to_owned(), 8..100),
        (format!("bytes={last}-"), last..length),
        ("bytes=-12".to_owned(), length - 12..length),
        ("bytes=0-999999999".to_owned(), 0..length),
    ];
    for (range, wanted) in ranges {
        let part = get(api, url, &[("range", &range)]).await;
        assert_eq!(
            (part.status, &part.body[..]),
            (206, &bytes[wanted.clone()]),
            "{range}"
        );
        let content_range = format!("bytes {}-{}/{length}", wanted.start, wanted.end - 1);
        assert_eq!(part.header("content-range"), Some(content_range.as_str()));
        assert_eq!(part.header("content-type"), Some("image/png"));
        always(&part);
    }
    let beyond = get(api, url, &[("range", &format!("bytes={length}-"))]).await;
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (416, Some(format!("bytes */{length}").as_str()))
    );
    // Several ranges, or none that is understood, may be ignored.
    for ignored in ["bytes=0-1,3-4", "items=0-1", "bytes=x"] {
        let answer = get(api, url, &[("range", ignored)]).await;
        assert_eq!(
            (answer.status, answer.body.len()),
            (200, length),
            "{ignored}"
        );
    }

    let tag = whole.header("etag").unwrap();
    for known in [tag, &format!("\"other\", {tag}"), &format!("W/{tag}")] {
        let unchanged = get(api, url, &[("if-none-match", known)]).await;
        assert_eq!(
            (unchanged.status, unchanged.body.len()),
            (304, 0),
            "{known}"
        );
        always(&unchanged);
    }
    assert_eq!(
        get(api, url, &[("if-none-match", "\"other\"")])
            .await
            .status,
        200
    );
    assert_eq!(
        get(api, url, &[("range", "bytes=0-0"), ("if-range", tag)])
            .await
            .status,
        206
    );
    assert_eq!(
        get(
            api,
            url,
            &[("range", "bytes=0-0"), ("if-range", "\"other\"")]
        )
        .await
        .status,
        200
    );
    send(api.request(Method::DELETE, url))
        .await
        .error(405, "methodNotAllowed", json!({}));
}

/// What must not be reached, while a generation with a reference runs.
async fn hides(api: &Api, id: &str, image: &str) {
    let (base, name) = image.rsplit_once('/').unwrap();
    let media = format!("{}/media", api.url);
    let guess = name.replace(|c: char| c.is_ascii_digit(), "0");
    let wrong = [
        format!("{base}/{guess}"),
        format!("{base}/{}", name.replace(".png", ".jpg")),
        format!("{base}/{}", name.replace(".png", "")),
        format!("{base}/{name}/"),
        base.to_owned(),
        format!("{media}/references/{id}/0"),
        format!("{media}/generations/../references/{id}/0"),
        format!("{media}/generations/%2e%2e/references/{id}/0"),
        format!("{media}/generations/..%2freferences/{id}/0"),
        format!("{media}//references/{id}/0"),
        format!("{media}/%2fetc/passwd"),
        format!("{media}/../gih.db"),
        format!("{media}/%2e%2e/gih.db"),
        format!("{media}/"),
        media.clone(),
    ];
    for url in wrong {
        let answer = get(api, &url, &[]).await;
        answer.ok(404);
        assert_eq!(answer.json()["error"]["code"], "notFound", "{url}");
    }
    // As it is on the wire: clients tidy addresses up.
    let path = format!("/media/generations/../references/{id}/0");
    let mut stream = TcpStream::connect(api.url.trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

async fn story(options: Options) -> (Hub, Value) {
    let (upstream, hub, api) = live(options, 100).await;
    let body = api.draw(json!({"n": 2})).await.ok(200);
    let nobody = hub.without_key();
    for image in body["images"].as_array().unwrap() {
        opens(&nobody, image["url"].as_str().unwrap()).await;
    }
    upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(2)));
    let reference = Part::bytes(samples::png(64, 64)).file_name("a.png");
    let form = Form::new()
        .text("model", "gpt-image-2")
        .text("prompt", "a fox")
        .text("async", "1")
        .part("image", reference);
    let accepted = api.submit(form).await.ok(202);
    let id = accepted["id"].as_str().unwrap();
    api.once("running", id).await;
    hides(&nobody, id, body["images"][0]["url"].as_str().unwrap()).await;
    let ended = api.end(id).await;
    assert_eq!(ended["status"], "succeeded");
    assert_eq!(
        upstream.requests()[1].files[0].sha256,
        samples::sha256(&samples::png(64, 64))
    );
    opens(&nobody, ended["images"][0]["url"].as_str().unwrap()).await;
    // Images outlive the process.
    let hub = hub.restart().await;
    let path = body["images"][0]["url"]
        .as_str()
        .unwrap()
        .split_once("/media/")
        .unwrap()
        .1;
    assert_eq!(
        hub.without_key()
            .get(&format!("/media/{path}"))
            .await
            .status,
        200
    );
    hub.audit();
    (hub, body)
}

#[tokio::test]
async fn images_in_files_are_opened_by_their_address_alone() {
    on_both(async |options| {
        let (hub, _) = story(options).await;
        // Nobody else on the machine reads what people drew.
        let media = hub.place.data_dir().join("media/generations");
        assert_eq!(std::fs::read_dir(media).unwrap().count(), 2);
    })
    .await;
}

#[tokio::test]
async fn images_in_a_bucket_are_opened_by_their_address_alone() {
    let (options, bucket) = in_bucket(Options::sqlite());
    let (_hub, body) = story(options).await;
    let keys = until("the reference to be deleted", async || {
        let keys = s3(&format!("GET /{bucket}?list-type=2"));
        (!keys.contains("/references/")).then_some(keys)
    })
    .await;
    let path = body["images"][0]["url"]
        .as_str()
        .unwrap()
        .split_once("/media/")
        .unwrap()
        .1;
    assert!(
        keys.contains(&format!("<Key>some/prefix/{path}</Key>")),
        "{keys}"
    );
    assert_eq!(keys.matches("/generations/").count(), 3, "{keys}");
    let object = s3(&format!("GET /{bucket}/some/prefix/{path}")).to_ascii_lowercase();
    assert!(
        object.contains("content-type: image/png"),
        "a CDN in front of the bucket serves it right"
    );
}

#[tokio::test]
async fn a_media_address_elsewhere_is_answered_and_not_served() {
    let upstream = "https://cdn.example.com/images/";
    let hub = Hub::start(
        Options::sqlite()
            .env("GIH_MEDIA_URL", upstream)
            .env("GIH_PUBLIC_URL", "https://hub.example.com"),
    )
    .await;
    let api = hub.account().test();
    let body = api.draw(json!({})).await.ok(200);
    let url = body["images"][0]["url"].as_str().unwrap();
    let path = url
        .strip_prefix("https://cdn.example.com/images/generations/")
        .unwrap();
    hub.without_key()
        .get(&format!("/media/generations/{path}"))
        .await
        .error(404, "notFound", json!({}));
    let accepted = api.draw(json!({"async": true})).await;
    let id = accepted.json()["id"].as_str().unwrap().to_owned();
    let poll_url = format!("https://hub.example.com/api/v1/generations/{id}");
    assert_eq!(accepted.header("location"), Some(poll_url.as_str()));
    api.end(&id).await;
}

#[tokio::test]
async fn an_image_that_is_gone_is_404() {
    let hub = Hub::start(Options::sqlite()).await;
    let api = hub.account().test();
    let url = api.draw(json!({})).await.ok(200)["images"][0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let tag = get(&api, &url, &[])
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let path = url.split_once("/media/").unwrap().1;
    std::fs::remove_file(hub.place.data_dir().join("media").join(path)).unwrap();
    for headers in [
        &[][..],
        &[("range", "bytes=0-0")],
        &[("if-none-match", &tag)],
    ] {
        get(&api, &url, headers)
            .await
            .error(404, "notFound", json!({}));
    }
}

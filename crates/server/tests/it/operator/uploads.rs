//! What bodies that are being received may take: places, disk and memory, and how much of it one account.

use std::io::Write as _;
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use serde_json::json;
use tokio::task::JoinHandle;

use super::work::PRICE;
use crate::support::*;

fn form(png: Vec<u8>) -> Form {
    Form::new()
        .text("model", "gpt-image-2")
        .text("prompt", "a fox")
        .part("reference_image", Part::bytes(png).file_name("fox.png"))
}

#[tokio::test]
async fn a_full_spool_is_503_and_free_and_room_comes_back() {
    let hub = Hub::start(Options::sqlite().env("GIH_SPOOL_LIMIT", "3 MB")).await;
    let api = hub.account().test();
    let refused = api.submit(form(samples::png_of_bytes(4_000_000))).await;
    refused.error(503, "serviceUnavailable", json!({}));
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert_eq!((api.credits().await, api.count().await), (1_000, 0));
    // Each of these needs most of the room, and gives it back, refused or not.
    for _ in 0..3 {
        api.submit(form(samples::png_of_bytes(2_000_000)))
            .await
            .ok(200);
        api.submit(form(samples::png_of_bytes(4_000_000)))
            .await
            .ok(503);
    }
    assert_eq!(api.credits().await, 1_000 - 3 * PRICE);
    hub.audit();
}

#[tokio::test]
async fn a_storage_that_takes_no_references_is_503_and_free() {
    let hub = Hub::start(Options::sqlite()).await;
    let api = hub.account().test();
    // A file where the folder of references belongs.
    let folder = hub.place.data_dir().join("media/references");
    let _not_there_yet = std::fs::remove_dir_all(&folder);
    std::fs::write(&folder, "in the way").unwrap();
    for _ in 0..2 {
        let refused = api.submit(form(samples::png(64, 64))).await;
        refused.error(503, "serviceUnavailable", json!({}));
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
        assert_eq!(refused.header("x-should-retry"), None);
    }
    assert_eq!((api.credits().await, api.count().await), (1_000, 0));
    api.draw(json!({})).await.ok(200); // needs no reference
    std::fs::remove_file(&folder).unwrap();
    api.submit(form(samples::png(64, 64))).await.ok(200);
    assert_eq!(api.credits().await, 1_000 - 2 * PRICE);
    hub.audit();
}

/// An upload whose body comes drop by drop: it holds its turn until it is dropped.
struct SlowUpload(std::net::TcpStream);

impl SlowUpload {
    /// The head and the beginning of the body.
    fn begin(hub: &Hub, key: &str) -> Self {
        let mut stream = hub.connect();
        let head = format!(
            "POST /api/v1/images/generations HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\n\
            Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n\
            --b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\n",
            hub.host()
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self(stream)
    }

    /// Keeps the body from stalling.
    fn drip(&mut self) {
        self.0.write_all(b"x").unwrap();
    }
}

#[tokio::test]
async fn uploads_beyond_the_limit_wait_and_then_are_503() {
    let hub = Hub::start(Options::sqlite().env("GIH_MAX_UPLOADS", 1)).await;
    let ann = hub.account();
    let key = ann.key("test")["key"].as_str().unwrap().to_owned();
    let api = hub.with_key(&key);
    let mut slow = SlowUpload::begin(&hub, &key);
    let upload = || {
        let api = api.clone();
        tokio::spawn(async move { api.submit(form(samples::png(64, 64))).await })
    };
    // Those that come before the slow one has its turn are drawn at once; sooner or later one is kept waiting.
    let mut drawn = 0;
    let (began, waiting) = loop {
        let (began, waiting) = (Instant::now(), upload());
        while !waiting.is_finished() && began.elapsed() < Duration::from_secs(3) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if !waiting.is_finished() {
            break (began, waiting);
        }
        waiting.await.unwrap().ok(200);
        drawn += 1;
    };
    // Bodies without files are read beside them.
    api.draw(json!({})).await.ok(200);
    drawn += 1;
    while !waiting.is_finished() {
        slow.drip();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let refused = waiting.await.unwrap();
    refused.error(503, "serviceUnavailable", json!({}));
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert!(
        began.elapsed() > Duration::from_secs(10),
        "it waited for its turn"
    );
    assert_eq!(api.credits().await, 1_000 - drawn * PRICE);

    // Whoever waits when the turn comes free gets it.
    let waiting = upload();
    drop(slow);
    waiting.await.unwrap().ok(200);
    assert_eq!(api.credits().await, 1_000 - (drawn + 1) * PRICE);
    hub.audit();
}

fn upload(api: &Api) -> JoinHandle<Answer> {
    let api = api.clone();
    tokio::spawn(async move { api.submit(form(samples::png(64, 64))).await })
}

#[tokio::test]
async fn an_account_has_all_upload_places_but_a_quarter() {
    let hub = Hub::start(Options::sqlite().env("GIH_MAX_UPLOADS", 8)).await;
    let (ann, bob) = (hub.account(), hub.account());
    let keys =
        [ann.key("test"), ann.key("test")].map(|key| key["key"].as_str().unwrap().to_owned());
    let hold = |count| -> Vec<_> {
        let slow = (0..count).map(|number| SlowUpload::begin(&hub, &keys[number % 2]));
        slow.collect()
    };
    // Whatever key she uses, six are hers. With five taken she still gets one, though nobody else wants any.
    let mut slow = hold(5);
    let (ann, bob) = (hub.with_key(&keys[0]), bob.test());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    upload(&ann).await.unwrap().ok(200);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "she did not wait"
    );
    slow.extend(hold(3));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let hers = upload(&ann);
    let began = Instant::now();
    for _ in 0..4 {
        upload(&bob).await.unwrap().ok(200);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "he did not wait");
    assert!(!hers.is_finished(), "she waits for her own");
    // What needs no place is not hindered.
    ann.draw(json!({})).await.ok(200);
    drop(slow);
    hers.await.unwrap().ok(200);
    assert_eq!(ann.credits().await, 1_000 - 3 * PRICE);
    hub.audit();
}

/// A JSON body without its last byte.
fn unfinished_json(hub: &Hub, key: &str) -> std::net::TcpStream {
    let body = vec![b' '; 1_000_000];
    let head = format!(
        "POST /api/v1/images/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len() + 1
    );
    let mut stream = hub.connect();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    stream
}

#[tokio::test]
async fn json_bodies_share_a_bounded_memory_and_an_account_has_all_but_a_quarter_of_it() {
    let hub = Hub::start(Options::sqlite()).await;
    let (ann, bob) = (hub.account(), hub.account());
    let key = ann.key("test")["key"].as_str().unwrap().to_owned();
    let (ann, bob) = (hub.with_key(&key), bob.test());
    // Three quarters of 64 MiB are 50.3 of them. What a refused one had gives some of the others room, but not most.
    let count = 75;
    let streams: Vec<_> = (0..count).map(|_| unfinished_json(&hub, &key)).collect();
    let refused = tokio::task::spawn_blocking(move || {
        // Those that have their room wait for their last byte, the others are answered by themselves.
        std::thread::sleep(Duration::from_secs(4));
        let finished = streams.into_iter().map(|mut stream| {
            // A refused one may be closed.
            let _refused = stream.write_all(b"x");
            String::from_utf8_lossy(&process::read_all(stream)).into_owned()
        });
        let refused = finished.filter(|answer| {
            let is_invalid =
                answer.starts_with("HTTP/1.1 400") && answer.contains("not valid JSON");
            let is_busy = answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: ");
            assert!(is_invalid || is_busy, "{answer}");
            is_busy
        });
        refused.count()
    });
    // Nobody else notices.
    for _ in 0..10 {
        bob.draw(json!({})).await.ok(200);
    }
    let refused = refused.await.unwrap();
    assert!((5..count).contains(&refused), "{refused} of {count}");
    // There is room again, and nothing of it cost her anything.
    ann.draw(json!({})).await.ok(200);
    assert_eq!((ann.credits().await, ann.count().await), (1_000 - PRICE, 1));
    hub.audit();
}

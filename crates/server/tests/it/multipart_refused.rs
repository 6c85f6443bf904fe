//! Uploads that are refused: named, free, and leaving nothing behind.

use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::Form;
use serde_json::json;

use crate::multipart::{file, fox, raw_body, received, submit_raw};
use crate::support::*;

#[tokio::test]
async fn wrong_fields_are_named_and_cost_nothing() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        let with_image = |bytes: Vec<u8>| fox().part("image", file(bytes));
        let many = (0..17).fold(fox(), |form, number| {
            form.part("image[]", file(samples::numbered_png(number)))
        });
        let cases = [
            (fox().text("n", "5"), "n", "n is 5", "1 to 4"),
            (fox().text("n", "1.0"), "n", "\"1.0\"", "1 to 4"),
            (fox().text("n", "two"), "n", "\"two\"", "1 to 4"),
            (
                fox().text("async", "yes"),
                "async",
                "\"yes\"",
                "true, false, 1 or 0",
            ),
            (
                fox().text("quality", "8K"),
                "quality",
                "\"8K\"",
                "1K, 2K, 4K",
            ),
            (
                fox().text("size", "1x1"),
                "size",
                "\"1x1\"",
                "multiples of 16",
            ),
            (
                fox().text("aspect_ratio", "7:3"),
                "aspect_ratio",
                "\"7:3\"",
                "auto, 1:1",
            ),
            (
                fox().text("prompt", "again"),
                "prompt",
                "more than once",
                "",
            ),
            (
                fox().text("model", "gpt-image-2"),
                "model",
                "more than once",
                "",
            ),
            (
                Form::new().text("prompt", "a fox"),
                "model",
                "required",
                "gpt-image-2",
            ),
            (
                Form::new().text("model", "gpt-image-2"),
                "prompt",
                "required",
                "",
            ),
            (
                fox().part("mask", file(samples::png(9, 9))),
                "mask",
                "\"mask\"",
                "reference_image",
            ),
            (
                fox().part("prompt2", file(b"text".to_vec())),
                "prompt2",
                "\"prompt2\"",
                "reference_image",
            ),
            (
                with_image(b"GIF89a\x01\0\x01\0\0\0\0;".to_vec()),
                "reference_image",
                "reference_image 1 is not",
                "PNG, JPEG and WebP",
            ),
            (
                with_image(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
                "reference_image",
                "is not",
                "PNG, JPEG and WebP",
            ),
            (
                with_image(samples::damaged_png()),
                "reference_image",
                "damaged",
                "PNG, JPEG and WebP",
            ),
            (
                with_image(samples::truncated_png()),
                "reference_image",
                "damaged",
                "PNG, JPEG and WebP",
            ),
            (
                with_image(samples::png(9, 9)).part("image", file(b"x".to_vec())),
                "reference_image",
                "reference_image 2",
                "PNG, JPEG and WebP",
            ),
            (with_image(Vec::new()), "reference_image", "empty", ""),
            (
                fox().text("image", "https://example.com/a.png"),
                "reference_image",
                "not a PNG",
                "PNG, JPEG and WebP",
            ),
            (
                many,
                "reference_image",
                "image[] was sent more than 16 times",
                "",
            ),
        ];
        for (form, param, came, allowed) in cases {
            let message =
                api.submit(form)
                    .await
                    .error(400, "invalid_request", json!({"param": param}));
            // Files are named as they were sent.
            let name = param.trim_start_matches("reference_");
            assert!(
                message.contains(name) && message.contains(came) && message.contains(allowed),
                "{param} {came}: {message}"
            );
        }
        let sixteen = (0..16).fold(fox(), |form, number| {
            form.part("image[]", file(samples::numbered_png(number)))
        });
        api.submit(sixteen).await.ok(200);
        assert_eq!(received(&upstream).len(), 16);
        assert_eq!(
            (
                api.credits().await,
                api.count().await,
                upstream.call_count()
            ),
            (92, 1, 1)
        );
        hub.audit();
        // References serve their generation and are gone with it.
        let references = hub.place.data_dir().join("media/references");
        until("the references to be gone", async || {
            (files_under(&references) == 0).then_some(())
        })
        .await;
    })
    .await;
}

/// How many files are in a folder and below.
fn files_under(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files_under(&path) } else { 1 })
        .sum()
}

#[tokio::test]
async fn the_limits_hold_to_the_byte() {
    const LIMIT: usize = 52_428_800;
    let hub = Hub::start(Options::sqlite()).await;
    let api = hub.account().test();
    let form = |bytes: usize| fox().part("image", file(samples::png_of_bytes(bytes)));
    let message = api.submit(form(LIMIT + 1)).await.error(
        400,
        "invalid_request",
        json!({"param": "reference_image"}),
    );
    assert!(
        message.contains("too large") && message.contains("52,428,800"),
        "{message}"
    );
    assert_eq!(api.count().await, 0);
    api.submit(form(LIMIT)).await.ok(200);

    let text = |bytes: usize| fox().text("user", "u".repeat(bytes));
    api.submit(text(256 * 1024)).await.ok(200);
    let message = api
        .submit(text(256 * 1024 + 1))
        .await
        .error(413, "payloadTooLarge", json!({}));
    assert!(
        message.contains("\"user\"") && message.contains("256 KiB"),
        "{message}"
    );
    let parts = (0..200).fold(fox(), |form, _| form.text("user", ""));
    api.submit(parts)
        .await
        .error(400, "invalid_request", json!({}));
    assert_eq!(api.count().await, 2);
}

#[tokio::test]
async fn bodies_that_break_off_or_make_no_sense_are_refused() {
    let (upstream, hub, api) = live(Options::sqlite(), 100).await;
    let name = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"");
    let image = "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png";
    let png = samples::png(200, 200);
    let whole = raw_body(&[
        (&name("model"), b"gpt-image-2"),
        (&name("prompt"), b"a fox"),
        (image, &png),
    ]);
    submit_raw(&api, whole.clone()).await.ok(200);
    // Cut in the middle of the file, in a header, before the last boundary.
    for length in [whole.len() - 60, 20, 70, whole.len() - 9, 0] {
        let answer = submit_raw(&api, whole[..length].to_vec()).await;
        assert_eq!(answer.status, 400, "{length}: {answer:?}");
        assert_eq!(answer.json()["error"]["code"], "invalid_request");
    }
    let nameless = raw_body(&[("Content-Disposition: form-data", b"x")]);
    let not_utf8 = raw_body(&[(&name("prompt"), b"\xff\xfe")]);
    let wrong_boundary = whole
        .iter()
        .map(|byte| if *byte == b'y' { b'Y' } else { *byte })
        .collect();
    for body in [nameless, not_utf8, b"nonsense".to_vec(), wrong_boundary] {
        let answer = submit_raw(&api, body).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (400, &json!("invalid_request")),
            "{answer:?}"
        );
    }
    for kind in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary",
    ] {
        let message = send(
            api.generation()
                .header(CONTENT_TYPE, kind)
                .body(whole.clone()),
        )
        .await
        .error(400, "invalid_request", json!({}));
        assert!(message.contains("boundary"), "{message}");
    }
    assert!(
        !hub.process.stderr().contains("panicked"),
        "{}",
        hub.process.stderr()
    );
    assert_eq!(
        (
            api.credits().await,
            api.count().await,
            upstream.call_count()
        ),
        (92, 1, 1)
    );
    // Nothing that was received stays behind.
    let spool = hub.place.data_dir().join("spool");
    until("the spool to be empty", async || {
        (files_under(&spool) <= 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_breaks_off_leaves_nothing() {
    use std::io::Write as _;
    let (upstream, hub, api) = live(Options::sqlite(), 100).await;
    let key = Account::of(&hub, &api).key("live");
    let head = format!(
        "POST /api/v1/images/generations HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=xyz\r\nContent-Length: 500000\r\n\r\n",
        hub.host(),
        key["key"].as_str().unwrap()
    );
    let image = "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"";
    let body = raw_body(&[(image, &samples::png_of_bytes(400_000))]);
    let mut stream = hub.connect();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..body.len() - 50]).unwrap();
    let spool = hub.place.data_dir().join("spool");
    until("the image to be spooled", async || {
        (files_under(&spool) >= 2).then_some(())
    })
    .await;
    drop(stream);
    until("the spool to be empty", async || {
        (files_under(&spool) <= 1).then_some(())
    })
    .await;
    assert_eq!(
        (
            api.credits().await,
            api.count().await,
            upstream.call_count()
        ),
        (100, 0, 0)
    );
}

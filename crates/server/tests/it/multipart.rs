//! Reference images: what may be sent under which name, and that exactly this reaches the provider.

use gih_fake_openai::{FakeOpenAi, File};
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::support::*;

pub fn file(bytes: Vec<u8>) -> Part {
    Part::bytes(bytes)
        .file_name("blob")
        .mime_str("application/octet-stream")
        .unwrap()
}

pub fn fox() -> Form {
    Form::new()
        .text("model", "gpt-image-2")
        .text("prompt", "a fox")
}

/// The files of the provider's last call, by their checksums.
pub fn received(upstream: &FakeOpenAi) -> Vec<File> {
    let call = upstream.requests().pop().unwrap();
    assert_eq!(call.path, "/v1/images/edits");
    call.files
}

/// A body put together by hand: headers and content of each part.
pub fn raw_body(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let part = |(headers, content): &(&str, &[u8])| {
        [
            b"--xyz\r\n",
            headers.as_bytes(),
            b"\r\n\r\n",
            content,
            b"\r\n",
        ]
        .concat()
    };
    let mut body: Vec<u8> = parts.iter().flat_map(part).collect();
    body.extend_from_slice(b"--xyz--\r\n");
    body
}

pub async fn submit_raw(api: &Api, body: Vec<u8>) -> Answer {
    send(
        api.generation()
            .header(CONTENT_TYPE, "multipart/form-data; boundary=xyz")
            .body(body),
    )
    .await
}

#[tokio::test]
async fn every_name_in_any_order_reaches_the_provider_unchanged() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 1_000).await;
        for name in ["reference_image", "reference_image[]", "image", "image[]"] {
            let (one, two) = (samples::numbered_png(1), samples::numbered_png(2));
            // Files before, between and after the fields.
            let form = Form::new()
                .part(name, file(one.clone()))
                .text("prompt", " a fox ")
                .text("n", "2")
                .part(name, file(two.clone()))
                .text("model", "gpt-image-2")
                .text("quality", "low");
            let body = api.submit(form).await.ok(200);
            assert_eq!(
                (&body["usage"], body["images"].as_array().unwrap().len()),
                (&json!({"credits": 16}), 2),
                "{name}"
            );
            let call = upstream.requests().pop().unwrap();
            let field = |name: &str| call.fields[name].as_str().unwrap();
            assert_eq!(
                [field("prompt"), field("n"), field("quality"), field("size")],
                ["a fox", "2", "low", "auto"]
            );
            let sums: Vec<String> = received(&upstream)
                .into_iter()
                .map(|file| file.sha256)
                .collect();
            assert_eq!(
                sums,
                [samples::sha256(&one), samples::sha256(&two)],
                "{name}: in order, byte by byte"
            );
        }
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn the_type_is_found_in_the_bytes() {
    let (upstream, _hub, api) = live(Options::sqlite(), 1_000).await;
    let cases = [
        (samples::png(20, 10), "image/png"),
        (samples::jpeg(40, 20), "image/jpeg"),
        (samples::webp(40, 20), "image/webp"),
    ];
    for (bytes, media_type) in cases {
        for (name, declared) in [
            ("blob", "application/octet-stream"),
            ("Ünicode \"x\".gif", "image/gif"),
            ("no-extension", "text/plain"),
        ] {
            let part = Part::bytes(bytes.clone())
                .file_name(name)
                .mime_str(declared)
                .unwrap();
            api.submit(fox().part("image", part)).await.ok(200);
            let files = received(&upstream);
            assert_eq!(
                (
                    files.len(),
                    files[0].content_type.as_deref(),
                    files[0].found
                ),
                (1, Some(media_type), Some(media_type))
            );
            assert_eq!(
                (&files[0].sha256, files[0].bytes),
                (&samples::sha256(&bytes), bytes.len() as u64)
            );
        }
    }
}

#[tokio::test]
async fn scalars_come_as_text() {
    let (upstream, _hub, api) = live(Options::sqlite(), 1_000).await;
    for (text, is_async) in [
        ("true", true),
        ("TRUE", true),
        ("True", true),
        ("1", true),
        ("false", false),
        ("FALSE", false),
        ("0", false),
        ("", false),
    ] {
        let body = api
            .submit(fox().text("async", text))
            .await
            .ok(if is_async { 202 } else { 200 });
        if is_async {
            api.once("succeeded", body["id"].as_str().unwrap()).await;
        }
    }
    // Without files it is a generation of text; an empty scalar is absent, an unknown field ignored.
    let call = upstream.requests().pop().unwrap();
    assert_eq!(call.path, "/v1/images/generations");
    let mut form = fox()
        .text("user", "u")
        .text("user", "again")
        .text("response_format", "b64_json");
    for name in ["aspect_ratio", "size", "quality", "n", "async"] {
        form = form.text(name, "");
    }
    let body = api.submit(form).await.ok(200);
    assert_eq!(
        (
            &body["aspect_ratio"],
            &body["quality"],
            &body["usage"]["credits"]
        ),
        (&json!("auto"), &json!("1K"), &json!(8))
    );
    // A form's file input with nothing chosen.
    let nothing = "Content-Disposition: form-data; name=\"image\"; filename=\"\"\r\nContent-Type: application/octet-stream";
    let model = "Content-Disposition: form-data; name=\"model\"";
    let prompt = "Content-Disposition: form-data; name=\"prompt\"";
    submit_raw(
        &api,
        raw_body(&[(nothing, b""), (model, b"gpt-image-2"), (prompt, b"a fox")]),
    )
    .await
    .ok(200);
    assert_eq!(
        upstream.requests().pop().unwrap().path,
        "/v1/images/generations"
    );
}

//! The stand-in refuses what the real service refuses. Spoken to in plain bytes, so that no client tidies them up.

#![allow(clippy::unwrap_used)] // tests may stop at the first surprise

use std::io::{Read, Write};
use std::net::TcpStream;

use gih_fake_openai::{Behaviour, Failure, FakeOpenAi};
use serde_json::{Value, json};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    fn code(&self) -> (u16, &str) {
        let code = &self.body["error"]["code"];
        (self.status, code.as_str().unwrap_or_default())
    }
}

/// One request over a connection of its own.
fn call(fake: &FakeOpenAi, start: &str, key: &str, content_type: &str, body: &[u8]) -> Answer {
    let url = fake.base_url();
    let host = url.trim_start_matches("http://").trim_end_matches("/v1");
    let mut socket = TcpStream::connect(host).unwrap();
    let head = format!(
        "{start} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
         content-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_lowercase(),
        body: serde_json::from_str(body).unwrap(),
    }
}

fn generate(fake: &FakeOpenAi, body: &Value) -> Answer {
    let start = "POST /v1/images/generations";
    call(
        fake,
        start,
        "sk-fake",
        "application/json",
        body.to_string().as_bytes(),
    )
}

/// A valid body with some fields changed.
fn with(changes: Value) -> Value {
    let mut body = json!({"model": "gpt-image-2", "prompt": "a cat", "n": 2, "size": "1536x864", "quality": "low"});
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    for (name, value) in changes {
        body[name] = value;
    }
    body
}

/// A form of the usual fields and of files by field, content type and bytes.
fn edit(fake: &FakeOpenAi, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Answer {
    let mut body = Vec::new();
    let usual = [("model", "gpt-image-2"), ("prompt", "a cat")];
    for (name, value) in usual.iter().chain(fields) {
        let part =
            format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    for (field, content_type, bytes) in files {
        let head = format!(
            "--XX\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"a.png\"\r\ncontent-type: {content_type}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    call(
        fake,
        "POST /v1/images/edits",
        "sk-fake",
        "multipart/form-data; boundary=XX",
        &body,
    )
}

#[tokio::test]
async fn answers_as_published() {
    let fake = FakeOpenAi::start().await;
    let answer = generate(&fake, &with(json!({})));
    assert_eq!(answer.status, 200, "{}", answer.body);
    for header in [
        "x-request-id: req_",
        "openai-processing-ms: ",
        "openai-version: ",
        "content-type: application/json",
    ] {
        assert!(answer.head.contains(header), "{header} in {}", answer.head);
    }
    let data = answer.body["data"].as_array().unwrap();
    assert_eq!(data.len(), 2);
    assert_ne!(data[0]["b64_json"], data[1]["b64_json"]);
    assert!(answer.body["created"].is_u64());
    assert_eq!(answer.body["size"], "1536x864");
    assert_eq!(answer.body["quality"], "low");
    assert_eq!(answer.body["output_format"], "png");
    assert_eq!(answer.body["background"], "opaque");
    let usage = &answer.body["usage"];
    assert_eq!(
        usage["total_tokens"],
        usage["input_tokens"].as_u64().unwrap() + usage["output_tokens"].as_u64().unwrap()
    );

    let edited = edit(
        &fake,
        &[("n", "3")],
        &[("image[]", "image/png", PNG), ("image[]", "image/png", PNG)],
    );
    assert_eq!(
        edited.body["data"].as_array().unwrap().len(),
        3,
        "{}",
        edited.body
    );
    assert_eq!(fake.call_count(), 2);
}

/// Chosen by what is asked, before anything enqueued, which is left for those that nothing is chosen for.
#[tokio::test]
async fn does_as_is_chosen_by_the_call() {
    let fake = FakeOpenAi::start().await;
    fake.enqueue(Behaviour::fail(Failure::overloaded()));
    fake.choose_by(|call| {
        let is_dog = call.fields["prompt"] == "a dog";
        is_dog.then(|| Behaviour::fail(Failure::slow_down()))
    });
    let dog = with(json!({"prompt": "a dog"}));
    assert_eq!(generate(&fake, &dog).status, 429);
    assert_eq!(generate(&fake, &with(json!({}))).status, 503);
    assert_eq!(generate(&fake, &with(json!({}))).status, 200);
    assert_eq!(generate(&fake, &dog).status, 429);
}

#[tokio::test]
async fn refuses_what_is_invalid_in_json() {
    let fake = FakeOpenAi::start().await;
    for (changes, code) in [
        (json!({"response_format": "b64_json"}), "unknown_parameter"),
        (json!({"input_fidelity": null}), "unknown_parameter"),
        (json!({"whatever": 1}), "unknown_parameter"),
        (json!({"prompt": null}), "missing_required_parameter"),
        (json!({"prompt": ""}), "invalid_value"),
        (json!({"prompt": "ä".repeat(32_001)}), "invalid_value"),
        (json!({"prompt": 1}), "invalid_type"),
        (json!({"n": 0}), "invalid_value"),
        (json!({"n": 11}), "invalid_value"),
        (json!({"n": "1"}), "invalid_type"),
        (json!({"quality": "xhigh"}), "invalid_value"),
        (json!({"output_format": "gif"}), "invalid_value"),
        (json!({"stream": true}), "invalid_value"),
        (json!({"size": "big"}), "invalid_value"),
        (json!({"size": "800x800"}), "invalid_value"),
        (json!({"size": "3856x1600"}), "invalid_value"),
        (json!({"size": "3072x1008"}), "invalid_value"),
        (json!({"size": "3840x2176"}), "invalid_value"),
        (json!({"size": "4294967280x16"}), "invalid_value"),
        (
            json!({"model": "gpt-image-1.5", "size": "1536x864"}),
            "invalid_value",
        ),
    ] {
        let answer = generate(&fake, &with(changes.clone()));
        assert_eq!(answer.code(), (400, code), "{changes}: {}", answer.body);
    }
    for model in [json!("dall-e-2"), json!("gpt-image-1"), json!(null)] {
        let answer = generate(&fake, &with(json!({"model": model})));
        assert_eq!(answer.code(), (404, "model_not_found"));
    }
    let wrong = generate(&fake, &with(json!({"size": "1792x936"})));
    assert_eq!(
        wrong.body["error"]["message"],
        "Invalid size '1792x936'. Width and height must both be divisible by 16."
    );
    for fine in [
        json!({"prompt": "ä".repeat(32_000), "n": 10}),
        json!({"size": "3840x2160"}),
        json!({"size": "1008x3024"}),
        json!({"size": "auto", "quality": "auto", "moderation": "low", "user": "u"}),
        json!({"model": "gpt-image-2.5-flare", "quality": "max"}),
    ] {
        let answer = generate(&fake, &with(fine));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test]
async fn refuses_what_is_invalid_around_the_body() {
    let fake = FakeOpenAi::start().await;
    let body = with(json!({})).to_string();
    let post = |start: &str, key: &str, content_type: &str, body: &str| {
        let answer = call(&fake, start, key, content_type, body.as_bytes());
        (answer.status, answer.code().1.to_owned())
    };
    let path = "POST /v1/images/generations";
    let json = "application/json";
    assert_eq!(
        post(path, "sk-other", json, &body),
        (401, "invalid_api_key".into())
    );
    assert_eq!(
        post(path, "sk-fake", "text/plain", &body),
        (400, "unsupported_content_type".into())
    );
    assert_eq!(post(path, "sk-fake", json, "{"), (400, String::new()));
    assert_eq!(
        post("POST /v1/images", "sk-fake", json, &body),
        (404, String::new())
    );
    assert_eq!(
        post("GET /v1/models", "sk-other", json, ""),
        (401, "invalid_api_key".into())
    );
    assert_eq!(
        post("POST /v1/images/edits", "sk-fake", json, &body),
        (400, "unsupported_content_type".into())
    );
    let calls = call(&fake, "GET /calls", "", json, b"").body;
    assert_eq!(calls["calls"], 4);
    assert_eq!(calls["requests"][0]["path"], "/v1/images/generations");
}

#[tokio::test]
async fn refuses_what_is_invalid_in_forms() {
    let fake = FakeOpenAi::start().await;
    let one = ("image", "image/png", PNG);
    let listed = ("image[]", "image/png", PNG);
    let octets = ("image[]", "application/octet-stream", PNG);
    let mislabelled = ("image[]", "image/webp", PNG);
    let unknown = ("image[]", "image/png", b"GIF89a".as_slice());
    for (fields, files, code) in [
        (&[][..], &[][..], "missing_required_parameter"),
        (&[], &[one, one], "duplicate_parameter"),
        (&[("n", "1"), ("n", "1")], &[one], "duplicate_parameter"),
        (&[("moderation", "low")], &[one], "unknown_parameter"),
        (&[("response_format", "url")], &[one], "unknown_parameter"),
        (
            &[("input_fidelity", "high")],
            &[one],
            "invalid_input_fidelity_model",
        ),
        (&[("n", "1.0")], &[one], "invalid_type"),
        (&[], &[octets], "unsupported_file_mimetype"),
        (&[], &[mislabelled], "invalid_image_file"),
        (&[], &[listed, unknown], "invalid_image_file"),
        (&[], &[listed; 17], "invalid_value"),
    ] {
        let answer = edit(&fake, fields, files);
        assert_eq!(answer.code(), (400, code), "{}", answer.body);
    }
    for files in [&[one][..], &[listed], &[listed; 16]] {
        let answer = edit(&fake, &[("n", "1"), ("quality", "high")], files);
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let mut large = PNG.to_vec();
    large.resize(50 * 1024 * 1024, 0);
    let answer = edit(&fake, &[], &[("image[]", "image/png", &large)]);
    assert_eq!(answer.code(), (400, "invalid_value"));
    large.pop();
    let answer = edit(&fake, &[], &[("image[]", "image/png", &large)]);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

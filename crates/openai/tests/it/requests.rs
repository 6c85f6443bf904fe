//! What upstream is sent, field by field.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use gih_domain::blob::ImageFormat;
use gih_domain::ports::ProviderError;
use gih_fake_openai::Call;
use serde_json::{Value, json};

use crate::support::{Bench, Broken, hex, order, reference, summary};

fn fields(call: &Call) -> Value {
    json!(call.fields)
}

fn headers(call: &Call) -> BTreeMap<&str, &str> {
    let headers = call.headers.iter();
    headers
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[tokio::test]
async fn from_the_prompt_alone() {
    let bench = Bench::new().await;
    let drawn = bench.draw(order(2)).await.unwrap();
    assert_eq!(summary(&drawn), ["1536x1024", "1536x1024"]);
    let [call] = &bench.upstream.requests()[..] else {
        panic!("not one call")
    };
    assert_eq!(call.path, "/v1/images/generations");
    assert_eq!(
        fields(call),
        json!({
            "model": "gpt-image-2",
            "prompt": "a \"cat\"\r\nin a ☂",
            "n": 2,
            "size": "1536x1024",
            "quality": "low",
        })
    );
    let headers = headers(call);
    assert_eq!(headers["content-type"], "application/json");
    assert!(headers["user-agent"].starts_with("gih/"));
    for absent in [
        "accept-encoding",
        "transfer-encoding",
        "openai-organization",
        "openai-project",
    ] {
        assert_eq!(headers.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn an_open_size_is_auto_and_the_account_is_named() {
    let bench = Bench::with(|settings| {
        settings.organization = Some("org-1".to_owned());
        settings.project = Some("proj-1".to_owned());
        settings.base_url.push('/');
    })
    .await;
    let mut order = order(1);
    order.size = None;
    let drawn = bench.draw(order).await.unwrap();
    assert_eq!(summary(&drawn), ["1024x1024"]);
    let call = &bench.upstream.requests()[0];
    assert_eq!(call.fields["size"], "auto");
    let headers = headers(call);
    assert_eq!(headers["openai-organization"], "org-1");
    assert_eq!(headers["openai-project"], "proj-1");
}

#[tokio::test]
async fn with_references_in_order_and_under_their_own_types() {
    let bench = Bench::new().await;
    let mut order = order(1);
    order.references = vec![
        reference(ImageFormat::Png, 3_000_000),
        reference(ImageFormat::Jpeg, 12),
        reference(ImageFormat::Webp, 100_000),
    ];
    let drawn = bench.draw(order.clone()).await.unwrap();
    assert_eq!(summary(&drawn), ["1536x1024"]);
    let [call] = &bench.upstream.requests()[..] else {
        panic!("not one call")
    };
    assert_eq!(call.path, "/v1/images/edits");
    assert_eq!(
        fields(call),
        json!({
            "model": "gpt-image-2",
            "prompt": "a \"cat\"\r\nin a ☂",
            "n": "1",
            "size": "1536x1024",
            "quality": "low",
        })
    );
    let sent = call.files.iter().map(|file| {
        assert_eq!(file.field, "image[]");
        assert_eq!(file.found, file.content_type.as_deref());
        (
            file.name.as_deref().unwrap(),
            file.found.unwrap(),
            file.bytes,
            file.sha256.clone(),
        )
    });
    let sent: Vec<_> = sent.collect();
    let names = ["reference-1.png", "reference-2.jpg", "reference-3.webp"];
    let expected: Vec<_> = std::iter::zip(names, &order.references)
        .map(|(name, blob)| {
            let about = blob.about;
            (
                name,
                about.format.media_type(),
                about.byte_length,
                hex(&about.sha256),
            )
        })
        .collect();
    assert_eq!(sent, expected);
    let headers = headers(call);
    let length: u64 = headers["content-length"].parse().unwrap();
    assert!(length > 3_100_012 && length < 3_110_000, "{length}");
    assert_eq!(headers.get("transfer-encoding"), None);
}

#[tokio::test]
async fn one_reference_is_a_list_too_and_sixteen_are_taken() {
    let bench = Bench::new().await;
    for count in [1, 16] {
        let mut order = order(1);
        order.references = vec![reference(ImageFormat::Png, 1_000); count];
        bench.draw(order).await.unwrap();
        let call = bench.upstream.requests().pop().unwrap();
        assert_eq!(call.files.len(), count);
        assert!(call.files.iter().all(|file| file.field == "image[]"));
    }
}

#[tokio::test]
async fn a_reference_that_cannot_be_read_in_full_fails_the_call() {
    for content in [None, Some(Bytes::from_static(b"\x89PNG\r\n\x1a\n"))] {
        let bench = Bench::new().await;
        let mut order = order(1);
        order.references = vec![
            reference(ImageFormat::Png, 1_000),
            reference(ImageFormat::Png, 1_000),
        ];
        order.references[1].source = Arc::new(Broken(content));
        let error = bench.draw(order).await.unwrap_err();
        assert!(matches!(error, ProviderError::Failed { .. }), "{error}");
        // Whatever of it arrived was no valid request.
        assert!(bench.upstream.call_count() <= 1);
    }
}

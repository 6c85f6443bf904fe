//! The store in a bucket of a real S3 server, which `cargo xtask test` starts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use gih_domain::blob::{ByteStream, Source};
use gih_domain::ports::{ImageStore, StoreError};

use super::{Store, blob, blob_of, content, contract, name};

fn endpoint() -> String {
    std::env::var("TEST_S3_ENDPOINT").expect(
        "TEST_S3_ENDPOINT is not set: run `cargo xtask test`, which starts an S3 server, or set it to the address of \
         one for tests, like http://127.0.0.1:5000",
    )
}

/// Enough for a test server, which looks whether a request is signed and not how.
const SIGNED: &str =
    "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request";

/// One request; the whole answer.
fn request(line: &str) -> String {
    let endpoint = endpoint();
    let host = endpoint
        .strip_prefix("http://")
        .unwrap()
        .trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: {host}\r\n{SIGNED}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A bucket of this name and run.
fn bucket(test: &str) -> String {
    let bucket = format!("{test}-{}", super::super::unique());
    let answer = request(&format!("PUT /{bucket}"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    bucket
}

fn open(address: &str) -> Store {
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint()),
        ("AWS_ACCESS_KEY_ID", "test".into()),
        ("AWS_SECRET_ACCESS_KEY", "test".into()),
        ("AWS_REGION", "us-east-1".into()),
    ];
    Store::open(address, variables.map(|(key, value)| (key.into(), value))).unwrap()
}

#[tokio::test]
async fn the_contract_holds_at_the_root_of_a_bucket() {
    let bucket = bucket("root");
    contract::holds(&open(&format!("s3://{bucket}"))).await;
    assert!(!request(&format!("GET /{bucket}?list-type=2")).contains("check"));
}

#[tokio::test]
async fn the_contract_holds_under_a_prefix() {
    let bucket = bucket("prefix");
    contract::holds(&open(&format!("s3://{bucket}/some/prefix/"))).await;
    let keys = request(&format!("GET /{bucket}?list-type=2"));
    let outside = keys
        .split("<Key>")
        .skip(1)
        .filter(|key| !key.starts_with("some/prefix/"));
    assert_eq!(outside.count(), 0, "{keys}");
}

#[tokio::test]
async fn images_carry_their_type_and_public_ones_may_be_cached_for_good() {
    let bucket = bucket("headers");
    let store = open(&format!("s3://{bucket}"));
    let large = content(6 * 1024 * 1024);
    for bytes in [&b"bytes"[..], &large] {
        let (image, reference) = (name("generations/gen_1/0.png"), name("references/gen_1/0"));
        store.put(&image, &blob(bytes)).await.unwrap();
        store.put(&reference, &blob(bytes)).await.unwrap();
        let headers = request(&format!("HEAD /{bucket}/{image}")).to_lowercase();
        assert!(headers.contains("content-type: image/png"), "{headers}");
        assert!(
            headers.contains("cache-control: public, max-age=31536000, immutable"),
            "{headers}"
        );
        let headers = request(&format!("HEAD /{bucket}/{reference}")).to_lowercase();
        assert!(headers.contains("content-type: image/png"), "{headers}");
        assert!(!headers.contains("immutable"), "{headers}");
    }
}

/// Its bytes come, and then nothing, not even an end.
struct Stuck(Arc<dyn Source>);

#[async_trait]
impl Source for Stuck {
    async fn open(&self) -> std::io::Result<ByteStream> {
        Ok(self.0.open().await?.chain(stream::pending()).boxed())
    }
}

#[tokio::test]
async fn a_failed_or_dropped_upload_leaves_no_parts_behind() {
    let bucket = bucket("parts");
    let store = open(&format!("s3://{bucket}"));
    let name = name("generations/gen_1/0.png");
    let megabytes = |count: usize| vec![Ok(Bytes::from(content(1024 * 1024))); count];
    let broken = blob_of([megabytes(12), vec![Err(())]].concat(), 13 * 1024 * 1024);
    assert!(store.put(&name, &broken).await.is_err());

    let mut stuck = blob_of(megabytes(12), 13 * 1024 * 1024);
    stuck.source = Arc::new(Stuck(stuck.source));
    let put = store.put(&name, &stuck);
    assert!(
        tokio::time::timeout(Duration::from_millis(500), put)
            .await
            .is_err()
    );
    // The upload had begun, or this shows nothing.
    assert!(request(&format!("GET /{bucket}?uploads")).contains("<UploadId>"));

    for _ in 0..200 {
        if !request(&format!("GET /{bucket}?uploads")).contains("<UploadId>") {
            assert!(matches!(
                store.get(&name, None).await,
                Err(StoreError::NotFound)
            ));
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("parts are left");
}

#[tokio::test]
async fn many_large_uploads_share_the_memory_and_all_end() {
    let bucket = bucket("many");
    let store = open(&format!("s3://{bucket}"));
    let image = blob_of(
        vec![Ok(Bytes::from(content(1024 * 1024))); 11],
        11 * 1024 * 1024,
    );
    // Together they want more than all uploads may hold.
    let names: Vec<_> = (0..12)
        .map(|n| name(&format!("generations/gen_{n}/0.png")))
        .collect();
    let puts = names.iter().map(|name| store.put(name, &image));
    for result in futures_util::future::join_all(puts).await {
        result.unwrap();
    }
    for name in &names {
        assert_eq!(store.byte_length(name).await.unwrap(), 11 * 1024 * 1024);
    }
}

#[tokio::test]
async fn an_absent_bucket_and_an_absent_server_are_told_in_one_line() {
    let absent = open(&format!("s3://absent-{}", super::super::unique()));
    let variables = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
    ];
    let unreachable = Store::open(
        "s3://bucket",
        variables.map(|(key, value)| (key.into(), value.into())),
    )
    .unwrap();
    for store in [absent, unreachable] {
        let Err(StoreError::Unavailable(why)) = store.check().await else {
            panic!("it cannot work");
        };
        assert!(
            !why.contains('\n') && why.len() < 1000 && !why.contains("hush"),
            "{why}"
        );
        assert!(
            store
                .put(&name("generations/gen_1/0.png"), &blob(b"x"))
                .await
                .is_err()
        );
        assert!(matches!(
            store.list("generations", None, 10).await,
            Err(StoreError::Unavailable(_) | StoreError::NotFound)
        ));
    }
}

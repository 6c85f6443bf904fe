//! One suite for every place: files on local disk, and a bucket of a real S3 server.

mod contract;
mod files;
mod s3;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use gih_domain::blob::{Blob, ByteStream, ImageFacts, ImageFormat, Source};
use gih_domain::object_name::ObjectName;
use gih_domain::ports::Object;
use gih_domain::size::Size;

use super::{OpenError, Store, cut, is_object_name};

/// Pieces that come as given, errors included.
struct Given(Vec<Result<Bytes, ()>>);

#[async_trait]
impl Source for Given {
    async fn open(&self) -> io::Result<ByteStream> {
        let pieces: Vec<io::Result<Bytes>> = self
            .0
            .iter()
            .map(|piece| {
                piece
                    .clone()
                    .map_err(|()| io::Error::other("the disk broke"))
            })
            .collect();
        Ok(stream::iter(pieces).boxed())
    }
}

fn blob_of(pieces: Vec<Result<Bytes, ()>>, byte_length: usize) -> Blob {
    Blob {
        about: ImageFacts {
            format: ImageFormat::Png,
            size: Size::new(1, 1).unwrap(),
            byte_length: byte_length as u64,
            sha256: [0; 32],
        },
        source: Arc::new(Given(pieces)),
    }
}

/// A blob of these bytes in pieces of no round length.
fn blob(bytes: &[u8]) -> Blob {
    let pieces = bytes
        .chunks(300_007)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)));
    blob_of(pieces.collect(), bytes.len())
}

/// Bytes that differ from place to place.
fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|n| u8::try_from(n * 31 / 7 % 253).unwrap())
        .collect()
}

fn name(text: &str) -> ObjectName {
    ObjectName::stored(text.to_owned())
}

async fn bytes_of(object: Object) -> Vec<u8> {
    let pieces: Vec<Bytes> = object.bytes.try_collect().await.unwrap();
    assert!(
        pieces
            .iter()
            .all(|piece| (1..=1024 * 1024).contains(&piece.len()))
    );
    pieces.concat()
}

#[test]
fn ranges_are_cut_to_the_object() {
    assert_eq!(cut(None, 10), 0..10);
    assert_eq!(cut(Some(2..5), 10), 2..5);
    assert_eq!(cut(Some(2..50), 10), 2..10);
    assert_eq!(cut(Some(20..50), 10), 10..10);
    #[expect(clippy::reversed_empty_ranges, reason = "what a client may ask for")]
    let reversed = 5..2;
    assert_eq!(cut(Some(reversed), 10), 5..5);
    assert_eq!(cut(None, 0), 0..0);
}

#[test]
fn object_names_lead_nowhere_else() {
    for good in [
        "generations",
        "generations/gen_7/0-ab.png",
        "references/gen_7/12",
    ] {
        assert!(is_object_name(good), "{good}");
    }
    for bad in [
        "",
        "/",
        "/etc/passwd",
        "a//b",
        "a/",
        "../a",
        "a/../b",
        "a/.b",
        ".check/x",
        "a\\b",
        "a b",
        "a%2fb",
        "é",
        "a\0",
        "C:/a",
    ] {
        assert!(!is_object_name(bad), "{bad}");
    }
}

#[test]
fn addresses_open_or_say_in_one_line_why_not() {
    let open = |url: &str, variables: &[(&str, &str)]| {
        let variables = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Store::open(url, variables.collect::<Vec<_>>()).map(drop)
    };
    assert!(open("s3://bucket", &[]).is_ok());
    assert!(
        open(
            "s3://bucket/some/prefix/",
            &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]
        )
        .is_ok()
    );
    assert!(open("az://box/x", &[("AZURE_STORAGE_ACCOUNT_NAME", "me")]).is_ok());
    for (url, part) in [
        ("", "no scheme"),
        ("/data", "no scheme"),
        ("ftp://host/x", "scheme is unknown"),
        ("memory:///x", "no bucket"),
        ("file://data", "not absolute"),
        ("s3://", "no bucket"),
        ("s3:///prefix", "no bucket"),
        ("s3://key:secret@bucket", "only the bucket's name"),
        ("s3://bucket/../x", "prefix"),
        ("gs://bucket//x", "prefix"),
    ] {
        let error = open(url, &[]).unwrap_err();
        assert!(
            matches!(error, OpenError::Address { .. }),
            "{url}: {error:?}"
        );
        let text = error.to_string();
        assert!(
            text.contains(part) && text.contains("file:///") && !text.contains('\n'),
            "{url}: {text}"
        );
    }
    let error = open("az://box", &[]).unwrap_err();
    assert!(matches!(error, OpenError::Variables { .. }), "{error:?}");
    let error = open(
        "gs://box",
        &[("GOOGLE_SERVICE_ACCOUNT_KEY", "{\"private_key\": \"hush\"")],
    )
    .unwrap_err();
    assert!(matches!(error, OpenError::Variables { .. }), "{error:?}");
    assert!(!error.to_string().contains("hush"), "{error}");
    let error = open("file:///proc/no/such", &[]).unwrap_err();
    assert!(matches!(error, OpenError::Folder { .. }), "{error:?}");
}

//! Answers of success: whole, odd, partial and broken ones.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use gih_domain::blob::{Blob, ImageFormat};
use gih_domain::ports::{ImageProvider, ProviderError};
use gih_fake_openai::{Behaviour, Cut, Item};
use sha2::{Digest, Sha256};

use crate::support::{Bench, Drawn, hex, order, summary};

const MIB: usize = 1 << 20;

/// What an order of `n` images comes to under a behaviour.
async fn drawn(n: u8, behaviour: Behaviour) -> Vec<Drawn> {
    let bench = Bench::new().await;
    bench.upstream.enqueue(behaviour);
    let drawn = bench.draw(order(n)).await.unwrap();
    assert_eq!(bench.upstream.call_count(), 1);
    drawn
}

fn message(drawn: &Drawn) -> &str {
    match drawn {
        Err(ProviderError::BadImage { message } | ProviderError::Failed { message }) => message,
        other => panic!("{other:?}"),
    }
}

async fn read(blob: &Blob) -> Vec<u8> {
    let stream = blob.source.open().await.unwrap();
    let pieces: Vec<_> = stream.try_collect().await.unwrap();
    pieces.concat()
}

#[tokio::test]
async fn images_come_whole_in_order_and_can_be_read_again() {
    let bench = Bench::new().await;
    let drawn = bench.draw(order(4)).await.unwrap();
    assert_eq!(summary(&drawn), ["1536x1024"; 4]);
    let mut digests = Vec::new();
    for blob in drawn.iter().flatten() {
        assert_eq!(blob.about.format, ImageFormat::Png);
        for _ in 0..2 {
            let bytes = read(blob).await;
            assert_eq!(bytes.len() as u64, blob.about.byte_length);
            assert_eq!(hex(&Sha256::digest(&bytes)), hex(&blob.about.sha256));
        }
        digests.push(blob.about.sha256);
    }
    // The same call draws the same images, and each place another one.
    let again = bench.draw(order(4)).await.unwrap();
    let digests_again: Vec<_> = again
        .iter()
        .flatten()
        .map(|blob| blob.about.sha256)
        .collect();
    assert_eq!(digests, digests_again);
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 4);
    drop((drawn, again));
    assert_eq!(bench.spool.used_soon(0).await, 0);
}

#[tokio::test]
async fn chunks_may_be_of_any_length() {
    let whole = drawn(2, Behaviour::succeed()).await;
    let expected: Vec<_> = whole.iter().flatten().map(|blob| blob.about).collect();
    assert_eq!(expected.len(), 2);
    for bytes in [1, 2, 3, 5, 7, 64, 1_021, 65_537] {
        let pieces = drawn(2, Behaviour::succeed().in_pieces_of(bytes)).await;
        let about: Vec<_> = pieces.iter().flatten().map(|blob| blob.about).collect();
        assert_eq!(about, expected, "{bytes}");
    }
}

#[tokio::test]
async fn a_large_image_passes_through_in_pieces() {
    let bench = Bench::new().await;
    bench
        .upstream
        .enqueue(Behaviour::items([Item::Bytes(12 * MIB)]));
    let drawn = bench.draw(order(1)).await.unwrap();
    let blob = drawn[0].as_ref().unwrap();
    assert_eq!(blob.about.byte_length, 12 * MIB as u64);
    assert_eq!(
        hex(&Sha256::digest(read(blob).await)),
        hex(&blob.about.sha256)
    );
    // What is in memory at once is one piece off the network and what it decodes to.
    let largest = bench.spool.largest_write.load(Ordering::Relaxed);
    assert!(largest > 0 && largest <= MIB, "{largest}");
}

#[tokio::test]
async fn an_image_is_there_before_the_next_has_arrived() {
    let bench = Bench::with(|settings| settings.timeout = Duration::from_secs(3)).await;
    let two = Behaviour::items([Item::Bytes(MIB), Item::Bytes(MIB)]);
    bench.upstream.enqueue(two.cut(Cut::Stall, 75));
    let mut images = bench.openai.generate(order(2)).await.unwrap();
    let first = images.next().await.unwrap().unwrap();
    assert_eq!(first.about.byte_length, MIB as u64);
    let last = images.next().await.unwrap();
    assert_eq!(message(&last), "no whole answer in time");
    assert!(images.next().await.is_none());
    drop(images);
    // What had arrived of the second is gone.
    let kept = MIB as u64;
    assert_eq!(bench.spool.used_soon(kept).await, kept);
}

#[tokio::test]
async fn a_dropped_stream_takes_its_file_along() {
    let bench = Bench::new().await;
    let two = Behaviour::items([Item::Bytes(MIB), Item::Bytes(MIB)]);
    bench.upstream.enqueue(two.cut(Cut::Stall, 75));
    let mut images = bench.openai.generate(order(2)).await.unwrap();
    let first = images.next().await.unwrap().unwrap();
    let more = tokio::time::timeout(Duration::from_millis(200), images.next()).await;
    assert!(more.is_err(), "{more:?}");
    drop((images, first));
    assert_eq!(bench.spool.used_soon(0).await, 0);
}

#[tokio::test]
async fn fewer_and_more_images_are_the_callers_to_count() {
    let fewer = drawn(3, Behaviour::items([Item::Good])).await;
    assert_eq!(summary(&fewer), ["1536x1024"]);
    let more = drawn(1, Behaviour::items([Item::Good; 3])).await;
    assert_eq!(summary(&more), ["1536x1024"; 3]);
    let none = drawn(1, Behaviour::items([])).await;
    assert_eq!(message(&none[0]), "the answer has no images");
    assert_eq!(none.len(), 1);
}

#[tokio::test]
async fn one_bad_image_leaves_the_others_good() {
    for (item, said) in [
        (Item::BadBase64, "not valid base64"),
        (Item::Truncated, "not a whole image"),
        (Item::NoImage, "not a PNG, JPEG or WebP image"),
        (Item::UrlOnly, "no bytes in its place (b64_json)"),
    ] {
        let drawn = drawn(3, Behaviour::items([Item::Good, item, Item::Good])).await;
        assert_eq!(
            summary(&drawn),
            ["1536x1024", "bad", "1536x1024"],
            "{item:?}"
        );
        assert!(message(&drawn[1]).contains(said), "{}", message(&drawn[1]));
    }
}

#[tokio::test]
async fn an_image_over_the_limit_is_bad_and_given_up_at_once() {
    let bench = Bench::new().await;
    let items = [Item::Bytes(64 * MIB + 1), Item::Good];
    bench.upstream.enqueue(Behaviour::items(items));
    let drawn = bench.draw(order(2)).await.unwrap();
    assert_eq!(summary(&drawn), ["bad", "1536x1024"]);
    assert!(message(&drawn[0]).contains("larger than"), "{drawn:?}");
    drop(drawn);
    assert_eq!(bench.spool.used_soon(0).await, 0);
}

#[tokio::test]
async fn a_full_spool_is_no_fault_of_the_image() {
    let bench = Bench::with_spool(MIB as u64).await;
    let items = [Item::Good, Item::Bytes(2 * MIB), Item::Good];
    bench.upstream.enqueue(Behaviour::items(items));
    let drawn = bench.draw(order(3)).await.unwrap();
    assert_eq!(summary(&drawn), ["1536x1024", "failed"]);
    assert!(
        message(&drawn[1]).contains("the spool is full"),
        "{drawn:?}"
    );
}

#[tokio::test]
async fn a_broken_answer_keeps_what_was_whole() {
    for cut in [Cut::Reset, Cut::BreakOff, Cut::Truncate] {
        // Small enough to be with the receiver before the connection is reset, however slowly it reads.
        let two = Behaviour::items([Item::Bytes(32 << 10), Item::Bytes(32 << 10)]);
        let drawn = drawn(2, two.cut(cut, 75)).await;
        assert_eq!(summary(&drawn), ["1536x1024", "failed"], "{cut:?}");
        let said = match cut {
            Cut::Truncate => "it ends in the middle",
            _ => "the answer broke off",
        };
        assert!(message(&drawn[1]).contains(said), "{}", message(&drawn[1]));
    }
    // Both images are whole, and still the answer was not.
    let two = Behaviour::items([Item::Good, Item::Good]);
    let drawn = drawn(2, two.cut(Cut::Truncate, 99)).await;
    assert_eq!(summary(&drawn), ["1536x1024", "1536x1024", "failed"]);
}

#[tokio::test]
async fn nonsense_under_a_good_status_fails() {
    let megabyte = format!("{{\"x\":\"{}\"}}", "y".repeat(MIB));
    for (status, body, said) in [
        (200, "", "no JSON of images"),
        (200, "<html>hello</html>", "no JSON of images"),
        (200, "[]", "no JSON of images"),
        (200, "{}", "the answer has no data"),
        (200, "{\"data\":null}", "the answer has no data"),
        (200, "{\"data\":[]}", "the answer has no images"),
        (200, "{\"data\":[null,\"x\"]}", "the answer has no images"),
        (200, "{\"data\":[", "ends in the middle"),
        (
            200,
            "{\"error\":{\"message\":\"Oh no.\"}}",
            "under a good status: Oh no.",
        ),
        (
            200,
            "{\"error\":null,\"data\":[]}",
            "the answer has no images",
        ),
        (
            202,
            "{\"id\":\"job-1\",\"status\":\"queued\"}",
            "the answer has no data",
        ),
        (200, megabyte.as_str(), "too much besides the images"),
    ] {
        let drawn = drawn(1, Behaviour::raw(status, "application/json", body)).await;
        assert_eq!(summary(&drawn), ["failed"], "{body:.50}");
        assert!(message(&drawn[0]).contains(said), "{}", message(&drawn[0]));
    }
}

#[tokio::test]
async fn padding_and_escapes_are_json_too() {
    // "\/" and "\u002B" are how some writers spell what base64 may hold; a relay pads while it waits.
    let bench = Bench::new().await;
    let drawn = bench.draw(order(1)).await.unwrap();
    let bytes = read(drawn[0].as_ref().unwrap()).await;
    let text = base64_simd::STANDARD.encode_to_string(&bytes);
    let text = text.replace('/', "\\/").replace('+', "\\u002B");
    let padding = " \n".repeat(MIB);
    let body = format!("{padding}{{\"data\": [ {{ \"b64_json\" : \"{text}\" }} ]}}\n");
    bench
        .upstream
        .enqueue(Behaviour::raw(200, "text/plain", body));
    let again = bench.draw(order(1)).await.unwrap();
    assert_eq!(
        again[0].as_ref().unwrap().about,
        drawn[0].as_ref().unwrap().about
    );
}

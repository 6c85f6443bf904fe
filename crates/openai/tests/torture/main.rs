//! Ten thousand wrong answers: each becomes images that are whole, or an error; nothing panics, hangs or grows.
//!
//! A test binary of its own, so that the memory it looks at is its own.

#![allow(clippy::unwrap_used)] // tests may stop at the first surprise

#[path = "../../../database/tests/it/torture/chance.rs"]
mod chance;
mod made;
#[allow(dead_code)] // what the server's tests need
#[path = "../../../server/tests/it/support/samples.rs"]
mod samples;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use gih_domain::blob::{Blob, ImageFormat};
use gih_domain::ports::{ImageProvider as _, Order, ProviderError, Spool};
use gih_domain::size::{RenderingQuality, Size};
use gih_fake_openai::{DEFAULT_KEY, RawUpstream};
use gih_media::FileSpool;
use gih_openai::{ApiKey, OpenAi, Settings};
use sha2::{Digest as _, Sha256};

use chance::{Chance, Seed, figure, seed};
use made::{Made, made};

const ANSWERS: u64 = 10_000;
/// How many are received at once.
const AT_ONCE: usize = 16;
/// After so many, all that is set up once is set up.
const WARM: u64 = 1_000;
/// What there may be more at once than by then.
const MORE_KIB: u64 = 64 * 1024;
/// Every connection here ends by itself; this is for what hangs all the same.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_answers_become_whole_images_or_errors() {
    let seed = Seed(seed());
    let upstream = RawUpstream::start().await.unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let spool = Arc::new(FileSpool::open(folder.path().join("spool"), 256 << 20).unwrap());
    let settings = Settings {
        base_url: upstream.base_url(),
        api_key: ApiKey::new(DEFAULT_KEY),
        organization: None,
        project: None,
        timeout: PATIENCE,
        connect_timeout: PATIENCE,
    };
    let openai = OpenAi::new(&settings, Arc::clone(&spool) as Arc<dyn Spool>).unwrap();
    let receive = async |numbers: std::ops::Range<u64>| {
        let (mut images, mut errors) = (0, 0);
        let mut received = stream::iter(numbers)
            .map(|number| {
                let made = made(&mut Chance::new(
                    seed.0.wrapping_mul(1_000_003).wrapping_add(number),
                ));
                upstream.on(&number.to_string(), made.script.clone());
                let openai = openai.clone();
                // A task of its own, so that a panic is seen for what it is.
                let one = tokio::spawn(async move { one(&openai, number, made).await });
                async move { (number, one.await) }
            })
            .buffer_unordered(AT_ONCE);
        while let Some((number, result)) = received.next().await {
            let (more_images, more_errors) =
                result.unwrap_or_else(|error| panic!("answer {number}: {error}"));
            images += more_images;
            errors += more_errors;
            upstream.forget(&number.to_string());
        }
        (images, errors)
    };
    receive(0..WARM).await;
    let before = peak_kib();
    let (images, errors) = receive(WARM..ANSWERS).await;
    // Both kinds of end are common, or else this looks at one thing alone.
    assert!(
        images > ANSWERS / 2 && errors > ANSWERS / 10,
        "{images} and {errors}"
    );
    if let (Some(before), Some(after)) = (before, peak_kib()) {
        eprintln!("memory at most {before} KiB, then {after} KiB");
        assert!(after < before + MORE_KIB, "from {before} to {after} KiB");
    }
    // Files are deleted in the background.
    for _ in 0..500 {
        if spool.used_bytes() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(spool.used_bytes(), 0);
    figure("malformed provider bodies", "no database", ANSWERS);
}

/// One answer, to its end: how many images it had, and how many errors it made.
async fn one(openai: &OpenAi, number: u64, made: Made) -> (u64, u64) {
    let order = Order {
        model: "gpt-image-2".to_owned(),
        prompt: format!("{number} fox"),
        size: Size::new(1024, 1024),
        rendering_quality: RenderingQuality::Low,
        n: 4,
        references: Vec::new(),
    };
    let shown = || {
        made.bytes[..made.bytes.len().min(3_000)]
            .escape_ascii()
            .to_string()
    };
    let work = async {
        let (mut images, mut errors) = (0, 0);
        match openai.generate(order).await {
            Err(ProviderError::NotAccepted { message, .. }) => {
                assert!(made.may_be_retried(), "{message}: {}", shown());
                errors += 1;
            }
            Err(_) => errors += 1,
            Ok(mut stream) => {
                while let Some(result) = stream.next().await {
                    match result {
                        Ok(blob) => {
                            check(&blob, &made).await;
                            images += 1;
                        }
                        Err(ProviderError::BadImage { .. } | ProviderError::Failed { .. }) => {
                            errors += 1;
                        }
                        Err(error) => panic!("{error} amid images: {}", shown()),
                    }
                }
            }
        }
        (images, errors)
    };
    let done = tokio::time::timeout(PATIENCE + PATIENCE, work).await;
    done.unwrap_or_else(|_| panic!("no end: {}", shown()))
}

/// A PNG's checksums leave no room: it is one of those that went in. The others are as long as they say.
async fn check(blob: &Blob, made: &Made) {
    let pieces: Vec<_> = blob
        .source
        .open()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let bytes = pieces.concat();
    assert_eq!(bytes.len() as u64, blob.about.byte_length);
    assert_eq!(blob.about.sha256, <[u8; 32]>::from(Sha256::digest(&bytes)));
    if blob.about.format == ImageFormat::Png {
        let is_known = made.pngs.iter().any(|png| bytes.starts_with(png));
        assert!(is_known, "{}", bytes.escape_ascii());
    }
}

/// The most memory that this process had, in KiB, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

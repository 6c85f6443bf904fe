//! The sandbox as the hub uses it: through its port, into a real spool.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use gih_domain::blob::{Blob, ImageFormat};
use gih_domain::ports::{Clock, ImageProvider, Order, ProviderError};
use gih_domain::size::{RenderingQuality, Size};
use gih_domain::time::Timestamp;
use gih_media::FileSpool;
use gih_sandbox::Sandbox;

/// Sleeps for no time and remembers for how long.
#[derive(Default)]
struct Slept(Mutex<Vec<Duration>>);

#[async_trait]
impl Clock for Slept {
    fn now(&self) -> Timestamp {
        panic!("a drawing does not depend on the time")
    }

    async fn sleep(&self, time: Duration) {
        self.0.lock().unwrap().push(time);
    }
}

struct World {
    _folder: tempfile::TempDir,
    spool: Arc<FileSpool>,
    clock: Arc<Slept>,
    sandbox: Sandbox,
}

fn world(spool_limit: u64) -> World {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(FileSpool::open(folder.path().to_owned(), spool_limit).unwrap());
    let clock = Arc::new(Slept::default());
    World {
        _folder: folder,
        sandbox: Sandbox::new(spool.clone(), clock.clone()),
        spool,
        clock,
    }
}

fn order(prompt: &str, size: Option<&str>, n: u8) -> Order {
    Order {
        model: "any".into(),
        prompt: prompt.into(),
        size: size.map(|size| size.parse().unwrap()),
        rendering_quality: RenderingQuality::Auto,
        n,
        references: Vec::new(),
    }
}

async fn draw(world: &World, order: Order) -> Result<Vec<Blob>, ProviderError> {
    world.sandbox.generate(order).await?.try_collect().await
}

async fn read(blob: &Blob) -> Vec<u8> {
    let pieces: Vec<Bytes> = blob
        .source
        .open()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    pieces.concat()
}

const GIB: u64 = 1024 * 1024 * 1024;

#[tokio::test]
async fn images_have_the_size_asked_for_and_can_be_decoded() {
    let world = world(GIB);
    // Every shape at 1K, and the largest of 2K and 4K.
    for size in [
        "1024x1024",
        "1280x1024",
        "1344x1008",
        "1536x1024",
        "1536x864",
        "1536x768",
        "1568x672",
        "1776x592",
        "592x1776",
        "1920x1920",
        "1104x3312",
        "3840x2160",
        "1280x3840",
    ] {
        let images = draw(&world, order("a fox", Some(size), 1)).await.unwrap();
        let about = images[0].about;
        assert_eq!(about.format, ImageFormat::Png);
        assert_eq!(about.size.to_string(), size);
        assert!(
            about.byte_length < 8 * 1024 * 1024,
            "{size}: {}",
            about.byte_length
        );
        let bytes = read(&images[0]).await;
        let mut decoder = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
        let mut rows = 0;
        while let Some(row) = decoder.next_row().unwrap() {
            assert_eq!(row.data().len(), about.size.width() as usize * 3);
            rows += 1;
        }
        assert_eq!(rows, about.size.height());
    }
}

#[tokio::test]
async fn an_open_size_is_square_with_and_without_references() {
    let world = world(GIB);
    let plain = draw(&world, order("a fox", None, 1)).await.unwrap();
    let mut edit = order("a fox", None, 1);
    edit.references = vec![plain[0].clone(), plain[0].clone()];
    let edited = draw(&world, edit).await.unwrap();
    for image in [&plain[0], &edited[0]] {
        assert_eq!(Some(image.about.size), Size::new(1024, 1024));
    }
    assert_ne!(
        plain[0].about.sha256, edited[0].about.sha256,
        "the label tells of references"
    );
}

#[tokio::test]
async fn the_same_order_draws_the_same_and_another_draws_another() {
    let world = world(GIB);
    let digests = async |prompt: &str| -> Vec<[u8; 32]> {
        let images = draw(&world, order(prompt, Some("640x400"), 3))
            .await
            .unwrap();
        images.iter().map(|image| image.about.sha256).collect()
    };
    let first = digests("a fox").await;
    assert_eq!(first, digests("a fox").await);
    assert_eq!(
        first,
        digests("sandbox:delay=3 a fox").await,
        "steering is no part of the picture"
    );
    let all: std::collections::HashSet<_> = first
        .iter()
        .copied()
        .chain(digests("a fax").await)
        .collect();
    assert_eq!(
        all.len(),
        6,
        "images of one request differ, and so do prompts"
    );
}

#[tokio::test]
async fn prompts_steer() {
    let world = world(GIB);
    let count = async |prompt: &str| {
        draw(&world, order(prompt, Some("64x64"), 3))
            .await
            .map(|images| images.len())
    };
    assert_eq!(count("a fox").await, Ok(3));
    assert_eq!(count("sandbox:partial=2 a fox").await, Ok(2));
    assert_eq!(count("sandbox:partial=0").await, Ok(0));
    assert!(matches!(
        count("sandbox:fail").await,
        Err(ProviderError::Failed { .. })
    ));
    assert!(matches!(
        count("sandbox:refuse").await,
        Err(ProviderError::Refused { .. })
    ));
    assert!(matches!(
        count("sandbox:dance").await,
        Err(ProviderError::Refused { .. })
    ));
    assert!(matches!(
        count("sandbox:partial=4").await,
        Err(ProviderError::Refused { .. })
    ));
    assert_eq!(*world.clock.0.lock().unwrap(), [], "none of them waits");
    assert_eq!(
        count("sandbox:delay=0.5 sandbox:partial=1 a fox").await,
        Ok(1)
    );
    assert!(matches!(
        count("sandbox:delay=7 sandbox:fail").await,
        Err(ProviderError::Failed { .. })
    ));
    assert_eq!(
        *world.clock.0.lock().unwrap(),
        [Duration::from_millis(500), Duration::from_secs(7)]
    );
}

#[tokio::test]
async fn a_size_beyond_all_models_fails() {
    let world = world(GIB);
    let result = draw(&world, order("a fox", Some("4294967295x4294967295"), 1)).await;
    assert!(matches!(result, Err(ProviderError::Failed { .. })));
}

#[tokio::test]
async fn a_full_spool_fails_and_ends_the_stream() {
    let world = world(10_000);
    let mut images = world
        .sandbox
        .generate(order("a fox", None, 3))
        .await
        .unwrap();
    assert!(matches!(
        images.next().await,
        Some(Err(ProviderError::Failed { .. }))
    ));
    assert!(images.next().await.is_none());
}

#[tokio::test]
async fn a_dropped_stream_stops_drawing_and_leaves_nothing() {
    let world = world(GIB);
    for _ in 0..8 {
        let mut images = world
            .sandbox
            .generate(order("a fox", Some("3840x2160"), 4))
            .await
            .unwrap();
        // Begun, not ended: such an image takes longer.
        assert!(
            tokio::time::timeout(Duration::from_millis(1), images.next())
                .await
                .is_err()
        );
    }
    // Were hands kept by drawings nobody waits for, this would wait for all of them; and bytes come back.
    assert!(draw(&world, order("a fox", Some("64x64"), 1)).await.is_ok());
    for _ in 0..1000 {
        if world.spool.used_bytes() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} bytes are left", world.spool.used_bytes());
}

#[tokio::test]
async fn many_requests_at_once_all_get_theirs() {
    let world = world(GIB);
    let orders = (0..20).map(|n| draw(&world, order(&format!("fox {n}"), Some("256x256"), 2)));
    for images in futures_util::future::join_all(orders).await {
        assert_eq!(images.unwrap().len(), 2);
    }
}

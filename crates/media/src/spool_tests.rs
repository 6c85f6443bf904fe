use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use gih_domain::blob::{Blob, ImageFormat};
use gih_domain::ports::{Spool, SpoolError};
use gih_domain::size::Size;
use sha2::{Digest, Sha256};

use super::FileSpool;
use crate::samples;

const MIB: u64 = 1024 * 1024;

fn spool(limit: u64) -> (tempfile::TempDir, FileSpool) {
    let folder = tempfile::tempdir().unwrap();
    let spool = FileSpool::open(folder.path().join("spool"), limit).unwrap();
    (folder, spool)
}

async fn receive(
    spool: &FileSpool,
    bytes: &[u8],
    piece: usize,
    limit: u64,
) -> Result<Blob, SpoolError> {
    let mut file = spool.create(limit).await?;
    for piece in bytes.chunks(piece) {
        file.write(Bytes::copy_from_slice(piece)).await?;
    }
    file.finish().await
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
    assert!(pieces.iter().all(|piece| piece.len() as u64 <= MIB));
    pieces.concat()
}

fn spooled_files(folder: &Path) -> usize {
    fs::read_dir(folder.join("spool"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name() != "lock")
        .count()
}

/// Files go on the blocking pool, soon after the drop.
async fn until_empty(spool: &FileSpool, folder: &Path) {
    for _ in 0..1000 {
        if spool.used_bytes() == 0 && spooled_files(folder) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} bytes are left", spool.used_bytes());
}

#[tokio::test]
async fn keeps_every_sample_whole_whatever_the_pieces() {
    let (_folder, spool) = spool(100 * MIB);
    let large = samples::noisy_png(300, 300);
    assert!(large.len() > 256 * 1024, "goes through several buffers");
    for piece in [1, 1000, 65_536, 70_000, 10_000_000] {
        let blob = receive(&spool, &large, piece, 10 * MIB).await.unwrap();
        assert_eq!(blob.about.format, ImageFormat::Png);
        assert_eq!(Some(blob.about.size), Size::new(300, 300));
        assert_eq!(blob.about.byte_length, large.len() as u64);
        assert_eq!(blob.about.sha256, <[u8; 32]>::from(Sha256::digest(&large)));
        assert_eq!(read(&blob).await, large);
        assert_eq!(read(&blob).await, large, "a second time");
    }
    for sample in samples::all() {
        let blob = receive(&spool, &sample.bytes, 7, MIB).await.unwrap();
        assert_eq!(blob.about.format, sample.format);
        assert_eq!(
            Some(blob.about.size),
            Size::new(sample.width, sample.height)
        );
        assert_eq!(read(&blob).await, sample.bytes);
    }
}

#[tokio::test]
async fn files_and_bytes_go_with_the_last_clone_or_reader() {
    let (folder, spool) = spool(100 * MIB);
    let large = samples::noisy_png(300, 300);
    let blob = receive(&spool, &large, 50_000, 10 * MIB).await.unwrap();
    let clone = blob.clone();
    let reader = clone.source.open().await.unwrap();
    drop(blob);
    drop(clone);
    assert_eq!(spooled_files(folder.path()), 1);
    assert_eq!(spool.used_bytes(), large.len() as u64);
    let pieces: Vec<Bytes> = reader.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), large);
    until_empty(&spool, folder.path()).await;
}

#[tokio::test]
async fn small_images_stay_off_the_disk_within_a_bound() {
    let (folder, spool) = spool(100 * MIB);
    let small = samples::noisy_png(140, 140);
    assert!(small.len() > 58_000 && small.len() < 65_536);
    let fit = usize::try_from(super::MEMORY_LIMIT).unwrap() / small.len();
    let mut blobs = Vec::new();
    for _ in 0..fit + 3 {
        blobs.push(receive(&spool, &small, 10_000, MIB).await.unwrap());
    }
    assert_eq!(spooled_files(folder.path()), 3);
    assert_eq!(spool.used_bytes(), (small.len() * (fit + 3)) as u64);
    for blob in &blobs {
        assert_eq!(read(blob).await, small);
    }
    drop(blobs);
    until_empty(&spool, folder.path()).await;
}

#[tokio::test]
async fn an_unfinished_file_gives_everything_back() {
    let (folder, spool) = spool(100 * MIB);
    let large = samples::noisy_png(300, 300);
    let mut file = spool.create(10 * MIB).await.unwrap();
    file.write(Bytes::copy_from_slice(&large[..200_000]))
        .await
        .unwrap();
    assert_eq!(spool.used_bytes(), 200_000);
    assert_eq!(spooled_files(folder.path()), 1);
    drop(file);
    until_empty(&spool, folder.path()).await;
}

#[tokio::test]
async fn limits_hold_to_the_byte() {
    let (folder, spool) = spool(300_000);
    let png = samples::noisy_png(300, 300);
    let length = png.len() as u64; // 270 thousand
    assert!(receive(&spool, &png, 10_000, length).await.is_ok());
    until_empty(&spool, folder.path()).await;
    assert!(matches!(
        receive(&spool, &png, 10_000, length - 1).await,
        Err(SpoolError::TooLarge(limit)) if limit == length - 1
    ));
    until_empty(&spool, folder.path()).await;

    let first = receive(&spool, &png, 10_000, length).await.unwrap();
    assert!(matches!(
        receive(&spool, &png, 10_000, length).await,
        Err(SpoolError::Full)
    ));
    drop(first);
    until_empty(&spool, folder.path()).await;
    assert!(receive(&spool, &png, 10_000, length).await.is_ok());
}

#[tokio::test]
async fn what_is_no_whole_image_is_not_kept() {
    let (folder, spool) = spool(100 * MIB);
    let png = samples::noisy_png(300, 300);
    let mut wrong = png.clone();
    wrong[100_000] ^= 1;
    for bytes in [&png[..png.len() - 1], &png[..100_000], &wrong] {
        assert!(matches!(
            receive(&spool, bytes, 30_000, MIB).await,
            Err(SpoolError::Damaged(_))
        ));
    }
    for bytes in [&b""[..], b"hello", &vec![0; 200_000]] {
        assert!(matches!(
            receive(&spool, bytes, 30_000, MIB).await,
            Err(SpoolError::NotAnImage)
        ));
    }
    until_empty(&spool, folder.path()).await;
}

#[tokio::test]
async fn after_an_error_the_file_is_of_no_use() {
    let (_folder, spool) = spool(100 * MIB);
    let mut file = spool.create(10).await.unwrap();
    assert!(file.write(Bytes::from_static(&[0; 11])).await.is_err());
    assert!(file.write(Bytes::from_static(&[0; 1])).await.is_err());
    assert!(file.finish().await.is_err());
}

#[tokio::test]
async fn opening_clears_leftovers_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("spool");
    fs::create_dir_all(&inside).unwrap();
    fs::write(inside.join("0000000000000001.spool"), b"left").unwrap();
    fs::write(inside.join("holiday.jpg"), b"somebody's").unwrap();
    let spool = FileSpool::open(inside.clone(), MIB).unwrap();
    assert!(!inside.join("0000000000000001.spool").exists());
    assert!(inside.join("holiday.jpg").exists());
    let second = FileSpool::open(inside.clone(), MIB).map(|_| ());
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    drop(spool);
    assert!(FileSpool::open(inside, MIB).is_ok());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, spool) = spool(100 * MIB);
    let _blob = receive(&spool, &samples::noisy_png(300, 300), 100_000, MIB)
        .await
        .unwrap();
    let inside = folder.path().join("spool");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inside), 0o700);
    assert_eq!(mode(&inside.join("0000000000000000.spool")), 0o600);
}

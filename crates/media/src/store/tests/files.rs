//! The store on local disk.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use gih_domain::ports::{ImageStore, StoreError};

use super::{Store, blob, content, contract, name};

fn open(folder: &Path) -> Store {
    Store::open(&format!("file://{}", folder.display()), []).unwrap()
}

fn incoming(folder: &Path) -> usize {
    fs::read_dir(folder.join(".incoming")).unwrap().count()
}

async fn until_nothing_is_incoming(folder: &Path) {
    for _ in 0..1000 {
        if incoming(folder) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("something is left in .incoming");
}

#[tokio::test]
async fn the_contract_holds() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("with spaces/é%20");
    contract::holds(&open(&inside)).await;
    until_nothing_is_incoming(&inside).await;
    assert!(!inside.join(".check").exists());
    let outside: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(outside.len(), 1, "nothing escaped");
}

#[tokio::test]
async fn objects_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let name = name("generations/gen_1/0.png");
    open(folder.path())
        .put(&name, &blob(b"bytes"))
        .await
        .unwrap();
    assert_eq!(open(folder.path()).byte_length(&name).await.unwrap(), 5);
    assert_eq!(
        fs::read(folder.path().join(name.as_str())).unwrap(),
        b"bytes"
    );
}

#[tokio::test]
async fn a_dropped_put_leaves_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let name = name("generations/gen_1/0.png");
    let bytes = content(3_000_000);
    // Dropped after each number of steps until it is done.
    let mut dropped = 0;
    for polls in 0..1000 {
        let image = blob(&bytes);
        let mut put = store.put(&name, &image);
        let mut is_done = false;
        for _ in 0..=polls {
            is_done = (&mut put).now_or_never().is_some();
            if is_done {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if is_done {
            break;
        }
        drop(put);
        dropped += 1;
        until_nothing_is_incoming(folder.path()).await;
        match store.get(&name, None).await {
            Err(StoreError::NotFound) => {}
            // Dropped at the moment of publishing: whole, or nothing.
            Ok(object) => {
                assert_eq!(object.byte_length, bytes.len() as u64);
                store.delete(&name).await.unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(dropped > 1);
    assert_eq!(store.byte_length(&name).await.unwrap(), bytes.len() as u64);
}

#[tokio::test]
async fn puts_and_deletes_of_one_folder_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for round in 0..50 {
        let (first, second) = (name("references/gen_1/0"), name("references/gen_1/1"));
        store.put(&first, &blob(b"first")).await.unwrap();
        let image = blob(b"second");
        let (put, deleted) = tokio::join!(store.put(&second, &image), store.delete(&first));
        deleted.unwrap();
        put.unwrap();
        assert_eq!(store.byte_length(&second).await.unwrap(), 6, "{round}");
        store.delete(&second).await.unwrap();
        assert!(
            !folder.path().join("references/gen_1").exists(),
            "empty folders go"
        );
    }
}

#[tokio::test]
async fn opened_as_it_is_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("media");
    let url = format!("file://{}", root.display());
    let looked_at = Store::open_as_it_is(&url, []).unwrap();
    let image = name("generations/gen_1/0.png");
    let told = looked_at.byte_length(&image).await;
    assert!(matches!(told, Err(StoreError::NotFound)));
    let told = looked_at.check().await.unwrap_err().to_string();
    assert!(told.contains(&root.display().to_string()), "{told}");
    assert!(!root.exists());
    open(&root).put(&image, &blob(b"image")).await.unwrap();
    assert_eq!(looked_at.byte_length(&image).await.unwrap(), 5);
    looked_at.check().await.unwrap();
}

/// The folder itself may be the hub's, and the one that images go to somebody else's.
#[tokio::test]
async fn the_check_writes_where_images_go() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.check().await.unwrap();
    let generations = folder.path().join("generations");
    assert_eq!(fs::read_dir(&generations).unwrap().count(), 0);
    fs::remove_dir(&generations).unwrap();
    fs::write(&generations, "in the way").unwrap();
    assert!(store.check().await.is_err());
}

#[tokio::test]
async fn opening_clears_old_leftovers_only() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let leave = |name: &str, hours: u64| {
        let path = folder.path().join(".incoming").join(name);
        fs::write(&path, b"half").unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap() - Duration::from_hours(hours);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(time)
            .unwrap();
        path
    };
    let (old, young) = (leave("old", 25), leave("young", 23));
    drop(open(folder.path()));
    assert!(!old.exists());
    assert!(young.exists(), "another process may be writing it");
}

#[tokio::test]
async fn a_file_cut_short_on_disk_is_an_error_not_an_end() {
    use futures_util::TryStreamExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let name = name("generations/gen_1/0.png");
    store.put(&name, &blob(&content(400_000))).await.unwrap();
    let object = store.get(&name, None).await.unwrap();
    fs::File::options()
        .write(true)
        .open(folder.path().join(name.as_str()))
        .unwrap()
        .set_len(200_000)
        .unwrap();
    assert!(object.bytes.try_collect::<Vec<Bytes>>().await.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_refuses_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fs::remove_dir(folder.path().join(".incoming")).unwrap();
    fs::write(folder.path().join(".incoming"), b"in the way").unwrap();
    assert!(matches!(
        store.check().await,
        Err(StoreError::Unavailable(_))
    ));
    let result = store
        .put(&name("generations/gen_1/0.png"), &blob(b"bytes"))
        .await;
    assert!(matches!(result, Err(StoreError::Unavailable(_))));
}

//! `gih audit` and the images: lost and cut ones are named, and a storage that cannot be asked is no loss of images.

use serde_json::json;

use super::site::{KINDS, Site, refused};
use crate::support::Hub;

/// A hub with three images: the site, and for each its id and its file.
async fn with_images(site: Site) -> (Site, Hub, Vec<(String, std::path::PathBuf)>) {
    let hub = site.serve().await;
    let drawn = hub.account().test().draw(json!({"n": 3})).await.ok(200);
    let images = drawn["images"].as_array().unwrap().iter().map(|image| {
        let (_, object) = image["url"]
            .as_str()
            .unwrap()
            .split_once("/media/")
            .unwrap();
        let file = site.place.data_dir().join("media").join(object);
        (image["id"].as_str().unwrap().to_owned(), file)
    });
    let images = images.collect();
    (site, hub, images)
}

#[tokio::test]
async fn images_that_are_lost_or_cut_are_named() {
    for kind in KINDS {
        let (site, hub, images) = with_images(Site::of(kind)).await;
        hub.audit();
        std::fs::remove_file(&images[0].1).unwrap();
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(&images[2].1)
            .unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length - 1).unwrap();
        let ran = site.gih(&["audit", "--json"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let told = ran.json();
        let mut found: Vec<_> = told["violations"].as_array().unwrap().iter().collect();
        found.sort_by_key(|violation| violation["subject"].as_str());
        assert_eq!(found.len(), 2, "{told}");
        let details = [
            "is not there",
            &format!("has {} bytes instead of {length}", length - 1),
        ];
        for (violation, ((id, _), detail)) in found
            .iter()
            .zip([&images[0], &images[2]].into_iter().zip(details))
        {
            assert_eq!(
                (&violation["invariant"], &violation["subject"]),
                (&json!("image-stored"), &json!(id))
            );
            let told = violation["detail"].as_str().unwrap();
            assert!(told.contains(detail) && told.contains("gen_"), "{told}");
        }
        // The books themselves hold.
        site.gih(&["audit", "--books-only"]).succeed();
    }
}

#[tokio::test]
async fn a_storage_that_cannot_be_asked_is_one_clear_line() {
    let (site, _hub, _) = with_images(Site::embedded()).await;
    let at = |url: &str, endpoint: &str| {
        site.with("GIH_STORAGE_URL", url)
            .with("AWS_ENDPOINT_URL", endpoint)
            .with("AWS_ACCESS_KEY_ID", "test")
            .with("AWS_SECRET_ACCESS_KEY", "test")
            .with("AWS_REGION", "us-east-1")
    };
    let server =
        std::env::var("TEST_S3_ENDPOINT").expect("TEST_S3_ENDPOINT: run `cargo xtask test`");
    // Nobody listens there; and a server without the bucket.
    for endpoint in ["http://127.0.0.1:1", &server] {
        let away = at("s3://gih-no-such-bucket/hub", endpoint);
        let ran = away.gih(&["audit", "--json"]);
        let line = refused(&ran);
        assert!(
            line.contains("GIH_STORAGE_URL") && line.contains("cannot be audited"),
            "{line}"
        );
        assert_eq!(ran.stderr, format!("{line}\n"), "and no word of each try");
        away.gih(&["audit", "--books-only"]).succeed();
    }
    // What the books say is told all the same.
    site.place
        .execute("UPDATE credit_lots SET remaining = remaining - 1 WHERE remaining > 0");
    let ran = at("s3://gih-no-such-bucket/hub", "http://127.0.0.1:1").gih(&["audit", "--json"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.json()["violations"][0]["invariant"], "lot-remaining");
    assert!(ran.stderr.contains("cannot be audited"), "{ran:?}");
}

/// Run as root, or with a mistyped address, it would leave folders that the hub can do nothing in, or that nobody wants.
#[tokio::test]
async fn a_folder_that_is_not_there_is_one_clear_line_and_not_made() {
    let (site, mut hub, _) = with_images(Site::embedded()).await;
    let nowhere = site.place.folder().join("nowhere");
    let empty = site.place.folder().join("empty");
    std::fs::create_dir(&empty).unwrap();
    for folder in [&nowhere, &empty] {
        let elsewhere = site.with("GIH_STORAGE_URL", &format!("file://{}", folder.display()));
        let ran = elsewhere.gih(&["audit"]);
        let line = refused(&ran);
        for word in ["GIH_STORAGE_URL", &folder.display().to_string()] {
            assert!(line.contains(word), "{line}");
        }
        elsewhere.gih(&["audit", "--books-only"]).succeed();
    }
    assert!(!nowhere.exists());
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    hub.audit();
    hub.process.signal("TERM");
    hub.process.wait();
    // What a put or a delete may have taken away is not made again.
    let references = site.place.data_dir().join("media/references");
    std::fs::remove_dir(&references).unwrap();
    site.audit();
    assert!(!references.exists());
}

#[tokio::test]
async fn a_storage_with_none_of_the_images_is_the_wrong_one() {
    let site = Site::embedded();
    let hub = site.serve().await;
    let test = hub.account().test();
    // As many as are listed of one invariant.
    for _ in 0..25 {
        test.draw(json!({"n": 4})).await.ok(200);
    }
    // Another hub's, which has none.
    let another = Site::embedded();
    let _hub = another.serve().await;
    let elsewhere = format!(
        "file://{}",
        another.place.data_dir().join("media").display()
    );
    let ran = site.with("GIH_STORAGE_URL", &elsewhere).gih(&["audit"]);
    let line = refused(&ran);
    assert!(
        line.contains("none of the first 100 images") && line.contains("GIH_STORAGE_URL"),
        "{line}"
    );
    hub.audit();
}

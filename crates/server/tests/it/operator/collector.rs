//! Objects that nobody names are deleted by the next round of the collector, of which each start makes one; what is named
//! or still needed stays.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gih_fake_openai::{Behaviour, FakeOpenAi};
use serde_json::json;

use super::site::{KINDS, Site};
use super::work::{PRICE, queue};
use crate::media::{in_bucket, s3};
use crate::multipart::{file, fox, received};
use crate::support::{Hub, Kind, Options, samples, until};

const FOREVER: Duration = Duration::from_mins(10);

/// An id of a generation that does not exist, made so long ago.
fn id(hours_ago: u64) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let made_at = now.checked_sub(Duration::from_hours(hours_ago)).unwrap();
    format!("gen_{:012x}7{:03x}8{:015x}", made_at.as_millis(), 1, 1)
}

/// An image's name that no row has.
fn image(id: &str) -> String {
    format!("generations/{id}/0-000000000000000000000000deadbeef.png")
}

fn put(root: &Path, name: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "bytes").unwrap();
}

/// Every name in the store.
fn names(root: &Path) -> Vec<String> {
    let mut folders: Vec<PathBuf> = vec![root.join("generations"), root.join("references")];
    let mut names = Vec::new();
    while let Some(folder) = folders.pop() {
        // One that is empty is removed.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(root).unwrap().to_owned();
                names.push(name.display().to_string());
            }
        }
    }
    names.sort();
    names
}

/// Lets all that has ended have ended two hours before.
fn age(site: &Site) {
    let earlier = match site.options.kind {
        Kind::Sqlite => "completed_at - 7200000000",
        Kind::Postgres => "completed_at - interval '2 hours'",
    };
    let sql = format!("UPDATE generations SET completed_at = {earlier}");
    site.place.execute(&sql);
}

async fn collected(hub: &Hub, gone: &[String]) {
    let root = hub.place.data_dir().join("media");
    until("the orphans to be gone", async || {
        let names = names(&root);
        gone.iter().all(|name| !names.contains(name)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn orphans_go_and_what_is_named_or_young_or_somebody_elses_stays() {
    for kind in KINDS {
        let site = Site::of(kind);
        let mut hub = site.serve().await;
        let test = hub.account().test();
        let drawn = test.draw(json!({"n": 2})).await.ok(200);
        let ended = drawn["id"].as_str().unwrap();
        let root = site.place.data_dir().join("media");
        let before = names(&root);
        assert_eq!(before.len(), 2, "{before:?}");
        // A worker that had lost its lease put another image, references stayed behind, and a call was never accepted.
        let gone = [
            image(ended),
            format!("references/{ended}/0"),
            image(&id(13)),
            format!("references/{}/0", id(13)),
            format!("references/{}/1", id(13)),
        ];
        let stays = [
            image(&id(11)),
            format!("references/{}/0", id(11)),
            format!("references/{}/0", id(0)),
            format!("generations/{ended}/notes.txt"),
            format!("generations/{}/0.png", id(13)),
            "references/old/0".to_owned(),
        ];
        for name in gone.iter().chain(&stays) {
            put(&root, name);
        }
        // It ended a moment ago, so that its leftovers are left for now.
        hub = hub.restart().await;
        collected(&hub, &gone[2..]).await;
        assert_eq!(names(&root).len(), before.len() + 2 + stays.len());
        age(&site);
        let spooled = site.place.data_dir().join("spool/dead");
        std::fs::create_dir_all(&spooled).unwrap();
        hub = hub.restart().await;
        collected(&hub, &gone).await;
        assert!(!spooled.exists());
        let mut left = [&before[..], &stays].concat();
        left.sort();
        assert_eq!(names(&root), left);
        let test = hub.with_key(test.key());
        for image in drawn["images"].as_array().unwrap() {
            // The address has the old port.
            let path = image["url"]
                .as_str()
                .unwrap()
                .splitn(4, '/')
                .nth(3)
                .unwrap();
            test.open(&json!({"url": format!("/{path}")})).await;
        }
        hub.audit();
    }
}

#[tokio::test]
async fn references_of_queued_work_stay_and_those_of_revoked_keys_go() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.set_default(Behaviour::succeed().after(FOREVER));
        let options = Options::on(kind).upstream(&upstream);
        let site = Site {
            options: options.env("GIH_WORKERS", 1).env("GIH_LEASE", "1s"),
            ..Site::of(kind)
        };
        let hub = site.serve().await;
        let ann = hub.account();
        ann.grant(100);
        let (kept, revoked) = (ann.key("live"), ann.key("live"));
        let api = hub.with_key(kept["key"].as_str().unwrap());
        queue(&api, "takes the slot").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        queue(&api, "takes it after the next start").await;
        let picture = samples::numbered_png(1);
        let form = || {
            let form = fox().text("async", "true");
            form.part("image", file(picture.clone()))
        };
        let queued = api.submit(form()).await.ok(202);
        let theirs = hub.with_key(revoked["key"].as_str().unwrap());
        let canceled = theirs.submit(form()).await.ok(202);
        let root = site.place.data_dir().join("media");
        let name = |of: &serde_json::Value| format!("references/{}/0", of["id"].as_str().unwrap());
        let mut both = [name(&queued), name(&canceled)];
        both.sort();
        assert_eq!(names(&root), both);

        hub.gih(&["key", "revoke", revoked["id"].as_str().unwrap()])
            .succeed();
        assert_eq!(names(&root), both, "the command does not reach the store");
        hub.audit(); // now, because ends that are moved by hand are not those that the ledger knows
        age(&site);
        let hub = hub.restart().await;
        collected(&hub, &[name(&canceled)]).await;
        assert_eq!(
            names(&root),
            [name(&queued)],
            "it waits behind the one that took the slot"
        );

        // Sent, so that it is not sent again.
        until("the second call", async || {
            (upstream.call_count() == 2).then_some(())
        })
        .await;
        upstream.set_default(Behaviour::succeed());
        let hub = hub.restart().await;
        let api = hub.with_key(kept["key"].as_str().unwrap());
        let end = api.end(queued["id"].as_str().unwrap()).await;
        assert_eq!(end["status"], "succeeded", "{end}");
        assert_eq!(received(&upstream)[0].bytes, picture.len() as u64);
        until("the refunds of what was sent before", async || {
            (api.credits().await == 100 - PRICE).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_bucket_is_collected_under_its_prefix_alone() {
    let (options, bucket) = in_bucket(Options::sqlite());
    let (orphan, young) = (image(&id(13)), image(&id(1)));
    let all = [
        format!("some/prefix/{orphan}"),
        format!("some/prefix/references/{}/0", id(13)),
        format!("some/prefix/{young}"),
        orphan,
        format!("some/prefix/other/{}", image(&id(13))),
    ];
    for key in &all {
        let made = s3(&format!("PUT /{bucket}/{key}"));
        assert!(made.starts_with("HTTP/1.1 200"), "{made}");
    }
    let _hub = Hub::start(options).await;
    let there = || {
        let listed = s3(&format!("GET /{bucket}?list-type=2"));
        let is_there = |key: &&String| listed.contains(&format!("<Key>{key}</Key>"));
        all.iter().filter(is_there).cloned().collect::<Vec<_>>()
    };
    until("the orphans to be gone", async || {
        (there().len() == 3).then_some(())
    })
    .await;
    assert_eq!(there(), all[2..]);
}

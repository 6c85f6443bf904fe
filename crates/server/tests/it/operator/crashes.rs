//! `kill -9` and the next start.

use std::time::Duration;

use gih_fake_openai::{Behaviour, Cut, FakeOpenAi};
use serde_json::json;

use super::site::{KINDS, Site};
use super::work::{PRICE, call, is_refunded, queue};
use crate::support::{Kind, Options, until};

/// Longer than any test: the call is under way until its hub dies.
const FOREVER: Duration = Duration::from_mins(10);

/// A site whose work goes to `upstream`, one generation at a time, and whose dead are missed soon.
fn site(kind: Kind, upstream: &FakeOpenAi) -> Site {
    let options = Options::on(kind).upstream(upstream);
    Site {
        options: options.env("GIH_WORKERS", 1).env("GIH_LEASE", "1s"),
        ..Site::of(kind)
    }
}

#[tokio::test]
async fn accepted_work_is_done_and_sent_work_is_refunded_after_a_kill() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(Behaviour::succeed().after(FOREVER));
        let hub = site(kind, &upstream).serve().await;
        let ann = hub.account();
        ann.grant(100);
        let key = ann.key("live")["key"].as_str().unwrap().to_owned();
        let api = hub.with_key(&key);
        let sent = queue(&api, "sent").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let accepted = queue(&api, "accepted").await;
        assert_eq!(api.look(&accepted).await["status"], "queued");
        assert_eq!(api.credits().await, 100 - 2 * PRICE);

        let hub = hub.restart().await;
        let api = hub.with_key(&key);
        // The embedded database has no other owner, so this is settled before the hub is ready.
        let end = match kind {
            Kind::Sqlite => api.look(&sent).await,
            Kind::Postgres => api.end(&sent).await,
        };
        is_refunded(&end, "failed", "generationFailed");
        let end = api.end(&accepted).await;
        assert_eq!(
            (&end["status"], &end["usage"]["credits"]),
            (&json!("succeeded"), &json!(PRICE))
        );
        api.open(&end["images"][0]).await;
        assert_eq!(api.credits().await, 100 - PRICE);
        let prompts: Vec<_> = upstream
            .requests()
            .iter()
            .map(|call| call.fields["prompt"].clone())
            .collect();
        assert_eq!(prompts, ["sent", "accepted"], "each was sent once");
        hub.audit();
    }
}

#[tokio::test]
async fn a_waiting_call_that_was_sent_is_refunded_after_a_kill() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(Behaviour::succeed().after(FOREVER));
        let hub = site(kind, &upstream).serve().await;
        let ann = hub.account();
        ann.grant(100);
        let key = ann.key("live")["key"].as_str().unwrap().to_owned();
        let waiting = call(&hub.with_key(&key), "a fox");
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;

        let hub = hub.restart().await;
        assert!(
            waiting.await.unwrap().is_err(),
            "its connection died with the hub"
        );
        let api = hub.with_key(&key);
        let list = api.get("/api/v1/generations").await.ok(200);
        let id = list["data"][0]["id"].as_str().unwrap();
        is_refunded(&api.end(id).await, "failed", "generationFailed");
        assert_eq!((api.credits().await, upstream.call_count()), (100, 1));
        hub.audit();
    }
}

#[tokio::test]
async fn images_that_were_saved_before_a_kill_are_kept_and_paid() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        // The first of two images comes whole, the second never.
        upstream.enqueue(Behaviour::succeed().cut(Cut::Stall, 75));
        let hub = site(kind, &upstream).serve().await;
        let ann = hub.account();
        ann.grant(100);
        let key = ann.key("live")["key"].as_str().unwrap().to_owned();
        let body = json!({"n": 2, "async": true});
        let accepted = hub.with_key(&key).draw(body).await.ok(202);
        let id = accepted["id"].as_str().unwrap();
        let folder = hub.place.data_dir().join("media/generations").join(id);
        until("the first image to be saved", async || {
            let files = std::fs::read_dir(&folder).ok()?;
            let is_png = |name: std::ffi::OsString| name.to_string_lossy().ends_with(".png");
            files
                .flatten()
                .any(|file| is_png(file.file_name()))
                .then_some(())
        })
        .await;

        let hub = hub.restart().await;
        let api = hub.with_key(&key);
        let end = api.end(id).await;
        assert_eq!(end["status"], "succeeded", "{end}");
        assert_eq!(
            end["usage"],
            json!({"credits": PRICE, "credits_requested": 2 * PRICE})
        );
        let [image] = &end["images"].as_array().unwrap()[..] else {
            panic!("{end}");
        };
        crate::support::samples::dimensions(&api.open(image).await);
        assert_eq!(
            (api.credits().await, upstream.call_count()),
            (100 - PRICE, 1)
        );
        hub.audit();
    }
}

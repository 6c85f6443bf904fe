//! Commands beside a running `serve`, while it has work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use gih_fake_openai::{Behaviour, FakeOpenAi};
use serde_json::json;

use super::site::{KINDS, Site};

/// How many callers keep the hub busy.
const CALLERS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_works_while_a_hub_is_under_load() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        let mut site = Site::of(kind);
        site.options = site.options.upstream(&upstream);
        let hub = site.serve().await;
        let ann = hub.account();
        ann.grant(100_000);
        let (is_over, drawn) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let load: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (api, is_over, drawn) = (ann.live(), Arc::clone(&is_over), Arc::clone(&drawn));
                tokio::spawn(async move {
                    while !is_over.load(Ordering::Acquire) {
                        // Waiting and queued work in turns.
                        let answer = api.draw(json!({"async": caller % 2 == 0})).await;
                        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
                        drawn.fetch_add(1, Ordering::AcqRel);
                    }
                })
            })
            .collect();
        let commands = tokio::task::spawn_blocking(move || commands(&site));
        let site = commands.await.unwrap();
        assert!(drawn.load(Ordering::Acquire) > 0, "there was no load");
        is_over.store(true, Ordering::Release);
        for caller in load {
            caller.await.unwrap();
        }
        let unfinished = "SELECT count(*) AS number FROM generations WHERE completed_at IS NULL";
        crate::support::until("all work to end", async || {
            (site.number(unfinished) == 0).then_some(())
        })
        .await;
        let drawn = drawn.load(Ordering::Acquire);
        assert_eq!(upstream.call_count(), drawn as usize, "each was sent once");
        hub.audit();
    }
}

/// All of them, several times; books that are busy hold at every moment.
fn commands(site: &Site) -> Site {
    for round in 0..3 {
        let email = format!("round{round}@example.com");
        site.json(&["account", "create", "--email", &email]);
        let key = site.json(&["key", "create", "--email", &email, "--name", "x"]);
        site.json(&["key", "list", "--email", &email]);
        site.json(&["key", "revoke", key["id"].as_str().unwrap()]);
        site.json(&["credits", "grant", "--email", &email, "--credits", "5"]);
        site.json(&["model", "list"]);
        site.json(&[
            "model",
            "set",
            "gpt-image-2",
            "--price",
            &format!("1K={}", 8 + round),
        ]);
        site.json(&["seed", "--demo"]);
        site.json(&["migrate"]);
        site.json(&["migrate", "--status"]);
        site.audit();
        let copy = site.place.folder().join(format!("copy{round}.db"));
        let copy = copy.display().to_string();
        if site.options.kind == gih_database::Kind::Sqlite {
            site.json(&["backup", &copy]);
            // What was copied in the midst of work is a whole database, whose work is unfinished at most.
            site.with("DATABASE_URL", &format!("sqlite://{copy}"))
                .audit();
        }
    }
    site.clone()
}

/// What a revoked key had queued is nobody's wish any more; what was sent is paid for.
#[tokio::test]
async fn revoking_a_key_cancels_and_refunds_what_it_has_queued() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(Behaviour::succeed().after(std::time::Duration::from_secs(3)));
        let mut site = Site::of(kind).with("GIH_WORKERS", "1");
        site.options = site.options.upstream(&upstream);
        let hub = site.serve().await;
        let ann = hub.account();
        ann.grant(100);
        let (key, other) = (ann.key("live"), ann.live());
        let api = hub.with_key(key["key"].as_str().unwrap());
        let submit = async |api: &crate::support::Api| {
            let accepted = api.draw(json!({"async": true})).await.ok(202);
            accepted["id"].as_str().unwrap().to_owned()
        };
        let running = submit(&api).await;
        api.once("running", &running).await;
        let (second, third) = (submit(&api).await, submit(&api).await);
        let of_other = submit(&other).await;
        // Somebody waits for one of them, with the same key.
        let waiting = tokio::spawn(
            api.generation()
                .json(&json!({"model": "gpt-image-2", "prompt": "a fox"}))
                .send(),
        );
        crate::support::until("the waiting call to be queued", async || {
            (site.number("SELECT count(*) AS number FROM generations WHERE waits") == 1)
                .then_some(())
        })
        .await;
        assert_eq!(other.credits().await, 100 - 5 * 8);

        let revoked = hub.gih_json(&["key", "revoke", key["id"].as_str().unwrap()]);
        let canceled = revoked["canceled_generations"].as_array().unwrap();
        assert_eq!(canceled.len(), 3, "{revoked}");
        assert!(
            canceled.contains(&json!(second)) && canceled.contains(&json!(third)),
            "{revoked}"
        );
        api.draw(json!({}))
            .await
            .error(401, "invalidApiKey", json!({}));
        let answer = waiting.await.unwrap().unwrap();
        assert_eq!(answer.status(), 409);
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(answer["error"]["code"], "generationCanceled", "{answer}");
        for id in [&second, &third] {
            let end = other.end(id).await;
            assert_eq!(
                (&end["status"], &end["error"]["code"]),
                (&json!("canceled"), &json!("generationCanceled"))
            );
            assert_eq!(end["usage"], json!({"credits": 0, "credits_requested": 8}));
        }
        for id in [&running, &of_other] {
            assert_eq!(other.end(id).await["status"], "succeeded");
        }
        assert_eq!(
            (other.credits().await, upstream.call_count()),
            (100 - 2 * 8, 2)
        );
        hub.audit();
    }
}

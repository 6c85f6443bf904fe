//! Keys that get another secret while their callers move.

use std::time::Duration;

use serde_json::{Value, json};

use super::site::{KINDS, Site, keys};
use crate::support::{Hub, on_both, until};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field}: {value}"))
}

/// Whether the secret is still good; one that is not must be answered as one that never was.
async fn is_good(hub: &Hub, secret: &str) -> bool {
    let answer = hub.with_key(secret).get("/api/v1/credits").await;
    if answer.status != 200 {
        answer.error(401, "invalidApiKey", json!({}));
    }
    answer.status == 200
}

#[tokio::test]
async fn the_old_secret_is_good_until_the_overlap_ends() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        let old = hub.account().key("test");
        let (id, old_secret) = (text(&old, "id"), text(&old, "key"));
        hub.with_key(old_secret).draw(json!({})).await.ok(200);

        let new = hub.gih_json(&["key", "rotate", id, "--overlap", "3s"]);
        let fields = [
            "expires_at",
            "id",
            "key",
            "mode",
            "prefix",
            "previous_expires_at",
        ];
        assert_eq!(keys(&new), fields);
        let new_secret = text(&new, "key");
        assert_eq!((text(&new, "id"), text(&new, "mode")), (id, "test"));
        assert!(new_secret.starts_with(text(&new, "prefix")), "{new}");
        assert!(text(&new, "previous_expires_at").ends_with('Z'), "{new}");
        assert!(is_good(&hub, new_secret).await);
        assert!(is_good(&hub, old_secret).await);
        // Both are the same key: what was made with one is there for the other.
        let listed = hub.with_key(new_secret).get("/api/v1/generations").await;
        assert_eq!(listed.ok(200)["data"].as_array().unwrap().len(), 1);

        until("the end of the overlap", async || {
            (!is_good(&hub, old_secret).await).then_some(())
        })
        .await;
        assert!(is_good(&hub, new_secret).await);
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn without_an_overlap_the_old_secret_ends_at_once() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        let old = hub.account().key("live");
        let id = text(&old, "id");
        let second = hub.gih_json(&["key", "rotate", id]);
        // A day unless something else is said; the next rotation ends what was before it.
        assert!(is_good(&hub, text(&old, "key")).await);
        let third = hub.gih_json(&["key", "rotate", id, "--overlap", "0s"]);
        assert_eq!(third["previous_expires_at"], Value::Null);
        for (secret, good) in [(&old, false), (&second, false), (&third, true)] {
            assert_eq!(is_good(&hub, text(secret, "key")).await, good);
        }
    })
    .await;
}

#[tokio::test]
async fn the_list_tells_of_overlap_and_last_use() {
    for kind in KINDS {
        let site = Site::of(kind);
        let mut hub = site.serve().await;
        let account = hub.account();
        let email = account.email.clone();
        let key = account.key("test");
        let id = text(&key, "id").to_owned();
        let list = || site.json(&["key", "list", "--email", &email]);
        assert_eq!(list()[0]["last_used_at"], Value::Null);
        assert_eq!(list()[0]["previous"], Value::Null);
        let rotated = hub.gih_json(&["key", "rotate", &id, "--overlap", "7d"]);
        // The old secret is the same key: its use is the key's.
        assert!(is_good(&hub, text(&key, "key")).await);
        hub.process.signal("TERM");
        assert_eq!(hub.process.wait().code(), Some(0));

        let listed = list();
        let used = listed[0]["last_used_at"].as_str().unwrap_or_default();
        assert!(used.ends_with('Z'), "written down at the end: {listed}");
        let previous = &listed[0]["previous"];
        assert_eq!(previous["prefix"], key["prefix"]);
        assert_eq!(previous["expires_at"], rotated["previous_expires_at"]);
        let shown = site.gih(&["key", "list", "--email", &email]).succeed();
        for wanted in [
            format!("{}…", text(&rotated, "prefix")),
            format!("last used {used}"),
            format!("{}… until 2", text(&key, "prefix")),
        ] {
            assert!(shown.stdout.contains(&wanted), "no {wanted:?}: {shown:?}");
        }
        for secret in [&key, &rotated] {
            assert!(!shown.stdout.contains(text(secret, "key")), "{shown:?}");
        }
    }
}

/// While the hub runs, what was used is written down every ten seconds.
#[tokio::test]
async fn a_running_hub_writes_uses_down() {
    let site = Site::embedded();
    let hub = site.serve().await;
    hub.account().test().credits().await;
    let began = std::time::Instant::now();
    until("a last use", async || {
        let uses = site.number("SELECT count(*) AS number FROM api_key_uses");
        tokio::time::sleep(Duration::from_millis(100)).await;
        (uses == 1).then_some(())
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn what_cannot_be_rotated_is_said() {
    let site = Site::embedded();
    site.account("ann@example.com");
    let create = ["key", "create", "--email", "ann@example.com", "--name", "x"];
    let key = site.json(&create);
    let id = text(&key, "id");
    let fails = |args: &[&str], code: i32, wanted: &str| {
        let ran = site.gih(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{ran:?}");
        assert!(ran.stderr.contains(wanted), "no {wanted:?}: {ran:?}");
    };
    let unknown = "key_0198a3c27e0b7d45a1b2c3d4e5f60718";
    fails(&["key", "rotate", unknown], 1, "there is no key");
    fails(
        &["key", "rotate", id, "--overlap", "91d"],
        1,
        "at most 90 days",
    );
    fails(
        &["key", "rotate", id, "--overlap", "long"],
        2,
        "7d, 24h or 0s",
    );
    let shown = site
        .gih(&["key", "rotate", id, "--overlap", "0s"])
        .succeed();
    for wanted in [id, "shown once: gih_live_", "refused from now on"] {
        assert!(shown.stdout.contains(wanted), "no {wanted:?}: {shown:?}");
    }
    site.json(&["key", "revoke", id]);
    fails(&["key", "rotate", id], 1, "revoked or has expired");
}

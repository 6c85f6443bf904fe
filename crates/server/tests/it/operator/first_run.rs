//! The first start, which a person can act on, and the later ones.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::site::{Site, keys};
use crate::support::samples::dimensions;
use crate::support::{Hub, Options, until};

/// Everything on stdout once it has all come.
async fn block(hub: &mut Hub, last: &str) -> String {
    until(&format!("{last:?} on stdout"), async || {
        let stdout = hub.process.stdout();
        stdout.contains(last).then(|| stdout.to_owned())
    })
    .await
}

/// The word behind a label.
fn labelled<'a>(block: &'a str, label: &str) -> &'a str {
    let line = block
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(label));
    line.unwrap_or_else(|| panic!("no {label}: {block}")).trim()
}

#[tokio::test]
async fn the_first_run_prints_a_curl_that_can_be_pasted() {
    let site = Site::embedded().with("GIH_LOG", "debug");
    let mut hub = site.serve().await;
    let printed = block(&mut hub, "}'\n").await;
    assert_eq!(
        printed.lines().next().unwrap(),
        format!("listening on {}", hub.url)
    );
    assert_eq!(labelled(&printed, "Console"), format!("{}/", hub.url));
    assert_eq!(labelled(&printed, "API"), format!("{}/api/v1", hub.url));
    let contract = labelled(&printed, "Contract");
    assert_eq!(hub.without_key().get(contract).await.status, 200);
    assert!(labelled(&printed, "Owner").contains('@'), "{printed}");
    let password = labelled(&printed, "Password").to_owned();
    assert_eq!(password.len(), 20, "{printed}");
    let temporary = "SELECT count(*) AS number FROM accounts
        WHERE password_is_temporary AND password_hash LIKE '$argon2id$%'";
    assert_eq!(site.number(temporary), 1, "its owner is asked for another");
    let key = labelled(&printed, "Test key").to_owned();
    assert!(key.starts_with("gih_test_"), "{printed}");
    assert_eq!(hub.with_key(&key).credits().await, 1_000);

    let (_, curl) = printed.split_once("\ncurl ").unwrap();
    let pasted = format!("curl {curl}");
    let ran = tokio::task::spawn_blocking(move || {
        let which = Command::new("curl").arg("--version").output();
        which.expect("curl is not installed, and the block is made for it");
        Command::new("bash").args(["-c", &pasted]).output().unwrap()
    })
    .await
    .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let answer: Value =
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let image = hub
        .without_key()
        .get(answer["images"][0]["url"].as_str().unwrap())
        .await;
    assert_eq!(
        (image.status, image.header("content-type")),
        (200, Some("image/png"))
    );
    assert_eq!(dimensions(&image.body), (1024, 1024));

    // The second run tells addresses and nothing secret, and the first key goes on working.
    let log = hub.process.stderr();
    let mut hub = hub.restart().await;
    let again = block(&mut hub, "openapi.json\n").await;
    assert_eq!(labelled(&again, "Console"), format!("{}/", hub.url));
    assert_eq!(labelled(&again, "API"), format!("{}/api/v1", hub.url));
    hub.with_key(&key).draw(json!({})).await.ok(200);
    hub.process.signal("TERM");
    assert_eq!(hub.process.wait().code(), Some(0));
    let again = hub.process.stdout().to_owned();
    for secret in ["gih_test_", "gih_live_", "assword", "curl"] {
        assert!(!again.contains(secret), "{again}");
    }
    for log in [log, hub.process.stderr()] {
        assert!(log.contains("setting"), "there is a log");
        assert!(!log.contains(&key), "a key was logged");
        assert!(!log.contains(&password), "a password was logged");
        assert!(!log.contains("red fox"), "a prompt was logged at debug");
    }
    hub.audit();
}

#[tokio::test]
async fn as_json_the_first_run_is_one_line() {
    let site = Site::embedded();
    let mut process = site.spawn(&["serve", "--json"]);
    let line = process.line("{");
    let told: Value = serde_json::from_str(&format!("{{{line}")).unwrap();
    let first = [
        "api",
        "console",
        "listening",
        "owner",
        "password",
        "test_key",
    ];
    assert_eq!(keys(&told), first);
    process.signal("INT");
    assert_eq!(process.wait().code(), Some(0));
    assert_eq!(process.stdout().lines().count(), 1);

    let mut process = site.spawn(&["serve", "--json"]);
    let line = process.line("{");
    let told: Value = serde_json::from_str(&format!("{{{line}")).unwrap();
    assert_eq!(keys(&told), ["api", "console", "listening"]);
    assert_eq!(site.number("SELECT count(*) AS number FROM accounts"), 1);
    site.audit();
}

/// Who already has accounts needs no owner made for them.
#[tokio::test]
async fn an_account_made_before_the_first_start_is_the_first() {
    let site = Site::embedded();
    site.account("ann@example.com");
    let mut hub = site.serve().await;
    let printed = block(&mut hub, "openapi.json\n").await;
    assert!(!printed.contains("gih_test_"), "{printed}");
    assert_eq!(site.number("SELECT count(*) AS number FROM accounts"), 1);
}

#[tokio::test]
async fn on_postgres_nothing_is_made_or_told() {
    let mut hub = Hub::start(Options::postgres()).await;
    let printed = block(&mut hub, "openapi.json\n").await;
    hub.process.signal("TERM");
    assert_eq!(hub.process.wait().code(), Some(0));
    assert!(!hub.process.stdout().contains("gih_test_"), "{printed}");
    assert_eq!(
        hub.place.numbers("SELECT count(*) AS number FROM accounts"),
        [0]
    );
}

/// Prompts and secrets stay out of the log whatever becomes of the work.
#[tokio::test]
async fn nothing_secret_is_logged() {
    let upstream = gih_fake_openai::FakeOpenAi::start().await;
    for failure in [
        gih_fake_openai::Failure::server_error(),
        gih_fake_openai::Failure::invalid_api_key(),
        gih_fake_openai::Failure::moderation_blocked(),
    ] {
        upstream.enqueue(gih_fake_openai::Behaviour::fail(failure));
    }
    let site = Site {
        options: Options::sqlite()
            .env("GIH_LOG", "debug")
            .upstream(&upstream),
        ..Site::embedded()
    };
    let mut hub = site.serve().await;
    let ann = hub.account();
    ann.grant(100);
    let (key, test) = (ann.key("live"), ann.test());
    let key = key["key"].as_str().unwrap().to_owned();
    let live = hub.with_key(&key);
    for status in [500, 500, 400, 200] {
        live.draw(json!({"prompt": "an unmistakable zebra"}))
            .await
            .ok(status);
    }
    test.draw(json!({"prompt": "sandbox:fail an unmistakable zebra"}))
        .await
        .ok(500);
    live.draw(json!({"prompt": "an unmistakable zebra", "n": 99}))
        .await
        .ok(400);
    hub.with_key("gih_live_unmistakablezebra")
        .draw(json!({}))
        .await
        .ok(401);
    hub.audit();
    hub.process.signal("TERM");
    hub.process.wait();
    tokio::time::sleep(Duration::from_millis(50)).await; // the reader of the log sees its end
    let log = hub.process.stderr();
    for secret in [
        &key[..],
        gih_fake_openai::DEFAULT_KEY,
        "zebra",
        "b64_json",
        "iVBORw0KGgo",
    ] {
        assert!(!log.contains(secret), "{secret} was logged: {log}");
    }
}

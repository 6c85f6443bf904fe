//! Wrong answers of the provider through the whole hub: images that are whole are charged, and the rest comes back.

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use gih_fake_openai::{DEFAULT_KEY, RawUpstream};
use serde_json::{Value, json};

use super::chance::{Chance, Seed, figure, seed};
use super::malformed_answers_made::made;
use super::malformed_requests::peak_kib;
use super::provider_patience::{credits, draw, look};
use crate::support::*;

const ANSWERS: u64 = 500;
const AT_ONCE: usize = 24;
const CREDITS: i64 = 100_000;
const PRICE: i64 = 8;
/// What the hub may have more at once than when it had just started and drawn once.
const MORE_KIB: u64 = 64 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_answers_are_charged_by_the_image() {
    let seed = Seed(seed());
    join_all([(Kind::Sqlite, 0), (Kind::Postgres, 1)].map(|(kind, more)| on(kind, seed.0 + more)))
        .await;
}

async fn on(kind: Kind, seed: u64) {
    let upstream = RawUpstream::start().await.unwrap();
    let options = Options::on(kind)
        .env("OPENAI_API_KEY", DEFAULT_KEY)
        .env("OPENAI_BASE_URL", upstream.base_url())
        // Some are told to come back in a thousand years.
        .env("GIH_GENERATION_TIMEOUT", "8s")
        .env("GIH_LOG", "error");
    let hub = Hub::start(options).await;
    let account = hub.account();
    let api = account.grant(u32::try_from(CREDITS).unwrap()).live();
    account.test().draw(json!({})).await.ok(200);
    let before = peak_kib(hub.process.pid());

    let ends: Vec<(usize, bool)> = stream::iter(0..ANSWERS)
        .map(|number| {
            one(
                &api,
                &upstream,
                seed.wrapping_mul(7_919).wrapping_add(number),
                number,
            )
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let saved: usize = ends.iter().map(|(saved, _)| saved).sum();
    assert_eq!(
        credits(&api).await,
        CREDITS - PRICE * i64::try_from(saved).unwrap()
    );
    let failed = ends.iter().filter(|(saved, _)| *saved == 0).count();
    assert!(failed > 50 && failed < 400, "{failed}");
    if let (Some(before), Some(after)) = (before, peak_kib(hub.process.pid())) {
        eprintln!("memory at most {before} KiB, then {after} KiB");
        assert!(after < before + MORE_KIB, "from {before} to {after} KiB");
    }
    hub.audit();
    let log = hub.process.stderr();
    assert!(!log.contains("panicked"), "{log}");
    let alarms = log.lines().filter(|line| line.contains(" ERROR "));
    assert!(
        alarms
            .into_iter()
            .all(|line| line.contains("the provider needs the operator")),
        "{log}"
    );
    let name = if kind == Kind::Sqlite {
        "sqlite"
    } else {
        "postgres"
    };
    figure("malformed provider bodies through the hub", name, ANSWERS);
}

/// One generation; how many images it has, and whether the provider was called again.
async fn one(api: &Api, upstream: &RawUpstream, seed: u64, number: u64) -> (usize, bool) {
    let mut chance = Chance::new(seed);
    let made = made(&mut chance);
    let shown = || {
        format!(
            "{seed}: {}",
            made.bytes[..made.bytes.len().min(3_000)].escape_ascii()
        )
    };
    let n = 1 + chance.below(4);
    let word = format!("answer-{number}");
    upstream.on(&word, made.script.clone());
    let answer = draw(api, json!({"n": n, "prompt": format!("{word} fox")})).await;
    let body = answer.json();
    let id = if answer.status == 200 {
        &body["id"]
    } else {
        &body["error"]["generation_id"]
    };
    let found = look(
        api,
        id.as_str()
            .unwrap_or_else(|| panic!("{answer:?}: {}", shown())),
    )
    .await;
    let images = found["images"].as_array().unwrap();
    let usage = json!({
        "credits": PRICE * i64::try_from(images.len()).unwrap(),
        "credits_requested": PRICE * i64::try_from(n).unwrap(),
    });
    assert_eq!(found["usage"], usage, "{}", shown());
    if images.is_empty() {
        let code = body["error"]["code"].as_str().unwrap_or_default();
        let is_right =
            [(500, "generationFailed"), (400, "contentRejected")].contains(&(answer.status, code));
        assert!(
            is_right && found["status"] == "failed",
            "{answer:?}: {}",
            shown()
        );
        assert_eq!(
            found["error"],
            json!({"code": code, "message": body["error"]["message"]})
        );
    } else {
        assert_eq!(
            (answer.status, &found["status"], &found["error"]),
            (200, &json!("succeeded"), &Value::Null)
        );
        assert!(images.len() as u64 <= n && body["images"] == found["images"]);
    }
    for image in images {
        let bytes = api.open(image).await;
        let is_png = bytes.starts_with(b"\x89PNG");
        assert!(
            !is_png || made.pngs.iter().any(|png| bytes.starts_with(png)),
            "{}",
            shown()
        );
    }
    let calls = upstream.call_count_for(&word);
    let most = if made.may_be_retried() { 4 } else { 1 };
    assert!((1..=most).contains(&calls), "{calls} calls: {}", shown());
    (images.len(), calls > 1)
}

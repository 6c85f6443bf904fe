//! Ten thousand wrong requests on each database: each is refused in the contract's form, none costs anything, and the
//! hub neither fails, panics nor grows.

use futures_util::future::join_all;
use gih_fake_openai::FakeOpenAi;
use serde_json::{Map, Value, json};

use super::chance::{Chance, Seed, figure, seed, share};
use super::malformed_requests_made::{Made, Target, made};
use super::malformed_requests_wire::{Reply, Wire, say};
use crate::support::*;

const REQUESTS: u64 = 10_000;
const REQUESTS_SHARE: u64 = 2_000;
/// How many clients send them, each on a connection of its own.
const CLIENTS: u64 = 6;
/// After so many of each client's, all that the hub sets up once is set up.
const WARM: u64 = 100;
/// What it may have more at once than it had by then. It reads bodies of at most 1 MiB, one a client.
const MORE_KIB: u64 = 64 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_requests_are_refused_and_nothing_else_happens() {
    let seed = Seed(seed());
    join_all([Kind::Sqlite, Kind::Postgres].map(|kind| on(kind, seed.0))).await;
}

async fn on(kind: Kind, seed: u64) {
    let upstream = FakeOpenAi::start().await;
    let options = Options::on(kind).upstream(&upstream).env("GIH_LOG", "warn");
    let hub = Hub::start(options).await;
    // Without credits, so that what is right after all is refused too.
    let account = hub.account();
    let key = account.key("live")["key"].as_str().unwrap().to_owned();
    let other = hub.account().test();
    let id = other.draw(json!({})).await.ok(200)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let pid = hub.process.pid();

    let mut before = None;
    let a_client = share(REQUESTS_SHARE, REQUESTS).div_ceil(CLIENTS);
    let parts = [(0, WARM), (WARM, a_client)];
    for (from, to) in parts {
        let clients = (0..CLIENTS).map(|client| {
            let target = Target {
                host: hub.host().to_owned(),
                key: key.clone(),
                id: id.clone(),
            };
            let chance = Chance::new(
                seed.wrapping_mul(1_000_003)
                    .wrapping_add(client * 2 + u64::from(from > 0)),
            );
            tokio::task::spawn_blocking(move || send_all(chance, &target, to - from))
        });
        for client in join_all(clients).await {
            client.unwrap();
        }
        before = before.or_else(|| peak_kib(pid));
    }
    if let (Some(before), Some(after)) = (before, peak_kib(pid)) {
        eprintln!("memory at most {before} KiB, then {after} KiB");
        assert!(after < before + MORE_KIB, "from {before} to {after} KiB");
    }

    let api = hub.with_key(&key);
    assert_eq!((api.count().await, api.credits().await), (0, 0));
    let number = |sql: &str| hub.place.numbers(sql);
    assert_eq!(number("SELECT COUNT(*) AS number FROM generations"), [1]);
    assert_eq!(
        number("SELECT COUNT(*) AS number FROM idempotency_keys"),
        [0]
    );
    assert_eq!(upstream.call_count(), 0);
    assert_eq!(api.get("/readyz").await.status, 200);
    hub.audit();
    let log = hub.process.stderr();
    assert!(
        !log.contains("panicked") && !log.contains(" ERROR gih"),
        "{log}"
    );
    let name = if kind == Kind::Sqlite {
        "sqlite"
    } else {
        "postgres"
    };
    figure("malformed requests", name, CLIENTS * a_client);
}

fn send_all(mut chance: Chance, target: &Target, count: u64) {
    let mut wire = Wire::new(&target.host);
    for number in 0..count {
        let made = made(&mut chance, target);
        let Made {
            bytes,
            is_http,
            is_head,
        } = &made;
        let shown = || bytes[..bytes.len().min(3_000)].escape_ascii().to_string();
        if *is_http {
            let reply = wire
                .ask(bytes, *is_head)
                .unwrap_or_else(|error| panic!("{number}: {error}: {}", shown()));
            let wrong = contract(&reply, &made);
            assert!(
                wrong.is_ok(),
                "{number}: {}\n{reply:?}\n{}",
                wrong.unwrap_err(),
                shown()
            );
        } else {
            let replies = say(&target.host, bytes)
                .unwrap_or_else(|error| panic!("{number}: {error}: {}", shown()));
            for reply in &replies {
                // What is no HTTP gets a bare answer; what still is, the contract's.
                let is_fine = reply.body.is_empty() && (400..500).contains(&reply.status)
                    || contract(reply, &made).is_ok();
                assert!(is_fine, "{number}: {reply:?}\n{}", shown());
            }
        }
    }
}

/// What is wrong with an answer.
fn contract(reply: &Reply, made: &Made) -> Result<(), String> {
    let status = reply.status;
    if status >= 500 {
        return Err("a failure of ours".to_owned());
    }
    if reply.header("x-request-id").is_none_or(|id| id.len() < 10) {
        return Err("no X-Request-Id".to_owned());
    }
    if status < 400 {
        let is_generation = made.bytes.starts_with(b"POST /api/v1/images/generations ");
        return if is_generation {
            Err("accepted".to_owned())
        } else {
            Ok(())
        };
    }
    if made.is_head {
        return Ok(());
    }
    let body: Map<String, Value> =
        serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    let error = body
        .get("error")
        .and_then(Value::as_object)
        .ok_or("no error")?;
    let codes: &[&str] = match status {
        400 => &["invalid_request"],
        401 => &["missingApiKey", "invalidApiKey"],
        402 => &["insufficientCredits"],
        404 => &["notFound"],
        405 => &["methodNotAllowed"],
        413 => &["payloadTooLarge"],
        415 => &["unsupportedMediaType"],
        _ => return Err("a status that does not belong here".to_owned()),
    };
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let known = ["message", "code", "param"];
    let is_right = body.len() == 1
        && reply.header("content-type") == Some("application/json")
        && !text("message").is_empty()
        && text("message").len() < 1_000
        && codes.contains(&text("code"))
        && error.keys().all(|key| known.contains(&key.as_str()))
        && error.get("param").is_none_or(|param| {
            param
                .as_str()
                .is_some_and(|param| !param.is_empty() && param.len() < 300)
        });
    if is_right {
        Ok(())
    } else {
        Err("an error of another form".to_owned())
    }
}

/// The most memory that a process had, in KiB, where the system tells.
pub fn peak_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

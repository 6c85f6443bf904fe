//! SIGTERM, once and twice.

use std::time::{Duration, Instant};

use gih_fake_openai::{Behaviour, FakeOpenAi};
use serde_json::json;

use super::site::{KINDS, Site};
use super::work::{PRICE, answer, call, call_preferring, is_refunded, queue, until_there_are};
use crate::support::wire::{Wire, post};
use crate::support::{Hub, Kind, Options, until};

/// Long enough to look at a hub that drains.
const A_WHILE: Duration = Duration::from_secs(5);
/// Longer than any test.
const FOREVER: Duration = Duration::from_mins(10);

/// A hub of one worker, which is busy with a first call for as long as said.
async fn busy(kind: Kind, upstream: &FakeOpenAi, time: Duration) -> (Site, Hub, String) {
    upstream.enqueue(Behaviour::succeed().after(time));
    let options = Options::on(kind).upstream(upstream);
    let site = Site {
        options: options.env("GIH_WORKERS", 1).env("GIH_LEASE", "2s"),
        ..Site::of(kind)
    };
    let hub = site.serve().await;
    let ann = hub.account();
    ann.grant(100);
    let key = ann.key("live")["key"].as_str().unwrap().to_owned();
    (site, hub, key)
}

async fn until_draining(hub: &Hub) {
    until("the hub to drain", async || {
        (hub.without_key().get("/readyz").await.status == 503).then_some(())
    })
    .await;
}

#[tokio::test]
async fn running_work_drains_and_queued_work_is_answered_or_kept() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        let (site, mut hub, key) = busy(kind, &upstream, A_WHILE).await;
        let api = hub.with_key(&key);
        assert_eq!(hub.without_key().get("/readyz").await.status, 200);
        let running = call(&api, "running");
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let waiting = call(&api, "waiting");
        let preferring = call_preferring(&api, "preferring", "wait=50");
        let queued = queue(&api, "queued").await;
        until_there_are(&site, 3, "queued").await;

        hub.process.signal("TERM");
        until_draining(&hub).await;
        assert_eq!(hub.without_key().get("/healthz").await.status, 200);
        let refused = api.draw(json!({})).await;
        refused.error(503, "serviceUnavailable", json!({}));
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
        let (status, retry_after, body) = answer(waiting).await;
        assert_eq!(
            (status.as_u16(), &body["error"]["code"]),
            (503, &json!("serviceUnavailable"))
        );
        assert!(retry_after.is_some(), "{body}");
        let canceled = body["error"]["generation_id"].as_str().unwrap().to_owned();
        is_refunded(&api.look(&canceled).await, "canceled", "serviceUnavailable");
        let (status, _, preferred) = answer(preferring).await;
        assert_eq!(
            (status.as_u16(), &preferred["status"]),
            (202, &json!("queued"))
        );
        assert_eq!(api.look(&queued).await["status"], "queued");
        assert_eq!(upstream.call_count(), 1, "nothing more is claimed");
        let (status, _, body) = answer(running).await;
        assert_eq!(
            (status.as_u16(), &body["usage"]["credits"]),
            (200, &json!(PRICE))
        );
        assert_eq!(hub.process.wait().code(), Some(0));
        site.audit();

        let hub = hub.restart().await;
        let api = hub.with_key(&key);
        for id in [&queued, preferred["id"].as_str().unwrap()] {
            assert_eq!(api.end(id).await["status"], "succeeded");
        }
        assert_eq!(
            (api.credits().await, upstream.call_count()),
            (100 - 3 * PRICE, 3)
        );
        hub.audit();
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_loses_no_money() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        let (_, mut hub, key) = busy(kind, &upstream, FOREVER).await;
        let api = hub.with_key(&key);
        let sent = queue(&api, "sent").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let queued = queue(&api, "queued").await;
        hub.process.signal("TERM");
        until_draining(&hub).await;
        assert!(!hub.process.has_ended(), "it drains");
        let began = Instant::now();
        hub.process.signal("TERM");
        assert_eq!(hub.process.wait().code(), Some(1));
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );

        let hub = hub.restart().await;
        let api = hub.with_key(&key);
        is_refunded(&api.end(&sent).await, "failed", "generationFailed");
        assert_eq!(api.end(&queued).await["status"], "succeeded");
        assert_eq!(
            (api.credits().await, upstream.call_count()),
            (100 - PRICE, 2)
        );
        hub.audit();
    }
}

#[tokio::test]
async fn a_drain_takes_no_longer_than_a_generation_may() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        let (site, hub, key) = busy(kind, &upstream, FOREVER).await;
        let mut site = site;
        drop(hub);
        site.options = site.options.env("GIH_GENERATION_TIMEOUT", "2s");
        let mut hub = site.serve().await;
        let api = hub.with_key(&key);
        let running = call(&api, "running");
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let began = Instant::now();
        hub.process.signal("TERM");
        let (status, _, body) = answer(running).await;
        assert_eq!(
            (status.as_u16(), &body["error"]["code"]),
            (500, &json!("generationFailed"))
        );
        assert_eq!(hub.process.wait().code(), Some(0));
        assert!(
            began.elapsed() < Duration::from_secs(15),
            "{:?}",
            began.elapsed()
        );
        site.audit();
        let refunded =
            "SELECT CAST(sum(remaining) AS bigint) AS number FROM credit_lots WHERE mode = 'live'";
        assert_eq!(site.number(refunded), 100);
    }
}

/// Connections without a request hold nothing up.
#[tokio::test]
async fn idle_connections_do_not_hold_the_end_up() {
    let mut hub = Site::embedded().serve().await;
    let idle = hub.connect();
    hub.without_key().get("/healthz").await; // its connection is kept alive
    let began = Instant::now();
    hub.process.signal("TERM");
    assert_eq!(hub.process.wait().code(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    drop(idle);
}

/// A body that never ends is refused, so that its sender knows to come again.
#[tokio::test]
async fn bodies_still_coming_are_answered_503() {
    for kind in ["application/json", "multipart/form-data; boundary=b"] {
        let mut hub = Hub::start(Options::sqlite()).await;
        let api = hub.account();
        let key = api.key("test")["key"].as_str().unwrap().to_owned();
        let mut wire = Wire::open(&hub).await;
        let headers = format!(
            "Authorization: Bearer {key}\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n"
        );
        wire.say(&post("/api/v1/images/generations", &headers))
            .await;
        wire.say("--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\n")
            .await;
        // It is being received.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let began = Instant::now();
        hub.process.signal("TERM");
        let (head, body) = wire.hear().await;
        assert!(head.starts_with("HTTP/1.1 503"), "{head}");
        let head = head.to_ascii_lowercase();
        assert!(head.contains("retry-after: "), "{head}");
        assert!(head.contains("connection: close"), "{head}");
        assert!(body.contains("shutting down"), "{body}");
        assert_eq!(hub.process.wait().code(), Some(0));
        assert!(
            began.elapsed() < Duration::from_secs(12),
            "{:?}",
            began.elapsed()
        );
        hub.restart().await.audit();
    }
}

//! What an operator bounds: the queue and time.

use std::time::{Duration, Instant};

use gih_fake_openai::{Behaviour, FakeOpenAi, Outcome};
use serde_json::json;

use super::site::{KINDS, Site};
use super::work::{PRICE, answer, call, is_refunded, queue, until_there_are};
use crate::support::{Hub, Kind, until};

/// Longer than any test.
const FOREVER: Duration = Duration::from_mins(10);

/// A hub of one worker with these settings more.
async fn hub(kind: Kind, upstream: &FakeOpenAi, settings: &[(&str, &str)]) -> (Site, Hub) {
    let mut site = Site::of(kind).with("GIH_WORKERS", "1");
    for (name, value) in settings {
        site = site.with(name, value);
    }
    site.options = site.options.upstream(upstream);
    let hub = site.serve().await;
    (site, hub)
}

fn hanging() -> Behaviour {
    Outcome::Hang.into()
}

#[tokio::test]
async fn a_full_queue_is_503_and_free() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(3)));
        let (_, hub) = hub(kind, &upstream, &[("GIH_MAX_QUEUE", "1")]).await;
        let (ann, bob) = (hub.account(), hub.account());
        ann.grant(100);
        bob.grant(100);
        let (ann, bob) = (ann.live(), bob.live());
        let first = queue(&ann, "running").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let second = queue(&ann, "queued").await;
        for api in [&ann, &bob] {
            for is_async in [true, false] {
                let refused = api.draw(json!({"async": is_async})).await;
                refused.error(503, "serviceUnavailable", json!({}));
                assert!(refused.header("retry-after").is_some(), "{refused:?}");
                assert_eq!(refused.header("x-should-retry"), None);
            }
        }
        assert_eq!(
            (ann.credits().await, ann.count().await),
            (100 - 2 * PRICE, 2)
        );
        assert_eq!((bob.credits().await, bob.count().await), (100, 0));
        for id in [first, second] {
            assert_eq!(ann.end(&id).await["status"], "succeeded");
        }
        bob.draw(json!({})).await.ok(200); // there is room again
        assert_eq!(upstream.call_count(), 3);
        hub.audit();
    }
}

#[tokio::test]
async fn an_account_with_too_much_queued_is_429_and_the_others_are_not() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(3)));
        let (_, hub) = hub(kind, &upstream, &[("GIH_MAX_QUEUED_PER_ACCOUNT", "2")]).await;
        let (ann, bob) = (hub.account(), hub.account());
        ann.grant(100);
        bob.grant(100);
        let (ann, other_key, bob) = (ann.live(), ann.live(), bob.live());
        queue(&ann, "running").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        queue(&ann, "queued").await;
        let last = queue(&ann, "queued").await;
        for api in [&ann, &other_key] {
            for is_async in [true, false] {
                let refused = api.draw(json!({"async": is_async})).await;
                refused.error(429, "rateLimited", json!({}));
                assert!(refused.header("retry-after").is_some(), "{refused:?}");
            }
        }
        assert_eq!(
            (ann.credits().await, ann.count().await),
            (100 - 3 * PRICE, 3)
        );
        let of_bob = queue(&bob, "queued").await;
        for (api, id) in [(&ann, last), (&bob, of_bob)] {
            assert_eq!(api.end(&id).await["status"], "succeeded");
        }
        ann.draw(json!({})).await.ok(200);
        hub.audit();
    }
}

#[tokio::test]
async fn a_generation_that_takes_too_long_fails_and_is_refunded() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(hanging());
        upstream.enqueue(hanging());
        let (_, hub) = hub(kind, &upstream, &[("GIH_GENERATION_TIMEOUT", "2s")]).await;
        let ann = hub.account();
        ann.grant(100);
        let api = ann.live();
        let began = Instant::now();
        let (status, _, body) = answer(call(&api, "waiting")).await;
        let took = began.elapsed();
        assert_eq!(
            (status.as_u16(), &body["error"]["code"]),
            (500, &json!("generationFailed"))
        );
        assert!((2.0..10.0).contains(&took.as_secs_f64()), "{took:?}");
        is_refunded(
            &api.end(&queue(&api, "queued").await).await,
            "failed",
            "generationFailed",
        );
        assert_eq!(api.credits().await, 100);
        api.draw(json!({})).await.ok(200); // the worker is free again
        assert_eq!(
            (api.credits().await, upstream.call_count()),
            (100 - PRICE, 3)
        );
        hub.audit();
    }
}

#[tokio::test]
async fn work_that_stays_queued_too_long_fails_and_is_refunded() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.enqueue(Behaviour::succeed().after(FOREVER));
        let (_, hub) = hub(kind, &upstream, &[("GIH_QUEUE_TIMEOUT", "1s")]).await;
        let ann = hub.account();
        ann.grant(100);
        let api = ann.live();
        let running = queue(&api, "running").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let queued = queue(&api, "queued").await;
        is_refunded(&api.end(&queued).await, "failed", "generationFailed");
        assert_eq!(
            api.look(&running).await["status"],
            "running",
            "it is the queue's time alone"
        );
        assert_eq!(
            (api.credits().await, upstream.call_count()),
            (100 - PRICE, 1)
        );
        hub.audit();
    }
}

#[tokio::test]
async fn a_waiting_call_that_is_not_started_in_time_is_503_and_refunded() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        upstream.set_default(hanging());
        let (site, hub) = hub(kind, &upstream, &[("GIH_GENERATION_TIMEOUT", "3s")]).await;
        let ann = hub.account();
        ann.grant(100);
        let api = ann.live();
        // Two that hang, one behind the other, keep the one worker longer than the call may wait for it.
        let first = queue(&api, "first").await;
        until("the call upstream", async || {
            (upstream.call_count() == 1).then_some(())
        })
        .await;
        let second = queue(&api, "second").await;
        let waiting = call(&api, "waiting");
        until_there_are(&site, 2, "queued").await;
        let (status, retry_after, body) = answer(waiting).await;
        assert_eq!(
            (status.as_u16(), &body["error"]["code"]),
            (503, &json!("serviceUnavailable"))
        );
        assert!(retry_after.is_some(), "{body}");
        let id = body["error"]["generation_id"].as_str().unwrap();
        is_refunded(&api.look(id).await, "canceled", "serviceUnavailable");
        for id in [first, second] {
            is_refunded(&api.end(&id).await, "failed", "generationFailed");
        }
        assert_eq!((api.credits().await, upstream.call_count()), (100, 2));
        hub.audit();
    }
}

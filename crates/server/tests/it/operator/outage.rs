//! The database goes away and comes back.

use std::time::Duration;

use gih_fake_openai::{Behaviour, FakeOpenAi};
use reqwest::Method;
use serde_json::json;

use super::work::{PRICE, answer, call};
use crate::support::{Hub, Options, send, until};

/// A hub's database, which can be taken away.
struct Outage {
    admin: String,
    name: String,
}

impl Outage {
    /// Nobody may connect any more, and whoever was connected is not.
    fn begin(hub: &Hub) -> Self {
        let url = hub.place.database_url();
        let url = url.split('?').next().unwrap();
        let (server, name) = url.rsplit_once('/').unwrap();
        let outage = Self {
            admin: format!("{server}/postgres"),
            name: name.to_owned(),
        };
        outage.allow("false");
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            outage.name
        );
        gih_database::testing::execute(&outage.admin, &sql).unwrap();
        outage
    }

    fn end(self) {
        self.allow("true");
    }

    fn allow(&self, whether: &str) {
        let sql = format!("ALTER DATABASE {} ALLOW_CONNECTIONS {whether}", self.name);
        gih_database::testing::execute(&self.admin, &sql).unwrap();
    }
}

async fn until_ready_is(hub: &Hub, status: u16) {
    until(&format!("/readyz to be {status}"), async || {
        (hub.without_key().get("/readyz").await.status == status).then_some(())
    })
    .await;
}

#[tokio::test]
async fn requests_are_503_and_free_while_the_database_is_away() {
    let upstream = FakeOpenAi::start().await;
    let options = Options::postgres().env("GIH_AUDIT_INTERVAL", "1s");
    let hub = Hub::start(options.upstream(&upstream)).await;
    let ann = hub.account();
    ann.grant(100);
    let api = ann.live();
    api.draw(json!({})).await.ok(200);

    let outage = Outage::begin(&hub);
    until_ready_is(&hub, 503).await;
    assert_eq!(hub.without_key().get("/healthz").await.status, 200);
    let body = json!({"model": "gpt-image-2", "prompt": "a fox"});
    for answer in [
        api.generate(body.clone()).await,
        api.draw(json!({"async": true})).await,
        api.get("/api/v1/credits").await,
        api.get("/api/v1/generations").await,
        hub.without_key().get("/api/v1/models").await,
    ] {
        answer.error(503, "serviceUnavailable", json!({}));
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        // Nothing was done: who retries by itself is welcome to.
        assert_eq!(answer.header("x-should-retry"), None);
    }
    assert_eq!(upstream.call_count(), 1);
    // The metrics say so, and what is not known is not said. An audit is put off, and finds nothing wrong.
    let queued = "gih_generations{status=\"queued\"}";
    until("the metrics to tell of it", async || {
        let metrics = hub.metrics().await;
        let is_told = (metrics.get("gih_database_up"), metrics.find(queued)) == (0, None);
        let put_off = metrics.get("gih_audit_runs_total{result=\"impossible\"}");
        (is_told && put_off > 0 && metrics.find("gih_audit_ok") != Some(0)).then_some(())
    })
    .await;

    outage.end();
    until_ready_is(&hub, 200).await;
    until("the metrics to tell of its return", async || {
        let metrics = hub.metrics().await;
        let now = (metrics.get("gih_database_up"), metrics.find(queued));
        (now == (1, Some(0)) && metrics.find("gih_audit_ok") == Some(1)).then_some(())
    })
    .await;
    assert_eq!((api.credits().await, api.count().await), (100 - PRICE, 1));
    api.draw(json!({})).await.ok(200);
    assert_eq!(
        (api.credits().await, upstream.call_count()),
        (100 - 2 * PRICE, 2)
    );
    hub.audit();
}

#[tokio::test]
async fn the_documentation_is_there_while_the_database_is_away() {
    let hub = Hub::start(Options::postgres()).await;
    let outage = Outage::begin(&hub);
    until_ready_is(&hub, 503).await;
    for path in ["/", "/api-explorer"] {
        let request = hub.without_key().request(Method::GET, path);
        // Whoever it was, it is a stranger now.
        let answer = send(request.header("cookie", "gih_session=anybody")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let html = String::from_utf8_lossy(&answer.body);
        assert!(html.contains("/sign-in") && html.contains("/api/v1/images/generations"));
        let is_told = html.contains("The list of models cannot be read right now.");
        assert_eq!(is_told, path == "/", "{html}");
    }
    outage.end();
    until_ready_is(&hub, 200).await;
    assert!(
        send(hub.without_key().request(Method::GET, "/"))
            .await
            .status
            == 200
    );
}

#[tokio::test]
async fn running_work_keeps_its_images_until_the_database_is_back() {
    let upstream = FakeOpenAi::start().await;
    upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(1)));
    let hub = Hub::start(Options::postgres().upstream(&upstream)).await;
    let ann = hub.account();
    ann.grant(100);
    let api = ann.live();
    let waiting = call(&api, "a fox");
    until("the call upstream", async || {
        (upstream.call_count() == 1).then_some(())
    })
    .await;
    let outage = Outage::begin(&hub);
    until("a settlement to fail", async || {
        hub.process
            .stderr()
            .contains("could not settle yet")
            .then_some(())
    })
    .await;
    outage.end();
    let (status, _, body) = answer(waiting).await;
    assert_eq!(
        (status.as_u16(), &body["usage"]["credits"]),
        (200, &json!(PRICE)),
        "{body}"
    );
    api.open(&body["images"][0]).await;
    assert_eq!(
        (api.credits().await, upstream.call_count()),
        (100 - PRICE, 1)
    );
    hub.audit();
}

/// Longer away than the lease is long: whoever settles then, the images that were saved are the caller's.
#[tokio::test]
async fn an_outage_longer_than_the_lease_loses_no_image() {
    let upstream = FakeOpenAi::start().await;
    upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(1)));
    let hub = Hub::start(
        Options::postgres()
            .upstream(&upstream)
            .env("GIH_LEASE", "1s"),
    )
    .await;
    let ann = hub.account();
    ann.grant(100);
    let api = ann.live();
    let waiting = call(&api, "a fox");
    until("the call upstream", async || {
        (upstream.call_count() == 1).then_some(())
    })
    .await;
    let outage = Outage::begin(&hub);
    until("settling to fail for longer than the lease", async || {
        (hub.process.stderr().matches("could not settle yet").count() >= 3).then_some(())
    })
    .await;
    outage.end();
    let (status, _, body) = answer(waiting).await;
    assert_eq!(
        (status.as_u16(), &body["usage"]["credits"]),
        (200, &json!(PRICE)),
        "{body}"
    );
    api.open(&body["images"][0]).await;
    // The process goes on under a new lease.
    api.draw(json!({"async": true})).await.ok(202);
    until("both to end", async || {
        (upstream.call_count() == 2).then_some(())
    })
    .await;
    let unfinished = "SELECT count(*) AS number FROM generations WHERE completed_at IS NULL";
    until("every end", async || {
        (hub.place.numbers(unfinished) == [0]).then_some(())
    })
    .await;
    assert_eq!(api.credits().await, 100 - 2 * PRICE);
    hub.audit();
}

/// A hub that is started before its database waits for nobody: it says what is wrong (see the settings' tests); one that
/// was started and lost it is ended like any other.
#[tokio::test]
async fn a_hub_without_its_database_still_ends() {
    let mut hub = Hub::start(Options::postgres()).await;
    let outage = Outage::begin(&hub);
    until_ready_is(&hub, 503).await;
    hub.process.signal("TERM");
    assert_eq!(hub.process.wait().code(), Some(0));
    outage.end();
    hub.audit();
}

/// All connections of the pool wait for somebody's lock: whoever finds none is told to come back, and pays nothing.
#[tokio::test]
async fn requests_are_503_and_free_while_the_database_is_too_busy() {
    let upstream = FakeOpenAi::start().await;
    let hub = Hub::start(Options::postgres().upstream(&upstream)).await;
    let ann = hub.account();
    ann.grant(1_000);
    let api = ann.live();
    let place = std::sync::Arc::clone(&hub.place);
    let locking = tokio::task::spawn_blocking(move || {
        place.execute(
            "BEGIN; LOCK TABLE credit_lots IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4); COMMIT",
        );
    });
    let is_locked = "SELECT count(*) AS number FROM pg_locks WHERE relation = 'credit_lots'::regclass \
                     AND mode = 'AccessExclusiveLock' AND granted";
    until("the lock", async || {
        (hub.place.numbers(is_locked) == [1]).then_some(())
    })
    .await;
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let api = api.clone();
            tokio::spawn(async move { api.draw(json!({})).await })
        })
        .collect();
    let (mut drawn, mut refused) = (0, 0);
    for call in calls {
        let answer = call.await.unwrap();
        if answer.status == 200 {
            drawn += 1;
        } else {
            answer.error(503, "serviceUnavailable", json!({}));
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            assert_eq!(answer.header("x-should-retry"), None);
            refused += 1;
        }
    }
    locking.await.unwrap();
    assert!(refused > 0, "the pool was never busy");
    assert_eq!(api.credits().await, 1_000 - drawn * PRICE);
    let calls = i64::try_from(upstream.call_count()).unwrap();
    assert_eq!((drawn, drawn + refused), (calls, 40));
    api.draw(json!({})).await.ok(200);
    hub.audit();
}

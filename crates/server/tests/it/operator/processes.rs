//! Several processes on one database.

use std::time::Duration;

use gih_fake_openai::{Behaviour, FakeOpenAi};
use serde_json::json;

use super::site::{KINDS, Site, refused};
use super::work::{PRICE, answer, call, is_refunded, queue};
use crate::support::process::Process;
use crate::support::{Hub, Kind, Options, until};

#[tokio::test]
async fn an_embedded_database_has_one_serve() {
    let hub = Site::embedded().serve().await;
    let ran = hub.gih(&["serve"]);
    assert!(refused(&ran).contains("another `gih serve`"), "{ran:?}");
    for role in ["api", "worker"] {
        for site in [
            hub.gih(&["serve", "--role", role]),
            Site::embedded().gih(&["serve", "--role", role]),
        ] {
            let line = refused(&site);
            assert!(
                line.contains("--role") && line.contains("Postgres"),
                "{line}"
            );
        }
    }
    // The first goes on.
    hub.account().test().draw(json!({})).await.ok(200);
    // A dead owner's claim dies with it.
    let hub = hub.restart().await;
    hub.audit();
}

#[test]
fn migrations_at_once_are_one() {
    for kind in KINDS {
        let site = Site::without_schema(kind);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| site.json(&["migrate"])))
                .collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let applied = answers
            .iter()
            .filter(|answer| answer["applied"] != json!([]))
            .count();
        assert_eq!(applied, 1, "{answers:?}");
        assert_eq!(site.number("SELECT count(*) AS number FROM models"), 1);
        site.audit();
    }
}

/// Several starts at once on one empty folder: one serves, the others say why they do not.
#[tokio::test]
async fn first_starts_at_once_make_one_owner() {
    let site = Site::embedded();
    let mut starts: Vec<Process> = (0..3).map(|_| site.spawn(&["serve"])).collect();
    until("all but one to end", async || {
        let ended = starts
            .iter_mut()
            .filter_map(|start| start.has_ended().then_some(()));
        (ended.count() == 2).then_some(())
    })
    .await;
    let serving = starts.iter_mut().position(|start| !start.has_ended());
    let mut serving = starts.remove(serving.expect("one serves"));
    for mut ended in starts {
        assert_eq!(ended.wait().code(), Some(1), "{}", ended.stderr());
    }
    serving.line("listening on ");
    drop(serving);
    assert_eq!(site.number("SELECT count(*) AS number FROM accounts"), 1);
    site.audit();
}

/// An API process and a worker process of one Postgres, and a live key.
async fn halves(upstream: &FakeOpenAi) -> (Hub, Hub, String) {
    let options = Options::postgres()
        .upstream(upstream)
        .env("GIH_LEASE", "2s");
    let api = Hub::start(options.clone().arg("--role").arg("api")).await;
    let worker = api.beside(|_| options.arg("--role").arg("worker")).await;
    let ann = api.account();
    ann.grant(100);
    let key = ann.key("live")["key"].as_str().unwrap().to_owned();
    (api, worker, key)
}

#[tokio::test]
async fn a_waiting_call_hears_soon_of_the_work_that_ended_elsewhere() {
    let upstream = FakeOpenAi::start().await;
    upstream.set_default(Behaviour::succeed().after(Duration::from_millis(500)));
    let (api, worker, key) = halves(&upstream).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(api.without_key().get(path).await.status, 200);
        assert_eq!(worker.without_key().get(path).await.status, 200);
    }
    worker
        .without_key()
        .get("/api/v1/models")
        .await
        .error(404, "notFound", json!({}));
    let caller = api.with_key(&key);
    for _ in 0..3 {
        let (status, _, body) = answer(call(&caller, "a fox")).await;
        let answered = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        assert_eq!(status.as_u16(), 200, "{body}");
        let ended = "SELECT CAST(extract(epoch FROM max(completed_at)) * 1000 AS bigint) AS number FROM generations";
        let late = answered - api.place.numbers(ended)[0];
        // A look every 100 ms, and the machine's own slowness.
        assert!((-50..1_500).contains(&late), "{late} ms after the end");
        caller.open(&body["images"][0]).await;
    }
    assert_eq!(
        (caller.credits().await, upstream.call_count()),
        (100 - 3 * PRICE, 3)
    );
    api.audit();
}

#[tokio::test]
async fn a_worker_that_dies_is_reaped_by_the_api_process() {
    let upstream = FakeOpenAi::start().await;
    upstream.enqueue(Behaviour::succeed().after(Duration::from_mins(10)));
    let (api, mut worker, key) = halves(&upstream).await;
    let caller = api.with_key(&key);
    let waiting = call(&caller, "a fox");
    until("the call upstream", async || {
        (upstream.call_count() == 1).then_some(())
    })
    .await;
    worker.process.kill();
    let (status, _, body) = answer(waiting).await;
    assert_eq!(
        (status.as_u16(), &body["error"]["code"]),
        (500, &json!("generationFailed"))
    );
    is_refunded(
        &caller
            .look(body["error"]["generation_id"].as_str().unwrap())
            .await,
        "failed",
        "generationFailed",
    );
    // Without a worker work stays queued, and the next one takes it.
    let queued = queue(&caller, "queued").await;
    assert_eq!(caller.look(&queued).await["status"], "queued");
    let _worker = worker.restart().await;
    assert_eq!(caller.end(&queued).await["status"], "succeeded");
    assert_eq!(
        (caller.credits().await, upstream.call_count()),
        (100 - PRICE, 2)
    );
    api.audit();
}

/// A process that stands still past its lease (a stopped machine, a long pause) and comes back writes nothing over what
/// others have decided.
#[tokio::test]
async fn a_worker_that_comes_back_late_writes_nothing() {
    let upstream = FakeOpenAi::start().await;
    upstream.enqueue(Behaviour::succeed().after(Duration::from_secs(1)));
    let (api, worker, key) = halves(&upstream).await;
    let caller = api.with_key(&key);
    let id = queue(&caller, "a fox").await;
    until("the call upstream", async || {
        (upstream.call_count() == 1).then_some(())
    })
    .await;
    worker.process.signal("STOP");
    let end = caller.end(&id).await;
    is_refunded(&end, "failed", "generationFailed");
    worker.process.signal("CONT");
    until("the worker to see that it lost the lease", async || {
        worker.process.stderr().contains("the lease").then_some(())
    })
    .await;
    // It works on under a new name.
    assert_eq!(
        caller.end(&queue(&caller, "another").await).await["status"],
        "succeeded"
    );
    assert_eq!(
        caller.look(&id).await["error"],
        end["error"],
        "an end stays an end"
    );
    assert_eq!(
        (caller.credits().await, upstream.call_count()),
        (100 - PRICE, 2)
    );
    api.audit();
}

/// Hubs that share everything share the work.
#[tokio::test]
async fn several_hubs_do_each_generation_once() {
    const EACH: usize = 12;
    let upstream = FakeOpenAi::start().await;
    upstream.set_default(Behaviour::succeed().after(Duration::from_millis(20)));
    let options = Options::on(Kind::Postgres)
        .upstream(&upstream)
        .env("GIH_WORKERS", 2);
    let first = Hub::start(options).await;
    let second = first.beside(|options| options).await;
    let ann = first.account();
    ann.grant(1_000);
    let key = ann.key("live")["key"].as_str().unwrap().to_owned();
    let apis = [first.with_key(&key), second.with_key(&key)];
    let calls: Vec<_> = (0..EACH)
        .map(|i| call(&apis[i % 2], &format!("waiting {i}")))
        .collect();
    let mut ids = Vec::new();
    for i in 0..EACH {
        ids.push(queue(&apis[i % 2], &format!("queued {i}")).await);
    }
    for call in calls {
        assert_eq!(answer(call).await.0.as_u16(), 200);
    }
    for id in &ids {
        assert_eq!(apis[0].end(id).await["status"], "succeeded");
    }
    assert_eq!(upstream.call_count(), 2 * EACH);
    let paid = i64::try_from(2 * EACH).unwrap() * PRICE;
    assert_eq!(apis[1].credits().await, 1_000 - paid);
    first.audit();
}

//! The audits that `serve` makes by itself: what they find is in the log, in the metrics and in the database.

use serde_json::json;

use super::site::{KINDS, Site};
use crate::support::{Exposition, Hub, Kind, Options, until};

/// The metrics once an audit that began after this has said so.
async fn once(hub: &Hub, ok: i64, series: &str) -> Exposition {
    until(&format!("gih_audit_ok {ok} and {series}"), async || {
        let metrics = hub.metrics().await;
        let is_so = metrics.find("gih_audit_ok") == Some(ok)
            && (series.is_empty() || metrics.find(series) == Some(1));
        is_so.then_some(metrics)
    })
    .await
}

#[tokio::test]
async fn what_an_audit_finds_is_in_the_log_and_in_the_metrics_until_it_is_mended() {
    for kind in KINDS {
        let site = Site::of(kind).with("GIH_AUDIT_INTERVAL", "1s");
        let hub = site.serve().await;
        let api = hub.account().test();
        let drawn = api.draw(json!({})).await.ok(200);
        let metrics = once(&hub, 1, "").await;
        assert!(
            metrics.get("gih_audit_last_timestamp_seconds")
                >= metrics.get("process_start_time_seconds")
        );
        assert!(metrics.get("gih_audit_runs_total{result=\"done\"}") >= 1);
        assert_eq!(
            metrics.find("gih_audit_violations{invariant=\"lot-remaining\"}"),
            None
        );

        let change = |by: &str| {
            site.place.execute(&format!(
                "UPDATE credit_lots SET remaining = remaining {by} WHERE remaining < granted"
            ));
        };
        change("- 1");
        once(&hub, 0, "gih_audit_violations{invariant=\"lot-remaining\"}").await;
        let log = hub.process.stderr();
        let named = log
            .lines()
            .find(|line| line.contains("ERROR") && line.contains("the books do not hold"));
        let named = named.unwrap_or_else(|| panic!("{log}"));
        assert!(
            named.contains("lot-remaining") && named.contains("lot_"),
            "{named}"
        );
        until("the record of that audit", async || {
            let records = "SELECT count(*) AS number FROM audits \
                WHERE violations > 0 AND detail LIKE 'lot-remaining: lot_%'";
            (site.place.numbers(records)[0] > 0).then_some(())
        })
        .await;
        change("+ 1");
        let metrics = once(&hub, 1, "").await;
        assert_eq!(
            metrics.find("gih_audit_violations{invariant=\"lot-remaining\"}"),
            None
        );

        // An image that was saved and is lost is found as well.
        let again = api.draw(json!({})).await.ok(200);
        let object = again["images"][0]["url"]
            .as_str()
            .unwrap()
            .split_once("/media/")
            .unwrap()
            .1;
        std::fs::remove_file(site.place.data_dir().join("media").join(object)).unwrap();
        once(&hub, 0, "gih_audit_violations{invariant=\"image-stored\"}").await;
        let lost = again["images"][0]["id"].as_str().unwrap();
        assert!(hub.process.stderr().contains(lost));
        assert_ne!(drawn["images"], again["images"]);
    }
}

#[tokio::test]
async fn a_process_that_only_answers_does_not_audit() {
    let site = Site::of(Kind::Postgres).with("GIH_AUDIT_INTERVAL", "1s");
    let api = Hub::start_at(
        site.place.clone(),
        site.options.clone().arg("--role").arg("api"),
    )
    .await;
    let worker = api
        .beside(|options| Options {
            args: vec!["--role".into(), "worker".into()],
            ..options
        })
        .await;
    let runs = "gih_audit_runs_total{result=\"done\"}";
    until("three audits", async || {
        (worker.metrics().await.get(runs) >= 3).then_some(())
    })
    .await;
    assert_eq!(api.metrics().await.get(runs), 0);
}

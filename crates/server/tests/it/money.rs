//! Credits under pressure, and which of them are spent and refunded.

use std::collections::BTreeMap;
use std::time::Duration;

use gih_domain::time::Timestamp;
use gih_fake_openai::{Behaviour, Failure};
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn four_hundred_at_once_against_a_balance_for_one_hundred() {
    on_both(async |options| {
        let (upstream, hub, api) =
            live(options.env("GIH_WORKERS", 512).env("GIH_LOG", "warn"), 800).await;
        let calls: Vec<_> = (0..400)
            .map(|nth| {
                let api = api.clone();
                // Every fourth polls; the others wait.
                tokio::spawn(async move { api.draw(json!({"async": nth % 4 == 0})).await })
            })
            .collect();
        let mut statuses = BTreeMap::new();
        for call in calls {
            let answer = call.await.unwrap();
            if answer.status == 402 {
                answer.error(402, "insufficientCredits", json!({}));
            }
            *statuses.entry(answer.status).or_insert(0) += 1;
        }
        let paid = statuses.get(&200).unwrap_or(&0) + statuses.get(&202).unwrap_or(&0);
        assert_eq!(
            (paid, statuses.get(&402)),
            (100, Some(&300)),
            "{statuses:?}"
        );
        until("all to end", async || {
            let page = api
                .get("/api/v1/generations?limit=100&status=succeeded")
                .await
                .ok(200);
            assert_eq!(page["has_more"], false);
            (page["data"].as_array().unwrap().len() == 100).then_some(())
        })
        .await;
        assert_eq!(
            (
                api.credits().await,
                api.count().await,
                upstream.call_count()
            ),
            (0, 100, 100)
        );
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn concurrent_failures_give_everything_back() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 320).await;
        // A lot that expires pays first, and is paid back.
        Account::of(&hub, &api).grant_with(100, &["--expires-at", "2198-12-01"]);
        upstream.set_default(
            Behaviour::items([gih_fake_openai::Item::Good]).after(Duration::from_millis(100)),
        );
        for nth in 0..20 {
            if nth % 2 == 0 {
                upstream.enqueue(
                    Behaviour::fail(Failure::server_error()).after(Duration::from_millis(100)),
                );
            }
        }
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let api = api.clone();
                tokio::spawn(async move { api.draw(json!({"n": 2})).await })
            })
            .collect();
        let mut answers = BTreeMap::new();
        for call in calls {
            *answers.entry(call.await.unwrap().status).or_insert(0) += 1;
        }
        // Ten failed; of the other ten each delivered one of two.
        assert_eq!(answers, BTreeMap::from([(200, 10), (500, 10)]));
        let body = api.get("/api/v1/credits").await.ok(200);
        assert_eq!(body["credits"], 420 - 80);
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn what_expires_first_is_spent_first_and_refunded_to() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        let account = Account::of(&hub, &api);
        account.grant_with(20, &["--expires-at", "2199-01-01"]);
        account.grant_with(12, &["--expires-at", "2198-12-01"]);
        let next = async |credits: i64| {
            let body = api.get("/api/v1/credits").await.ok(200);
            assert_eq!(body["credits"], credits);
            body["next_expiration"].clone()
        };
        let lot = |credits: i64, day: &str| json!({"credits": credits, "expires_at": format!("{day}T00:00:00.000Z")});
        assert_eq!(next(132).await, lot(12, "2198-12-01"));
        // Two lots pay, and get back what was not delivered.
        upstream.enqueue(Behaviour::fail(Failure::server_error()));
        api.draw(json!({"n": 2})).await.ok(500);
        assert_eq!(next(132).await, lot(12, "2198-12-01"));
        api.draw(json!({})).await.ok(200);
        assert_eq!(next(124).await, lot(4, "2198-12-01"));
        api.draw(json!({})).await.ok(200);
        assert_eq!(next(116).await, lot(16, "2199-01-01"));
        let body = api.draw(json!({"n": 3})).await.ok(200);
        assert_eq!(body["balance"], json!({"credits": 92, "account_type": "PRO", "next_expiration": null}));
        assert_eq!(next(92).await, Value::Null);
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn an_expired_lot_is_worth_nothing_and_what_it_paid_comes_back() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 0).await;
        let soon = Timestamp::from_micros(
            i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap(),
        );
        let soon = soon.plus(Duration::from_secs(3)).to_string();
        Account::of(&hub, &api).grant_with(24, &["--expires-at", &soon]);
        assert_eq!(api.credits().await, 24);
        upstream.enqueue(Behaviour::fail(Failure::server_error()).after(Duration::from_secs(4)));
        let held = api.draw(json!({"async": true})).await.ok(202);
        until("the lot to expire", async || {
            (api.credits().await == 0).then_some(())
        })
        .await;
        api.draw(json!({}))
            .await
            .error(402, "insufficientCredits", json!({}));
        // Held credits do not expire while held: the refund is a lot that lives a day.
        let ended = api.end(held["id"].as_str().unwrap()).await;
        assert_eq!(
            (&ended["status"], &ended["balance"]["credits"]),
            (&json!("failed"), &json!(8))
        );
        assert_eq!(ended["balance"]["next_expiration"]["credits"], 8);
        api.draw(json!({})).await.ok(200);
        assert_eq!(api.credits().await, 0);
        hub.audit();
    })
    .await;
}

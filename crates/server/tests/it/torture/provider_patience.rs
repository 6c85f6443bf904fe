//! Asking a hub on a machine that is busy with other tests too.

use std::time::Duration;

use serde_json::Value;

use crate::support::*;

/// The answer, asked for again while the hub says that it cannot just now: where everything takes its time, its database
/// does too. Nothing was accepted then; that it cost nothing is seen from the balance in the end.
pub async fn patiently(ask: impl AsyncFn() -> Answer) -> Answer {
    until("the hub to have time", async || {
        let answer = ask().await;
        let is_refused =
            answer.status == 503 && answer.json()["error"].get("generation_id").is_none();
        if is_refused {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        (!is_refused).then_some(answer)
    })
    .await
}

/// Generates.
pub async fn draw(api: &Api, asked: Value) -> Answer {
    patiently(async || api.draw(asked.clone()).await).await
}

/// A generation as it is.
pub async fn look(api: &Api, id: &str) -> Value {
    let path = format!("/api/v1/generations/{id}");
    patiently(async || api.get(&path).await).await.ok(200)
}

/// The balance.
pub async fn credits(api: &Api) -> i64 {
    let answer = patiently(async || api.get("/api/v1/credits").await).await;
    answer.ok(200)["credits"].as_i64().unwrap()
}

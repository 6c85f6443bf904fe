//! Work to be interrupted: submitted, and seen where it is.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::site::Site;
use crate::support::{Api, until};

/// What one image costs at the shipped prices.
pub const PRICE: i64 = 8;

/// Accepted without waiting; its id.
pub async fn queue(api: &Api, prompt: &str) -> String {
    let accepted = api
        .draw(json!({"prompt": prompt, "async": true}))
        .await
        .ok(202);
    accepted["id"].as_str().unwrap().to_owned()
}

/// A waiting call under way. It may come to nothing, when the hub dies.
pub fn call(api: &Api, prompt: &str) -> JoinHandle<reqwest::Result<Response>> {
    call_preferring(api, prompt, "handling=strict")
}

/// The same with a preference.
pub fn call_preferring(
    api: &Api,
    prompt: &str,
    prefer: &str,
) -> JoinHandle<reqwest::Result<Response>> {
    let body = json!({"model": "gpt-image-2", "prompt": prompt});
    tokio::spawn(api.generation().header("Prefer", prefer).json(&body).send())
}

/// What a call was answered: status, `Retry-After`, body.
pub async fn answer(
    call: JoinHandle<reqwest::Result<Response>>,
) -> (StatusCode, Option<String>, Value) {
    let response = call.await.unwrap().unwrap();
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().unwrap().to_owned());
    (
        response.status(),
        retry_after,
        response.json().await.unwrap(),
    )
}

/// Until so many generations are in this status.
pub async fn until_there_are(site: &Site, count: i64, status: &str) {
    let sql = format!("SELECT count(*) AS number FROM generations WHERE status = '{status}'");
    until(&format!("{count} {status} generations"), async || {
        (site.number(&sql) == count).then_some(())
    })
    .await;
}

/// The end of a generation that came to nothing and was refunded.
#[track_caller]
pub fn is_refunded(end: &Value, status: &str, code: &str) {
    assert_eq!(
        (&end["status"], &end["error"]["code"]),
        (&json!(status), &json!(code)),
        "{end}"
    );
    assert_eq!(end["usage"]["credits"], 0, "{end}");
}

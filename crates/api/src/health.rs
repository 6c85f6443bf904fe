//! Whether the process is up, and whether it can serve.

use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER};
use actix_web::{HttpResponse, web};
use async_trait::async_trait;
use serde_json::json;

use crate::state::ApiState;

/// What the hub needs to serve.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// `Ok` when database and storage can be reached, the schema is not behind this build, and the process takes new
    /// work; else what is wrong, a line each, telling nothing secret.
    async fn check(&self) -> Result<(), Vec<String>>;
}

/// `GET /healthz`: the process is up.
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({"status": "ok"}))
}

/// `GET /readyz`: the hub can serve.
pub(crate) async fn readyz(state: web::Data<ApiState>) -> HttpResponse {
    match state.readiness.check().await {
        Ok(()) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(json!({"status": "ready"})),
        Err(problems) => HttpResponse::ServiceUnavailable()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((RETRY_AFTER, "5"))
            .json(json!({"status": "unavailable", "problems": problems})),
    }
}

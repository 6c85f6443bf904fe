//! How the HTTP side is measured, and `GET /metrics`.

use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use async_trait::async_trait;

use crate::state::ApiState;

/// Where measurements go, and what tells them.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// A request was answered.
    fn answered(&self, answered: &Answered<'_>);
    /// Everything measured, in Prometheus' text format 0.0.4. Tells nothing of customers, and nothing secret.
    async fn text(&self) -> String;
}

/// An answered request: names of which there are few, whatever callers send.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The method; `other` for one that the hub does not know.
    pub method: &'static str,
    /// The pattern of the address, like `/api/v1/generations/{id}`; `none` where there is nothing.
    pub route: &'a str,
    /// The status.
    pub status: u16,
    /// How long it took until the answer began.
    pub time: Duration,
}

/// Measures every request.
pub async fn measure<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let state = request.app_data::<web::Data<ApiState>>().cloned();
    let method = known(request.method());
    let started = Instant::now();
    // The resource's pattern, which has to be asked for before the request goes in: an error brings none back.
    let route = request.match_pattern();
    let result = next.call(request).await;
    let status = match &result {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    if let Some(state) = state {
        state.metrics.answered(&Answered {
            method,
            route: route.as_deref().unwrap_or("none"),
            status: StatusCode::as_u16(&status),
            time: started.elapsed(),
        });
    }
    result
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// `GET /metrics`.
pub(crate) async fn serve(state: web::Data<ApiState>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(state.metrics.text().await)
}

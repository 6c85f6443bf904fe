//! Around every request.

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::state::ApiState;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every request an id, which its answer carries and its log lines name, and logs how it was answered: method,
/// path, status and time; neither query nor body.
pub async fn observe<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let state = request.app_data::<web::Data<ApiState>>().cloned();
    let id = state.as_ref().map_or_else(String::new, |state| {
        let id = state.ids.next(state.clock.now());
        format!("req_{}", id.as_simple())
    });
    let client = state.and_then(|state| state.proxies.client(&request));
    let client = client.map(|client| client.to_string());
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let path = shown(request.path());
    let span = tracing::info_span!("request", id);
    let mut response = {
        use tracing::Instrument as _;
        next.call(request).instrument(span.clone()).await?
    };
    let elapsed_ms = started.elapsed().as_millis();
    let status = response.status().as_u16();
    span.in_scope(|| tracing::info!(%method, path, status, elapsed_ms, client, "answered"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    Ok(response)
}

/// A path for the log. The names of images are all that keeps them from strangers, so they are left out.
fn shown(path: &str) -> String {
    if path.starts_with("/media/") {
        "/media/…".to_owned()
    } else {
        path.to_owned()
    }
}

/// Cross-origin calls from these origins, and from no others.
pub fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST"])
        .allow_any_header()
        .expose_headers([
            "x-request-id",
            "location",
            "retry-after",
            "preference-applied",
            "x-should-retry",
        ])
        .max_age(600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}

//! Around every request.

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderName, HeaderValue, TRANSFER_ENCODING};
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
    let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let span = tracing::info_span!("request", id);
    let mut response = {
        use tracing::Instrument as _;
        next.call(request).instrument(span.clone()).await?
    };
    let elapsed_ms = started.elapsed().as_millis();
    let status = response.status().as_u16();
    if is_chunked && status >= 400 {
        // The body may not have been read to its end. The server passes over what is left of one whose length it knows,
        // or closes; of one without, more than a few hundred kilobytes leave the connection stuck, so it is closed.
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
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

//! Around every request.

use std::net::IpAddr;
use std::rc::Rc;

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, ResponseError as _, web};
use gih_domain::id::AccountId;

use crate::bodies::{WatchedBody, WatchedPayload};
use crate::connection::Connection;
use crate::error::ApiError;
use crate::lend;
use crate::state::ApiState;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every request an id, which its answer carries and its log lines name, and logs how it was answered: method,
/// path, status and time; neither query nor body. Tells the [`Connection`], when its stream brings one, that a request is
/// in flight.
pub async fn observe<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let in_flight = request.conn_data::<Rc<Connection>>().cloned();
    let payload = request.take_payload();
    let has_body = !matches!(payload, Payload::None);
    let in_flight = in_flight.map(|connection| Rc::new(connection.begin(has_body)));
    request.set_payload(match &in_flight {
        Some(in_flight) => WatchedPayload::watch(payload, in_flight),
        None => payload,
    });
    let state = request.app_data::<web::Data<ApiState>>().cloned();
    let id = state.as_ref().map_or_else(String::new, |state| {
        let id = state.ids.next(state.clock.now());
        format!("req_{}", id.as_simple())
    });
    let address = state
        .as_ref()
        .and_then(|state| lend::client(request.request(), state));
    let client = address.map(|address| address.to_string());
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let path = shown(request.path());
    let span = tracing::info_span!("request", id);
    let mut response = {
        use tracing::Instrument as _;
        let response = next.call(request).instrument(span.clone()).await?;
        response.map_into_boxed_body()
    };
    if let Some(state) = state {
        response = bounded(response, &state, address);
    }
    let elapsed_ms = started.elapsed().as_millis();
    let status = response.status().as_u16();
    span.in_scope(|| tracing::info!(%method, path, status, elapsed_ms, client, "answered"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    // Nobody is going to read the rest, which may never end.
    if in_flight
        .as_ref()
        .is_some_and(|in_flight| in_flight.has_unread_body())
    {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(response.map_body(|_, body| WatchedBody::new(body, in_flight)))
}

/// The answer, its bytes counted while they wait for its reader; a refusal when too many of them wait already. Only what can be
/// asked again is refused: the answer to a `POST` may tell of credits spent, or show a secret this once.
fn bounded(
    response: ServiceResponse,
    state: &ApiState,
    address: Option<IpAddr>,
) -> ServiceResponse {
    let account = response.request().extensions().get::<AccountId>().copied();
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    let answers = &state.bodies.answers;
    let may_be_refused = request.method().is_safe();
    let response = if let Some(body) = answers.bound(body, account, address, may_be_refused) {
        head.set_body(body)
    } else {
        let busy = "Too many answers are being read too slowly; try again shortly.";
        let mut refused = ApiError::busy(busy).error_response();
        // What lets a page of another origin read it.
        for (name, value) in head.headers_mut().drain() {
            if let Some(name) = name.filter(|name| name.as_str().starts_with("access-control-")) {
                refused.headers_mut().insert(name, value);
            }
        }
        refused
    };
    ServiceResponse::new(request, response)
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

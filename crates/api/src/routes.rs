//! Which address is answered by whom.

use std::future::{Ready, ready};

use actix_web::guard;
use actix_web::{HttpRequest, HttpResponse, Resource, Route, web};

use crate::error::ApiError;
use crate::state::ApiState;
use crate::{health, media, metrics, openapi, v1};

/// The methods of what can only be read, as in `Allow`.
const READ: &str = "GET, HEAD";

/// All of the API, over `state`; a process that only works (`is_worker`) answers health checks and metrics alone.
pub fn configure(
    state: &web::Data<ApiState>,
    is_worker: bool,
) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let state = state.clone();
    move |config| {
        let serves_media = state.links.serves_media;
        config
            .app_data(state)
            .service(read_only("/healthz", get().to(health::healthz)))
            .service(read_only("/readyz", get().to(health::readyz)))
            .service(read_only("/metrics", get().to(metrics::serve)))
            .default_service(web::to(unknown));
        if is_worker {
            return;
        }
        config
            .service(read_only("/openapi.json", get().to(openapi::serve)))
            .service(read_only("/api/v1/models", get().to(v1::models::list)))
            .service(read_only("/api/v1/credits", get().to(v1::credits::show)))
            .service(
                web::resource("/api/v1/images/generations")
                    .route(web::post().to(v1::generate::create))
                    .default_service(web::to(|| refuse_method("POST"))),
            )
            .service(read_only(
                "/api/v1/generations",
                get().to(v1::generations::list),
            ))
            .service(read_only(
                "/api/v1/generations/{id}",
                get().to(v1::generation::show),
            ));
        if serves_media {
            config.service(read_only("/media/{object_name:.*}", get().to(media::serve)));
        }
    }
}

/// A route for GET and HEAD alike; the server leaves the body of an answer to HEAD away.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

fn read_only(path: &str, route: Route) -> Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(|| refuse_method(READ)))
}

fn refuse_method(allow: &'static str) -> Ready<Result<HttpResponse, ApiError>> {
    ready(Err(ApiError::method_not_allowed(allow)))
}

/// The answer to an address that nothing is at.
pub async fn unknown(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path: String = request.path().chars().take(100).collect();
    Err(ApiError::not_found(format!("There is nothing at {path}.")))
}

//! What holds for every page: nothing from elsewhere runs, styles or frames it, and no other site posts to it.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, ResponseError as _, web};

use crate::error::PageError;
use crate::origin::{is_cross_site, origin_of};
use crate::shell::Viewer;
use crate::state::ConsoleState;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The policy of every page. Images may come from where the hub's image addresses lead, and from the page itself (previews
/// of files that are about to be sent).
pub(crate) fn content_security_policy(media_url: &str) -> String {
    let media = origin_of(media_url);
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: {media}; \
         connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Around every page: refuses posts that other sites had a browser make, and adds the headers that keep a page its own.
pub(crate) async fn protect<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(state) = request.app_data::<web::Data<ConsoleState>>().cloned() else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if !is_safe && is_cross_site(request.request(), &state.public_url) {
        let refused = PageError::CrossSite.error_response();
        request.into_response(refused).map_into_right_body()
    } else {
        in_own_frame(next.call(request).await?)
    };
    harden(response.headers_mut(), &state);
    Ok(response)
}

/// An error is made a page before it is known here who looks at it: for somebody who is signed in it is made again.
fn in_own_frame<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B>> {
    let viewer = response.request().extensions().get::<Viewer>().cloned();
    let error = response.response().error();
    let error = error.and_then(|error| error.as_error::<PageError>());
    match (error, viewer) {
        (Some(error), Some(viewer)) => {
            let page = error.page(Some(viewer));
            response.into_response(page).map_into_right_body()
        }
        _ => response.map_into_left_body(),
    }
}

/// The headers of every page. What is no page may bring a policy of its own.
pub(crate) fn harden(headers: &mut HeaderMap, state: &ConsoleState) {
    if headers.contains_key(CONTENT_SECURITY_POLICY) {
        // A stricter one, for what nobody should ever take for a page.
    } else if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&state.media_url)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (OPENER_POLICY, "same-origin"),
        (
            PERMISSIONS_POLICY,
            "camera=(), microphone=(), geolocation=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page may show what is one person's alone, unless it says otherwise.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inline_runs_and_nobody_frames() {
        let policy = content_security_policy("https://cdn.example.com/prod");
        assert!(!policy.contains("unsafe"));
        assert!(policy.contains("frame-ancestors 'none'"));
        assert!(policy.contains("img-src 'self' data: blob: https://cdn.example.com;"));
    }
}

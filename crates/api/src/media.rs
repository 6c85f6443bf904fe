//! `GET /media/…`: the saved images, whatever storage they are in.

use actix_web::body::SizedStream;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    EntityTag, Header as _, IF_NONE_MATCH, IF_RANGE, IfNoneMatch, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::stream;
use gih_domain::blob::ImageFormat;
use gih_domain::object_name::ObjectName;

use crate::error::ApiError;
use crate::state::ApiState;

mod ranges;

use ranges::Asked;

/// Serves a saved image. Names are unguessable and never reused, so an image may be cached for good.
pub(crate) async fn serve(
    request: HttpRequest,
    path: web::Path<String>,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let not_found = || ApiError::not_found("There is no such image.");
    let name = ObjectName::parse_image(&path).ok_or_else(not_found)?;
    // The ending was given when the image was saved, by what its bytes are.
    let format = ImageFormat::from_extension(name.extension()).ok_or_else(not_found)?;
    let tag = EntityTag::new_strong(
        name.as_str()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
    );

    let is_known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Err(_) => false,
    };
    if is_known && request.headers().contains_key(IF_NONE_MATCH) {
        // The store is still asked: an image that is gone must not be confirmed.
        state.store.byte_length(&name).await?;
        return Ok(head(StatusCode::NOT_MODIFIED, &tag).finish());
    }
    if request.method() == Method::HEAD {
        // Ranges are for GET alone (RFC 9110 §14.2), and the object itself need not be opened.
        let byte_length = state.store.byte_length(&name).await?;
        let mut response = head(StatusCode::OK, &tag);
        response.insert_header((CONTENT_TYPE, format.media_type()));
        return Ok(response.body(SizedStream::new(
            byte_length,
            stream::empty::<std::io::Result<_>>(),
        )));
    }
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let is_current = header(IF_RANGE).is_none_or(|known| known == tag.to_string());
    let range = header(RANGE).filter(|_| is_current);
    let asked = match range {
        Some(range) => ranges::parse(range, state.store.byte_length(&name).await?),
        None => Asked::Everything,
    };
    let (status, range) = match asked {
        Asked::Everything => (StatusCode::OK, None),
        Asked::Range(range) => (StatusCode::PARTIAL_CONTENT, Some(range)),
        Asked::Unsatisfiable(byte_length) => {
            let mut response = head(StatusCode::RANGE_NOT_SATISFIABLE, &tag);
            return Ok(response
                .insert_header((CONTENT_RANGE, format!("bytes */{byte_length}")))
                .finish());
        }
    };
    let object = state.store.get(&name, range).await?;
    let mut response = head(status, &tag);
    response.insert_header((CONTENT_TYPE, format.media_type()));
    if status == StatusCode::PARTIAL_CONTENT {
        let (start, end, whole) = (object.range.start, object.range.end, object.byte_length);
        response.insert_header((
            CONTENT_RANGE,
            format!("bytes {start}-{}/{whole}", end.saturating_sub(1)),
        ));
    }
    let length = object.range.end - object.range.start;
    Ok(response.body(SizedStream::new(length, object.bytes)))
}

/// Headers of every answer about an image. What a provider drew is not trusted: it is never sniffed into something else,
/// and can run nothing should a browser take it for a page.
fn head(status: StatusCode, tag: &EntityTag) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((ETAG, tag.to_string()))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"));
    response
}

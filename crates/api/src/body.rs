//! Reading request bodies: bounded in bytes and in patience.

use std::time::Duration;

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

use crate::error::ApiError;

/// A body that sends nothing for this long is given up: a bound on what a slow client can hold.
const STALL: Duration = Duration::from_secs(30);
/// How much of a refused body is still read, so that a client that sends before it listens sees the answer rather than
/// a broken connection, and for how long at most.
pub(crate) const DISCARD_BYTES: usize = 64 * 1024 * 1024;
pub(crate) const DISCARD_TIME: Duration = Duration::from_secs(10);

/// What kind of body a request has.
pub(crate) enum Kind {
    Json,
    Multipart,
}

/// The kind by `Content-Type`.
pub(crate) fn kind(request: &HttpRequest) -> Result<Kind, ApiError> {
    let header = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = header.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(Kind::Json)
    } else if essence.eq_ignore_ascii_case("multipart/form-data") {
        Ok(Kind::Multipart)
    } else {
        let came = if essence.is_empty() {
            "missing".to_owned()
        } else {
            gih_domain::request::quoted(essence)
        };
        let allowed = "application/json, or multipart/form-data with reference images";
        Err(ApiError::unsupported_media_type(format!(
            "Content-Type is {came}; it must be {allowed}."
        )))
    }
}

/// The whole body, at most `limit` bytes.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<Bytes, ApiError> {
    let too_large = || {
        ApiError::payload_too_large(format!(
            "The body is larger than {limit} bytes, which is the limit."
        ))
    };
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let mut payload = payload;
    if announced.is_some_and(|length| length > limit as u64) {
        discard(&mut payload).await;
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = next(&mut payload).await? {
        if body.len() + chunk.len() > limit {
            discard(&mut payload).await;
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The next piece of a stream, or an error when none comes in time or the client is gone.
pub(crate) async fn next<S, T, E>(stream: &mut S) -> Result<Option<T>, ApiError>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    E: std::fmt::Display,
{
    match tokio::time::timeout(STALL, stream.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(item))) => Ok(Some(item)),
        Ok(Some(Err(error))) => Err(ApiError::stalled(format!(
            "The body could not be read: {error}."
        ))),
        Err(_) => Err(ApiError::stalled("The body stopped coming for 30 seconds.")),
    }
}

/// Reads on for a while and throws away what comes.
pub(crate) async fn discard(payload: &mut web::Payload) {
    let reading = async {
        let mut discarded = 0;
        while let Some(Ok(chunk)) = payload.next().await {
            discarded += chunk.len();
            if discarded > DISCARD_BYTES {
                break;
            }
        }
    };
    // Either way the answer goes out next.
    let _timed_out = tokio::time::timeout(DISCARD_TIME, reading).await;
}

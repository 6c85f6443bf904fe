//! Reading request bodies: bounded in bytes and in patience.

use std::time::{Duration, Instant};

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

use crate::budget::Room;
use crate::error::ApiError;

/// A body that sends nothing for this long is given up: a bound on what a slow client can hold.
const STALL: Duration = Duration::from_secs(30);
/// From the second half minute on a body must have come at this rate on the whole, so that nobody holds a place for hours
/// by a byte now and then. 64 kbit/s: about half of what the slowest of mobile uplinks still in use gives.
const SLOWEST_BYTES_PER_SECOND: u64 = 8 * 1024;
/// How long a body may come as slowly as it likes: links stall, and small bodies need no more.
const SLOW_START: Duration = Duration::from_secs(30);
/// The longest a body may come, at whatever rate: the largest there may be (810 MiB) in this time is 1.9 Mbit/s.
const LONGEST: Duration = Duration::from_hours(1);
/// How much of a refused body is still read, so that a client that sends before it listens sees the answer rather than
/// a broken connection, and for how long at most.
pub(crate) const DISCARD_BYTES: usize = 64 * 1024 * 1024;
pub(crate) const DISCARD_TIME: Duration = Duration::from_secs(10);

/// What kind of body a request has.
#[derive(Clone, Copy, PartialEq, Eq)]
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

/// The whole body, at most `limit` bytes, which take their room as they come.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
    room: &mut Room<'_>,
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
    let mut pace = Pace::default();
    while let Some(chunk) = pace.chunk(&mut payload).await? {
        if body.len() + chunk.len() > limit {
            discard(&mut payload).await;
            return Err(too_large());
        }
        // A chunk is smaller than the limit, and that fits.
        room.grow(u32::try_from(chunk.len()).unwrap_or(u32::MAX))
            .await?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// How a body comes: one for all the parts of a body.
pub(crate) struct Pace {
    began: Instant,
    received_bytes: u64,
}

impl Default for Pace {
    /// Of a body whose reading begins now.
    fn default() -> Self {
        Self {
            began: Instant::now(),
            received_bytes: 0,
        }
    }
}

impl Pace {
    /// The next piece of a stream, or an error when none comes in time or the client is gone.
    pub(crate) async fn next<S, T, E>(&self, stream: &mut S) -> Result<Option<T>, ApiError>
    where
        S: Stream<Item = Result<T, E>> + Unpin,
        E: std::fmt::Display,
    {
        let asked = Instant::now();
        let until = self.due().min(asked + STALL);
        match tokio::time::timeout_at(until.into(), stream.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(item))) => Ok(Some(item)),
            Ok(Some(Err(error))) => Err(ApiError::stalled(format!(
                "The body could not be read: {error}."
            ))),
            // To the second, as it is told: a body of one piece is due a moment before it has stalled.
            Err(_) if asked.elapsed().as_secs_f64().round() >= STALL.as_secs_f64() => {
                Err(ApiError::stalled("The body stopped coming for 30 seconds."))
            }
            Err(_) => Err(ApiError::stalled(
                "The body came too slowly: it must come at 8 KiB a second or more, and within an hour.",
            )),
        }
    }

    /// The same for bytes, which are counted.
    pub(crate) async fn chunk<S, E>(&mut self, stream: &mut S) -> Result<Option<Bytes>, ApiError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let chunk = self.next(stream).await?;
        self.received_bytes += chunk.as_ref().map_or(0, Bytes::len) as u64;
        Ok(chunk)
    }

    /// When more must have come.
    fn due(&self) -> Instant {
        let paid_for = Duration::from_secs(self.received_bytes / SLOWEST_BYTES_PER_SECOND);
        self.began + (SLOW_START + paid_for).min(LONGEST)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_buys_time_up_to_an_hour() {
        let due_after = |received_bytes| {
            let pace = Pace {
                received_bytes,
                ..Pace::default()
            };
            pace.due() - pace.began
        };
        assert_eq!(due_after(0), Duration::from_secs(30));
        assert_eq!(due_after(80 * 1024), Duration::from_secs(40));
        assert_eq!(due_after(u64::MAX), Duration::from_hours(1));
    }
}

//! Answers of success, and those that break on the way.

use std::io;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::json;

use crate::behaviour::{Behaviour, Cut, Item, Outcome};
use crate::failure::Failure;
use crate::rules::Ask;
use crate::server::Socket;
use crate::shared::Shared;

/// How long what was sent gets to arrive before the connection ends.
const BEFORE_THE_END: Duration = Duration::from_millis(50);
/// The pieces of a body when nothing else is said.
const PIECE_BYTES: usize = 64 * 1024;

/// When every image was created, in seconds since 1970: the same call has the same answer.
const CREATED: u64 = 1_776_729_600;

/// How a body ends.
enum End {
    Whole,
    Broken(Option<Socket>),
    Never,
}

pub(crate) async fn to(
    request: &HttpRequest,
    shared: &Shared,
    ask: &Ask,
    number: usize,
    behaviour: Behaviour,
) -> HttpResponse {
    let Behaviour {
        outcome,
        delay,
        piece_bytes,
        pause,
        cut,
    } = behaviour;
    tokio::time::sleep(delay).await;
    let items = match outcome {
        Outcome::Draw(items) => items.unwrap_or_else(|| vec![Item::Good; ask.n]),
        Outcome::Fail(failure) => return failure.answer(),
        Outcome::Raw {
            status,
            content_type,
            body,
        } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            return HttpResponse::build(status)
                .content_type(content_type)
                .body(body);
        }
        Outcome::Hang => std::future::pending().await,
    };
    let Ok(mut body) = compose(shared, ask, &items) else {
        return Failure::server_error().answer();
    };
    let mut length = length_of(&body);
    let mut end = End::Whole;
    if let Some((cut, percent)) = cut {
        body = first(body, length * percent / 100);
        end = match cut {
            Cut::Reset => End::Broken(request.conn_data::<Socket>().cloned()),
            Cut::BreakOff => End::Broken(None),
            Cut::Stall => End::Never,
            Cut::Truncate => {
                length = length_of(&body);
                End::Whole
            }
        };
    }
    let mut response = HttpResponse::Ok();
    response
        .content_type("application/json")
        .insert_header(("x-request-id", format!("req_{number:032x}")))
        .insert_header(("openai-processing-ms", delay.as_millis().to_string()))
        .insert_header(("openai-version", "2020-10-01"))
        .insert_header(("openai-organization", "fake-org"));
    match piece_bytes {
        // Pieces are to be seen as such, so they are the chunks of the transfer coding.
        Some(bytes) => response.streaming(slowly(pause, streamed(body, bytes, end))),
        None => response.body(SizedStream::new(
            length as u64,
            streamed(body, PIECE_BYTES, end),
        )),
    }
}

fn length_of(body: &[Bytes]) -> usize {
    body.iter().map(Bytes::len).sum()
}

/// The JSON of an answer, its images shared with the cache.
fn compose(shared: &Shared, ask: &Ask, items: &[Item]) -> Result<Vec<Bytes>, png::EncodingError> {
    let mut body = vec![Bytes::from(format!("{{\"created\":{CREATED},\"data\":["))];
    for (index, item) in items.iter().enumerate() {
        let draw = |bytes| shared.drawings.base64(ask.size, index, bytes);
        if index > 0 {
            body.push(Bytes::from_static(b","));
        }
        let text = match item {
            Item::Good => draw(0)?,
            Item::Bytes(bytes) => draw(*bytes)?,
            Item::BadBase64 => Bytes::from([&draw(0)?[..400], b"*not base64*"].concat()),
            // A multiple of four characters, so that it is the image that lacks its end, not the base64.
            Item::Truncated => {
                let whole = draw(0)?;
                whole.slice(..whole.len() / 8 * 4)
            }
            Item::File(bytes) => Bytes::from(base64_simd::STANDARD.encode_to_string(bytes)),
            Item::NoImage => Bytes::from(base64_simd::STANDARD.encode_to_string("no image at all")),
            Item::UrlOnly => {
                let url = format!("{{\"url\":\"https://images.example.com/{index}.png\"}}");
                body.push(url.into());
                continue;
            }
        };
        body.extend([
            Bytes::from_static(b"{\"b64_json\":\""),
            text,
            Bytes::from_static(b"\"}"),
        ]);
    }
    let (text_tokens, image_tokens) =
        (ask.prompt.chars().count().div_ceil(4), 300 * ask.references);
    let output_tokens = 1_000 * items.len();
    let rest = json!({
        "background": "opaque",
        "output_format": "png",
        "quality": if ask.quality == "auto" { "medium" } else { &ask.quality },
        "size": format!("{}x{}", ask.size.0, ask.size.1),
        "usage": {
            "input_tokens": text_tokens + image_tokens,
            "input_tokens_details": {"text_tokens": text_tokens, "image_tokens": image_tokens},
            "output_tokens": output_tokens,
            "output_tokens_details": {"image_tokens": output_tokens, "text_tokens": 0},
            "total_tokens": text_tokens + image_tokens + output_tokens,
        },
    });
    // Behind `data`, so without its opening brace.
    body.push(format!("],{}", &rest.to_string()[1..]).into());
    Ok(body)
}

/// The first `length` bytes.
fn first(body: Vec<Bytes>, mut length: usize) -> Vec<Bytes> {
    let mut kept = Vec::new();
    for segment in body {
        let end = segment.len().min(length);
        kept.push(segment.slice(..end));
        length -= end;
    }
    kept
}

/// Each piece so much later than the one before.
fn slowly(
    pause: Duration,
    pieces: BoxStream<'static, io::Result<Bytes>>,
) -> BoxStream<'static, io::Result<Bytes>> {
    if pause.is_zero() {
        return pieces;
    }
    pieces
        .then(move |piece| async move {
            tokio::time::sleep(pause).await;
            piece
        })
        .boxed()
}

fn streamed(
    body: Vec<Bytes>,
    piece_bytes: usize,
    end: End,
) -> BoxStream<'static, io::Result<Bytes>> {
    let pieces = body.into_iter().flat_map(move |mut segment| {
        std::iter::from_fn(move || {
            let piece = segment.split_to(segment.len().min(piece_bytes));
            (!piece.is_empty()).then_some(Ok(piece))
        })
    });
    let end = match end {
        End::Whole => stream::empty().boxed(),
        End::Never => stream::pending().boxed(),
        End::Broken(socket) => stream::once(async move {
            tokio::time::sleep(BEFORE_THE_END).await;
            if let Some(socket) = socket {
                socket.reset_on_close();
            }
            Err(io::Error::other("broken on purpose"))
        })
        .boxed(),
    };
    stream::iter(pieces).chain(end).boxed()
}

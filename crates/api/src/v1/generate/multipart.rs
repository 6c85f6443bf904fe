//! The request as `multipart/form-data`: fields in any order, files straight to the spool.

use actix_multipart::{Field, Multipart};
use actix_web::{HttpMessage as _, HttpRequest, web};
use bytes::BytesMut;
use gih_domain::catalog::MAX_REFERENCE_IMAGES;
use gih_domain::id::AccountId;
use gih_domain::request::{Draft, quoted};

use super::fields::REFERENCE_NAMES;
use crate::body::{self, Pace};
use crate::error::{ApiError, of_reference};
use crate::state::ApiState;

/// The most bytes of a text field.
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// The most bytes of a reference image: 50 MB.
const MAX_REFERENCE_BYTES: u64 = 52_428_800;
/// The most parts of a body: all the files there can be and as many fields again; SDKs send a dozen fields.
const MAX_PARTS: u32 = 2 * MAX_REFERENCE_IMAGES;

/// Reads a draft; reference images are received to local disk, in bounded memory.
pub(super) async fn draft(
    request: &HttpRequest,
    payload: web::Payload,
    account: AccountId,
    state: &ApiState,
) -> Result<Draft, ApiError> {
    let mut received = Received::default();
    read(request, payload, account, state, &mut received).await?;
    received.into_draft()
}

/// The same. A refusal comes with the texts that had arrived, as far as they can be read, for a form to be shown again.
pub(super) async fn draft_or_typed(
    request: &HttpRequest,
    payload: web::Payload,
    account: AccountId,
    state: &ApiState,
) -> Result<Draft, (ApiError, Box<Draft>)> {
    let mut received = Received::default();
    let read = read(request, payload, account, state, &mut received).await;
    let typed = received.typed();
    let draft = read.and_then(|()| received.into_draft());
    draft.map_err(|error| (error, Box::new(typed)))
}

async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    account: AccountId,
    state: &ApiState,
    received: &mut Received,
) -> Result<(), ApiError> {
    if !has_boundary(request) {
        let mut payload = payload;
        body::discard(&mut payload).await;
        return Err(ApiError::invalid(
            "The Content-Type multipart/form-data has no readable boundary; one with unusual characters must be quoted.",
        ));
    }
    let mut multipart = Multipart::new(request.headers(), payload);
    let read = {
        let mut turn = state.bodies.uploads.room(account);
        turn.grow(1).await?;
        receive(&mut multipart, state, received).await
    };
    if read.as_ref().is_err_and(|error| !error.closes()) {
        // Read on for a moment, so that a client that sends before it listens sees the answer.
        drain(&mut multipart).await;
    }
    read
}

/// Whether the parts can be told apart. Looked at first, because the parser panics when it is asked again after it has
/// said that they cannot.
fn has_boundary(request: &HttpRequest) -> bool {
    let kind = request.mime_type().ok().flatten();
    let boundary = kind
        .as_ref()
        .and_then(|kind| kind.get_param("boundary"))
        .map(|boundary| boundary.as_str());
    boundary.is_some_and(|boundary| !boundary.is_empty())
}

/// What any enabled model takes; the model may be named after the files.
async fn reference_limit(state: &ApiState) -> Result<u32, ApiError> {
    let models = state.retrieve.models().await?;
    Ok(models
        .iter()
        .map(|model| model.reference_image_limit)
        .max()
        .unwrap_or(0))
}

#[derive(Default)]
struct Received {
    limit: u32,
    texts: Vec<(String, String)>,
    draft: Draft,
    pace: Pace,
}

async fn receive(
    multipart: &mut Multipart,
    state: &ApiState,
    received: &mut Received,
) -> Result<(), ApiError> {
    received.limit = reference_limit(state).await?;
    let mut parts = 0;
    while let Some(mut field) = received.pace.next(multipart).await? {
        parts += 1;
        if parts > MAX_PARTS {
            return Err(ApiError::invalid(format!(
                "The body has more than {MAX_PARTS} parts, which is the limit."
            )));
        }
        let disposition = field.content_disposition();
        let file_name = disposition.and_then(|disposition| {
            let extended = disposition.get_filename_ext();
            let extended = extended.map(|name| String::from_utf8_lossy(&name.value).into_owned());
            extended.or_else(|| disposition.get_filename().map(ToOwned::to_owned))
        });
        let Some(name) = field.name().map(ToOwned::to_owned) else {
            return Err(ApiError::invalid("A part of the body has no name."));
        };
        if REFERENCE_NAMES.contains(&name.as_str()) {
            let may_be_empty = file_name.is_some_and(|name| name.is_empty());
            reference(&mut field, &name, may_be_empty, received, state).await?;
        } else if file_name.is_some_and(|name| !name.is_empty()) {
            let message = format!(
                "{} is a file; files go under reference_image",
                quoted(&name)
            );
            return Err(ApiError::invalid_param(name, message));
        } else {
            let value = text(&mut field, &name, &mut received.pace).await?;
            received.text(&name, value)?;
        }
    }
    Ok(())
}

/// Receives one reference image. A form's file input with nothing chosen comes as an empty part with an empty file name
/// (`may_be_empty`), and is none.
async fn reference(
    field: &mut Field,
    name: &str,
    may_be_empty: bool,
    received: &mut Received,
    state: &ApiState,
) -> Result<(), ApiError> {
    let nth = received.draft.references.len() + 1;
    let mut file = None;
    while let Some(chunk) = received.pace.chunk(field).await? {
        if chunk.is_empty() {
            continue;
        }
        if file.is_none() {
            if nth > received.limit as usize {
                let message = format!(
                    "{name} was sent more than {} times, which is the limit",
                    received.limit
                );
                return Err(ApiError::invalid_param("reference_image", message));
            }
            let created = state.spool.create(MAX_REFERENCE_BYTES).await;
            file = Some(created.map_err(|error| of_reference(error, nth))?);
        }
        if let Some(file) = &mut file {
            file.write(chunk)
                .await
                .map_err(|error| of_reference(error, nth))?;
        }
    }
    match file {
        Some(file) => {
            let blob = file
                .finish()
                .await
                .map_err(|error| of_reference(error, nth))?;
            received.draft.references.push(blob);
            Ok(())
        }
        None if may_be_empty => Ok(()),
        None => Err(ApiError::invalid_param(
            "reference_image",
            format!("reference_image {nth} ({name}) is empty"),
        )),
    }
}

async fn text(field: &mut Field, name: &str, pace: &mut Pace) -> Result<String, ApiError> {
    let mut text = BytesMut::new();
    while let Some(chunk) = pace.chunk(field).await? {
        if text.len() + chunk.len() > MAX_TEXT_BYTES {
            let message = format!(
                "{} is larger than 256 KiB, which is the limit of a text field.",
                quoted(name)
            );
            return Err(ApiError::payload_too_large(message));
        }
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text.into()).map_err(|_| {
        ApiError::invalid_param(name, format!("{} is not valid UTF-8 text", quoted(name)))
    })
}

impl Received {
    /// Keeps a known field; unknown ones are ignored, an empty one is absent, a repeated one is refused.
    fn text(&mut self, name: &str, value: String) -> Result<(), ApiError> {
        const KNOWN: [&str; 7] = [
            "model",
            "prompt",
            "aspect_ratio",
            "size",
            "quality",
            "n",
            "async",
        ];
        if !KNOWN.contains(&name) {
            return Ok(());
        }
        if self.texts.iter().any(|(known, _)| known == name) {
            return Err(ApiError::invalid_param(
                name,
                format!("{name} was sent more than once"),
            ));
        }
        self.texts.push((name.to_owned(), value));
        Ok(())
    }

    /// What was typed, without files and without what is no number.
    fn typed(&self) -> Draft {
        let text = |name: &str| {
            let found = self.texts.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        Draft {
            model: text("model"),
            prompt: text("prompt"),
            aspect_ratio: text("aspect_ratio"),
            size: text("size"),
            quality: text("quality"),
            n: text("n").as_deref().and_then(integer),
            ..Draft::default()
        }
    }

    fn into_draft(self) -> Result<Draft, ApiError> {
        let mut draft = self.draft;
        for (name, value) in self.texts {
            if value.is_empty() {
                continue;
            }
            let wrong = |allowed: &str| {
                let message = format!("{name} is {}; it must be {allowed}", quoted(&value));
                ApiError::invalid_param(name.as_str(), message)
            };
            match name.as_str() {
                "n" => {
                    let n = integer(&value);
                    draft.n = Some(n.ok_or_else(|| wrong("an integer from 1 to 4"))?);
                }
                "async" => {
                    let is_async = boolean(&value);
                    draft.is_async = is_async.ok_or_else(|| wrong("true, false, 1 or 0"))?;
                }
                "model" => draft.model = Some(value),
                "prompt" => draft.prompt = Some(value),
                "aspect_ratio" => draft.aspect_ratio = Some(value),
                "size" => draft.size = Some(value),
                "quality" => draft.quality = Some(value),
                _ => {}
            }
        }
        Ok(draft)
    }
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Reads on and throws away, in the bounds that any refused body has.
async fn drain(multipart: &mut Multipart) {
    use futures_util::StreamExt as _;
    let reading = async {
        let mut discarded = 0;
        while let Some(Ok(mut field)) = multipart.next().await {
            while let Some(Ok(chunk)) = field.next().await {
                discarded += chunk.len();
                if discarded > body::DISCARD_BYTES {
                    return;
                }
            }
        }
    };
    let _timed_out = tokio::time::timeout(body::DISCARD_TIME, reading).await;
}

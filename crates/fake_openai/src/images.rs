//! `POST images/generations` and `POST images/edits`.

use actix_multipart::Multipart;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::record::Call;
use crate::shared::Shared;
use crate::{form, reply, rules};

pub(crate) async fn generations(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> HttpResponse {
    answer(&request, payload, &shared, false).await
}

pub(crate) async fn edits(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> HttpResponse {
    answer(&request, payload, &shared, true).await
}

async fn answer(
    request: &HttpRequest,
    payload: web::Payload,
    shared: &Shared,
    is_edit: bool,
) -> HttpResponse {
    let number = shared.count();
    match valid(request, payload, shared, is_edit).await {
        Ok((call, ask)) => {
            let behaviour = shared.behaviour_of(&call);
            reply::to(request, shared, &ask, number, behaviour).await
        }
        Err(failure) => failure.answer(),
    }
}

async fn valid(
    request: &HttpRequest,
    mut payload: web::Payload,
    shared: &Shared,
    is_edit: bool,
) -> Result<(Call, rules::Ask), Failure> {
    let mut call = Call::new(request);
    if let Err(failure) = authorize(request, shared) {
        shared.record(call);
        // Who is still sending would not see the answer.
        while let Some(Ok(_)) = payload.next().await {}
        return Err(failure);
    }
    let read = if is_edit {
        read_form(request, payload, &mut call).await
    } else {
        read_json(request, payload, &mut call).await
    };
    shared.record(call.clone());
    read?;
    let ask = rules::check(&call, is_edit)?;
    Ok((call, ask))
}

/// Whether a request names the right key.
pub(crate) fn authorize(request: &HttpRequest, shared: &Shared) -> Result<(), Failure> {
    let value = request.headers().get(AUTHORIZATION);
    let key = value
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if key == Some(shared.key.as_str()) {
        Ok(())
    } else {
        Err(Failure::invalid_api_key())
    }
}

async fn read_json(
    request: &HttpRequest,
    payload: web::Payload,
    call: &mut Call,
) -> Result<(), Failure> {
    content_type(call, "application/json")?;
    let bad = |message: String| Failure::new(400, "invalid_request_error", None, message);
    let body = web::Bytes::from_request(request, &mut payload.into_inner())
        .await
        .map_err(|error| bad(error.to_string()))?;
    let fields: Map<String, Value> = serde_json::from_slice(&body).map_err(|error| {
        bad(format!(
            "We could not parse the JSON body of your request: {error}"
        ))
    })?;
    call.fields = fields.into_iter().collect();
    Ok(())
}

async fn read_form(
    request: &HttpRequest,
    payload: web::Payload,
    call: &mut Call,
) -> Result<(), Failure> {
    // The real one takes JSON with addresses of images too; this one fetches nothing.
    content_type(call, "multipart/form-data")?;
    form::read(Multipart::new(request.headers(), payload), call).await
}

fn content_type(call: &Call, expected: &str) -> Result<(), Failure> {
    let value = call.headers.get("content-type").map_or("", String::as_str);
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(Failure::new(
        400,
        "invalid_request_error",
        "unsupported_content_type",
        format!("Unsupported content type: '{value}'. This endpoint expects '{expected}'."),
    ))
}

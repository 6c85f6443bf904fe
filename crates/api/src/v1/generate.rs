//! `POST /api/v1/images/generations`.

use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use gih_domain::generate::{Answer, Ask, GenerateError, Wait};
use gih_domain::generation::Generation;
use gih_domain::id::AccountId;
use gih_domain::idempotency::IdempotencyKey;
use gih_domain::request::{Draft, MAX_IMAGES_V1};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{self, BalanceBody, ImageBody, POLL_AFTER_SECONDS};
use crate::authorization;
use crate::body::{self, Kind};
use crate::error::{ApiError, ErrorBody};
use crate::links::Links;
use crate::state::ApiState;

mod fields;
mod json;
mod multipart;
mod prefer;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// How long a body may still come when the process shuts down: what is on its way is answered by what it says.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// A generation that ended while its caller waited.
#[derive(Serialize, ToSchema)]
pub(crate) struct SucceededBody {
    /// Always `image_generation`.
    #[schema(example = "image_generation")]
    object: &'static str,
    /// The generation's id.
    id: String,
    /// Always `succeeded`: failures are answered as errors.
    #[schema(example = "succeeded")]
    status: &'static str,
    /// The model's id.
    model: String,
    /// The ratio; `auto` when it was left open.
    aspect_ratio: String,
    /// The tier that was paid for.
    #[schema(example = "1K")]
    quality: &'static str,
    /// The saved images.
    images: Vec<ImageBody>,
    /// What it cost.
    usage: UsageBody,
    /// What the account could spend right after.
    balance: BalanceBody,
}

/// What was finally charged, after refunds.
#[derive(Serialize, ToSchema)]
struct UsageBody {
    credits: i64,
}

/// A generation that is accepted and unfinished.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedBody {
    /// Always `image_generation`.
    #[schema(example = "image_generation")]
    object: &'static str,
    /// The generation's id.
    id: String,
    /// `queued` or `running`.
    #[schema(example = "queued")]
    status: &'static str,
    /// The model's id.
    model: String,
    /// The ratio; `auto` when it was left open.
    aspect_ratio: String,
    /// The tier that is paid for.
    #[schema(example = "1K")]
    quality: &'static str,
    /// When it was accepted.
    created_at: String,
    /// None yet.
    images: Vec<ImageBody>,
    /// What is held.
    usage: HeldUsageBody,
    /// Where to look for the end.
    poll_url: String,
}

/// What an unfinished generation costs so far, and what is held for it.
#[derive(Serialize, ToSchema)]
struct HeldUsageBody {
    credits: i64,
    credits_requested: i64,
}

/// Generates images: JSON for text only, `multipart/form-data` with reference images. Waits for the images unless
/// `async` is true or `Prefer: wait=N` bounds the wait.
#[utoipa::path(post, path = "/api/v1/images/generations", tag = "generations",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters: the same request under the same key is made and paid once."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: after N seconds the answer is 202 and the work goes on.")),
    request_body(content((fields::JsonRequestBody = "application/json"), (fields::MultipartRequestBody = "multipart/form-data"))),
    responses(
        (status = 200, description = "Done.", body = SucceededBody),
        (status = 202, description = "Accepted; poll for the end.", body = AcceptedBody, headers(
            ("Location" = String, description = "The poll URL."),
            ("Retry-After" = String, description = "Seconds to the first poll."))),
        (status = 400, description = "Something in the request is wrong, or the provider refused the content.", body = ErrorBody), (status = 401, description = "No valid key.", body = ErrorBody), (status = 402, description = "The balance does not cover the request.", body = ErrorBody),
        (status = 409, description = "The first request under this key is unfinished, or the generation was canceled.", body = ErrorBody), (status = 413, description = "The body is too large.", body = ErrorBody), (status = 415, description = "The body is of another type.", body = ErrorBody),
        (status = 422, description = "The Idempotency-Key names another request.", body = ErrorBody), (status = 429, description = "A limit is reached.", body = ErrorBody), (status = 500, description = "The provider or the hub failed; refunded.", body = ErrorBody),
        (status = 503, description = "Not now; nothing was charged, or it was refunded.", body = ErrorBody)))]
pub(crate) async fn create(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let caller = authorization::caller(&request, &state).await?;
    let kind = body::kind(&request)?;
    if kind == Kind::Multipart
        && !request.headers().contains_key(IDEMPOTENCY_KEY)
        && let Some(shortfall) = state.retrieve.shortfall(&caller).await?
    {
        // Before hundreds of megabytes come that nothing can be paid with. Under an idempotency key it may be a request that
        // was paid for before.
        let shortfall = GenerateError::InsufficientCredits(shortfall);
        return Err(ApiError::of_generate(shortfall, &state.links));
    }
    let receiving = async {
        match kind {
            Kind::Json => {
                let mut room = state.bodies.json_bytes.room(caller.account);
                json::draft(&body::read(&request, payload, json::MAX_BYTES, &mut room).await?)
            }
            Kind::Multipart => multipart::draft(&request, payload, caller.account, &state).await,
        }
    };
    let draft = tokio::select! {
        biased;
        draft = receiving => draft?,
        () = shutdown(&state) => {
            return Err(ApiError::of_generate(GenerateError::ShuttingDown, &state.links));
        }
    };
    let idempotency_key = idempotency_key(&request)?;
    let preferred_wait = prefer::wait_seconds(&request).filter(|_| !draft.is_async);
    let wait = match preferred_wait {
        _ if draft.is_async => Wait::No,
        Some(seconds) => Wait::AtMost(Duration::from_secs(seconds)),
        None => Wait::UntilEnd,
    };
    let ask = Ask {
        caller,
        draft,
        wait,
        idempotency_key,
        max_images: MAX_IMAGES_V1,
        shown_total: None,
    };
    let answer = state
        .generate
        .run(ask)
        .await
        .map_err(|error| ApiError::of_generate(error, &state.links))?;
    let mut response = match answer {
        Answer::Accepted(generation) => accepted(&generation, &state.links),
        Answer::Ended(generation) => ended(&generation, &state.links)?,
    };
    if let Some(seconds) = preferred_wait {
        let applied = HeaderValue::from_str(&format!("wait={seconds}"))
            .map_err(|error| ApiError::internal(&error))?;
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// Reads a multipart body into a draft. A refusal comes with the texts that had arrived.
pub(crate) async fn form(
    request: &HttpRequest,
    payload: web::Payload,
    account: AccountId,
    state: &ApiState,
) -> Result<Draft, (ApiError, Box<Draft>)> {
    match body::kind(request) {
        Ok(Kind::Multipart) => multipart::draft_or_typed(request, payload, account, state).await,
        Ok(Kind::Json) => {
            let message = "Content-Type is application/json; a form is multipart/form-data.";
            Err((ApiError::unsupported_media_type(message), Box::default()))
        }
        Err(error) => Err((error, Box::default())),
    }
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut headers = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(header) = headers.next() else {
        return Ok(None);
    };
    let refuse = |why: &str| ApiError::invalid_param("Idempotency-Key", why);
    if headers.next().is_some() {
        return Err(refuse("Idempotency-Key was sent more than once"));
    }
    let key = IdempotencyKey::parse(header.as_bytes());
    key.map(Some).map_err(|error| refuse(&error.to_string()))
}

fn accepted(generation: &Generation, links: &Links) -> HttpResponse {
    let poll_url = links.poll_url(generation.id);
    HttpResponse::Accepted()
        .insert_header((LOCATION, poll_url.clone()))
        .insert_header((RETRY_AFTER, POLL_AFTER_SECONDS))
        .json(AcceptedBody {
            object: "image_generation",
            id: generation.id.to_string(),
            status: generation.status().as_str(),
            model: generation.model.clone(),
            aspect_ratio: answer::aspect_ratio(generation),
            quality: generation.tier.as_str(),
            created_at: generation.created_at.to_string(),
            images: ImageBody::all(generation, links),
            usage: HeldUsageBody {
                credits: generation.credits_charged().get(),
                credits_requested: generation.credits_requested().get(),
            },
            poll_url,
        })
}

fn ended(generation: &Generation, links: &Links) -> Result<HttpResponse, ApiError> {
    let Some(end) = generation.end() else {
        return Ok(accepted(generation, links));
    };
    if let Some(failure) = end.ending.failure() {
        return Err(ApiError::of_failure(generation, failure, links));
    }
    Ok(HttpResponse::Ok().json(SucceededBody {
        object: "image_generation",
        id: generation.id.to_string(),
        status: generation.status().as_str(),
        model: generation.model.clone(),
        aspect_ratio: answer::aspect_ratio(generation),
        quality: generation.tier.as_str(),
        images: ImageBody::all(generation, links),
        usage: UsageBody {
            credits: generation.credits_charged().get(),
        },
        balance: BalanceBody::from(&end.balance),
    }))
}

/// Resolves when the process shuts down and bodies have had their time.
async fn shutdown(state: &ApiState) {
    state.generate.drain_begins().await;
    tokio::time::sleep(SHUTDOWN_GRACE).await;
}

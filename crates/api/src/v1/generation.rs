//! `GET /api/v1/generations/{id}`.

use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use gih_domain::generation::{Failure, Generation};
use gih_domain::ports::LISTED_PROMPT_CHARS;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{self, BalanceBody, ImageBody, POLL_AFTER_SECONDS};
use crate::authorization;
use crate::error::{ApiError, ErrorBody};
use crate::links::Links;
use crate::state::ApiState;

/// How many characters of a prompt a list shows.
const SHOWN_CHARS: usize = LISTED_PROMPT_CHARS as usize - 1;

/// A generation, in any state.
#[derive(Serialize, ToSchema)]
pub(crate) struct GenerationBody {
    /// Always `image_generation`.
    #[schema(example = "image_generation")]
    object: &'static str,
    /// The generation's id.
    id: String,
    /// `queued`, `running`, `succeeded`, `failed` or `canceled`.
    #[schema(example = "succeeded")]
    status: &'static str,
    /// The model's id.
    model: String,
    /// The ratio; `auto` when it was left open.
    aspect_ratio: String,
    /// The tier that is paid for.
    #[schema(example = "1K")]
    quality: &'static str,
    /// What was asked for, trimmed; in a list its first 1,000 characters.
    prompt: String,
    /// `true` in a list when the prompt is longer than what it shows; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_truncated: Option<bool>,
    /// How many images were asked for.
    n: u8,
    /// The size asked of the provider: `WIDTHxHEIGHT` or `auto`.
    size: String,
    /// The saved images.
    images: Vec<ImageBody>,
    /// What it costs.
    usage: RetrievedUsageBody,
    /// When it was accepted.
    created_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
    /// Why it failed or was canceled.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureBody>,
    /// Where to look again, while it is unfinished.
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_url: Option<String>,
    /// What the account may spend now.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<BalanceBody>,
}

/// What a generation costs.
#[derive(Serialize, ToSchema)]
struct RetrievedUsageBody {
    /// What was finally charged; 0 while it is unfinished.
    credits: i64,
    /// What was held when it was accepted.
    credits_requested: i64,
}

/// Why a generation did not succeed.
#[derive(Serialize, ToSchema)]
struct FailureBody {
    message: String,
    code: &'static str,
}

impl From<&Failure> for FailureBody {
    fn from(failure: &Failure) -> Self {
        Self {
            message: failure.message.clone(),
            code: failure.code.as_str(),
        }
    }
}

impl GenerationBody {
    pub(crate) fn new(
        generation: &Generation,
        balance: Option<BalanceBody>,
        links: &Links,
    ) -> Self {
        let end = generation.end();
        Self {
            object: "image_generation",
            id: generation.id.to_string(),
            status: generation.status().as_str(),
            model: generation.model.clone(),
            aspect_ratio: answer::aspect_ratio(generation),
            quality: generation.tier.as_str(),
            prompt: generation.prompt.clone(),
            prompt_truncated: None,
            n: generation.n,
            size: generation
                .size
                .map_or_else(|| "auto".to_owned(), |size| size.to_string()),
            images: ImageBody::all(generation, links),
            usage: RetrievedUsageBody {
                credits: generation.credits_charged().get(),
                credits_requested: generation.credits_requested().get(),
            },
            created_at: generation.created_at.to_string(),
            completed_at: end.map(|end| end.completed_at.to_string()),
            error: end
                .and_then(|end| end.ending.failure())
                .map(FailureBody::from),
            poll_url: end.is_none().then(|| links.poll_url(generation.id)),
            balance,
        }
    }

    /// One of a list: a long prompt is cut.
    pub(crate) fn listed(generation: &Generation, links: &Links) -> Self {
        let mut body = Self::new(generation, None, links);
        if let Some((end, _)) = body.prompt.char_indices().nth(SHOWN_CHARS) {
            body.prompt.truncate(end);
            body.prompt_truncated = Some(true);
        }
        body
    }
}

/// Tells all about one of the account's generations.
#[utoipa::path(get, path = "/api/v1/generations/{id}", tag = "generations",
    params(("id" = String, Path, description = "The generation's id.")),
    responses((status = 200, description = "Done.", body = GenerationBody, headers(("Retry-After" = String, description = "Seconds to the next poll, while it is unfinished."))),
        (status = 401, description = "No valid key.", body = ErrorBody), (status = 404, description = "Nothing there, or somebody else's.", body = ErrorBody), (status = 503, description = "Not now; nothing was charged, or it was refunded.", body = ErrorBody)))]
pub(crate) async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let caller = authorization::caller(&request, &state).await?;
    let not_found = || ApiError::not_found("There is no such generation.");
    let id = id.parse().map_err(|_| not_found())?;
    let (generation, balance) = state
        .retrieve
        .generation(&caller, id)
        .await?
        .ok_or_else(not_found)?;
    let mut response = HttpResponse::Ok();
    if generation.end().is_none() {
        response.insert_header((RETRY_AFTER, POLL_AFTER_SECONDS));
    }
    let balance = Some(BalanceBody::from(&balance));
    Ok(response.json(GenerationBody::new(&generation, balance, &state.links)))
}

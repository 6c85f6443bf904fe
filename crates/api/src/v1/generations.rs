//! `GET /api/v1/generations`.

use actix_web::{HttpRequest, HttpResponse, web};
use gih_domain::generation::Status;
use gih_domain::ports::ListFilter;
use gih_domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::generation::GenerationBody;
use crate::authorization;
use crate::error::{ApiError, ErrorBody};
use crate::state::ApiState;

const DEFAULT_LIMIT: u32 = 20;
/// Bounds on what one answer holds.
const MAX_LIMIT: u32 = 100;
const MAX_BYTES: usize = 256 * 1024;

/// A page of generations, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct GenerationListBody {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    /// As one generation, without `balance`.
    data: Vec<GenerationBody>,
    /// Whether there are older ones.
    has_more: bool,
    /// What to send as `cursor` for the next page; `null` on the last.
    next_cursor: Option<String>,
}

/// Lists the account's own generations in the key's mode, newest first.
#[utoipa::path(get, path = "/api/v1/generations", tag = "generations",
    params(
        ("limit" = Option<u32>, Query, description = "How many on a page: 1 to 100, 20 unless said. A page also ends at 256 KiB."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("status" = Option<String>, Query, description = "Only those in this status."),
        ("created_from" = Option<String>, Query, description = "Only those accepted at or after this time (RFC 3339)."),
        ("created_before" = Option<String>, Query, description = "Only those accepted before this time (RFC 3339).")),
    responses((status = 200, description = "Done.", body = GenerationListBody), (status = 400, description = "Something in the request is wrong, or the provider refused the content.", body = ErrorBody),
        (status = 401, description = "No valid key.", body = ErrorBody), (status = 503, description = "Not now; nothing was charged, or it was refunded.", body = ErrorBody)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let caller = authorization::caller(&request, &state).await?;
    let filter = filter(request.query_string())?;
    let page = state.retrieve.generations(&caller, &filter).await?;
    let mut data = Vec::with_capacity(page.generations.len());
    let mut bytes = 0;
    for generation in &page.generations {
        let body = GenerationBody::listed(generation, &state.links);
        bytes += serde_json::to_vec(&body).map_or(0, |json| json.len());
        if bytes > MAX_BYTES && !data.is_empty() {
            break;
        }
        data.push(body);
    }
    let has_more = page.has_more || data.len() < page.generations.len();
    let last = data.len().checked_sub(1).filter(|_| has_more);
    Ok(HttpResponse::Ok().json(GenerationListBody {
        object: "list",
        next_cursor: last.map(|last| page.generations[last].id.to_string()),
        has_more,
        data,
    }))
}

fn filter(query: &str) -> Result<ListFilter, ApiError> {
    let parameters = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|error| ApiError::invalid(format!("The query could not be read: {error}.")))?;
    let mut filter = ListFilter {
        limit: DEFAULT_LIMIT,
        ..ListFilter::default()
    };
    for (name, value) in parameters.into_inner() {
        if value.is_empty() {
            continue;
        }
        let refuse = |allowed: &str| {
            let value = gih_domain::request::quoted(&value);
            ApiError::invalid_param(
                name.as_str(),
                format!("{name} is {value}; it must be {allowed}"),
            )
        };
        let time = || {
            Timestamp::parse(&value)
                .map_err(|_| refuse("an RFC 3339 time, like 2026-04-30T08:00:00Z"))
        };
        match name.as_str() {
            "limit" => {
                let limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=MAX_LIMIT).contains(limit));
                filter.limit = limit.ok_or_else(|| refuse("an integer from 1 to 100"))?;
            }
            "cursor" => {
                let after = value
                    .parse()
                    .map_err(|_| refuse("the next_cursor of the page before"))?;
                filter.after = Some(after);
            }
            "status" => {
                let allowed = "queued, running, succeeded, failed or canceled";
                filter.status = Some(value.parse::<Status>().map_err(|_| refuse(allowed))?);
            }
            "created_from" => filter.created_from = Some(time()?),
            "created_before" => filter.created_before = Some(time()?),
            _ => {}
        }
    }
    Ok(filter)
}

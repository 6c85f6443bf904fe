//! `GET /api/v1/credits`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::BalanceBody;
use crate::authorization;
use crate::error::{ApiError, ErrorBody};
use crate::state::ApiState;

/// What the key's owner may spend in the key's mode.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreditBalanceBody {
    /// Always `credit_balance`.
    #[schema(example = "credit_balance")]
    object: &'static str,
    #[serde(flatten)]
    balance: BalanceBody,
}

/// Tells what the key's owner may spend: live keys see live credits, test keys test credits.
#[utoipa::path(get, path = "/api/v1/credits", tag = "credits",
    responses((status = 200, description = "Done.", body = CreditBalanceBody), (status = 401, description = "No valid key.", body = ErrorBody), (status = 503, description = "Not now; nothing was charged, or it was refunded.", body = ErrorBody)))]
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let caller = authorization::caller(&request, &state).await?;
    let balance = state.retrieve.balance(&caller).await?;
    Ok(HttpResponse::Ok().json(CreditBalanceBody {
        object: "credit_balance",
        balance: BalanceBody::from(&balance),
    }))
}

//! `Authorization: Bearer KEY`.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage as _, HttpRequest};
use gih_domain::api_key::Caller;

use crate::error::ApiError;
use crate::state::ApiState;

/// Who makes the request, whose account is an extension of the request from now on.
pub(crate) async fn caller(request: &HttpRequest, state: &ApiState) -> Result<Caller, ApiError> {
    let caller = state.authenticate.run(bearer_token(request)?).await?;
    request.extensions_mut().insert(caller.account);
    Ok(caller)
}

/// The token of the header; the scheme's case does not matter (RFC 9110 §11.1).
fn bearer_token(request: &HttpRequest) -> Result<&str, ApiError> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .ok_or_else(ApiError::missing_api_key)?;
    let text = header
        .to_str()
        .map_err(|_| ApiError::invalid_api_key())?
        .trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let token = token.trim();
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    match (text.is_empty(), is_bearer, token.is_empty()) {
        (true, ..) | (_, true, true) => Err(ApiError::missing_api_key()),
        (_, true, false) => Ok(token),
        (_, false, _) => Err(ApiError::invalid_api_key()),
    }
}

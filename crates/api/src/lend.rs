//! What this face lends pages for people, so that a form is read in one way and an error worded in one way.

use std::net::IpAddr;

use actix_web::{HttpRequest, web};
use gih_domain::generate::GenerateError;
use gih_domain::id::AccountId;
use gih_domain::request::Draft;

use crate::error::ApiError;
use crate::state::ApiState;
use crate::v1;

/// An error answer in its parts.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The contract's code.
    pub code: &'static str,
    /// In words.
    pub message: String,
    /// The field at fault.
    pub param: Option<String>,
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        error.into_refused()
    }
}

/// Reads a multipart body into a draft, as `POST /api/v1/images/generations` does: bounded in number, bytes and time, its
/// files on local disk. Fields that v1 does not know are ignored. A refusal comes with the texts that had arrived before,
/// for the form to be shown again.
pub async fn draft(
    request: &HttpRequest,
    payload: web::Payload,
    account: AccountId,
    state: &ApiState,
) -> Result<Draft, (Refused, Box<Draft>)> {
    let form = v1::generate::form(request, payload, account, state).await;
    form.map_err(|(error, typed)| (error.into(), typed))
}

/// How the API words this error.
pub fn refusal(error: GenerateError, state: &ApiState) -> Refused {
    ApiError::of_generate(error, &state.links).into()
}

/// Where a request comes from, proxies believed as the settings say.
pub fn client(request: &HttpRequest, state: &ApiState) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    Some(state.proxies.client(peer, request.headers()))
}

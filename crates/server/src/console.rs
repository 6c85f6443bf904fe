//! What the API's face lends the console: the one place where the two meet.

use std::net::IpAddr;

use actix_web::{HttpRequest, web};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use gih_api::ApiState;
use gih_api::lend::{self, Refused};
use gih_console::{Face, Refusal};
use gih_domain::generate::GenerateError;
use gih_domain::id::AccountId;
use gih_domain::request::Draft;

/// The API's face, for the console.
pub struct ApiFace(pub web::Data<ApiState>);

impl Face for ApiFace {
    fn draft<'a>(
        &'a self,
        request: &'a HttpRequest,
        payload: web::Payload,
        account: AccountId,
    ) -> LocalBoxFuture<'a, Result<Draft, (Refusal, Box<Draft>)>> {
        async move {
            let draft = lend::draft(request, payload, account, &self.0).await;
            draft.map_err(|(refused, typed)| (refusal(refused), typed))
        }
        .boxed_local()
    }

    fn refusal(&self, error: GenerateError) -> Refusal {
        refusal(lend::refusal(error, &self.0))
    }

    fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        lend::client(request, &self.0)
    }
}

fn refusal(refused: Refused) -> Refusal {
    Refusal {
        status: refused.status,
        code: refused.code,
        message: refused.message,
        param: refused.param,
    }
}

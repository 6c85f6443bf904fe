//! What the pages share.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::{HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use gih_domain::administer::Administer;
use gih_domain::generate::{Generate, GenerateError};
use gih_domain::id::AccountId;
use gih_domain::manage_keys::ManageKeys;
use gih_domain::ports::Clock;
use gih_domain::request::Draft;
use gih_domain::retrieve::Retrieve;
use gih_domain::sign_in::SignIn;
use gih_domain::statement::Statement;
use gih_domain::thumbnail::Thumbnails;

/// The use cases behind the pages; one for all threads.
pub struct ConsoleState {
    /// Who somebody is.
    pub sign_in: SignIn,
    /// Their API keys.
    pub keys: ManageKeys,
    /// Their credits.
    pub statement: Statement,
    /// Models and generations.
    pub retrieve: Retrieve,
    /// Generating, in the playground.
    pub generate: Generate,
    /// Images, small and whole.
    pub thumbnails: Thumbnails,
    /// What admins do.
    pub administer: Administer,
    /// Time, for what is shown of it.
    pub clock: Arc<dyn Clock>,
    /// What the API's face lends.
    pub face: Arc<dyn Face>,
    /// The contract as OpenAPI, for the explorer.
    pub openapi: serde_json::Value,
    /// The base of links, without a slash at its end.
    pub public_url: String,
    /// The base of image addresses, without a slash at its end.
    pub media_url: String,
}

/// Why a request of the playground was refused, as the API says it.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The contract's code.
    pub code: &'static str,
    /// In words.
    pub message: String,
    /// The field at fault.
    pub param: Option<String>,
}

/// What the API's face lends the console, so that there is one way to read a form into a draft and one wording of
/// errors. The binary, where all faces meet, implements it.
pub trait Face: Send + Sync {
    /// Reads a multipart body into a draft: files go to the spool as they arrive. A refusal comes with the texts that had
    /// arrived before, for the form to be shown again.
    fn draft<'a>(
        &'a self,
        request: &'a HttpRequest,
        payload: web::Payload,
        account: AccountId,
    ) -> LocalBoxFuture<'a, Result<Draft, (Refusal, Box<Draft>)>>;

    /// How the API words this error.
    fn refusal(&self, error: GenerateError) -> Refusal;

    /// Where the request comes from, proxies believed as the settings say.
    fn client(&self, request: &HttpRequest) -> Option<IpAddr>;
}

impl ConsoleState {
    /// Whether browsers reach the hub by HTTPS, so that cookies can be bound to it.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

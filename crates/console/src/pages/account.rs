//! The account itself: what it is, and its password.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::account::{Account, Password};
use gih_domain::sign_in::ChangePasswordError;

use super::sign_in::{busy, html_after, too_many};
use super::{html, see_other};
use crate::error::PageError;
use crate::form::Fields;
use crate::format::day;
use crate::session::{self, Newcomer};
use crate::shell::{Section, Shell};
use crate::state::ConsoleState;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    shell: Shell,
    email: String,
    id: String,
    account_type: &'static str,
    since: String,
    wrong_current: Option<String>,
    wrong_new: Option<String>,
    min_chars: usize,
}

impl AccountPage {
    fn new(account: &Account) -> Self {
        Self {
            shell: Shell::of("Account", Section::Account, account),
            email: account.email.to_string(),
            id: account.id.to_string(),
            account_type: account.account_type.as_str(),
            since: day(account.created_at),
            wrong_current: None,
            wrong_new: None,
            min_chars: Password::MIN_CHARS,
        }
    }
}

/// `GET /account`.
pub(crate) async fn show(
    request: HttpRequest,
    signed_in: Newcomer,
) -> Result<HttpResponse, PageError> {
    let mut page = AccountPage::new(&signed_in.0);
    if Fields::of_query(request.query_string()).get("done") == Some("password") {
        let notice = "Your password is changed. Other browsers that were signed in are signed out.";
        page.shell = page.shell.with_notice(Some(notice));
    }
    html(&page)
}

/// `POST /account`: another password.
pub(crate) async fn change_password(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<ConsoleState>,
    signed_in: Newcomer,
) -> Result<HttpResponse, PageError> {
    let account = signed_in.0;
    let fields = Fields::read(payload).await?;
    let mut page = AccountPage::new(&account);
    let changed = state
        .sign_in
        .change_password(
            &account,
            fields.text("current"),
            fields.text("new"),
            state.face.client(&request),
        )
        .await;
    let mut retry_after = None;
    let status = match changed {
        Ok(begun) => {
            let mut response = see_other("/account?done=password");
            session::begin(&mut response, &state, &begun);
            return Ok(response.finish());
        }
        Err(ChangePasswordError::WrongCurrent) => {
            page.wrong_current = Some("This is not your current password.".to_owned());
            StatusCode::BAD_REQUEST
        }
        Err(ChangePasswordError::InvalidPassword(error)) => {
            page.wrong_new = Some(format!("{error}."));
            StatusCode::BAD_REQUEST
        }
        Err(ChangePasswordError::Unchanged) => {
            page.wrong_new = Some("This is the password you have. Choose another.".to_owned());
            StatusCode::BAD_REQUEST
        }
        Err(ChangePasswordError::Throttled(wait)) => {
            retry_after = Some(wait.0);
            page.wrong_current = Some(too_many(wait.0));
            StatusCode::TOO_MANY_REQUESTS
        }
        Err(ChangePasswordError::Busy(_)) => return Err(busy()),
        Err(ChangePasswordError::Database(error)) => return Err(error.into()),
    };
    html_after(status, retry_after, &page)
}

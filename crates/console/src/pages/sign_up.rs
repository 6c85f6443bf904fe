//! Making an account.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::account::Password;
use gih_domain::sign_in::{Attempt, SignUpError};

use super::sign_in::{busy, html_after, too_many};
use super::{html, see_other};
use crate::error::PageError;
use crate::form::Fields;
use crate::session::{self, Visitor, safe_next};
use crate::shell::{Section, Shell};
use crate::state::ConsoleState;

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    shell: Shell,
    is_open: bool,
    next: String,
    email: String,
    wrong_email: Option<String>,
    wrong_password: Option<String>,
    wrong: Option<String>,
    min_chars: usize,
}

impl SignUpPage {
    fn new(state: &ConsoleState, next: &str) -> Self {
        Self {
            shell: Shell::for_strangers("Sign up", Section::Elsewhere),
            is_open: state.sign_in.is_sign_up_open,
            next: next.to_owned(),
            email: String::new(),
            wrong_email: None,
            wrong_password: None,
            wrong: None,
            min_chars: Password::MIN_CHARS,
        }
    }
}

/// Where a new account begins, unless it was on its way somewhere: at the quickstart's first step.
const BEGINNING: &str = "/keys";

/// `GET /sign-up`.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    visitor: Visitor,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    if visitor.0.is_some() {
        return Ok(see_other(BEGINNING).finish());
    }
    html(&SignUpPage::new(&state, fields.text("next")))
}

/// `POST /sign-up`.
pub(crate) async fn submit(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<ConsoleState>,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::read(payload).await?;
    let session = session::token(&request, &state);
    let attempt = Attempt {
        email: fields.text("email"),
        password: fields.text("password"),
        address: state.face.client(&request),
        device: None,
        session: session.as_deref(),
    };
    let mut page = SignUpPage {
        email: fields.text("email").to_owned(),
        ..SignUpPage::new(&state, fields.text("next"))
    };
    let mut retry_after = None;
    let status = match state.sign_in.sign_up(attempt).await {
        Ok(begun) => {
            let next = fields
                .get("next")
                .map_or(BEGINNING, |next| safe_next(Some(next)));
            let mut response = see_other(next);
            session::begin(&mut response, &state, &begun);
            return Ok(response.finish());
        }
        Err(SignUpError::InvalidEmail(error)) => {
            page.wrong_email = Some(format!("{error}."));
            StatusCode::BAD_REQUEST
        }
        Err(SignUpError::EmailTaken) => {
            page.wrong_email =
                Some("There is an account with this email already. Sign in instead.".to_owned());
            StatusCode::CONFLICT
        }
        Err(SignUpError::InvalidPassword(error)) => {
            page.wrong_password = Some(format!("{error}."));
            StatusCode::BAD_REQUEST
        }
        Err(SignUpError::Throttled(wait)) => {
            retry_after = Some(wait.0);
            page.wrong = Some(too_many(wait.0));
            StatusCode::TOO_MANY_REQUESTS
        }
        Err(SignUpError::Closed) => StatusCode::FORBIDDEN,
        Err(SignUpError::Busy(_)) => return Err(busy()),
        Err(SignUpError::Database(error)) => return Err(error.into()),
    };
    html_after(status, retry_after, &page)
}

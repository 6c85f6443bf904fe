//! Signing in and out.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::sign_in::{Attempt, SignInError};

use super::{html, html_as, see_other};
use crate::error::PageError;
use crate::form::{Fields, query};
use crate::session::{self, Visitor, safe_next};
use crate::shell::{Section, Shell};
use crate::state::ConsoleState;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    /// Where to go on; empty for the usual place.
    next: String,
    email: String,
    wrong: Option<String>,
    /// The address of the sign-up page, when strangers may make accounts.
    sign_up_url: Option<String>,
}

impl SignInPage {
    fn new(state: &ConsoleState, next: &str) -> Self {
        let sign_up_url = if next.is_empty() {
            "/sign-up".to_owned()
        } else {
            format!("/sign-up?{}", query(&[("next", next)]))
        };
        Self {
            shell: Shell::for_strangers("Sign in", Section::Elsewhere),
            next: next.to_owned(),
            email: String::new(),
            wrong: None,
            sign_up_url: state.sign_in.is_sign_up_open.then_some(sign_up_url),
        }
    }
}

/// `GET /sign-in`.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    visitor: Visitor,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    if visitor.0.is_some() {
        return Ok(see_other(safe_next(fields.get("next"))).finish());
    }
    html(&SignInPage::new(&state, fields.text("next")))
}

/// `POST /sign-in`.
pub(crate) async fn submit(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<ConsoleState>,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::read(payload).await?;
    let (session, device) = (
        session::token(&request, &state),
        session::device(&request, &state),
    );
    let attempt = Attempt {
        email: fields.text("email"),
        password: fields.text("password"),
        address: state.face.client(&request),
        device: device.as_deref(),
        session: session.as_deref(),
    };
    let mut retry_after = None;
    let (status, wrong) = match state.sign_in.sign_in(attempt).await {
        Ok(begun) => {
            let mut response = see_other(safe_next(fields.get("next")));
            session::begin(&mut response, &state, &begun);
            return Ok(response.finish());
        }
        Err(SignInError::Wrong) => (
            StatusCode::UNAUTHORIZED,
            "Email and password do not match an account.".to_owned(),
        ),
        Err(SignInError::Blocked) => (
            StatusCode::FORBIDDEN,
            "This account is blocked. Ask whoever runs this hub.".to_owned(),
        ),
        Err(SignInError::Throttled(wait)) => {
            retry_after = Some(wait.0);
            (StatusCode::TOO_MANY_REQUESTS, too_many(wait.0))
        }
        Err(SignInError::Busy(_)) => return Err(busy()),
        Err(SignInError::Database(error)) => return Err(error.into()),
    };
    let page = SignInPage {
        email: fields.text("email").to_owned(),
        wrong: Some(wrong),
        ..SignInPage::new(&state, fields.text("next"))
    };
    html_after(status, retry_after, &page)
}

/// What is said to somebody who tries too often.
pub(crate) fn too_many(wait: Duration) -> String {
    format!(
        "Too many tries. Wait {} seconds and try again.",
        seconds(wait)
    )
}

/// Whole seconds after which the wait is over.
fn seconds(wait: Duration) -> u64 {
    let whole = wait.as_millis().div_ceil(1000).max(1);
    u64::try_from(whole).unwrap_or(u64::MAX)
}

/// A page as an answer with this status, and for programs when to come again.
pub(crate) fn html_after(
    status: StatusCode,
    wait: Option<Duration>,
    page: &impl Template,
) -> Result<HttpResponse, PageError> {
    let mut response = html_as(status, page)?;
    if let Some(wait) = wait {
        let seconds = HeaderValue::from(seconds(wait));
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    Ok(response)
}

/// Too many people sign in at this moment.
pub(crate) fn busy() -> PageError {
    PageError::Busy("Too many people are signing in at this moment.".to_owned())
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
) -> Result<HttpResponse, PageError> {
    if let Some(token) = session::token(&request, &state) {
        state.sign_in.sign_out(&token).await?;
    }
    let mut response = see_other("/sign-in");
    session::end(&mut response, &state);
    Ok(response.finish())
}

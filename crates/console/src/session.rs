//! Who is signed in: cookies in and out.

use std::future::Future;
use std::pin::Pin;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponseBuilder, web};
use gih_domain::account::Account;
use gih_domain::mode::Mode;
use gih_domain::session::{DEVICE_LIFE, SESSION_LIFE};
use gih_domain::sign_in::SignedIn as Begun;

use crate::error::PageError;
use crate::shell::Viewer;
use crate::state::ConsoleState;

/// The names of the cookies. By HTTPS they have the prefix that binds a cookie to this very host (RFC 6265bis,
/// 4.1.3.2); plain HTTP, on one's own machine, cannot have it.
#[derive(Clone, Copy)]
enum Kind {
    Session,
    Device,
}

impl Kind {
    const fn name(self, is_https: bool) -> &'static str {
        match (self, is_https) {
            (Self::Session, true) => "__Host-gih_session",
            (Self::Session, false) => "gih_session",
            (Self::Device, true) => "__Host-gih_device",
            (Self::Device, false) => "gih_device",
        }
    }
}

fn read(request: &HttpRequest, state: &ConsoleState, kind: Kind) -> Option<String> {
    let cookie = request.cookie(kind.name(state.is_https()))?;
    Some(cookie.value().to_owned())
}

/// The session that the browser brings, valid or not.
pub(crate) fn token(request: &HttpRequest, state: &ConsoleState) -> Option<String> {
    read(request, state, Kind::Session)
}

/// The device that the browser says it is.
pub(crate) fn device(request: &HttpRequest, state: &ConsoleState) -> Option<String> {
    read(request, state, Kind::Device)
}

fn cookie(
    state: &ConsoleState,
    kind: Kind,
    value: String,
    life: std::time::Duration,
) -> Cookie<'static> {
    let is_https = state.is_https();
    let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
    Cookie::build(kind.name(is_https), value)
        .path("/")
        .http_only(true)
        .secure(is_https)
        // Links from elsewhere find somebody signed in; posts from elsewhere are refused by `protect`.
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(seconds))
        .finish()
}

/// Gives the browser the session that has begun.
pub(crate) fn begin(response: &mut HttpResponseBuilder, state: &ConsoleState, begun: &Begun) {
    let session = begun.session.reveal().to_owned();
    response.cookie(cookie(state, Kind::Session, session, SESSION_LIFE));
    let device = begun.device.reveal().to_owned();
    response.cookie(cookie(state, Kind::Device, device, DEVICE_LIFE));
}

/// Takes the session away from the browser. It stays a known device.
pub(crate) fn end(response: &mut HttpResponseBuilder, state: &ConsoleState) {
    let gone = cookie(
        state,
        Kind::Session,
        String::new(),
        std::time::Duration::ZERO,
    );
    response.cookie(gone);
}

/// Whoever is signed in; without anybody the answer is the way to the sign-in page. Who has a one-time password still is sent
/// to choose another: whoever else has read it must not go on using it.
pub(crate) struct SignedIn(pub Account);

/// Whoever is signed in, with whatever password.
pub(crate) struct Newcomer(pub Account);

/// Whoever is signed in, if anybody.
pub(crate) struct Visitor(pub Option<Account>);

/// An admin who is signed in.
pub(crate) struct Admin(pub Account);

/// Whoever is signed in, if anybody.
pub(crate) async fn account(request: &HttpRequest) -> Result<Option<Account>, PageError> {
    let state = request
        .app_data::<web::Data<ConsoleState>>()
        .ok_or(PageError::Internal)?;
    let Some(token) = token(request, state) else {
        return Ok(None);
    };
    let account = state.sign_in.account(&token).await?;
    if let Some(account) = &account {
        // For the frame of what may go wrong from here on.
        request.extensions_mut().insert(Viewer::from(account));
        // For the bound on what waits for slow readers of one account.
        request.extensions_mut().insert(account.id);
    }
    Ok(account)
}

async fn signed_in(request: &HttpRequest) -> Result<Account, PageError> {
    let next = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    // Only pages can be come back to.
    let next = if request.method().is_safe() {
        next
    } else {
        "/"
    };
    account(request)
        .await?
        .ok_or_else(|| PageError::SignInFirst(next.to_owned()))
}

/// The same, with a password of their own.
async fn settled(request: &HttpRequest) -> Result<Account, PageError> {
    let account = signed_in(request).await?;
    if account.password_is_temporary {
        return Err(PageError::ChoosePassword);
    }
    Ok(account)
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, PageError>>>>;

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(settled(&request).await?)) })
    }
}

impl FromRequest for Newcomer {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(signed_in(&request).await?)) })
    }
}

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(account(&request).await?)) })
    }
}

impl FromRequest for Admin {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let account = settled(&request).await?;
            if account.is_admin {
                Ok(Self(account))
            } else {
                Err(PageError::ForAdmins)
            }
        })
    }
}

/// The sign-in page that leads on to `next`.
pub(crate) fn sign_in_url(next: &str) -> String {
    if next == "/" {
        return "/sign-in".to_owned();
    }
    format!("/sign-in?{}", crate::form::query(&[("next", next)]))
}

/// Where to go after signing in: a path of the hub's own, whatever came.
pub(crate) fn safe_next(next: Option<&str>) -> &str {
    match next {
        // `//host` and `/\host` are other hosts to a browser.
        Some(path)
            if path.starts_with('/')
                && !path.starts_with("//")
                && !path.contains('\\')
                && !path.chars().any(char::is_control) =>
        {
            path
        }
        _ => "/generations",
    }
}

/// The mode that a page is looked at in: what the address says, else what the browser was last at, else test, where a
/// new account has something to spend.
pub(crate) fn mode(request: &HttpRequest, asked: Option<&str>) -> Mode {
    let last = request.cookie(MODE_COOKIE);
    asked
        .or(last.as_ref().map(Cookie::value))
        .and_then(|mode| mode.parse().ok())
        .unwrap_or(Mode::Test)
}

const MODE_COOKIE: &str = "gih_mode";

/// Remembers the mode until the browser is closed. It is no secret and decides no right.
pub(crate) fn remember_mode(response: &mut HttpResponseBuilder, mode: Mode) {
    let cookie = Cookie::build(MODE_COOKIE, mode.as_str())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish();
    response.cookie(cookie);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(safe_next(Some("/keys?mode=live")), "/keys?mode=live");
        for other in [
            "https://evil.example.com",
            "//evil.example.com",
            "/\\evil.example.com",
            "javascript:alert(1)",
            "",
            "/a\r\nSet-Cookie: x=y",
        ] {
            assert_eq!(safe_next(Some(other)), "/generations", "{other}");
        }
        assert_eq!(safe_next(None), "/generations");
    }

    #[test]
    fn the_way_back_is_written_into_the_address() {
        assert_eq!(
            sign_in_url("/credits?mode=live&x=1"),
            "/sign-in?next=%2Fcredits%3Fmode%3Dlive%26x%3D1"
        );
        assert_eq!(sign_in_url("/"), "/sign-in");
    }
}

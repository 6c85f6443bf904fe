//! Why there is no page, as a page.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use gih_domain::ports::{DatabaseError, StoreError};

use crate::shell::{Section, Shell, Viewer};

/// How soon to come back when something is away, in seconds.
const RETRY_AFTER_SECONDS: u32 = 5;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// Nobody is signed in; where to go on afterwards.
    #[error("sign in first")]
    SignInFirst(String),
    /// The password is one that the hub made up: another one comes first.
    #[error("choose a password of your own first")]
    ChoosePassword,
    /// Nothing is there, or it is somebody else's.
    #[error("there is nothing here")]
    NotFound,
    /// The address takes other methods.
    #[error("this address takes {0} alone")]
    MethodNotAllowed(&'static str),
    /// For admins alone.
    #[error("this page is for admins")]
    ForAdmins,
    /// The request was made by another site.
    #[error("the request came from another site")]
    CrossSite,
    /// Something that came is wrong, in a sentence.
    #[error("{0}")]
    Invalid(String),
    /// A form that did not come in time.
    #[error("the form did not come within 30 seconds")]
    Slow,
    /// It has been done already, in a sentence.
    #[error("{0}")]
    Done(String),
    /// Something is away; in a sentence. Nothing was changed.
    #[error("{0}")]
    Busy(String),
    /// What was asked for may have been done or not.
    #[error("the hub's database did not answer in time")]
    Unsure,
    /// Our own fault, which the log knows.
    #[error("something went wrong on our side")]
    Internal,
}

impl PageError {
    /// Our own fault: the log gets the reason, the page does not.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a page could not be made");
        Self::Internal
    }

    fn hint(&self) -> String {
        match self {
            Self::SignInFirst(_) => "You will come back here afterwards.".to_owned(),
            Self::ChoosePassword => "A one-time password is good for that alone.".to_owned(),
            Self::NotFound => "It may have been there once, or it belongs to another account.".to_owned(),
            Self::MethodNotAllowed(_) => "Follow a link or use a form of the hub's pages.".to_owned(),
            Self::ForAdmins => "Sign in with an account that may administer the hub.".to_owned(),
            Self::CrossSite => {
                "Forms are accepted from the hub's own pages alone. Open the page here and try again.".to_owned()
            }
            Self::Invalid(_) => "Go back, mend it, and send it again.".to_owned(),
            Self::Slow => "Nothing was changed. Send it again.".to_owned(),
            Self::Done(_) => "Look at how it is now, and go on from there.".to_owned(),
            Self::Unsure => "It may have been done all the same: look before you try again.".to_owned(),
            Self::Busy(_) => "Nothing was changed. Try again in a moment.".to_owned(),
            Self::Internal => "It was written to the log. Try again, and tell whoever runs this hub if it stays.".to_owned(),
        }
    }
}

impl From<DatabaseError> for PageError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(cause) => {
                tracing::warn!(%cause, "the database is unavailable");
                Self::Busy("The hub cannot reach its database right now.".to_owned())
            }
            DatabaseError::OutcomeUnknown(_) => Self::Unsure,
            DatabaseError::NotAdmin => Self::ForAdmins,
            DatabaseError::Unexpected(_) => Self::internal(&error),
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Unavailable(cause) => {
                tracing::warn!(%cause, "the image store is unavailable");
                Self::Busy("The hub cannot reach its image store right now.".to_owned())
            }
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    shell: Shell,
    status: u16,
    message: String,
    hint: String,
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignInFirst(_) | Self::ChoosePassword => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::ForAdmins | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Done(_) => StatusCode::CONFLICT,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unsure | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        self.page(None)
    }
}

impl PageError {
    /// The page for whoever looks at it: strangers are offered to sign in, others are in the frame they know.
    pub fn page(&self, viewer: Option<Viewer>) -> HttpResponse {
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        response.insert_header((CACHE_CONTROL, "no-store"));
        match self {
            Self::SignInFirst(next) => {
                response.insert_header((LOCATION, crate::session::sign_in_url(next)));
            }
            Self::ChoosePassword => {
                response.insert_header((LOCATION, "/account"));
            }
            Self::MethodNotAllowed(allowed) => {
                response.insert_header((ALLOW, *allowed));
            }
            // The rest of it is not waited for.
            Self::Slow => {
                response.force_close();
            }
            Self::Busy(_) => {
                response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
            }
            _ => {}
        }
        let message = self.to_string();
        let mut chars = message.chars();
        let message = chars.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(chars).collect()
        });
        let page = ErrorPage {
            shell: Shell {
                viewer,
                ..Shell::for_strangers(message.clone(), Section::Elsewhere)
            },
            status: status.as_u16(),
            hint: self.hint(),
            message,
        };
        match page.render() {
            Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
            Err(_) => response.body(page.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::account;
    use actix_web::body::to_bytes;
    use futures_util::FutureExt as _;

    fn told(error: &PageError, viewer: Option<Viewer>) -> (u16, bool, String) {
        let page = error.page(viewer);
        let (status, is_retried) = (
            page.status().as_u16(),
            page.headers().contains_key(RETRY_AFTER),
        );
        let body = to_bytes(page.into_body()).now_or_never().unwrap().unwrap();
        (
            status,
            is_retried,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    #[test]
    fn what_may_have_been_done_is_not_called_undone() {
        let away = PageError::from(DatabaseError::Unavailable("refused".to_owned()));
        let (status, is_retried, body) = told(&away, None);
        assert_eq!((status, is_retried), (503, true));
        assert!(body.contains("Nothing was changed"), "{body}");
        let lost = PageError::from(DatabaseError::OutcomeUnknown("no answer".to_owned()));
        let (status, is_retried, body) = told(&lost, None);
        assert_eq!((status, is_retried), (500, false));
        assert!(!body.contains("Nothing was changed"), "{body}");
        assert!(body.contains("look before you try again"), "{body}");
    }

    #[test]
    fn whoever_is_signed_in_is_told_in_their_own_frame() {
        let (_, _, body) = told(&PageError::NotFound, Some(Viewer::from(&account())));
        assert!(body.contains("Sign out") && body.contains(account().email.as_str()));
        let (_, _, body) = told(&PageError::NotFound, None);
        assert!(body.contains("Sign in") && !body.contains("Sign out"));
    }
}

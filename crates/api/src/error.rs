//! Errors as the contract has them: `{"error": {"message", "code"}}`, one row a kind.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONNECTION, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use gih_domain::request::InvalidRequest;
use serde::Serialize;
use utoipa::ToSchema;

mod mapping;

use crate::lend::Refused;

pub(crate) use mapping::of_reference;

/// How long a caller is asked to wait when the hub cannot take its request now, in seconds.
const RETRY_AFTER_SECONDS: u32 = 5;

/// An error answer.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    param: Option<String>,
    generation: Option<Box<Pointer>>,
    retry_after_seconds: Option<u32>,
    should_not_retry: bool,
    allow: Option<&'static str>,
    closes: bool,
}

/// The generation that an error is about.
#[derive(Debug)]
struct Pointer {
    generation_id: String,
    poll_url: String,
}

/// The body of every error.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
struct ErrorDetail {
    /// For people.
    message: String,
    /// For programs: one of the contract's codes.
    #[schema(example = "invalid_request")]
    code: &'static str,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
    /// The generation that was accepted before this went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_id: Option<String>,
    /// Where it can be looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_url: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            param: None,
            generation: None,
            retry_after_seconds: None,
            should_not_retry: false,
            allow: None,
            closes: false,
        }
    }

    /// 400: the body or a parameter is wrong, as a whole.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// 400: this field is wrong.
    pub(crate) fn invalid_param(param: impl Into<String>, message: impl Into<String>) -> Self {
        // Names come from callers as well, of any length.
        const SHOWN_CHARS: usize = 60;
        let mut param = param.into();
        if let Some((end, _)) = param.char_indices().nth(SHOWN_CHARS) {
            param.truncate(end);
        }
        Self {
            param: Some(param),
            ..Self::invalid(message)
        }
    }

    /// 400: the body stopped coming. The connection is of no further use.
    pub(crate) fn stalled(message: impl Into<String>) -> Self {
        Self {
            closes: true,
            ..Self::invalid(message)
        }
    }

    /// 401: no key was shown.
    pub(crate) fn missing_api_key() -> Self {
        let message =
            "No API key was sent. Send it as Authorization: Bearer gih_live_… (or gih_test_…).";
        Self::new(StatusCode::UNAUTHORIZED, "missingApiKey", message)
    }

    /// 401: what was shown is no valid key.
    pub(crate) fn invalid_api_key() -> Self {
        let message = "The API key is not valid: it is malformed, unknown or revoked. \
                       A key is gih_live_ or gih_test_ and 32 letters and digits, sent as Authorization: Bearer KEY.";
        Self::new(StatusCode::UNAUTHORIZED, "invalidApiKey", message)
    }

    /// 404.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", message)
    }

    /// 405, with what is allowed.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let message = format!("This method is not allowed here; allowed: {allow}.");
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed", message);
        Self {
            allow: Some(allow),
            ..error
        }
    }

    /// 413.
    pub(crate) fn payload_too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payloadTooLarge", message)
    }

    /// 415.
    pub(crate) fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupportedMediaType",
            message,
        )
    }

    /// 503: not now; nothing was charged.
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        let error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "serviceUnavailable",
            message,
        );
        Self {
            retry_after_seconds: Some(RETRY_AFTER_SECONDS),
            ..error
        }
    }

    /// In its parts, for pages that say it in their own way.
    pub(crate) fn into_refused(self) -> Refused {
        Refused {
            status: self.status.as_u16(),
            code: self.code,
            message: self.message,
            param: self.param,
        }
    }

    /// Whether the connection is of no further use.
    pub(crate) const fn closes(&self) -> bool {
        self.closes
    }

    /// 500: our own fault. The cause is logged, and not told.
    pub(crate) fn internal(cause: &dyn fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        let message = "Something went wrong on our side. The request id helps us to find out what.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internalError", message)
    }
}

impl From<InvalidRequest> for ApiError {
    fn from(invalid: InvalidRequest) -> Self {
        Self::invalid_param(invalid.param, invalid.message)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.status.as_u16(),
            self.code,
            self.message
        )
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if self.should_not_retry {
            // What the official SDKs of the provider obey before they look at the status.
            response.insert_header(("x-should-retry", "false"));
        }
        if let Some(allow) = self.allow {
            response.insert_header((ALLOW, allow));
        }
        if self.closes {
            response.insert_header((CONNECTION, "close"));
            response.force_close();
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header(("WWW-Authenticate", "Bearer"));
        }
        let pointer = self.generation.as_deref();
        response.json(ErrorBody {
            error: ErrorDetail {
                message: self.message.clone(),
                code: self.code,
                param: self.param.clone(),
                generation_id: pointer.map(|pointer| pointer.generation_id.clone()),
                poll_url: pointer.map(|pointer| pointer.poll_url.clone()),
            },
        })
    }
}

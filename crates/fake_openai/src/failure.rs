use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

const INVALID_REQUEST: &str = "invalid_request_error";

/// An error answer: `{"error": {"message", "type", "param", "code"}}`. The constructors are the failures that the real
/// service was seen to give, with their status, type and code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
    headers: Vec<(&'static str, String)>,
}

impl Failure {
    /// Any failure.
    pub fn new(
        status: u16,
        kind: &'static str,
        code: impl Into<Option<&'static str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            code: code.into(),
            param: None,
            message: message.into(),
            headers: Vec::new(),
        }
    }

    /// 400: a field is at fault.
    pub fn invalid(param: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            param: Some(param.to_owned()),
            ..Self::new(400, INVALID_REQUEST, code, message)
        }
    }

    /// 400: the prompt or an image was refused, in today's shape.
    pub fn moderation_blocked() -> Self {
        Self::new(
            400,
            "image_generation_user_error",
            "moderation_blocked",
            "Your request was rejected by the safety system. safety_violations=[violence].",
        )
    }

    /// 400: the prompt was refused, in the older shape.
    pub fn content_policy_violation() -> Self {
        Self::new(
            400,
            INVALID_REQUEST,
            "content_policy_violation",
            "Your request was rejected as a result of our safety system.",
        )
    }

    /// 400: refused content that only the type and the words tell.
    pub fn unsafe_without_code() -> Self {
        Self::new(
            400,
            "image_generation_user_error",
            None,
            "The image was rejected by the Safety system.",
        )
    }

    /// 400: the user's fault, but not for its content.
    pub fn user_error() -> Self {
        Self::new(
            400,
            "image_generation_user_error",
            None,
            "The reference image could not be read.",
        )
    }

    /// 401: the key.
    pub fn invalid_api_key() -> Self {
        Self::new(
            401,
            INVALID_REQUEST,
            "invalid_api_key",
            "Incorrect API key provided. You can find your API key in your account.",
        )
    }

    /// 403: the organization lacks the verification that the model asks for.
    pub fn organization_not_verified(model: &str) -> Self {
        let message = format!("Your organization must be verified to use the model `{model}`.");
        Self::new(403, INVALID_REQUEST, None, message)
    }

    /// 404: no such model, or not for this account.
    pub fn model_not_found(model: &str) -> Self {
        Self {
            param: Some("model".to_owned()),
            ..Self::new(
                404,
                INVALID_REQUEST,
                "model_not_found",
                format!("The model `{model}` does not exist or you do not have access to it."),
            )
        }
    }

    /// 429: too many images in a minute. The wait is in the message; add a header to say it there too.
    pub fn rate_limited() -> Self {
        Self::new(
            429,
            "rate_limit_error",
            "rate_limit_exceeded",
            "Rate limit reached for gpt-image-2 on input-images per min (IPM): Limit 5. Please try again in 12s.",
        )
    }

    /// 429: more requests than the service can start at once.
    pub fn slow_down() -> Self {
        Self::new(429, "rate_limit_error", "slow_down", "Please slow down.")
    }

    /// 429: the account has no quota left.
    pub fn insufficient_quota() -> Self {
        Self::new(
            429,
            "insufficient_quota",
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
        )
    }

    /// 429: the account has no balance left.
    pub fn credit_balance_exhausted() -> Self {
        Self::new(
            429,
            INVALID_REQUEST,
            "credit_balance_exhausted",
            "Your credit balance is exhausted.",
        )
    }

    /// 400 or 429 (both were seen): the account's own spending limit.
    pub fn billing_hard_limit(status: u16) -> Self {
        Self::new(
            status,
            "billing_limit_user_error",
            "billing_hard_limit_reached",
            "Billing hard limit has been reached.",
        )
    }

    /// 500.
    pub fn server_error() -> Self {
        Self::new(
            500,
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!",
        )
    }

    /// 503.
    pub fn overloaded() -> Self {
        Self::new(
            503,
            "server_error",
            "server_is_overloaded",
            "The server is overloaded.",
        )
    }

    /// The same with a header more.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with another message.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..self
        }
    }

    pub(crate) fn answer(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        for (name, value) in &self.headers {
            response.insert_header((*name, value.as_str()));
        }
        response.json(json!({"error": {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }}))
    }
}

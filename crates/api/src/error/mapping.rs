//! The one place where use-case errors become statuses and codes.

use actix_web::http::StatusCode;
use gih_domain::authenticate::AuthenticateError;
use gih_domain::generate::GenerateError;
use gih_domain::generation::{Failure, FailureCode, Generation};
use gih_domain::id::GenerationId;
use gih_domain::ports::{DatabaseError, QueueFull, SpoolError, StoreError};

use super::{ApiError, Pointer, RETRY_AFTER_SECONDS};
use crate::links::Links;

impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(cause) => {
                tracing::warn!(%cause, "the database is unavailable");
                Self::busy("The service cannot reach its database; try again shortly.")
            }
            DatabaseError::OutcomeUnknown(_)
            | DatabaseError::NotAdmin
            | DatabaseError::Unexpected(_) => Self::internal(&error),
        }
    }
}

impl From<AuthenticateError> for ApiError {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Invalid => Self::invalid_api_key(),
            AuthenticateError::Expired => {
                let message = "The API key has expired; create a new one.";
                Self::new(StatusCode::UNAUTHORIZED, "expiredApiKey", message)
            }
            AuthenticateError::Database(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::not_found("There is no such image."),
            StoreError::Unavailable(cause) => {
                tracing::warn!(%cause, "the image store is unavailable");
                Self::busy("The service cannot reach its image store; try again shortly.")
            }
        }
    }
}

/// A reference image that could not be received; `nth` counts from 1.
pub(crate) fn of_reference(error: SpoolError, nth: usize) -> ApiError {
    let invalid = |what: &str| {
        let allowed = "PNG, JPEG and WebP images of at most 50 MB (52,428,800 bytes) are allowed";
        ApiError::invalid_param(
            "reference_image",
            format!("reference_image {nth} is {what}; {allowed}"),
        )
    };
    match error {
        SpoolError::NotAnImage => invalid("not a PNG, JPEG or WebP image"),
        SpoolError::Damaged(how) => invalid(&format!("damaged ({how})")),
        SpoolError::TooLarge(_) => invalid("too large"),
        SpoolError::Full => {
            ApiError::busy("Too much is being received at the moment; try again shortly.")
        }
        SpoolError::Disk(cause) => {
            tracing::error!(%cause, "the spool's disk failed");
            ApiError::busy("The service cannot receive files at the moment; try again shortly.")
        }
    }
}

impl ApiError {
    /// The answer to a request that made no generation, or none that can be seen.
    pub(crate) fn of_generate(error: GenerateError, links: &Links) -> Self {
        match error {
            GenerateError::Invalid(invalid) => invalid.into(),
            GenerateError::PriceChanged { shown, total } => {
                let message = format!(
                    "The price has changed: this costs {total} credits now, not {shown}. Nothing was charged."
                );
                Self::new(StatusCode::CONFLICT, "priceChanged", message)
            }
            GenerateError::IdempotencyMismatch => {
                let message = "This Idempotency-Key was used for another request; use a new key for a new request.";
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "idempotencyMismatch",
                    message,
                )
            }
            GenerateError::IdempotencyConflict(id) => {
                let message = "The first request under this Idempotency-Key is unfinished; poll it at poll_url.";
                Self::new(StatusCode::CONFLICT, "idempotencyConflict", message).about(id, links)
            }
            GenerateError::ProviderNotConfigured(provider) => Self::busy(format!(
                "No {provider} account is configured for live generations. Test keys (gih_test_…) work without one."
            )),
            GenerateError::ShuttingDown => {
                Self::busy("The service is shutting down; try again shortly.")
            }
            GenerateError::QueueFull(full) => Self::of_full_queue(full),
            GenerateError::RateLimited { most, wait } => {
                let message = format!(
                    "This account may make {most} generations a minute with keys of this mode; try again later."
                );
                // In whole seconds, and never too early.
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Self::rate_limited(message, u32::try_from(seconds).unwrap_or(u32::MAX))
            }
            GenerateError::InsufficientCredits(insufficient) => {
                let (required, available) = (insufficient.required, insufficient.available);
                let message =
                    format!("The request costs {required} credits and the balance is {available}.");
                Self::new(StatusCode::PAYMENT_REQUIRED, "insufficientCredits", message)
            }
            GenerateError::KeyRevoked => Self::invalid_api_key(),
            GenerateError::Store(StoreError::NotFound) => Self::internal(&error),
            GenerateError::Store(error) => error.into(),
            GenerateError::Database(error) => error.into(),
            GenerateError::EndUnknown(id) => {
                tracing::error!(generation = %id, "the end of a generation could not be seen");
                let message = "The generation was accepted, and its end cannot be seen from here; poll it at poll_url.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internalError", message)
                    .about(id, links)
                    .not_to_be_retried()
            }
            GenerateError::OutcomeUnknown(id, _) | GenerateError::Died(id) => {
                Self::internal(&error).about(id, links).not_to_be_retried()
            }
        }
    }

    fn of_full_queue(full: QueueFull) -> Self {
        match full {
            QueueFull::Hub(_) => Self::busy("The queue is full; try again shortly."),
            QueueFull::Account(queued) => {
                let message = format!(
                    "{queued} of your generations are queued; wait until some of them are done."
                );
                Self::rate_limited(message, RETRY_AFTER_SECONDS)
            }
        }
    }

    fn rate_limited(message: String, retry_after_seconds: u32) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "rateLimited", message);
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..error
        }
    }

    /// The answer to a generation that ended without images.
    pub(crate) fn of_failure(generation: &Generation, failure: &Failure, links: &Links) -> Self {
        let status = match failure.code {
            FailureCode::GenerationFailed => StatusCode::INTERNAL_SERVER_ERROR,
            FailureCode::ContentRejected => StatusCode::BAD_REQUEST,
            FailureCode::GenerationCanceled => StatusCode::CONFLICT,
            FailureCode::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let error = Self::new(status, failure.code.as_str(), failure.message.clone());
        let is_busy = failure.code == FailureCode::ServiceUnavailable;
        Self {
            retry_after_seconds: is_busy.then_some(RETRY_AFTER_SECONDS),
            ..error
        }
        .about(generation.id, links)
        .not_to_be_retried()
    }

    fn about(self, id: GenerationId, links: &Links) -> Self {
        let pointer = Pointer {
            generation_id: id.to_string(),
            poll_url: links.poll_url(id),
        };
        Self {
            generation: Some(Box::new(pointer)),
            ..self
        }
    }

    /// Money was committed: a client that repeats the request by itself would pay twice.
    fn not_to_be_retried(self) -> Self {
        Self {
            should_not_retry: true,
            ..self
        }
    }
}

//! Every way to fail, to the exact error, and never a second call.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use gih_domain::blob::ImageFormat;
use gih_domain::ports::{ImageProvider, Order, ProviderError, Spool};
use gih_fake_openai::{Behaviour, Failure, Outcome};
use gih_openai::{ApiKey, OpenAi};

use crate::support::{Bench, order, reference, settings};

/// What one call under a behaviour comes to; upstream must have seen exactly that call.
async fn error_of(order: Order, behaviour: Behaviour) -> ProviderError {
    let bench = Bench::new().await;
    bench.upstream.enqueue(behaviour);
    let error = bench.draw(order).await.unwrap_err();
    assert_eq!(bench.upstream.call_count(), 1);
    error
}

async fn error_under(failure: Failure) -> ProviderError {
    error_of(order(1), Behaviour::fail(failure)).await
}

fn not_accepted(message: &str, milliseconds: Option<u64>) -> ProviderError {
    ProviderError::NotAccepted {
        retry_after: milliseconds.map(Duration::from_millis),
        message: message.to_owned(),
    }
}

#[tokio::test]
async fn what_was_not_accepted_may_be_sent_again() {
    let limited = "status 429, rate_limit_exceeded: Rate limit reached for gpt-image-2 on input-images per min (IPM): \
        Limit 5. Please try again in 12s.";
    let slow = "status 429, slow_down: Please slow down.";
    let overloaded = "status 503, server_is_overloaded: The server is overloaded.";
    for (failure, expected) in [
        (Failure::rate_limited(), not_accepted(limited, Some(12_000))),
        (
            Failure::rate_limited().with_header("retry-after", "3"),
            not_accepted(limited, Some(3_000)),
        ),
        (
            Failure::rate_limited()
                .with_header("retry-after", "3")
                .with_header("retry-after-ms", "250"),
            not_accepted(limited, Some(250)),
        ),
        (Failure::slow_down(), not_accepted(slow, None)),
        (Failure::overloaded(), not_accepted(overloaded, None)),
        (
            Failure::overloaded().with_header("retry-after", "30"),
            not_accepted(overloaded, Some(30_000)),
        ),
    ] {
        assert_eq!(error_under(failure).await, expected);
    }
    let page = Behaviour::raw(503, "text/html", "<h1>Service\nUnavailable</h1>");
    assert_eq!(
        error_of(order(1), page).await,
        not_accepted("status 503: <h1>Service Unavailable</h1>", None)
    );
}

#[tokio::test]
async fn the_hubs_own_account_is_named_as_such() {
    for (failure, expected) in [
        (Failure::invalid_api_key(), "status 401, invalid_api_key: "),
        (
            Failure::organization_not_verified("gpt-image-2"),
            "status 403, invalid_request_error: Your organization must be verified",
        ),
        (
            Failure::model_not_found("gpt-image-9"),
            "status 404, model_not_found: ",
        ),
        (
            Failure::insufficient_quota().with_header("retry-after", "1"),
            "status 429, insufficient_quota: ",
        ),
        (
            Failure::credit_balance_exhausted(),
            "status 429, credit_balance_exhausted: ",
        ),
        (
            Failure::billing_hard_limit(429),
            "status 429, billing_hard_limit_reached: ",
        ),
        (
            Failure::billing_hard_limit(400),
            "status 400, billing_hard_limit_reached: ",
        ),
    ] {
        match error_under(failure).await {
            ProviderError::Account { message } => {
                assert!(message.starts_with(expected), "{message}");
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_refused_key_is_never_repeated() {
    let bench = Bench::with(|settings| settings.api_key = ApiKey::new("sk-wrong")).await;
    let echo = Failure::new(401, "t", "invalid_api_key", "Incorrect API key: sk-wrong.");
    let error = bench.draw(order(1)).await.unwrap_err();
    assert!(matches!(error, ProviderError::Account { .. }), "{error}");
    assert_eq!(bench.upstream.call_count(), 1);

    let bench = Bench::new().await;
    bench
        .upstream
        .enqueue(Behaviour::fail(echo.saying("Incorrect API key: sk-fake.")));
    let message = "status 401, invalid_api_key: Incorrect API key: [key].".to_owned();
    assert_eq!(
        bench.draw(order(1)).await.unwrap_err(),
        ProviderError::Account { message }
    );
}

#[tokio::test]
async fn refused_content_is_told_in_the_providers_words() {
    for (failure, message) in [
        (
            Failure::moderation_blocked(),
            "Your request was rejected by the safety system. safety_violations=[violence].",
        ),
        (
            Failure::content_policy_violation(),
            "Your request was rejected as a result of our safety system.",
        ),
        (
            Failure::unsafe_without_code(),
            "The image was rejected by the Safety system.",
        ),
    ] {
        let message = message.to_owned();
        assert_eq!(
            error_under(failure).await,
            ProviderError::Refused { message }
        );
    }
}

#[tokio::test]
async fn everything_else_fails_for_good() {
    // To where it would succeed, were it followed.
    let moved = Failure::new(307, "moved", None, "Elsewhere.")
        .with_header("location", "/v1/images/generations");
    for (behaviour, expected) in [
        (
            Behaviour::fail(Failure::server_error()),
            "status 500, server_error: The server had an error",
        ),
        (
            Behaviour::raw(502, "text/html", "<html>Bad Gateway</html>"),
            "status 502: <html>Bad Gateway</html>",
        ),
        (
            Behaviour::raw(504, "text/plain", ""),
            "status 504: no message",
        ),
        (
            Behaviour::fail(Failure::invalid("size", "invalid_value", "Invalid size.")),
            "status 400, invalid_value: Invalid size.",
        ),
        (
            Behaviour::fail(Failure::user_error()),
            "status 400, image_generation_user_error: The reference image could not be read.",
        ),
        (
            Behaviour::raw(413, "text/plain", "too large"),
            "status 413: too large",
        ),
        (Behaviour::fail(moved), "status 307, moved: Elsewhere."),
    ] {
        match error_of(order(1), behaviour).await {
            ProviderError::Failed { message } => {
                assert!(message.starts_with(expected), "{message}");
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn long_and_strange_errors_are_bounded() {
    let long = "ä".repeat(1 << 20);
    let ProviderError::Failed { message } =
        error_of(order(1), Behaviour::raw(500, "text/plain", long)).await
    else {
        panic!("not failed")
    };
    assert!(message.chars().count() < 600, "{}", message.len());
}

#[tokio::test]
async fn edits_fail_in_the_same_ways() {
    let mut order = order(1);
    order.references = vec![reference(ImageFormat::Webp, 500_000)];
    let error = error_of(order.clone(), Behaviour::fail(Failure::slow_down())).await;
    assert!(
        matches!(error, ProviderError::NotAccepted { .. }),
        "{error}"
    );
    let error = error_of(order, Behaviour::fail(Failure::moderation_blocked())).await;
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn no_connection_is_not_accepted() {
    let bench = Bench::new().await;
    // Closed again, so that nobody listens there; and one that is no name.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    // Speaks HTTP where TLS is expected.
    let plain = bench.upstream.base_url().replace("http:", "https:");
    for url in [
        format!("http://{free}/v1"),
        "http://gih.invalid/v1".to_owned(),
        plain,
    ] {
        let spool = Arc::clone(&bench.spool) as Arc<dyn Spool>;
        let openai = OpenAi::new(&settings(&url), spool).unwrap();
        match openai.generate(order(1)).await.err() {
            Some(ProviderError::NotAccepted {
                retry_after,
                message,
            }) => {
                assert_eq!(retry_after, None);
                assert!(!message.contains(&url), "{message}");
            }
            other => panic!("{url}: {other:?}"),
        }
    }
    assert_eq!(bench.upstream.call_count(), 0);
}

#[tokio::test]
async fn silence_ends_in_time_and_is_no_proof() {
    let bench = Bench::with(|settings| settings.timeout = Duration::from_secs(1)).await;
    bench.upstream.enqueue(Outcome::Hang.into());
    let message = "no whole answer in time".to_owned();
    assert_eq!(
        bench.draw(order(1)).await.unwrap_err(),
        ProviderError::Failed { message }
    );
    assert_eq!(bench.upstream.call_count(), 1);
}

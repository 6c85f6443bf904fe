//! What the provider can do to a generation: for each way, the exact answer, charge and refund, and how often it was
//! called. Each with one image and with four.

use gih_fake_openai::{Behaviour, Cut, Failure, Item};
use serde_json::json;

use crate::support::*;

/// What happens upstream, how often it is called, and the answer.
type Case = (&'static str, Vec<Behaviour>, usize, Expected);

#[derive(Clone, Copy)]
enum Expected {
    /// 500 `generationFailed` with this message.
    Failed(&'static str),
    /// 400 `contentRejected` with the provider's words.
    Rejected(&'static str),
    /// 200 with all images.
    Drawn,
}
use Expected::{Drawn, Failed, Rejected};

pub const FAILED: &str =
    "The image provider failed to generate the image; the credits were refunded.";
pub const OVERLOADED: &str =
    "The image provider is overloaded and did not accept the request; the credits were refunded.";
pub const ACCOUNT: &str =
    "The image provider refused the service's own account; the credits were refunded.";
pub const UNUSABLE: &str =
    "The image provider returned no usable image; the credits were refunded.";

/// The failure, to be retried at once.
fn soon(failure: Failure) -> Behaviour {
    Behaviour::fail(failure.with_header("retry-after-ms", "1"))
}

fn once(failure: Failure) -> Vec<Behaviour> {
    vec![Behaviour::fail(failure)]
}

fn four_times(behaviour: &Behaviour) -> Vec<Behaviour> {
    vec![behaviour.clone(); 4]
}

fn raw(status: u16, content_type: &'static str, body: &str) -> Vec<Behaviour> {
    vec![Behaviour::raw(status, content_type, body)]
}

fn failures() -> Vec<Case> {
    let refusal = "Your request was rejected by the safety system. safety_violations=[violence].";
    vec![
        // Provably not accepted: again, at most three times.
        (
            "503, four times",
            four_times(&soon(Failure::overloaded())),
            4,
            Failed(OVERLOADED),
        ),
        (
            "429, four times",
            four_times(&soon(Failure::rate_limited())),
            4,
            Failed(OVERLOADED),
        ),
        (
            "slow down, twice",
            vec![soon(Failure::slow_down()), soon(Failure::slow_down())],
            3,
            Drawn,
        ),
        (
            "503, 429, 503",
            vec![
                soon(Failure::overloaded()),
                soon(Failure::rate_limited()),
                soon(Failure::overloaded()),
            ],
            4,
            Drawn,
        ),
        (
            "429, then 500",
            vec![
                soon(Failure::rate_limited()),
                Behaviour::fail(Failure::server_error()),
            ],
            2,
            Failed(FAILED),
        ),
        // Maybe accepted: never again.
        ("500", once(Failure::server_error()), 1, Failed(FAILED)),
        (
            "502 of a proxy",
            raw(502, "text/html", "<h1>Bad Gateway</h1>"),
            1,
            Failed(FAILED),
        ),
        (
            "504 of a proxy",
            raw(504, "text/html", ""),
            1,
            Failed(FAILED),
        ),
        ("400", once(Failure::user_error()), 1, Failed(FAILED)),
        (
            "400 about a field",
            once(Failure::invalid("size", "invalid_value", "Invalid size.")),
            1,
            Failed(FAILED),
        ),
        // The hub's own account.
        ("401", once(Failure::invalid_api_key()), 1, Failed(ACCOUNT)),
        (
            "403",
            once(Failure::organization_not_verified("gpt-image-2")),
            1,
            Failed(ACCOUNT),
        ),
        (
            "404",
            once(Failure::model_not_found("gpt-image-2")),
            1,
            Failed(ACCOUNT),
        ),
        (
            "429 of quota",
            once(Failure::insufficient_quota()),
            1,
            Failed(ACCOUNT),
        ),
        (
            "429 of balance",
            once(Failure::credit_balance_exhausted()),
            1,
            Failed(ACCOUNT),
        ),
        (
            "429 of billing",
            once(Failure::billing_hard_limit(429)),
            1,
            Failed(ACCOUNT),
        ),
        (
            "400 of billing",
            once(Failure::billing_hard_limit(400)),
            1,
            Failed(ACCOUNT),
        ),
        // Content.
        (
            "moderation",
            once(Failure::moderation_blocked()),
            1,
            Rejected(refusal),
        ),
        (
            "policy",
            once(Failure::content_policy_violation()),
            1,
            Rejected("Your request was rejected as a result of our safety system."),
        ),
        (
            "no code",
            once(Failure::unsafe_without_code()),
            1,
            Rejected("The image was rejected by the Safety system."),
        ),
        // Nonsense.
        (
            "a page",
            raw(200, "text/html", "<html>welcome</html>"),
            1,
            Failed(FAILED),
        ),
        (
            "an empty body",
            raw(200, "application/json", ""),
            1,
            Failed(FAILED),
        ),
        (
            "no data",
            raw(200, "application/json", "{}"),
            1,
            Failed(FAILED),
        ),
        ("no images", vec![Behaviour::items([])], 1, Failed(FAILED)),
        ("a redirect", raw(302, "text/plain", ""), 1, Failed(FAILED)),
        (
            "bad base64",
            vec![Behaviour::items([Item::BadBase64])],
            1,
            Failed(UNUSABLE),
        ),
        (
            "half an image",
            vec![Behaviour::items([Item::Truncated])],
            1,
            Failed(UNUSABLE),
        ),
        (
            "no image",
            vec![Behaviour::items([Item::NoImage])],
            1,
            Failed(UNUSABLE),
        ),
        // Broken connections.
        (
            "reset",
            vec![Behaviour::succeed().cut(Cut::Reset, 0)],
            1,
            Failed(FAILED),
        ),
        (
            "end",
            vec![Behaviour::succeed().cut(Cut::BreakOff, 0)],
            1,
            Failed(FAILED),
        ),
        (
            "more images than asked",
            vec![Behaviour::items([Item::Good; 7])],
            1,
            Drawn,
        ),
        (
            "the body in small pieces",
            vec![Behaviour::succeed().in_pieces_of(7)],
            1,
            Drawn,
        ),
    ]
}

/// A generation that failed, as it was answered and as it is found: everything came back.
pub async fn failed(
    api: &Api,
    answer: &Answer,
    (status, code, message): (u16, &str, &str),
    price: i64,
) {
    let pointer = &answer.json()["error"];
    let id = pointer["generation_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer:?}"));
    let poll_url = format!("{}/api/v1/generations/{id}", api.url);
    let said = answer.error(
        status,
        code,
        json!({"generation_id": id, "poll_url": poll_url}),
    );
    assert_eq!(said, message);
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    let found = api.look(id).await;
    assert_eq!(found["status"], "failed");
    assert_eq!(found["error"], json!({"message": message, "code": code}));
    assert_eq!(
        found["usage"],
        json!({"credits": 0, "credits_requested": price})
    );
    assert_eq!(found["images"], json!([]));
}

#[tokio::test]
async fn every_failure_is_answered_refunded_and_counted() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 5_000).await;
        let mut balance = 5_000;
        for n in [1_u8, 4] {
            for (name, behaviours, calls, expected) in failures() {
                eprintln!("{name}, n = {n}");
                let before = upstream.call_count();
                for behaviour in behaviours {
                    upstream.enqueue(behaviour);
                }
                let answer = api
                    .draw(json!({"n": n, "quality": "2K", "aspect_ratio": "21:9"}))
                    .await;
                let price = 10 * i64::from(n);
                match expected {
                    Failed(message) => {
                        failed(&api, &answer, (500, "generationFailed", message), price).await;
                    }
                    Rejected(message) => {
                        failed(&api, &answer, (400, "contentRejected", message), price).await;
                    }
                    Drawn => {
                        let body = answer.ok(200);
                        balance -= price;
                        assert_eq!(
                            (&body["usage"]["credits"], &body["balance"]["credits"]),
                            (&json!(price), &json!(balance))
                        );
                        assert_eq!(body["images"].as_array().unwrap().len(), usize::from(n));
                    }
                }
                assert_eq!(upstream.call_count() - before, calls, "{name}");
                assert_eq!(api.credits().await, balance, "{name}");
            }
        }
        hub.audit();
        // What needs the operator is an error in the log; what does not is none.
        let log = hub.process.stderr();
        assert_eq!(
            log.lines().filter(|line| line.contains(" ERROR ")).count(),
            14,
            "seven kinds, twice each"
        );
    })
    .await;
}

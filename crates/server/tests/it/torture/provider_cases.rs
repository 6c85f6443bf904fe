//! What a provider can do above HTTP, and what must come of it.

use std::time::Duration;

use gih_fake_openai::{Behaviour, Cut, Failure, Item, Script};

use crate::provider::{ACCOUNT, FAILED, OVERLOADED, UNUSABLE};
use crate::support::samples;

/// How long a generation may run in these tests: longer than all waits between retries together (7 s).
pub const DEADLINE: Duration = Duration::from_secs(18);

/// One thing that can happen.
#[derive(Clone, Debug)]
pub struct Case {
    /// One word, which opens the prompt.
    pub name: &'static str,
    pub way: Way,
    /// What comes of it when one image was asked for, and when four were.
    pub one: End,
    pub four: End,
    /// How often the provider is called.
    pub calls: usize,
    /// How long it takes at least.
    pub takes: Duration,
}

/// How the provider is made to do it.
#[derive(Clone, Debug)]
pub enum Way {
    /// One after the other; success when there are no more.
    Http(Vec<Behaviour>),
    /// Bytes; the prompt is so many characters longer than it has to be.
    Raw(Script, usize),
    /// Nobody listens.
    Refused,
}

/// What comes of it.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// 500 `generationFailed` with this message.
    Failed(&'static str),
    /// 400 `contentRejected` with the provider's words.
    Rejected(&'static str),
    /// So many images.
    Saved(usize),
}
pub use End::{Failed, Rejected, Saved};

impl Case {
    pub fn new(name: &'static str, way: Way, calls: usize, end: End) -> Self {
        let one = match end {
            Saved(_) => Saved(1),
            end => end,
        };
        Self {
            name,
            way,
            one,
            four: end,
            calls,
            takes: Duration::ZERO,
        }
    }

    /// The same, except that one image comes to this.
    pub fn for_one(self, one: End) -> Self {
        Self { one, ..self }
    }

    /// The same, which takes so long at least.
    pub fn taking(self, takes: Duration) -> Self {
        Self { takes, ..self }
    }
}

/// The failure, to be retried at once.
fn soon(failure: Failure) -> Behaviour {
    Behaviour::fail(failure.with_header("retry-after-ms", "1"))
}

fn fail(failure: Failure) -> Behaviour {
    Behaviour::fail(failure)
}

fn http(name: &'static str, behaviours: impl Into<Vec<Behaviour>>, calls: usize, end: End) -> Case {
    Case::new(name, Way::Http(behaviours.into()), calls, end)
}

fn raw(name: &'static str, status: u16, media_type: &'static str, body: &str, end: End) -> Case {
    http(name, [Behaviour::raw(status, media_type, body)], 1, end)
}

/// These bytes as they are, for good: tests end soon.
fn file(bytes: Vec<u8>) -> Item {
    Item::File(bytes.leak())
}

fn cut(mut bytes: Vec<u8>) -> Item {
    bytes.truncate(bytes.len() - 3);
    file(bytes)
}

pub fn http_cases() -> Vec<Case> {
    [retried(), refused(), nonsense(), images(), broken_answers()].concat()
}

/// Provably not accepted: again, at most three times, and only inside the deadline.
fn retried() -> Vec<Case> {
    let slow_down = || fail(Failure::slow_down());
    let seconds = Duration::from_secs;
    let in_a_second = || Failure::rate_limited().with_header("retry-after", "1");
    vec![
        http(
            "429x4",
            vec![soon(Failure::rate_limited()); 4],
            4,
            Failed(OVERLOADED),
        ),
        http("429x4-unsaid", vec![slow_down(); 4], 4, Failed(OVERLOADED)).taking(seconds(7)),
        http("429x3", vec![soon(Failure::slow_down()); 3], 4, Saved(4)),
        http("429-unsaid", [slow_down()], 2, Saved(4)).taking(seconds(1)),
        http("429-header", [fail(in_a_second())], 2, Saved(4)).taking(seconds(1)),
        http(
            "429-words",
            [fail(
                Failure::rate_limited().saying("Please try again in 1.5s."),
            )],
            2,
            Saved(4),
        )
        .taking(Duration::from_millis(1_500)),
        http(
            "429-too-long",
            [fail(
                Failure::rate_limited().with_header("retry-after", "600"),
            )],
            1,
            Failed(FAILED),
        )
        .taking(DEADLINE),
        http(
            "503x4",
            vec![soon(Failure::overloaded()); 4],
            4,
            Failed(OVERLOADED),
        ),
        http("503-unsaid", [fail(Failure::overloaded())], 2, Saved(4)).taking(seconds(1)),
        http(
            "503-page",
            [Behaviour::raw(503, "text/html", "<h1>Later</h1>")],
            2,
            Saved(4),
        )
        .taking(seconds(1)),
        http(
            "503-429-503",
            [
                soon(Failure::overloaded()),
                soon(Failure::rate_limited()),
                soon(Failure::overloaded()),
            ],
            4,
            Saved(4),
        ),
        // The retry meets something else.
        http(
            "429-500",
            [soon(Failure::rate_limited()), fail(Failure::server_error())],
            2,
            Failed(FAILED),
        ),
        http(
            "503-quota",
            [
                soon(Failure::overloaded()),
                fail(Failure::insufficient_quota()),
            ],
            2,
            Failed(ACCOUNT),
        ),
        http(
            "503-partial",
            [
                soon(Failure::overloaded()),
                Behaviour::items([Item::Good, Item::NoImage]),
            ],
            2,
            Saved(1),
        ),
        http(
            "429-moderation",
            [
                soon(Failure::rate_limited()),
                fail(Failure::moderation_blocked()),
            ],
            2,
            Rejected(
                "Your request was rejected by the safety system. safety_violations=[violence].",
            ),
        ),
    ]
}

/// Refused for good, or maybe accepted: never again.
fn refused() -> Vec<Case> {
    let once = |name, failure, end| http(name, [fail(failure)], 1, end);
    vec![
        once("500", Failure::server_error(), Failed(FAILED)),
        raw(
            "502-page",
            502,
            "text/html",
            "<h1>Bad Gateway</h1>",
            Failed(FAILED),
        ),
        raw("504-empty", 504, "text/html", "", Failed(FAILED)),
        raw("529-page", 529, "text/html", "overloaded", Failed(FAILED)),
        once(
            "500-retry-after",
            Failure::server_error().with_header("retry-after", "0"),
            Failed(FAILED),
        ),
        once("400", Failure::user_error(), Failed(FAILED)),
        once(
            "400-field",
            Failure::invalid("size", "invalid_value", "Invalid size."),
            Failed(FAILED),
        ),
        raw("408-page", 408, "text/html", "", Failed(FAILED)),
        raw(
            "422-json",
            422,
            "application/json",
            "{\"detail\":\"no\"}",
            Failed(FAILED),
        ),
        once("401", Failure::invalid_api_key(), Failed(ACCOUNT)),
        raw("402-empty", 402, "text/plain", "", Failed(ACCOUNT)),
        once(
            "403",
            Failure::organization_not_verified("gpt-image-2"),
            Failed(ACCOUNT),
        ),
        once(
            "404",
            Failure::model_not_found("gpt-image-2"),
            Failed(ACCOUNT),
        ),
        once("429-quota", Failure::insufficient_quota(), Failed(ACCOUNT)),
        once(
            "429-balance",
            Failure::credit_balance_exhausted(),
            Failed(ACCOUNT),
        ),
        once(
            "429-billing",
            Failure::billing_hard_limit(429),
            Failed(ACCOUNT),
        ),
        once(
            "400-billing",
            Failure::billing_hard_limit(400),
            Failed(ACCOUNT),
        ),
        once(
            "moderation",
            Failure::moderation_blocked(),
            Rejected(
                "Your request was rejected by the safety system. safety_violations=[violence].",
            ),
        ),
        once(
            "policy",
            Failure::content_policy_violation(),
            Rejected("Your request was rejected as a result of our safety system."),
        ),
        once(
            "safety-words",
            Failure::unsafe_without_code(),
            Rejected("The image was rejected by the Safety system."),
        ),
    ]
}

/// A good status over something else.
fn nonsense() -> Vec<Case> {
    let json = |name, body| raw(name, 200, "application/json", body, Failed(FAILED));
    vec![
        raw(
            "200-page",
            200,
            "text/html",
            "<html>welcome</html>",
            Failed(FAILED),
        ),
        raw("302", 302, "text/plain", "", Failed(FAILED)),
        raw("204", 204, "text/plain", "", Failed(FAILED)),
        json("empty-body", ""),
        json("no-data", "{}"),
        json("null-data", "{\"data\":null}"),
        json("an-array", "[]"),
        json("an-error", "{\"error\":{\"message\":\"Oh no.\"}}"),
        json("unfinished", "{\"data\":[{\"b64_json\":\"iVBORw0KGgo"),
        http("empty-data", [Behaviour::items([])], 1, Failed(FAILED)),
    ]
}

/// Fewer, more, and bad ones.
fn images() -> Vec<Case> {
    let good = Item::Good;
    let items = |name, items: &[Item], end| http(name, [Behaviour::items(items)], 1, end);
    let unusable = |name, item| items(name, &[item; 4], Failed(UNUSABLE));
    let jpeg = || samples::jpeg(16, 16);
    let webp = || samples::webp(16, 16);
    vec![
        items("one", &[good], Saved(1)),
        items("three", &[good; 3], Saved(3)),
        items("seven", &[good; 7], Saved(4)),
        items("other-formats", &[file(jpeg()), file(webp())], Saved(2)),
        unusable("bad-base64", Item::BadBase64),
        unusable("cut-png", Item::Truncated),
        unusable("cut-jpeg", cut(jpeg())),
        unusable("cut-webp", cut(webp())),
        unusable("wrong-crc", file(samples::damaged_png())),
        unusable("no-image", Item::NoImage),
        unusable("no-bytes", file(Vec::new())),
        unusable("addresses", Item::UrlOnly),
        items(
            "bad-base64-2",
            &[good, Item::BadBase64, good, good],
            Saved(3),
        ),
        items("cut-png-3", &[good, good, Item::Truncated, good], Saved(3)),
        items("cut-jpeg-4", &[good, good, good, cut(jpeg())], Saved(3)),
        items("cut-webp-2", &[good, cut(webp()), good, good], Saved(3)),
        items(
            "wrong-crc-1-4",
            &[file(samples::damaged_png()), good, good, Item::NoImage],
            Saved(2),
        ),
        // Bad ones use up no place.
        items(
            "two-bad-four-good",
            &[Item::NoImage, Item::UrlOnly, good, good, good, good],
            Saved(4),
        ),
        items(
            "over-64-mib",
            &[Item::Bytes((64 << 20) + 1), good, good, good],
            Saved(3),
        ),
    ]
}

/// Answers that end, break or stop before they are whole, at 40 percent: in the second image of four, or in the only one.
fn broken_answers() -> Vec<Case> {
    let cut_at =
        |name, cut, percent, end| http(name, [Behaviour::succeed().cut(cut, percent)], 1, end);
    let in_the_second = |name, cut| cut_at(name, cut, 40, Saved(1)).for_one(Failed(FAILED));
    vec![
        cut_at("reset", Cut::Reset, 0, Failed(FAILED)),
        cut_at("broken-off", Cut::BreakOff, 0, Failed(FAILED)),
        cut_at("stalled", Cut::Stall, 0, Failed(FAILED)).taking(DEADLINE),
        in_the_second("reset-in-2", Cut::Reset),
        in_the_second("broken-off-in-2", Cut::BreakOff),
        in_the_second("truncated-in-2", Cut::Truncate),
        in_the_second("stalled-in-2", Cut::Stall).taking(DEADLINE),
        // Every image came.
        cut_at("truncated-behind-all", Cut::Truncate, 99, Saved(4)),
        http(
            "hang",
            [gih_fake_openai::Outcome::Hang.into()],
            1,
            Failed(FAILED),
        )
        .taking(DEADLINE),
        http(
            "late",
            [Behaviour::succeed().after(Duration::from_secs(2))],
            1,
            Saved(4),
        )
        .taking(Duration::from_secs(2)),
        http(
            "drip",
            [Behaviour::succeed().dripping(700, Duration::from_millis(20))],
            1,
            Saved(4),
        ),
        http(
            "drip-too-slow",
            [Behaviour::succeed().dripping(1, Duration::from_millis(500))],
            1,
            Failed(FAILED),
        )
        .taking(DEADLINE),
    ]
}

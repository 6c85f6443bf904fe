//! What a provider, or whatever stands before it, can do below HTTP.

use std::time::Duration;

use base64_simd::STANDARD;
use gih_fake_openai::{Script, Step};

use super::provider_cases::{Case, DEADLINE, End, Failed, Saved, Way};
use crate::provider::{FAILED, OVERLOADED};
use crate::support::samples;

/// Longer than what fits between two sockets unread would have to be many megabytes; this is as long as a prompt may be,
/// and enough that not all of it is read with the head.
const LONG_PROMPT: usize = 31_000;

fn raw(name: &'static str, script: Script, end: End) -> Case {
    Case::new(name, Way::Raw(script, 0), 1, end)
}

/// An answer's body: four images.
fn body() -> String {
    let images = (0..4).map(|number| {
        let base64 = STANDARD.encode_to_string(samples::numbered_png(number));
        format!("{{\"b64_json\":\"{base64}\"}}")
    });
    format!("{{\"data\":[{}]}}", images.collect::<Vec<_>>().join(","))
}

fn answer(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}\r\n{body}")
}

/// Bytes, and then this.
fn then(bytes: &str, step: Step) -> Script {
    Script::new([Step::Send(bytes.to_owned().into()), step])
}

pub fn raw_cases() -> Vec<Case> {
    let body = body();
    let length = body.len();
    // In the middle of the second image.
    let half = &body[..length * 3 / 8];
    let sized = |length: usize| format!("content-length: {length}\r\n");
    let chunked = |rest: &str| {
        let chunk = format!("{:x}\r\n{half}\r\n{rest}", half.len());
        answer("transfer-encoding: chunked\r\n", &chunk)
    };
    let whole = answer(&sized(length), &body);
    let one_of_four = |name, script| raw(name, script, Saved(1)).for_one(Saved(1));
    vec![
        Case::new(
            "raw-reset-before-body",
            Way::Raw(Script::new([Step::Reset]).unread(), LONG_PROMPT),
            1,
            Failed(FAILED),
        ),
        Case::new(
            "raw-close-before-body",
            Way::Raw(Script::new([]).unread(), LONG_PROMPT),
            1,
            Failed(FAILED),
        ),
        raw("raw-reset", Script::new([Step::Reset]), Failed(FAILED)),
        raw("raw-close", Script::new([]), Failed(FAILED)),
        raw(
            "raw-late-reset",
            Script::new([Step::Wait(Duration::from_secs(1)), Step::Reset]),
            Failed(FAILED),
        ),
        raw("raw-hang", Script::new([Step::Stall]), Failed(FAILED)).taking(DEADLINE),
        raw(
            "raw-half-head",
            Script::answer("HTTP/1.1 200 OK\r\ncontent-"),
            Failed(FAILED),
        ),
        raw(
            "raw-half-head-reset",
            then("HTTP/1.1 200 OK\r\n", Step::Reset),
            Failed(FAILED),
        ),
        raw(
            "raw-half-head-stall",
            then("HTTP/1.1 200", Step::Stall),
            Failed(FAILED),
        )
        .taking(DEADLINE),
        raw(
            "raw-another-protocol",
            Script::answer("SSH-2.0-OpenSSH_9.7\r\n"),
            Failed(FAILED),
        ),
        raw(
            "raw-only-a-body",
            Script::answer(body.clone()),
            Failed(FAILED),
        ),
        raw(
            "raw-bad-status",
            Script::answer("HTTP/1.1 20 OK\r\n\r\n"),
            Failed(FAILED),
        ),
        raw(
            "raw-two-lengths",
            Script::answer(answer("content-length: 5\r\ncontent-length: 6\r\n", &body)),
            Failed(FAILED),
        ),
        raw(
            "raw-gzip",
            Script::answer(answer("content-encoding: gzip\r\n", "\u{1f}?junk")),
            Failed(FAILED),
        ),
        raw(
            "raw-500-stalled-body",
            then(
                "HTTP/1.1 500 X\r\ncontent-length: 1000\r\n\r\n{",
                Step::Stall,
            ),
            Failed(FAILED),
        )
        .taking(Duration::from_secs(10)),
        // What was whole is kept.
        raw("raw-whole", Script::answer(whole.clone()), Saved(4)),
        raw(
            "raw-hints",
            Script::answer(format!(
                "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n{whole}"
            )),
            Saved(4),
        ),
        raw(
            "raw-to-the-end",
            Script::answer(answer("", &body)),
            Saved(4),
        ),
        raw("raw-whole-reset", then(&whole, Step::Reset), Saved(4)),
        one_of_four("raw-to-the-end-cut", Script::answer(answer("", half))),
        one_of_four(
            "raw-length-too-short",
            Script::answer(answer(&sized(half.len()), &body)),
        ),
        one_of_four(
            "raw-length-too-long",
            Script::answer(answer(&sized(length), half)),
        ),
        one_of_four(
            "raw-reset-in-2",
            then(&answer(&sized(length), half), Step::Reset),
        ),
        one_of_four("raw-bad-chunk", Script::answer(chunked("zz\r\nxx"))),
        one_of_four("raw-cut-chunks", Script::answer(chunked("ffff\r\n\"}"))),
    ]
}

/// Nobody listens: tried after 1, 2 and 4 seconds again.
pub fn refused_case() -> Case {
    // Nobody is there to count; the time tells.
    Case::new("refused-connection", Way::Refused, 0, Failed(OVERLOADED))
        .taking(Duration::from_secs(7))
}

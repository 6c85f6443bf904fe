//! Answers that are wrong: good ones, changed where their structure is. The server's tests take this file in too.

use std::fmt::Write as _;
use std::time::Duration;

use base64_simd::STANDARD;
use gih_fake_openai::{Script, Step};

use super::chance::Chance;
use super::samples;

/// An answer to be sent.
pub struct Made {
    /// What is sent in all.
    pub bytes: Vec<u8>,
    pub script: Script,
    /// The PNG images that went into it, before anything was changed.
    pub pngs: Vec<Vec<u8>>,
}

impl Made {
    /// Whether what is sent may be taken for the proof that nothing was accepted.
    pub fn may_be_retried(&self) -> bool {
        let head = &self.bytes[..self.bytes.len().min(64)];
        [&b"429"[..], b"503"]
            .iter()
            .any(|status| head.windows(3).any(|three| three == *status))
    }
}

pub fn made(chance: &mut Chance) -> Made {
    let mut pngs = Vec::new();
    let status = status(chance);
    let mut body = if (200..300).contains(&status) || chance.below(20) == 0 {
        images(chance, &mut pngs)
    } else {
        failure(chance)
    };
    if chance.below(6) == 0 {
        mutate(chance, &mut body);
    }
    let mut bytes = head(chance, status);
    frame(chance, &mut bytes, &body);
    if chance.below(25) == 0 {
        mutate(chance, &mut bytes);
    }
    Made {
        script: script(chance, &bytes),
        bytes,
        pngs,
    }
}

/// How the bytes are sent, and how the connection ends.
fn script(chance: &mut Chance, bytes: &[u8]) -> Script {
    let piece = if chance.below(3) == 0 {
        bytes.len().div_ceil(3).max(1)
    } else {
        bytes.len().max(1)
    };
    let mut steps = Vec::new();
    for piece in bytes.chunks(piece) {
        if !steps.is_empty() {
            steps.push(Step::Wait(Duration::from_millis(1)));
        }
        steps.push(Step::Send(piece.to_vec().into()));
    }
    if chance.below(10) == 0 {
        steps.push(Step::Reset);
    }
    Script::new(steps)
}

fn status(chance: &mut Chance) -> u16 {
    let odd = [
        100, 101, 201, 202, 204, 205, 206, 226, 299, 300, 301, 302, 304, 307, 400, 400, 401, 402,
        403, 404, 405, 408, 409, 413, 418, 422, 425, 429, 429, 451, 499, 500, 501, 502, 503, 503,
        504, 520, 524, 529, 599, 600, 999, 99, 0,
    ];
    if chance.below(4) == 0 {
        *chance.one_of(&odd)
    } else {
        200
    }
}

/// The status line and headers, but for those about the body's length.
fn head(chance: &mut Chance, status: u16) -> Vec<u8> {
    let version = *chance.one_of(&[
        "1.1", "1.1", "1.1", "1.1", "1.1", "1.1", "1.1", "1.1", "1.0", "2.0",
    ]);
    let mut head = format!("HTTP/{version} {status:03} X\r\n");
    let kind = *chance.one_of(&[
        "application/json",
        "application/json",
        "text/html",
        "image/png",
        "",
        "application/json; charset=utf-16",
    ]);
    let _infallible = write!(head, "content-type: {kind}\r\n");
    let after = *chance.one_of(&[
        "0",
        "0.01",
        "1",
        "-1",
        "nan",
        "inf",
        "1e9",
        "99999999999999999999",
        "",
        "soon",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "Wed, 99 Oct 2015 07:28:00 GMT",
    ]);
    if status == 429 || status == 503 || chance.below(20) == 0 {
        let name = *chance.one_of(&["retry-after", "retry-after-ms", "Retry-After"]);
        let _infallible = write!(head, "{name}: {after}\r\n");
    }
    match chance.below(60) {
        0 => head.push_str("content-encoding: gzip\r\n"),
        1 => head.push_str("content-encoding: br, deflate\r\n"),
        2 => head.push_str("location: http://127.0.0.1:1/\r\n"),
        3 => head.extend(["x-large: ", &"x".repeat(60_000), "\r\n"]),
        4 => head.push_str(&"x-many: 1\r\n".repeat(150)),
        5 => head.push_str("x-odd: \u{1}\r\n"),
        6 => head.push_str("no colon\r\n"),
        7 => head.push_str("x-request-id: é\r\n"),
        8 => head.push_str("connection: upgrade\r\nupgrade: websocket\r\n"),
        9 => head.push_str("set-cookie: a=b\r\nset-cookie: c\r\n"),
        _ => {}
    }
    head.into_bytes()
}

/// The body in a framing that is right, or not.
fn frame(chance: &mut Chance, bytes: &mut Vec<u8>, body: &[u8]) {
    let length = body.len() as u64;
    let headers = match chance.below(20) {
        0 => format!("content-length: {}\r\n", chance.below(length + 1)),
        1 => format!("content-length: {}\r\n", length + 1 + chance.below(1_000)),
        2 => (*chance.one_of(&[
            "content-length: x\r\n",
            "content-length: -1\r\n",
            "content-length: 99999999999999999999\r\n",
            "content-length: 1\r\ncontent-length: 2\r\n",
            "transfer-encoding: gzip\r\n",
        ]))
        .to_owned(),
        3..=5 => String::new(),
        6..=10 => "transfer-encoding: chunked\r\n".to_owned(),
        _ => format!("content-length: {length}\r\n"),
    };
    bytes.extend_from_slice(headers.as_bytes());
    bytes.extend_from_slice(b"\r\n");
    if !headers.contains("chunked") {
        bytes.extend_from_slice(body);
        return;
    }
    let mut rest = body;
    while !rest.is_empty() {
        let length = usize::try_from(1 + chance.below(rest.len() as u64)).unwrap();
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        let said = match chance.below(40) {
            0 => "zz".to_owned(),
            1 => format!("{:x}", length + 1),
            2 => "ffffffffffffffffff".to_owned(),
            _ => format!("{length:x}"),
        };
        bytes.extend_from_slice(format!("{said}\r\n").as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    if chance.below(15) != 0 {
        bytes.extend_from_slice(b"0\r\n\r\n");
    }
}

/// The JSON of images.
fn images(chance: &mut Chance, pngs: &mut Vec<Vec<u8>>) -> Vec<u8> {
    let count = *chance.one_of(&[0, 1, 1, 2, 3, 4, 4, 4, 5, 12]);
    let items: Vec<String> = (0..count).map(|_| item(chance, pngs)).collect();
    let data = format!("[{}]", items.join(","));
    let deep = *chance.one_of(&[100, 127, 129, 5_000]);
    let body = match chance.below(40) {
        0 => format!("{{\"data\":{data},\"data\":{data}}}"),
        1 => format!("{{\"data\":{{\"0\":{data}}}}}"),
        2 => format!("{{\"data\":[{data}]}}"),
        3 => format!("[{{\"data\":{data}}}]"),
        4 => format!("{{\"error\":{{\"message\":\"no\"}},\"data\":{data}}}"),
        5 => format!("{{\"data\":{data},\"error\":null}}"),
        6 => format!(
            "{{\"x\":{}{},\"data\":{data}}}",
            "[".repeat(deep),
            "]".repeat(deep)
        ),
        7 => format!("{{\"x\":{},\"data\":{data}}}", "{\"data\":".repeat(deep)),
        8 => format!("{{\"d\\u0061ta\":{data}}}"),
        9 => format!("\u{feff}{{\"data\":{data}}}"),
        10 => format!("{{\"data\":{data}}} trailing"),
        11 => format!("{{\"data\":{data},}}"),
        12 => format!("{}{{\"data\":{data}}}", " \n".repeat(2_000)),
        13 => format!(
            "{{\"x\":\"{}\",\"data\":{data}}}",
            "y".repeat(*chance.one_of(&[1_000, 1_000_000, 1_100_000]))
        ),
        14 => format!("{{\"x\":{},\"data\":{data}}}", "9".repeat(3_000)),
        15 => format!("{{\"data\":{data}"),
        16 => format!("data: {{\"data\":{data}}}\n\n"),
        17 => "null".to_owned(),
        _ => format!("{{\"created\":1776729600,\"data\":{data},\"usage\":{{\"total_tokens\":7}}}}"),
    };
    body.into_bytes()
}

fn item(chance: &mut Chance, pngs: &mut Vec<Vec<u8>>) -> String {
    let number = chance.next().to_le_bytes()[0];
    let png = |pngs: &mut Vec<Vec<u8>>, png: Vec<u8>| {
        pngs.push(png.clone());
        png
    };
    let mut image = match chance.below(10) {
        0 => samples::jpeg(16, 16),
        1 => samples::webp(16, 16),
        2 => samples::damaged_png(),
        3 => png(
            pngs,
            samples::png_of_bytes(*chance.one_of(&[3_000, 70_000])),
        ),
        _ => png(pngs, samples::numbered_png(number)),
    };
    if chance.below(10) == 0 {
        mutate(chance, &mut image);
    }
    let text = STANDARD.encode_to_string(&image);
    let text = match chance.below(90) {
        0 => text.replace('+', "-").replace('/', "_"),
        1 => text.trim_end_matches('=').to_owned(),
        2 => {
            let lines = text.as_bytes().chunks(76).map(String::from_utf8_lossy);
            lines.collect::<Vec<_>>().join("\\n")
        }
        3 => format!("data:image/png;base64,{text}"),
        4 => format!("{text}===="),
        5 => text.replace('/', "\\/").replace('+', "\\u002b"),
        6 => text.replace('A', "\\u0041"),
        7 => text.replace('A', "\\ud83e"),
        8 => text.replace('A', "\\q"),
        9 => text.replace('A', "é"),
        10 | 11 => {
            let mut bytes = text.into_bytes();
            mutate(chance, &mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        }
        _ => text,
    };
    match chance.below(90) {
        0 => "null".to_owned(),
        1 => "{}".to_owned(),
        2 => format!("\"{text}\""),
        3 => "{\"b64_json\":null}".to_owned(),
        4 => format!("{{\"b64_json\":[\"{text}\"]}}"),
        5 => format!("{{\"b64_json\":{{\"b64_json\":\"{text}\"}}}}"),
        6 => format!("{{\"b64_json\":\"{text}\",\"b64_json\":\"{text}\"}}"),
        7 => format!("{{\"b64\\u005fjson\":\"{text}\"}}"),
        8 => "{\"url\":\"http://127.0.0.1:1/x.png\"}".to_owned(),
        9 => "{\"b64_json\":12}".to_owned(),
        10 => format!("{{\"b64_json\":\"{text}\",\"revised_prompt\":\"\\ud800\"}}"),
        _ => format!("{{\"b64_json\":\"{text}\"}}"),
    }
}

/// The JSON of an error, or what proxies send.
fn failure(chance: &mut Chance) -> Vec<u8> {
    let word = |chance: &mut Chance| {
        let words = [
            "null",
            "\"x\"",
            "429",
            "[]",
            "{}",
            "\"moderation_blocked\"",
            "\"image_generation_user_error\"",
            "\"insufficient_quota\"",
            "\"slow_down\"",
            "\"try again in 999999999999h99999999999s\"",
            "\"try again in 1e9s\"",
            "\"Please try again in 0.01s.\"",
            "\"safety system\"",
            "\"\\u0000\\ud800\"",
        ];
        (*chance.one_of(&words)).to_owned()
    };
    let error = format!(
        "{{\"message\":{},\"type\":{},\"code\":{},\"param\":{}}}",
        word(chance),
        word(chance),
        word(chance),
        word(chance)
    );
    let long = "z".repeat(100_000);
    let body = match chance.below(10) {
        0 => String::new(),
        1 => format!("<html><h1>Oh</h1>{long}</html>"),
        2 => format!("{{\"error\":\"{long}\"}}"),
        3 => format!("{{\"detail\":{}}}", word(chance)),
        4 => format!("[{error}]"),
        5 => "[".repeat(50_000),
        _ => format!("{{\"error\":{error}}}"),
    };
    body.into_bytes()
}

/// One to three changes of bytes.
pub fn mutate(chance: &mut Chance, bytes: &mut Vec<u8>) {
    for _ in 0..=chance.below(3) {
        let mut place = || usize::try_from(chance.below(bytes.len() as u64 + 1)).unwrap();
        let (a, b) = (place(), place());
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 64));
        match chance.below(6) {
            0 => bytes.truncate(from),
            1 => drop(bytes.drain(from..to)),
            2 => {
                let piece = bytes[from..to].to_vec();
                bytes.splice(from..from, piece);
            }
            3 => {
                let random = (0..chance.below(9))
                    .map(|_| chance.next().to_le_bytes()[0])
                    .collect::<Vec<_>>();
                bytes.splice(from..from, random);
            }
            4 => {
                let piece = *chance.one_of(&[
                    &b"\r\n"[..],
                    b"\0",
                    b"\"",
                    b"\\",
                    b"--",
                    b": ",
                    b"\r\n\r\n",
                    b"\xff\xfe",
                    b"{",
                    b"]",
                    b";",
                    b"=",
                ]);
                bytes.splice(from..from, piece.to_vec());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte ^= 1 << chance.below(8);
                }
            }
        }
    }
}

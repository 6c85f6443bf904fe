//! Requests that are wrong: good ones, changed where their structure is.

use base64_simd::STANDARD;

use super::chance::Chance;
use crate::support::samples;

/// A request to be sent.
pub struct Made {
    pub bytes: Vec<u8>,
    /// It is HTTP, so that it must be answered in the contract's form.
    pub is_http: bool,
    pub is_head: bool,
}

/// To whom, and with which key.
pub struct Target {
    pub host: String,
    pub key: String,
    /// A generation of somebody else's.
    pub id: String,
}

const POST: &str = "POST /api/v1/images/generations";

pub fn made(chance: &mut Chance, target: &Target) -> Made {
    match chance.below(20) {
        0..=8 => {
            let body = json_body(chance);
            let kind = *chance.one_of(&[
                "application/json",
                "application/json",
                "application/json",
                "application/json; charset=utf-8",
                "APPLICATION/JSON;x",
                "text/plain",
                "application/jsonx",
                "",
            ]);
            http(chance, target, POST, &[("Content-Type", kind)], &body)
        }
        9..=13 => {
            let (kind, body) = multipart(chance);
            http(chance, target, POST, &[("Content-Type", &kind)], &body)
        }
        14..=16 => address(chance, target),
        _ => no_http(chance, target),
    }
}

/// A request in good HTTP, its framing right; the key and headers that matter may be wrong.
fn http(
    chance: &mut Chance,
    target: &Target,
    line: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Made {
    let mut head = format!("{line} HTTP/1.1\r\nHost: {}\r\n", target.host);
    let mut add = |name: &str, value: &str| {
        head.push_str(&format!("{name}: {value}\r\n"));
    };
    for (name, value) in headers {
        add(name, value);
    }
    let right = format!("Bearer {}", target.key);
    let authorization = match chance.below(12) {
        0 => value(chance),
        1 => format!("Bearer {}", value(chance)),
        2 => right.replace("Bearer", "bEaReR"),
        3 => right[..right.len() - 1].to_owned(),
        _ => right,
    };
    add("Authorization", &authorization);
    if chance.below(4) == 0 {
        add("Idempotency-Key", &value(chance));
    }
    if chance.below(4) == 0 {
        let prefer = value(chance);
        add(
            "Prefer",
            &["wait=", "respond-async, wait=", ""][usize::try_from(chance.below(3)).unwrap()]
                .to_owned()
                .add(&prefer),
        );
    }
    if chance.below(16) == 0 {
        add("X-Forwarded-For", &value(chance));
        add("Range", &value(chance));
        add("If-None-Match", &value(chance));
        add("Content-Encoding", "gzip");
    }
    let mut bytes = Vec::new();
    if chance.below(5) == 0 {
        add("Transfer-Encoding", "chunked");
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        let mut rest = body;
        while !rest.is_empty() {
            let length = usize::try_from(1 + chance.below(rest.len() as u64)).unwrap();
            let (piece, behind) = rest.split_at(length);
            bytes.extend_from_slice(format!("{length:x}\r\n").as_bytes());
            bytes.extend_from_slice(piece);
            bytes.extend_from_slice(b"\r\n");
            rest = behind;
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
    } else {
        if !body.is_empty() || line.starts_with("POST") {
            add("Content-Length", &body.len().to_string());
        }
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
    }
    Made {
        bytes,
        is_http: true,
        is_head: line.starts_with("HEAD "),
    }
}

use std::ops::Add as _;

/// A header's value that HTTP allows.
fn value(chance: &mut Chance) -> String {
    let long = "k".repeat(usize::try_from(chance.below(400)).unwrap());
    let values = [
        "",
        "0",
        "1",
        "-1",
        "999999999999999999999",
        "1.5",
        "wait",
        "wait=1",
        "\"x\"",
        "a b",
        "*",
        "W/\"x\"",
        "\"",
        ",,,;;;==",
        "bytes=0-",
        "bytes=-1",
        "bytes=9-1,1-2",
        "gih_live_",
        "gih_test_00000000000000000000000000000000",
        "Basic eDp5",
        "é",
        "\u{7f1}",
        "127.0.0.1, ::1, x",
        "%00",
        "../../etc/passwd",
        "k\tk",
        &long,
    ];
    (*chance.one_of(&values)).to_owned()
}

/// A JSON value that is not what a field wants, or no value at all.
fn junk(chance: &mut Chance) -> String {
    let values = [
        "null",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "2",
        "4",
        "5",
        "1.0",
        "1e0",
        "-0",
        "1e999",
        "1e-999",
        "9223372036854775808",
        "99999999999999999999999999",
        "\"\"",
        "\" \"",
        "\"1\"",
        "\"true\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\u{202e}\u{feff}\u{1f9ff}\"",
        "[]",
        "{}",
        "[[1],{\"a\":2}]",
        "{\"prompt\":\"x\"}",
        "NaN",
        "Infinity",
        "'x'",
        "01",
        "+1",
        "0x10",
        "",
        "\"unfinished",
        "[1,",
        "{\"a\"",
        "\"auto\"",
        "\"1K\"",
        "\"8K\"",
        "\"1024x1024\"",
        "\"0x0\"",
        "\"-1x-1\"",
        "\"1024X1024\"",
        "\"1024x\"",
        "\"99999999999999999999x16\"",
        "\"16:9\"",
        "\"0:0\"",
        "\"16:9:4\"",
        "\"high\"",
        "\"gpt-image-2\"",
        "\"GPT-IMAGE-2\"",
        "/* x */ 1",
        "\"a\nb\"",
    ];
    match chance.below(24) {
        0 => "[".repeat(depth(chance)),
        1 => {
            let depth = depth(chance);
            format!("{}{}", "[".repeat(depth), "]".repeat(depth))
        }
        2 => {
            let depth = depth(chance);
            format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))
        }
        3 => format!(
            "\"{}\"",
            "é".repeat(*chance.one_of(&[31_999, 32_000, 32_001, 60_000]))
        ),
        4 => "9".repeat(*chance.one_of(&[20, 400, 50_000])),
        _ => (*chance.one_of(&values)).to_owned(),
    }
}

fn depth(chance: &mut Chance) -> usize {
    *chance.one_of(&[1, 10, 126, 127, 128, 129, 1_000, 50_000])
}

const FIELDS: [&str; 12] = [
    "model",
    "prompt",
    "aspect_ratio",
    "size",
    "quality",
    "n",
    "async",
    "reference_image",
    "image",
    "image[]",
    "user",
    "stream",
];

fn json_body(chance: &mut Chance) -> Vec<u8> {
    let mut fields = vec![
        ("model".to_owned(), "\"gpt-image-2\"".to_owned()),
        ("prompt".to_owned(), "\"a fox\"".to_owned()),
    ];
    let good = [
        ("n", "2"),
        ("async", "true"),
        ("size", "\"1024x1024\""),
        ("quality", "\"2K\""),
        ("aspect_ratio", "\"16:9\""),
    ];
    for (name, value) in good {
        if chance.below(3) == 0 {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    for _ in 0..=chance.below(3) {
        let at = usize::try_from(chance.below(fields.len().max(1) as u64)).unwrap();
        match chance.below(6) {
            0 if !fields.is_empty() => drop(fields.remove(at)),
            1 => fields.push(((*chance.one_of(&FIELDS)).to_owned(), junk(chance))),
            2 if !fields.is_empty() => fields[at].0 = fields[at].0.to_uppercase(),
            3 if !fields.is_empty() => fields[at].0 = fields[at].0.replace('m', "\\u006d"),
            _ if !fields.is_empty() => fields[at].1 = junk(chance),
            _ => {}
        }
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    let mut body = format!("{{{}}}", fields.join(",")).into_bytes();
    match chance.below(40) {
        0 => body = [b"\xef\xbb\xbf", &body[..]].concat(),
        1 => body = body.iter().flat_map(|byte| [*byte, 0]).collect(),
        2 => body = junk(chance).into_bytes(),
        // More than may come.
        3 => body.resize(1024 * 1024 + 1, b' '),
        4..=19 => mutate(chance, &mut body),
        _ => {}
    }
    body
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

fn multipart(chance: &mut Chance) -> (String, Vec<u8>) {
    let boundary = "b0undary";
    let mut body = Vec::new();
    let mut part = |headers: &str, content: &[u8]| {
        body.extend_from_slice(format!("--{boundary}\r\n{headers}\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    };
    let named = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"\r\n");
    let file = |name: &str| {
        format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n"
        )
    };
    part(&named("model"), b"gpt-image-2");
    part(&named("prompt"), b"a fox");
    for _ in 0..chance.below(5) {
        let name = *chance.one_of(&FIELDS);
        match chance.below(9) {
            0 => part(&named(name), junk(chance).as_bytes()),
            1 => part(&named(name), &[0xff, 0xfe, 0]),
            2 => {
                let mut png = samples::png(16, 16);
                mutate(chance, &mut png);
                part(&file(name), &png);
            }
            3 => part(&file("image"), &samples::jpeg(16, 16)),
            4 => {
                let headers = [
                    "".to_owned(),
                    "Content-Disposition: form-data\r\n".to_owned(),
                    "Content-Disposition: attachment; name=\"n\"\r\n".to_owned(),
                    "Content-Disposition: form-data; name=n; name=m\r\n".to_owned(),
                    "Content-Disposition: form-data; name*=UTF-8''%ff\r\n".to_owned(),
                    "Content-Disposition: form-data; name=\"a\\\"b\r\n".to_owned(),
                    "Content-Type: multipart/mixed; boundary=x\r\n".to_owned(),
                    format!("{}Content-Transfer-Encoding: base64\r\n", named("n")),
                    format!("{}Content-Length: 99\r\n", named("n")),
                    format!("{}X: {}\r\n", named("n"), "y".repeat(70_000)),
                    "no colon\r\n".to_owned(),
                    " folded: x\r\n".to_owned(),
                    "X: \0\r\n".to_owned(),
                ];
                let headers = chance.one_of(&headers).clone();
                part(&headers, b"1");
            }
            5 => part(
                &named("image[]"),
                STANDARD.encode_to_string(samples::png(16, 16)).as_bytes(),
            ),
            6 => {
                let empty = file("image");
                (0..*chance.one_of(&[1, 17, 150])).for_each(|_| part(&empty, b""));
            }
            7 => part(
                &named("prompt"),
                &vec![b'x'; *chance.one_of(&[32_001, 256 * 1024, 256 * 1024 + 1])],
            ),
            _ => part(&named(name), b"1"),
        }
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    match chance.below(6) {
        0 => body = format!("preamble\r\n{}", String::from_utf8_lossy(&body)).into_bytes(),
        1..=3 => mutate(chance, &mut body),
        _ => {}
    }
    let long = "b".repeat(5_000);
    let kinds = [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"b0undary\"",
        "multipart/form-data; boundary=another",
        "multipart/form-data; boundary=b0undary; boundary=x",
        "multipart/mixed; boundary=b0undary",
        "multipart/form-data; boundary=b 0",
        "multipart/form-data;boundary",
        "multipart/form-data; boundary=\"",
    ];
    let kind = match chance.below(30) {
        0 => format!("multipart/form-data; boundary={long}"),
        1..=8 => (*chance.one_of(&kinds)).to_owned(),
        _ => format!("multipart/form-data; boundary={boundary}"),
    };
    (kind, body)
}

/// Methods, paths and queries.
fn address(chance: &mut Chance, target: &Target) -> Made {
    let method = *chance.one_of(&[
        "GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE",
        "BREW", "get",
    ]);
    let id = &target.id;
    let long = "x".repeat(8_000);
    let words = [
        "",
        "0",
        "1",
        "101",
        "-1",
        "99999999999999999999",
        "x",
        "%00",
        "%ff",
        "%",
        "%zz",
        "a%20b",
        "gen_",
        id,
        "succeeded",
        "2026-13-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "..",
        "%2e%2e%2f",
        "+",
        "'",
        "%F0%9F%A6%8A",
        &long,
    ];
    let mut word = || *chance.one_of(&words);
    let path = match word().len() % 8 {
        0 => format!("/api/v1/generations/{}", word()),
        1 => format!(
            "/api/v1/generations?limit={}&status={}&cursor={}",
            word(),
            word(),
            word()
        ),
        2 => format!(
            "/api/v1/generations?created_from={}&created_before={}&{}&=&&",
            word(),
            word(),
            word()
        ),
        3 => format!("/media/generations/{id}/{}", word()),
        4 => format!("/media/references/{id}/0?{}", word()),
        5 => format!("/media/{}/../{}", word(), word()),
        6 => format!("/{}/{}?{}", word(), word(), word()),
        _ => format!(
            "/api/v1/{}",
            [
                "credits",
                "models",
                "images/generations",
                "images/generations/",
                "../readyz"
            ][word().len() % 5]
        ),
    };
    let body: &[u8] = if ["POST", "PUT", "PATCH"].contains(&method) {
        b"{}"
    } else {
        b""
    };
    http(
        chance,
        target,
        &format!("{method} {path}"),
        &[("Content-Type", "application/json")],
        body,
    )
}

/// What is hardly HTTP any more, or whose framing lies.
fn no_http(chance: &mut Chance, target: &Target) -> Made {
    let (host, key) = (&target.host, &target.key);
    let json = "{\"model\":\"gpt-image-2\",\"prompt\":\"a fox\"}";
    let long = "y".repeat(300_000);
    let many = "X-Many: 1\r\n".repeat(300);
    let headers = [
        "Content-Length: 41",
        "Content-Length: 0",
        "Content-Length: 9",
        "Content-Length: 5000",
        "Content-Length: -1",
        "Content-Length: +41",
        "Content-Length: 41, 41",
        "Content-Length: 41\r\nContent-Length: 42",
        "Content-Length: 99999999999999999999",
        "Content-Length: 18446744073709551615",
        "Content-Length: x",
        "Content-Length: 41\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: x",
        "Transfer-Encoding : chunked",
        "Content-Length : 41",
        "Expect: 100-continue\r\nContent-Length: 41",
        "Expect: x\r\nContent-Length: 41",
        "Connection: upgrade\r\nUpgrade: websocket",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA",
        "X: \0",
        "X: a\r b",
        "no colon",
        ": empty",
        " folded",
        "\u{e9}: x",
        &many,
        &long,
    ];
    let bodies = [
        json.to_owned(),
        String::new(),
        format!("29\r\n{json}\r\n0\r\n\r\n"),
        format!("29;ext=\"x\"\r\n{json}\r\n0\r\nTrailer: x\r\n\r\n"),
        format!("28\r\n{json}\r\n0\r\n\r\n"),
        format!("2a\r\n{json}\r\n0\r\n\r\n"),
        format!("-1\r\n{json}"),
        format!("ffffffffffffffff\r\n{json}"),
        format!("fffffffffffffffff\r\n{json}"),
        format!("zz\r\n{json}"),
        format!("29\r\n{json}"),
        format!("29\n{json}\n0\n\n"),
        "0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n".to_owned(),
    ];
    let lines = [
        format!("{POST} HTTP/1.1"),
        format!("{POST} HTTP/1.1"),
        format!("{POST} HTTP/1.0"),
        format!("{POST} HTTP/2.0"),
        format!("{POST} HTTP/9"),
        format!("{POST} http/1.1"),
        POST.to_owned(),
        format!("POST http://{host}/api/v1/images/generations HTTP/1.1"),
        "CONNECT x:1 HTTP/1.1".to_owned(),
        "OPTIONS * HTTP/1.1".to_owned(),
        "GET /é HTTP/1.1".to_owned(),
        "GET  /  HTTP/1.1".to_owned(),
        "GET /\0 HTTP/1.1".to_owned(),
        format!("GET /{long} HTTP/1.1"),
        "PRI * HTTP/2.0\r\n\r\nSM".to_owned(),
        "\x16\x03\x01\x02".to_owned(),
        String::new(),
    ];
    let (line, header, body) = (
        chance.one_of(&lines),
        *chance.one_of(&headers),
        chance.one_of(&bodies),
    );
    let host_line = if chance.below(8) == 0 {
        String::new()
    } else {
        format!("Host: {host}\r\n")
    };
    let rest = format!(
        "{host_line}Authorization: Bearer {key}\r\nContent-Type: application/json\r\n{header}\r\n\r\n{body}"
    );
    let mut bytes = format!("{line}\r\n{rest}").into_bytes();
    if chance.below(3) == 0 {
        mutate(chance, &mut bytes);
    }
    if chance.below(16) == 0 {
        bytes = (0..chance.below(200))
            .map(|_| chance.next().to_le_bytes()[0])
            .collect();
    }
    Made {
        bytes,
        is_http: false,
        is_head: false,
    }
}

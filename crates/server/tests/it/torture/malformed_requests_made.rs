//! Requests that are wrong: good ones, changed where their structure is.

use super::chance::Chance;
use super::malformed_answers_made::mutate;
use super::malformed_requests_bodies::{json_body, multipart};

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
        head.extend([name, ": ", value, "\r\n"]);
    };
    for (name, value) in headers {
        add(name, value);
    }
    let right = format!("Bearer {}", target.key);
    let authorization = match chance.below(24) {
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
        let beginning = *chance.one_of(&["wait=", "respond-async, wait=", ""]);
        add("Prefer", &format!("{beginning}{}", value(chance)));
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

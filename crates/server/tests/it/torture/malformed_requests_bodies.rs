//! Bodies of requests that are wrong: good ones, changed where their structure is.

use base64_simd::STANDARD;

use super::chance::Chance;
use super::malformed_answers_made::mutate;
use crate::support::samples;

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

/// A request's JSON, wrong more often than not.
pub fn json_body(chance: &mut Chance) -> Vec<u8> {
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

/// A request's form, wrong more often than not, with its content type.
pub fn multipart(chance: &mut Chance) -> (String, Vec<u8>) {
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
                    String::new(),
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

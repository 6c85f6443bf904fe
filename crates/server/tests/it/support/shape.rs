//! Whole answers, with what differs from run to run replaced where, and only where, it has the right form.

use serde_json::Value;

/// The value with ids, times and addresses in it replaced: `gen_…`, `img_…`, `<time>`, and the hub's own address by
/// `https://hub.example.com`. What does not have exactly the contract's form stays as it is, and the comparison fails.
pub fn shape(value: Value, hub: &str) -> Value {
    match value {
        Value::String(text) => Value::String(shaped(&text, hub)),
        Value::Array(values) => values.into_iter().map(|value| shape(value, hub)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, shape(value, hub)))
            .collect(),
        other => other,
    }
}

fn shaped(text: &str, hub: &str) -> String {
    if is_time(text) {
        return "<time>".to_owned();
    }
    for kind in ["gen", "img", "key"] {
        if is_id(text, kind) {
            return format!("{kind}_…");
        }
    }
    let Some(path) = text.strip_prefix(hub) else {
        return text.to_owned();
    };
    let path = match path.split('/').collect::<Vec<_>>()[..] {
        ["", "api", "v1", "generations", id] if is_id(id, "gen") => "/api/v1/generations/gen_…",
        ["", "media", "generations", id, file] if is_id(id, "gen") && is_file(file) => {
            "/media/generations/gen_…/….png"
        }
        _ => path,
    };
    format!("https://hub.example.com{path}")
}

/// `2026-04-30T08:00:00.000Z`.
fn is_time(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == form.len()
        && text
            .chars()
            .zip(form.chars())
            .all(|(came, wanted)| match wanted {
                'd' => came.is_ascii_digit(),
                wanted => came == wanted,
            })
}

/// The kind, `_`, and a time-ordered UUID in hexadecimal.
fn is_id(text: &str, kind: &str) -> bool {
    let id = text
        .strip_prefix(kind)
        .and_then(|rest| rest.strip_prefix('_'));
    id.is_some_and(|id| {
        id.len() == 32 && id.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
    })
}

/// An image's name must not be guessable: at least 128 random bits.
fn is_file(text: &str) -> bool {
    text.strip_suffix(".png")
        .is_some_and(|stem| stem.len() >= 32)
}

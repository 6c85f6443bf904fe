//! `gih key`.

use std::time::Duration;

use gih_domain::account::Email;
use gih_domain::api_key::{ApiKey, KeyName};
use gih_domain::id::KeyId;
use gih_domain::mode::Mode;
use gih_domain::operate::Operate;
use serde_json::{Value, json};

use crate::output::Output;

/// Adds a key and prints its secret once.
pub async fn create(
    operate: &Operate,
    email: &Email,
    name: KeyName,
    mode: Mode,
    expires_in: Option<Duration>,
    output: Output,
) -> anyhow::Result<()> {
    let expires_at = expires_in.map(|life| operate.clock.now().plus(life));
    let created = operate.create_key(email, name, mode, expires_at).await?;
    let (key, secret) = (&created.key, created.secret.reveal());
    let value = json!({
        "id": key.id.to_string(), "key": secret, "prefix": key.prefix, "mode": key.mode.as_str(),
        "expires_at": key.expires_at.map(|time| time.to_string()),
    });
    output.print(
        &value,
        format!("Key {} ({}), shown once: {secret}", key.id, key.mode),
    )
}

/// Lists an account's keys, newest first.
pub async fn list(operate: &Operate, email: &Email, output: Output) -> anyhow::Result<()> {
    let keys = operate.list_keys(email).await?;
    let text = if keys.is_empty() {
        format!("{email} has no keys.")
    } else {
        keys.iter().map(text).collect::<Vec<_>>().join("\n")
    };
    output.print(&keys.iter().map(value).collect::<Vec<_>>(), text)
}

/// Gives a key another secret and prints it once.
pub async fn rotate(
    operate: &Operate,
    id: KeyId,
    overlap: Duration,
    output: Output,
) -> anyhow::Result<()> {
    let rotated = operate.rotate_key(id, overlap).await?;
    let (key, secret) = (&rotated.key, rotated.secret.reveal());
    let value = json!({
        "id": key.id.to_string(), "key": secret, "prefix": key.prefix, "mode": key.mode.as_str(),
        "expires_at": key.expires_at.map(|time| time.to_string()),
        "previous_expires_at": key.previous.as_ref().map(|previous| previous.expires_at.to_string()),
    });
    let old = match &key.previous {
        Some(previous) => format!(
            "The old secret, {}…, is good until {}.",
            previous.prefix, previous.expires_at
        ),
        None => "The old secret is refused from now on.".to_owned(),
    };
    output.print(
        &value,
        format!("Key {} ({}), shown once: {secret}\n{old}", key.id, key.mode),
    )
}

/// Revokes a key.
pub async fn revoke(operate: &Operate, id: KeyId, output: Output) -> anyhow::Result<()> {
    let revoked = operate.revoke_key(id).await?;
    let mut answer = value(&revoked.key);
    let canceled: Vec<String> = revoked.canceled.iter().map(ToString::to_string).collect();
    let text = format!(
        "Revoked {id}; queued generations canceled and refunded: {}.",
        canceled.len()
    );
    answer["canceled_generations"] = json!(canceled);
    output.print(&answer, text)
}

fn value(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(), "name": key.name.as_str(), "prefix": key.prefix, "mode": key.mode.as_str(),
        "created_at": key.created_at.to_string(),
        "expires_at": key.expires_at.map(|time| time.to_string()),
        "revoked_at": key.revoked_at.map(|time| time.to_string()),
        "last_used_at": key.last_used_at.map(|time| time.to_string()),
        "previous": key.previous.as_ref().map(|previous| json!({
            "prefix": previous.prefix, "expires_at": previous.expires_at.to_string(),
        })),
    })
}

fn text(key: &ApiKey) -> String {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(time), _) => format!("revoked {time}"),
        (None, Some(time)) => format!("expires {time}"),
        (None, None) => "never expires".to_owned(),
    };
    let used = match key.last_used_at {
        Some(time) => format!("last used {time}"),
        None => "never used".to_owned(),
    };
    let previous = match &key.previous {
        Some(previous) => format!("  {}… until {}", previous.prefix, previous.expires_at),
        None => String::new(),
    };
    format!(
        "{}  {}…  {}  {}  {state}  {used}{previous}",
        key.id,
        key.prefix,
        key.mode,
        key.name.as_str()
    )
}

//! What a person sees when the server is up.

use gih_domain::account::{AccountType, Email};
use gih_domain::api_key::KeyName;
use gih_domain::mode::Mode;
use gih_domain::operate::SIGNUP_TEST_CREDITS;
use gih_domain::ports::Accounts as _;
use serde_json::{Value, json};

use super::http::Server;
use crate::hub::Hub;
use crate::output::Output;

const OWNER_EMAIL: &str = "owner@localhost";

/// Says where the server listens; on an embedded database without an account also makes the owner and a test key, which
/// are shown this once.
pub async fn announce(
    hub: &Hub,
    server: &Server,
    is_embedded: bool,
    output: Output,
) -> anyhow::Result<()> {
    let is_first = is_embedded && hub.books.database.count().await? == 0;
    let test_key = if is_first {
        Some(make_owner(hub).await?)
    } else {
        None
    };
    let url = &server.public_url;
    let mut value =
        json!({"listening": format!("http://{}", server.address), "api": format!("{url}/api/v1")});
    let addresses = if server.is_worker {
        format!("  Health     {url}/healthz, {url}/readyz\n")
    } else {
        format!("  API        {url}/api/v1\n  Contract   {url}/openapi.json\n")
    };
    let mut text = format!(
        "listening on http://{}\n\n  GPT Image Hub\n\n{addresses}",
        server.address
    );
    if let Some(key) = test_key {
        value["owner"] = Value::from(OWNER_EMAIL);
        value["test_key"] = Value::from(key.as_str());
        text.push_str(&welcome(url, &key));
    }
    output.print(&value, text)
}

async fn make_owner(hub: &Hub) -> anyhow::Result<String> {
    let operate = hub.books.operate();
    let email = Email::parse(OWNER_EMAIL)?;
    operate
        .create_account(email.clone(), AccountType::Enterprise, true, None)
        .await?;
    let created = operate
        .create_key(&email, KeyName::parse("first key")?, Mode::Test, None)
        .await?;
    Ok(created.secret.reveal().to_owned())
}

fn welcome(url: &str, key: &str) -> String {
    format!(
        "  Owner      {OWNER_EMAIL}
  Test key   {key}
             Shown this once. It spends {SIGNUP_TEST_CREDITS} test credits at the built-in sandbox, which draws
             locally and costs nothing.

  Your first image; open the url it answers:

curl -s {url}/api/v1/images/generations \\
  -H 'Authorization: Bearer {key}' \\
  -H 'Content-Type: application/json' \\
  -d '{{\"model\": \"gpt-image-2\", \"prompt\": \"A red fox in the snow\", \"aspect_ratio\": \"1:1\"}}'
"
    )
}

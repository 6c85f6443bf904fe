//! What a person sees when the server is up.

use gih_domain::account::{AccountType, Email, Password};
use gih_domain::api_key::{KeyName, Secret};
use gih_domain::mode::Mode;
use gih_domain::operate::SIGNUP_TEST_CREDITS;
use gih_domain::ports::Accounts as _;
use serde_json::{Value, json};

use super::http::Server;
use crate::hub::Hub;
use crate::output::Output;

const OWNER_EMAIL: &str = "owner@localhost";

/// Says where the server listens; on an embedded database without an account also makes the owner, with a password for the
/// console and a test key, which are shown this once.
pub async fn announce(
    hub: &Hub,
    server: &Server,
    is_embedded: bool,
    output: Output,
) -> anyhow::Result<()> {
    let is_first = is_embedded && hub.books.database.count().await? == 0;
    let owner = if is_first {
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
        value["console"] = Value::from(format!("{url}/"));
        format!("  Console    {url}/\n  API        {url}/api/v1\n  Contract   {url}/openapi.json\n")
    };
    let mut text = format!(
        "listening on http://{}\n\n  GPT Image Hub\n\n{addresses}",
        server.address
    );
    if let Some(Owner { password, key }) = owner {
        let (password, key) = (password.reveal(), key.reveal());
        value["owner"] = Value::from(OWNER_EMAIL);
        value["password"] = Value::from(password);
        value["test_key"] = Value::from(key);
        text.push_str(&welcome(url, password, key));
    }
    output.print(&value, text)
}

/// What is known of the owner this once.
struct Owner {
    password: Password,
    key: Secret,
}

async fn make_owner(hub: &Hub) -> anyhow::Result<Owner> {
    let operate = hub.books.operate();
    let email = Email::parse(OWNER_EMAIL)?;
    let password = operate.generate_password();
    operate
        .create_account(
            email.clone(),
            AccountType::Enterprise,
            true,
            Some(&password),
        )
        .await?;
    let created = operate
        .create_key(&email, KeyName::parse("first key")?, Mode::Test, None)
        .await?;
    Ok(Owner {
        password,
        key: created.secret,
    })
}

fn welcome(url: &str, password: &str, key: &str) -> String {
    format!(
        "  Owner      {OWNER_EMAIL}
  Password   {password}
             Shown this once: sign in with it, and choose one of your own.
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

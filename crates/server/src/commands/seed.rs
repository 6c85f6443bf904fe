//! `gih seed`.

use gih_domain::account::{AccountType, Email};
use gih_domain::api_key::KeyName;
use gih_domain::credits::Credits;
use gih_domain::mode::Mode;
use gih_domain::operate::{Operate, OperateError};
use serde_json::{Value, json};

use crate::output::Output;

const DEMO_EMAIL: &str = "demo@localhost";
const DEMO_LIVE_CREDITS: u32 = 500;

/// Adds the shipped models, and on demand an account to try things with.
pub async fn run(operate: &Operate, reset: bool, demo: bool, output: Output) -> anyhow::Result<()> {
    let written = operate.seed(reset).await?;
    let mut answer = format!("Models written: {written}.");
    let mut value = json!({"models_seeded": written});
    if demo {
        let (demo, shown) = add_demo(operate).await?;
        value["demo"] = demo;
        answer = format!("{answer}\n{shown}");
    }
    output.print(&value, answer)
}

async fn add_demo(operate: &Operate) -> anyhow::Result<(Value, String)> {
    let email = Email::parse(DEMO_EMAIL)?;
    let password = operate.generate_password();
    match operate
        .create_account(email.clone(), AccountType::Pro, false, Some(&password))
        .await
    {
        Ok(_) => {}
        Err(OperateError::EmailTaken(_)) => {
            // Its keys and password were shown when it was made, and nothing secret is shown twice.
            let text = format!(
                "The demo account {email} is there already; its secrets were shown when it was made."
            );
            return Ok((json!({"email": email.as_str(), "created": false}), text));
        }
        Err(error) => return Err(error.into()),
    }
    let credits = Credits::from_u32(DEMO_LIVE_CREDITS);
    let reference = Some("demo".to_owned());
    operate
        .grant_credits(
            &email,
            credits,
            Mode::Live,
            None,
            Some("demo".to_owned()),
            reference,
        )
        .await?;
    let live = operate
        .create_key(&email, KeyName::parse("demo live")?, Mode::Live, None)
        .await?;
    let sandbox = operate
        .create_key(&email, KeyName::parse("demo test")?, Mode::Test, None)
        .await?;
    let (live_key, test_key) = (live.secret.reveal(), sandbox.secret.reveal());
    let password = password.reveal();
    let value = json!({
        "email": email.as_str(), "created": true, "password": password, "live_credits": DEMO_LIVE_CREDITS,
        "live_key": live_key, "test_key": test_key,
    });
    let text = format!(
        "Demo account {email}, shown once:\n  password  {password}\n  live key  {live_key} ({DEMO_LIVE_CREDITS} credits)\n  test key  {test_key}"
    );
    Ok((value, text))
}

//! `gih account`.

use std::io::BufRead as _;

use gih_domain::account::{AccountType, Email, Password};
use gih_domain::operate::Operate;
use serde_json::json;

use crate::output::Output;

/// Adds an account; a generated password is printed once.
pub async fn create(
    operate: &Operate,
    email: Email,
    account_type: AccountType,
    is_admin: bool,
    password_stdin: bool,
    output: Output,
) -> anyhow::Result<()> {
    let password = password(operate, password_stdin)?;
    let account = operate
        .create_account(email, account_type, is_admin, Some(&password))
        .await?;
    let shown = (!password_stdin).then(|| password.reveal());
    let value = json!({
        "id": account.id.to_string(), "email": account.email.as_str(),
        "account_type": account.account_type.as_str(), "password": shown,
    });
    let mut text = format!(
        "Account {} ({}, {})",
        account.id, account.email, account.account_type
    );
    if let Some(password) = shown {
        text = format!("{text}\nPassword, shown once: {password}");
    }
    output.print(&value, text)
}

/// Gives an account another password; a generated one is printed once.
pub async fn set_password(
    operate: &Operate,
    email: &Email,
    password_stdin: bool,
    output: Output,
) -> anyhow::Result<()> {
    let password = password(operate, password_stdin)?;
    let account = operate.set_password(email, &password).await?;
    let shown = (!password_stdin).then(|| password.reveal());
    let value = json!({
        "id": account.id.to_string(), "email": account.email.as_str(), "password": shown,
    });
    let mut text = format!("The password of {} is another one now.", account.email);
    if let Some(password) = shown {
        text = format!("{text}\nPassword, shown once: {password}");
    }
    output.print(&value, text)
}

/// The one on stdin, or one that is made up.
fn password(operate: &Operate, from_stdin: bool) -> anyhow::Result<Password> {
    if from_stdin {
        read_password()
    } else {
        Ok(operate.generate_password())
    }
}

fn read_password() -> anyhow::Result<Password> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(Password::parse(
        line.trim_end_matches(['\r', '\n']).to_owned(),
    )?)
}

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
    let password = if password_stdin {
        read_password()?
    } else {
        operate.generate_password()
    };
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

fn read_password() -> anyhow::Result<Password> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(Password::parse(
        line.trim_end_matches(['\r', '\n']).to_owned(),
    )?)
}

//! `gih credits`.

use gih_domain::operate::Operate;
use serde_json::json;

use crate::cli::GrantArgs;
use crate::output::Output;

/// Adds a lot, or answers with the one that the reference added before.
pub async fn grant(operate: &Operate, args: GrantArgs, output: Output) -> anyhow::Result<()> {
    let GrantArgs {
        email,
        credits,
        mode,
        expires_at,
        note,
        reference,
    } = args;
    let granted = operate
        .grant_credits(&email, credits, mode, expires_at, note, reference)
        .await?;
    let expires_at = granted.lot.expires_at.map(|time| time.to_string());
    let balance = granted.balance.credits;
    let value = json!({
        "lot_id": granted.lot.id.to_string(), "credits": granted.credits.get(), "expires_at": expires_at,
        "balance": balance.get(),
    });
    let expiry = expires_at.map_or("never expires".to_owned(), |time| format!("expires {time}"));
    let text = format!(
        "Lot {} of {} {} credits, {expiry}; {email} has {balance} now.",
        granted.lot.id, granted.credits, granted.mode
    );
    output.print(&value, text)
}

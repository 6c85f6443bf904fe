//! `gih audit`.

use std::process::ExitCode;

use gih_domain::ports::{Books as _, Clock as _};
use serde_json::{Value, json};

use crate::hub::Books;
use crate::output::Output;

/// How many violations of each invariant are listed: enough to see a pattern, and a bound.
const AT_MOST: u32 = 100;

/// Checks the books.
pub async fn run(books: &Books, output: Output) -> anyhow::Result<ExitCode> {
    let violations = books.database.audit(books.clock.now(), AT_MOST).await?;
    let is_ok = violations.is_empty();
    let list: Vec<Value> = violations
        .iter()
        .map(|violation| {
            json!({"invariant": violation.invariant, "subject": violation.subject, "detail": violation.detail})
        })
        .collect();
    let text = if is_ok {
        "The books hold.".to_owned()
    } else {
        let lines = violations.iter().map(|violation| {
            format!(
                "{}: {}: {}",
                violation.invariant, violation.subject, violation.detail
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    output.print(&json!({"ok": is_ok, "violations": list}), text)?;
    Ok(if is_ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

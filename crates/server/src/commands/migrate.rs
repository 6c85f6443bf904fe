//! `gih migrate`.

use std::process::ExitCode;

use serde_json::json;

use crate::hub::Books;
use crate::output::Output;

/// Applies what is missing, and seeds an empty catalog.
pub async fn run(books: &Books, output: Output) -> anyhow::Result<ExitCode> {
    let applied = books.database.migrate().await?;
    let seeded = books.operate().seed_if_empty().await?;
    let text = if applied.is_empty() {
        "The database is up to date.".to_owned()
    } else {
        format!("Applied: {}.", applied.join(", "))
    };
    output.print(&json!({"applied": applied, "models_seeded": seeded}), text)?;
    Ok(ExitCode::SUCCESS)
}

/// Only tells.
pub async fn status(books: &Books, output: Output) -> anyhow::Result<ExitCode> {
    let status = books.database.migration_status().await?;
    let lines = [
        ("applied", &status.applied),
        ("pending", &status.pending),
        ("unknown", &status.unknown),
    ];
    let text: Vec<String> = lines
        .iter()
        .map(|(what, names)| {
            format!(
                "{what}: {}",
                if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                }
            )
        })
        .collect();
    let value =
        json!({"applied": status.applied, "pending": status.pending, "unknown": status.unknown});
    output.print(&value, text.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

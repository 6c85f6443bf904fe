//! `gih backup`.

use std::path::Path;

use serde_json::json;

use crate::hub::Books;
use crate::output::Output;

/// Copies the embedded database.
pub async fn run(books: &Books, file: &Path, output: Output) -> anyhow::Result<()> {
    books.database.backup(file).await?;
    let file = file.display().to_string();
    output.print(&json!({"file": file}), format!("Copied to {file}."))
}

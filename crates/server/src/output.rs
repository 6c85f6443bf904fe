//! What commands print on stdout: text for people, or one JSON value.

use std::fmt::Display;
use std::io::Write as _;

use serde::Serialize;

/// How commands answer.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// One JSON value instead of text.
    pub is_json: bool,
}

impl Output {
    /// Prints the value as JSON, or else the text.
    pub fn print(self, value: &impl Serialize, text: impl Display) -> anyhow::Result<()> {
        let mut stdout = std::io::stdout().lock();
        if self.is_json {
            serde_json::to_writer(&mut stdout, value)?;
            writeln!(stdout)?;
        } else {
            writeln!(stdout, "{text}")?;
        }
        Ok(stdout.flush()?)
    }
}

//! `gih audit`.

use std::process::ExitCode;
use std::sync::Arc;

use gih_domain::audit::{Audit, Images};
use gih_domain::ports::Violation;
use serde_json::{Value, json};

use crate::hub::{Books, open_store_as_it_is};
use crate::output::Output;
use crate::settings::Settings;

/// How many violations of each invariant are listed: enough to see a pattern, and a bound.
const AT_MOST: u32 = 100;

/// Checks the books, and that every image is in the storage unless the books alone are asked for.
pub async fn run(
    books: &Books,
    settings: &Settings,
    books_only: bool,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let audit = Audit {
        books: Arc::new(books.database.clone()),
        store: Arc::new(open_store_as_it_is(settings)?),
        clock: Arc::clone(&books.clock) as _,
    };
    let images = if books_only {
        Images::None
    } else {
        Images::All
    };
    let audited = audit.run(images, AT_MOST).await?;
    let is_ok = audited.violations.is_empty();
    // What was found is told in spite of a storage that cannot be audited; "all is well" is not.
    if audited.store_problem.is_none() || !is_ok {
        let list: Vec<Value> = audited.violations.iter().map(value).collect();
        output.print(
            &json!({"ok": is_ok, "violations": list}),
            text(&audited.violations),
        )?;
    }
    if let Some(problem) = audited.store_problem {
        return Err(anyhow::Error::new(problem).context(
            "the storage (GIH_STORAGE_URL) cannot be audited; `--books-only` leaves it out",
        ));
    }
    Ok(if is_ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn value(violation: &Violation) -> Value {
    json!({"invariant": violation.invariant, "subject": violation.subject, "detail": violation.detail})
}

fn text(violations: &[Violation]) -> String {
    if violations.is_empty() {
        return "The books hold.".to_owned();
    }
    let lines = violations.iter().map(|violation| {
        format!(
            "{}: {}: {}",
            violation.invariant, violation.subject, violation.detail
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

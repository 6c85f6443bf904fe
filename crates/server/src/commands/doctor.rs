//! `gih doctor`.
//!
//! Every check goes on when another has failed, is bounded in time, alters nothing that is kept, and says what is wrong
//! and the mend. Warnings are for what may be meant so; they are no failure. Nothing is logged: the report says it all.

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;

use crate::output::Output;

mod books;
mod configuration;
mod host;
mod models;
mod provider;
mod secrets;
mod storage;

use secrets::Secrets;

/// How long any one check may take: past every timeout of its own (the database gives up a server after 5 s, the provider
/// has 10 s, a bucket connects in 5 s and tries three times).
const PATIENCE: Duration = Duration::from_secs(20);

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// Works, and may not be what is wanted.
    Warning,
    Failed,
    /// Another check failed that this one needs.
    Skipped,
}

/// What one check says.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    /// Neither failed nor skipped.
    ok: bool,
    status: Status,
    message: String,
    /// What to do about it; `None` when there is nothing to do.
    mend: Option<String>,
}

impl Check {
    fn new(name: &'static str, status: Status, message: String, mend: Option<String>) -> Self {
        let ok = matches!(status, Status::Ok | Status::Warning);
        Self {
            name,
            ok,
            status,
            message,
            mend,
        }
    }

    fn fine(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, message.into(), None)
    }

    fn warning(name: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(name, Status::Warning, message.into(), Some(mend.into()))
    }

    fn failed(name: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(name, Status::Failed, message.into(), Some(mend.into()))
    }

    fn skipped(name: &'static str, needs: &str) -> Self {
        let message = format!("not checked, because of the {needs} check");
        Self::new(name, Status::Skipped, message, None)
    }
}

/// The names of all checks, in the order in which they are told.
const NAMES: [&str; 9] = [
    configuration::NAME,
    books::DATABASE,
    books::SCHEMA,
    books::CLOCK,
    models::NAME,
    storage::NAME,
    provider::NAME,
    host::DISK,
    host::FILES,
];

/// Checks everything; exit code 1 when something failed.
pub async fn run(config: Option<PathBuf>, output: Output) -> anyhow::Result<ExitCode> {
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let configuration = configuration::read(config.as_deref());
    let is_provider_certain = configuration.is_provider_certain;
    let mut secrets = Secrets::of_environment(&environment);
    let mut checks = vec![configuration.check];
    if let Some(settings) = configuration.settings {
        secrets.add_settings(&settings);
        let (of_books, of_storage, of_provider) = tokio::join!(
            books::check(&settings),
            storage::check(&settings, environment),
            provider::check(&settings, is_provider_certain),
        );
        checks.extend(of_books);
        checks.push(of_storage);
        checks.push(of_provider);
        checks.extend(host::check(&settings).await);
    } else {
        let rest = NAMES.into_iter().skip(1);
        checks.extend(rest.map(|name| Check::skipped(name, configuration::NAME)));
    }
    for check in &mut checks {
        check.message = secrets.masked_in(&one_line(&check.message));
        check.mend = check.mend.as_deref().map(|mend| secrets.masked_in(mend));
    }
    report(&checks, output).context("the report cannot be written")
}

fn report(checks: &[Check], output: Output) -> anyhow::Result<ExitCode> {
    let is_ok = checks.iter().all(|check| check.ok);
    let mut lines: Vec<String> = checks.iter().map(line).collect();
    lines.push(if is_ok {
        "The hub can work.".to_owned()
    } else {
        let failed = checks.iter().filter(|check| check.status == Status::Failed);
        format!(
            "{} failed.",
            failed
                .map(|check| check.name)
                .collect::<Vec<_>>()
                .join(", ")
        )
    });
    output.print(&json!({"ok": is_ok, "checks": checks}), lines.join("\n"))?;
    Ok(if is_ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn line(check: &Check) -> String {
    let status = match check.status {
        Status::Ok => "ok",
        Status::Warning => "warning",
        Status::Failed => "FAILED",
        Status::Skipped => "skipped",
    };
    let told = format!("{status:<8} {:<14} {}", check.name, check.message);
    match &check.mend {
        Some(mend) => format!("{told}\n{:23} mend: {mend}", ""),
        None => told,
    }
}

/// What comes of asking, or `None` when no answer comes in time.
async fn in_time<T>(asking: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, asking).await.ok()
}

/// The same for what blocks, on a dead network drive for example. A thread that never comes back is left behind.
async fn blocking<T: Send + 'static>(asking: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    in_time(tokio::task::spawn_blocking(asking)).await?.ok()
}

/// Errors of others come in several.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! `gih serve`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use gih_database::Kind;

use crate::audits;
use crate::cli::{Role, ServeArgs};
use crate::hub::{Books, Hub};
use crate::output::Output;
use crate::settings::{self, Settings};
use crate::workers;

mod client_stream;
mod first_run;
mod http;
pub mod owner;
mod shutdown;

/// How long the storage may take to answer at the start.
const STORAGE_PATIENCE: Duration = Duration::from_secs(15);

/// Serves until a signal ends it.
pub async fn run(args: ServeArgs, settings: Settings, output: Output) -> anyhow::Result<ExitCode> {
    settings.http.check_links()?;
    for (name, value) in settings.effective() {
        tracing::info!(%name, %value, "setting");
    }
    let books = Books::open(&settings, gih_database::Settings::default()).await?;
    let _owner = match books.database.kind() {
        Kind::Sqlite => Some(prepare_embedded(&books, &args).await?),
        Kind::Postgres => {
            refuse_old_schema(&books).await?;
            None
        }
    };
    let is_embedded = books.database.kind() == Kind::Sqlite;
    let work = settings.work;
    let (workers, test_workers) = match args.role {
        Some(Role::Api) => (0, 0),
        Some(Role::Worker) | None => (work.workers, work.test_workers),
    };
    crate::open_files::provide(&settings, workers + test_workers);
    let hub = Arc::new(Hub::new(books, &settings, workers, test_workers)?);
    check_storage(&hub, &settings).await?;
    hub.engine.register().await?;
    if is_embedded {
        // This process owns the database: whatever another start left running is nobody's now.
        hub.books
            .database
            .retire_others(hub.engine.worker())
            .await?;
        loop {
            let reaping = hub.engine.reap().await?;
            let left_behind = reaping.left_behind;
            reaping.ended().await;
            if left_behind == 0 {
                break;
            }
        }
    }
    let signals = shutdown::Signals::listen()?;
    // Before any work is claimed: what was sent when the address turns out to be taken would be paid for in vain.
    let server = http::start(&hub, &settings, args.role)?;
    let mut loops = workers::start(&hub);
    if args.role != Some(Role::Api) {
        loops.spawn(audits::run(Arc::clone(&hub), settings.audit_interval));
    }
    first_run::announce(&hub, &server, is_embedded, output).await?;
    let code = shutdown::wait(&hub, signals, server, settings.work.generation_timeout).await;
    drop(loops);
    Ok(code)
}

/// The embedded database belongs to one `serve`, which brings it to this build's schema by itself.
async fn prepare_embedded(books: &Books, args: &ServeArgs) -> anyhow::Result<owner::Owner> {
    if args.role.is_some() {
        anyhow::bail!(
            "--role is for several processes on one Postgres; the embedded database belongs to one `gih serve`"
        );
    }
    let owner = owner::Owner::claim(&books.database)?;
    let applied = books.database.migrate().await?;
    if !applied.is_empty() {
        tracing::info!(?applied, "migrated the embedded database");
    }
    books.operate().seed_if_empty().await?;
    Ok(owner)
}

async fn refuse_old_schema(books: &Books) -> anyhow::Result<()> {
    let status = books.database.migration_status().await?;
    if status.pending.is_empty() {
        return Ok(());
    }
    anyhow::bail!(
        "the database's schema is behind this build ({}): run `gih migrate` first",
        status.pending.join(", ")
    )
}

/// A storage that cannot be used is an operator's mistake more often than an outage: better said now than image by image.
async fn check_storage(hub: &Hub, settings: &Settings) -> anyhow::Result<()> {
    let checked = tokio::time::timeout(STORAGE_PATIENCE, hub.store.check()).await;
    let url = settings::mask_password(&settings.storage_url);
    match checked {
        Ok(result) => {
            result.with_context(|| format!("the storage {url} (GIH_STORAGE_URL) cannot be used"))
        }
        Err(_) => anyhow::bail!("the storage {url} (GIH_STORAGE_URL) does not answer"),
    }
}

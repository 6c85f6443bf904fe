//! The commands, a file each.

use std::process::ExitCode;

use crate::cli::{AccountCommand, Cli, Command, CreditsCommand, KeyCommand, ModelCommand};
use crate::hub::Books;
use crate::output::Output;
use crate::serve;
use crate::settings::Settings;

mod account;
mod audit;
mod backup;
mod credits;
pub mod doctor;
mod key;
mod migrate;
mod model;
mod seed;

/// What a command needs of the database: it makes one question at a time.
const COMMAND_POOL: gih_database::Settings = gih_database::Settings {
    postgres_connections: 2,
    sqlite_readers: 1,
};

/// Runs what the command line says.
pub async fn run(cli: Cli, settings: Settings) -> anyhow::Result<ExitCode> {
    let output = Output { is_json: cli.json };
    let command = cli
        .command
        .unwrap_or(Command::Serve(crate::cli::ServeArgs::default()));
    if let Command::Serve(args) = command {
        return serve::run(args, settings, output).await;
    }
    let may_begin = may_begin(&command);
    let books = if may_begin {
        Books::open(&settings, COMMAND_POOL).await?
    } else {
        Books::open_what_is_there(&settings, COMMAND_POOL).await?
    };
    if let Command::Migrate { status } = command {
        return if status {
            migrate::status(&books, output).await
        } else {
            migrate::run(&books, output).await
        };
    }
    refuse_old_schema(&books, may_begin, &settings).await?;
    let operate = books.operate();
    match command {
        Command::Serve(_) | Command::Migrate { .. } | Command::Doctor => {}
        Command::Seed { reset, demo } => seed::run(&operate, reset, demo, output).await?,
        Command::Model(ModelCommand::List) => model::list(&operate, output).await?,
        Command::Model(ModelCommand::Set(args)) => model::set(&operate, args, output).await?,
        Command::Account(AccountCommand::Create {
            email,
            account_type,
            admin,
            password_stdin,
        }) => {
            account::create(&operate, email, account_type, admin, password_stdin, output).await?;
        }
        Command::Account(AccountCommand::Password {
            email,
            password_stdin,
        }) => account::set_password(&operate, &email, password_stdin, output).await?,
        Command::Key(KeyCommand::Create {
            email,
            name,
            mode,
            expires_in,
        }) => {
            key::create(&operate, &email, name, mode, expires_in, output).await?;
        }
        Command::Key(KeyCommand::List { email }) => key::list(&operate, &email, output).await?,
        Command::Key(KeyCommand::Rotate { id, overlap }) => {
            key::rotate(&operate, id, overlap, output).await?;
        }
        Command::Key(KeyCommand::Revoke { id }) => key::revoke(&operate, id, output).await?,
        Command::Credits(CreditsCommand::Grant(args)) => {
            credits::grant(&operate, args, output).await?;
        }
        Command::Audit { books_only } => {
            return audit::run(&books, &settings, books_only, output).await;
        }
        Command::Backup { file } => backup::run(&books, &file, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the command may be the first on an embedded database, before any start, and make it. The others read or change
/// what must be there already: of a mistyped `GIH_DATA_DIR` they must not say that all is well.
fn may_begin(command: &Command) -> bool {
    matches!(
        command,
        Command::Migrate { .. }
            | Command::Seed { .. }
            | Command::Account(AccountCommand::Create { .. })
    )
}

/// Commands, like the server, work on this build's schema; those that may begin give it to an embedded database that is
/// new.
async fn refuse_old_schema(
    books: &Books,
    may_begin: bool,
    settings: &Settings,
) -> anyhow::Result<()> {
    let status = books.database.migration_status().await?;
    if status.pending.is_empty() {
        return Ok(());
    }
    if books.database.kind() == gih_database::Kind::Sqlite && status.applied.is_empty() {
        if !may_begin {
            anyhow::bail!(
                "the database is empty: is {} right? `gih migrate` makes a new one ready",
                settings.database_setting()
            );
        }
        books.database.migrate().await?;
        books.operate().seed_if_empty().await?;
        return Ok(());
    }
    anyhow::bail!(
        "the database's schema is behind this build ({}): run `gih migrate`",
        status.pending.join(", ")
    )
}

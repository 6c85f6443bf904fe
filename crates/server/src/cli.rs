//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gih_domain::account::{AccountType, Email};
use gih_domain::api_key::KeyName;
use gih_domain::credits::Credits;
use gih_domain::id::KeyId;
use gih_domain::mode::Mode;
use gih_domain::size::Tier;
use gih_domain::time::Timestamp;

use crate::settings::parse_duration;

/// GPT Image Hub: sells images by prepaid credits in front of the `OpenAI` Images API.
///
/// Without a command it serves. Settings come from the environment, then from gih.toml; see docs/CONFIGURATION.md.
#[derive(Parser)]
#[command(
    name = "gih",
    version,
    after_help = "Example:\n  gih serve\n  gih account create --email ann@example.com"
)]
pub struct Cli {
    /// Settings file instead of gih.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Answer with one JSON value on stdout
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve the HTTP API and work on generations
    #[command(after_help = "Example:\n  GIH_BIND=127.0.0.1:9000 gih serve")]
    Serve(ServeArgs),
    /// Bring the database to this build's schema
    #[command(after_help = "Example:\n  gih migrate --status")]
    Migrate {
        /// Only tell what is applied and what is missing
        #[arg(long)]
        status: bool,
    },
    /// Add the shipped models that are missing
    #[command(after_help = "Example:\n  gih seed --demo")]
    Seed {
        /// Write all shipped models as they ship, changed prices included
        #[arg(long)]
        reset: bool,
        /// Add a demo account with credits and keys
        #[arg(long)]
        demo: bool,
    },
    /// The models on sale
    #[command(subcommand)]
    Model(ModelCommand),
    /// Accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Credits
    #[command(subcommand)]
    Credits(CreditsCommand),
    /// Check the books; exits 1 with a list when they do not hold
    #[command(after_help = "Example:\n  gih audit --json\n  gih audit --books-only")]
    Audit {
        /// Do not look whether every image is in the storage, which takes a while for very many
        #[arg(long)]
        books_only: bool,
    },
    /// Check settings, database, storage, provider and clock; says what is wrong and the mend, and exits 1
    #[command(after_help = "Example:\n  gih doctor --json")]
    Doctor,
    /// Copy the embedded database while it runs
    #[command(after_help = "Example:\n  gih backup /var/backups/gih-2026-11-20.db")]
    Backup {
        /// Where to; must not exist
        file: PathBuf,
    },
}

#[derive(Args, Default)]
pub struct ServeArgs {
    /// Only one half, for scaling out on a shared Postgres and bucket
    #[arg(long, value_enum)]
    pub role: Option<Role>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Answers HTTP and leaves the work to others
    Api,
    /// Works, and answers nothing but health checks and /metrics
    Worker,
}

#[derive(Subcommand)]
pub enum ModelCommand {
    /// List the catalog
    #[command(after_help = "Example:\n  gih model list --json")]
    List,
    /// Change a model
    #[command(after_help = "Example:\n  gih model set gpt-image-2 --price 1K=8 --price 2K=10")]
    Set(ModelSetArgs),
}

#[derive(Args)]
pub struct ModelSetArgs {
    /// The model's id
    pub id: String,
    /// A tier's price in credits, like 2K=10; may be repeated
    #[arg(long, value_name = "TIER=CREDITS", value_parser = parse_price)]
    pub price: Vec<(Tier, Credits)>,
    /// Whether it is listed and sold
    #[arg(long, value_name = "true|false")]
    pub enabled: Option<bool>,
    /// What people call it
    #[arg(long)]
    pub name: Option<String>,
    /// Who draws for it
    #[arg(long)]
    pub provider: Option<String>,
    /// What the provider calls it
    #[arg(long)]
    pub provider_model: Option<String>,
    /// The most reference images of one request
    #[arg(long)]
    pub reference_image_limit: Option<u32>,
}

#[derive(Subcommand)]
pub enum AccountCommand {
    /// Add an account; prints a generated password once unless one is given
    #[command(after_help = "Example:\n  gih account create --email ann@example.com --type PRO")]
    Create {
        #[arg(long, value_parser = |text: &str| Email::parse(text))]
        email: Email,
        /// FREE, PRO or ENTERPRISE
        #[arg(long = "type", default_value = "FREE")]
        account_type: AccountType,
        /// May administer the hub
        #[arg(long)]
        admin: bool,
        /// Read the password from the first line of stdin
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give an account another password, as for an owner who has forgotten it; prints a generated one once unless one is
    /// given. Whoever is signed in to it is signed out
    #[command(after_help = "Example:\n  gih account password --email ann@example.com")]
    Password {
        #[arg(long, value_parser = |text: &str| Email::parse(text))]
        email: Email,
        /// Read the password from the first line of stdin
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Add a key; prints it once
    #[command(
        after_help = "Example:\n  gih key create --email ann@example.com --name ci --mode test --expires-in 30d"
    )]
    Create {
        #[arg(long, value_parser = |text: &str| Email::parse(text))]
        email: Email,
        /// What its owner calls it
        #[arg(long, value_parser = |text: &str| KeyName::parse(text))]
        name: KeyName,
        /// live or test
        #[arg(long, default_value = "live")]
        mode: Mode,
        /// How long it is good, like 30d, 12h or 90s
        #[arg(long, value_name = "DURATION", value_parser = |text: &str| duration(text))]
        expires_in: Option<Duration>,
    },
    /// List an account's keys
    #[command(after_help = "Example:\n  gih key list --email ann@example.com")]
    List {
        #[arg(long, value_parser = |text: &str| Email::parse(text))]
        email: Email,
    },
    /// Give a key another secret; prints it once. The old one is good until the overlap ends
    #[command(
        after_help = "Example:\n  gih key rotate key_0198a3c27e0b7d45a1b2c3d4e5f60718 --overlap 7d"
    )]
    Rotate {
        /// The key's id
        id: KeyId,
        /// How long the old secret is good, like 7d or 12h; 0s for one that has leaked; at most 90d
        #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = |text: &str| overlap(text))]
        overlap: Duration,
    },
    /// Revoke a key; its queued generations are canceled and refunded
    #[command(after_help = "Example:\n  gih key revoke key_0198a3c27e0b7d45a1b2c3d4e5f60718")]
    Revoke {
        /// The key's id
        id: KeyId,
    },
}

#[derive(Subcommand)]
pub enum CreditsCommand {
    /// Add a lot of credits
    #[command(
        after_help = "Example:\n  gih credits grant --email ann@example.com --credits 500 --expires-at 2026-12-31 --ref invoice-7"
    )]
    Grant(GrantArgs),
}

#[derive(Args)]
pub struct GrantArgs {
    #[arg(long, value_parser = |text: &str| Email::parse(text))]
    pub email: Email,
    /// How many, at least 1
    #[arg(long, value_parser = |text: &str| credits(text))]
    pub credits: Credits,
    /// live or test
    #[arg(long, default_value = "live")]
    pub mode: Mode,
    /// When they expire, like 2026-12-01 or 2026-12-01T12:00:00Z; never unless said
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Timestamp::parse(text))]
    pub expires_at: Option<Timestamp>,
    /// For people
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// A reference of yours: repeating the same grant answers with the first lot, another one is an error
    #[arg(long = "ref", value_name = "REF", value_parser = |text: &str| reference(text))]
    pub reference: Option<String>,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "write it as 30d, 12h or 90s".to_owned())
}

fn overlap(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "write it as 7d, 24h or 0s".to_owned())
}

fn credits(text: &str) -> Result<Credits, String> {
    let amount = text
        .parse()
        .ok()
        .and_then(|amount| Credits::new(amount).ok())
        .filter(|credits| !credits.is_zero());
    amount.ok_or_else(|| format!("it is an integer from 1 to {}", Credits::MAX))
}

fn reference(text: &str) -> Result<String, String> {
    let is_fit = (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if is_fit {
        Ok(text.to_owned())
    } else {
        Err("it has 1 to 200 characters and no control characters".to_owned())
    }
}

fn parse_price(text: &str) -> Result<(Tier, Credits), String> {
    let (tier, price) = text
        .split_once('=')
        .ok_or("write it as TIER=CREDITS, like 2K=10")?;
    let tier = tier.parse::<Tier>().map_err(|error| error.to_string())?;
    let price = price
        .parse()
        .ok()
        .and_then(|price| Credits::new(price).ok())
        .filter(|price| price.is_price());
    let wrong = || format!("the price is an integer from 0 to {}", Credits::MAX_PRICE);
    Ok((tier, price.ok_or_else(wrong)?))
}

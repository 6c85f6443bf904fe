//! The settings: environment first, then the file, then the default; read once, checked whole.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gih_api::Proxies;

mod known;
mod source;
mod values;

pub use known::mask_password;
pub use source::{Source, environment};
pub use values::parse_duration;

/// A settings mistake: one line that names the setting, what came and what is allowed.
#[derive(Debug, thiserror::Error)]
#[error("{mistake}")]
pub struct SettingsError {
    setting: Option<String>,
    mistake: String,
}

impl SettingsError {
    /// A mistake in a setting, or in what looks like one, in one line.
    pub fn of(setting: &str, mistake: String) -> Self {
        Self {
            setting: Some(setting.to_owned()),
            mistake,
        }
    }

    /// A mistake that is none of one setting.
    fn of_all(mistake: String) -> Self {
        Self {
            setting: None,
            mistake,
        }
    }

    /// The name in the environment, or the key in the file, that the mistake is in; `None` when nothing can be read.
    pub fn setting(&self) -> Option<&str> {
        self.setting.as_deref()
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What is logged unless something else is asked for. The cloud client tells of each try, which is as many lines as there
/// are objects while a storage is away; what came of it in the end is told by whoever wanted it.
const DEFAULT_LOG: &str = "info,object_store=warn";

/// The log.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// What is logged, as `tracing` filters write it.
    pub filter: String,
    /// How.
    pub format: LogFormat,
}

/// The provider account.
#[derive(Clone, Debug)]
pub struct OpenAiSettings {
    /// The key; without one live generations are refused.
    pub api_key: Option<String>,
    /// Any OpenAI-compatible images API.
    pub base_url: String,
    /// Sent when set.
    pub organization: Option<String>,
    /// Sent when set.
    pub project: Option<String>,
}

/// What the work of one process may take.
#[derive(Clone, Copy, Debug)]
pub struct WorkSettings {
    /// The longest a generation may run.
    pub generation_timeout: Duration,
    /// The longest it may stay queued.
    pub queue_timeout: Duration,
    /// Live generations in flight in this process.
    pub workers: u32,
    /// Test generations in flight in this process.
    pub test_workers: u32,
    /// Queued generations in all, of each mode.
    pub max_queue: u32,
    /// Queued generations of one account, of each mode.
    pub max_queued_per_account: u32,
    /// Live generations of one account that are accepted within a minute; `None`: as many as come.
    pub live_rate: Option<NonZeroU32>,
    /// The same of test generations.
    pub test_rate: Option<NonZeroU32>,
    /// How long a silent worker keeps its work.
    pub lease: Duration,
    /// Bytes being received or decoded on local disk.
    pub spool_limit_bytes: u64,
}

/// The HTTP side.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where it listens; port 0 picks a free one.
    pub bind: SocketAddr,
    /// The base of links; `None`: `http://` and the bound address.
    pub public_url: Option<String>,
    /// The base of image addresses; `None`: the hub serves them at its own `/media`.
    pub media_url: Option<String>,
    /// Whose word is taken for where a request comes from, and in which header.
    pub trusted_proxies: Proxies,
    /// Connections at once.
    pub max_connections: u32,
    /// Multipart bodies being received at once.
    pub max_uploads: u32,
    /// Origins that browsers may call the API from.
    pub cors_origins: Vec<String>,
}

impl HttpSettings {
    /// Refuses to serve links that nobody elsewhere could follow.
    pub fn check_links(&self) -> Result<(), SettingsError> {
        if self.public_url.is_some() || self.bind.ip().is_loopback() {
            return Ok(());
        }
        let bind = self.bind;
        let mistake = format!(
            "GIH_PUBLIC_URL must be set, because GIH_BIND ({bind}) is reached from elsewhere: \
             the address that callers use, like https://hub.example.com"
        );
        Err(SettingsError::of("GIH_PUBLIC_URL", mistake))
    }
}

/// All settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database.
    pub database_url: String,
    /// Where the embedded database, images and the spool live.
    pub data_dir: PathBuf,
    /// Where images are stored.
    pub storage_url: String,
    /// The provider account.
    pub openai: OpenAiSettings,
    /// What the work may take.
    pub work: WorkSettings,
    /// The HTTP side.
    pub http: HttpSettings,
    /// Whether anybody may make an account in the console.
    pub is_sign_up_open: bool,
    /// How often `serve` audits.
    pub audit_interval: Duration,
    /// The log.
    pub log: LogSettings,
    effective: Vec<(&'static str, String)>,
}

impl Settings {
    /// Reads and checks all of them.
    pub fn read(source: &Source) -> Result<Self, SettingsError> {
        source.refuse_unknown()?;
        let data_dir = absolute(source.text("GIH_DATA_DIR").as_deref().unwrap_or("./data"))?;
        let database_url = source
            .text("DATABASE_URL")
            .unwrap_or_else(|| embedded_url(&data_dir));
        let storage_url = source
            .text("GIH_STORAGE_URL")
            .unwrap_or_else(|| format!("file://{}", data_dir.join("media").display()));
        let settings = Self {
            openai: OpenAiSettings {
                api_key: source.text("OPENAI_API_KEY"),
                base_url: source
                    .url("OPENAI_BASE_URL")?
                    .unwrap_or_else(|| "https://api.openai.com/v1".to_owned()),
                organization: source.text("OPENAI_ORG_ID"),
                project: source.text("OPENAI_PROJECT_ID"),
            },
            work: work(source)?,
            http: http(source)?,
            is_sign_up_open: source.one_of("GIH_SIGN_UP", &[("open", true), ("closed", false)])?,
            audit_interval: source.duration(
                "GIH_AUDIT_INTERVAL",
                Duration::from_hours(1),
                Duration::from_secs(1),
            )?,
            log: LogSettings {
                filter: source
                    .text("GIH_LOG")
                    .unwrap_or_else(|| DEFAULT_LOG.to_owned()),
                format: source.one_of(
                    "GIH_LOG_FORMAT",
                    &[("text", LogFormat::Text), ("json", LogFormat::Json)],
                )?,
            },
            effective: Vec::new(),
            database_url,
            data_dir,
            storage_url,
        };
        Ok(settings.with_effective(source))
    }

    /// The name of the setting that says which database it is.
    pub fn database_setting(&self) -> &'static str {
        if self.database_url == embedded_url(&self.data_dir) {
            "GIH_DATA_DIR"
        } else {
            "DATABASE_URL"
        }
    }

    /// Every setting and its value as it is in force, secrets masked, for the log.
    pub fn effective(&self) -> &[(&'static str, String)] {
        &self.effective
    }

    fn with_effective(mut self, source: &Source) -> Self {
        let value = |setting: &known::Setting| match setting.name {
            "DATABASE_URL" => known::mask_password(&self.database_url),
            "GIH_DATA_DIR" => self.data_dir.display().to_string(),
            "GIH_STORAGE_URL" => known::mask_password(&self.storage_url),
            "GIH_CONFIG" => source.file_path().display().to_string(),
            name => match source.text(name) {
                Some(_) if setting.is_secret => "(set)".to_owned(),
                Some(value) => value,
                None => setting.default.to_owned(),
            },
        };
        self.effective = known::SETTINGS
            .iter()
            .map(|setting| (setting.name, value(setting)))
            .collect();
        self
    }
}

fn work(source: &Source) -> Result<WorkSettings, SettingsError> {
    let second = Duration::from_secs(1);
    let [live_rate, test_rate] = source.rates("GIH_RATE_LIMITS", [None, NonZeroU32::new(60)])?;
    Ok(WorkSettings {
        generation_timeout: source.duration(
            "GIH_GENERATION_TIMEOUT",
            Duration::from_secs(800),
            second,
        )?,
        queue_timeout: source.duration("GIH_QUEUE_TIMEOUT", Duration::from_hours(24), second)?,
        workers: source.count("GIH_WORKERS", 256, 1)?,
        test_workers: source.count("GIH_TEST_WORKERS", cores(), 1)?,
        max_queue: source.count("GIH_MAX_QUEUE", 100_000, 0)?,
        max_queued_per_account: source.count("GIH_MAX_QUEUED_PER_ACCOUNT", 1_000, 0)?,
        live_rate,
        test_rate,
        lease: source.duration("GIH_LEASE", Duration::from_mins(1), second)?,
        spool_limit_bytes: source.bytes("GIH_SPOOL_LIMIT", 20_000_000_000)?,
    })
}

fn cores() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    u32::try_from(cores).unwrap_or(u32::MAX)
}

fn http(source: &Source) -> Result<HttpSettings, SettingsError> {
    let default = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
    let bind = source.address("GIH_BIND", default)?;
    let public_url = source.url("GIH_PUBLIC_URL")?;
    Ok(HttpSettings {
        bind,
        public_url,
        media_url: source.url("GIH_MEDIA_URL")?,
        trusted_proxies: Proxies::parse(&source.list("GIH_TRUSTED_PROXIES"))
            .map_err(|wrong| {
                Source::wrong(
                    "GIH_TRUSTED_PROXIES",
                    &wrong,
                    "addresses or networks, like 10.0.0.0/8",
                )
            })?
            .with_header(source.forwarded_header("GIH_FORWARDED_HEADER")?),
        max_connections: source.count("GIH_MAX_CONNECTIONS", 10_000, 1)?,
        max_uploads: source.count("GIH_MAX_UPLOADS", 16, 1)?,
        cors_origins: source.origins("GIH_CORS_ORIGINS")?,
    })
}

/// The database unless another is named.
fn embedded_url(data_dir: &Path) -> String {
    format!("sqlite://{}", data_dir.join("gih.db").display())
}

fn absolute(path: &str) -> Result<PathBuf, SettingsError> {
    std::path::absolute(Path::new(path)).map_err(|error| {
        let mistake = format!("GIH_DATA_DIR is {path:?}, which is no path: {error}");
        SettingsError::of("GIH_DATA_DIR", mistake)
    })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;

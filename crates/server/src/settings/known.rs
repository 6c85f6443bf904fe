//! The settings that there are.

/// A setting.
pub(super) struct Setting {
    /// Its name in the environment; in the file it is the same in lower case, without `gih_`.
    pub name: &'static str,
    /// Its default, in words.
    pub default: &'static str,
    /// Whether its value must never be shown.
    pub is_secret: bool,
}

const fn setting(name: &'static str, default: &'static str) -> Setting {
    Setting {
        name,
        default,
        is_secret: false,
    }
}

/// All of them.
pub(super) const SETTINGS: [Setting; 29] = [
    setting("DATABASE_URL", "sqlite://<data dir>/gih.db"),
    setting("GIH_DATA_DIR", "./data"),
    setting("GIH_STORAGE_URL", "file://<data dir>/media"),
    setting("GIH_BIND", "127.0.0.1:8080"),
    setting("GIH_PUBLIC_URL", "http://<bind>"),
    setting("GIH_MEDIA_URL", "<public url>/media"),
    Setting {
        name: "OPENAI_API_KEY",
        default: "none",
        is_secret: true,
    },
    setting("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    setting("OPENAI_ORG_ID", "none"),
    setting("OPENAI_PROJECT_ID", "none"),
    setting("GIH_GENERATION_TIMEOUT", "800s"),
    setting("GIH_QUEUE_TIMEOUT", "24h"),
    setting("GIH_WORKERS", "256"),
    setting("GIH_TEST_WORKERS", "the number of cores"),
    setting("GIH_MAX_QUEUE", "100000"),
    setting("GIH_MAX_QUEUED_PER_ACCOUNT", "1000"),
    setting("GIH_RATE_LIMITS", "live=off,test=60"),
    setting("GIH_SPOOL_LIMIT", "20 GB"),
    setting("GIH_TRUSTED_PROXIES", "none"),
    setting("GIH_FORWARDED_HEADER", "X-Forwarded-For"),
    setting("GIH_LEASE", "60s"),
    setting("GIH_MAX_CONNECTIONS", "10000"),
    setting("GIH_MAX_UPLOADS", "16"),
    setting("GIH_CORS_ORIGINS", "none"),
    setting("GIH_SIGN_UP", "open"),
    setting("GIH_AUDIT_INTERVAL", "1h"),
    setting("GIH_LOG", super::DEFAULT_LOG),
    setting("GIH_LOG_FORMAT", "text"),
    setting("GIH_CONFIG", "gih.toml"),
];

/// The name of a setting in the file: `GIH_DATA_DIR` is `data_dir`, `OPENAI_API_KEY` is `openai_api_key`.
pub(super) fn file_key(name: &str) -> String {
    name.strip_prefix("GIH_")
        .unwrap_or(name)
        .to_ascii_lowercase()
}

/// The known name most like `name`, if any is like it at all.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness =
        |known: &str| strsim::jaro_winkler(&known.to_ascii_lowercase(), &name.to_ascii_lowercase());
    known
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// An address with its password masked.
pub fn mask_password(url: &str) -> String {
    let masked = || {
        let (scheme, rest) = url.split_once("://")?;
        let (rest, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        // The last one: a password may hold another, or a '/', though neither should be there unescaped.
        let (user, host) = rest.rsplit_once('@')?;
        let is_path = matches!(scheme, "sqlite" | "file");
        let user = user.split_once(':').map_or(user, |(user, _)| user);
        (!is_path).then(|| format!("{scheme}://{user}:***@{host}{query}"))
    };
    let shown = masked().unwrap_or_else(|| url.to_owned());
    // libpq takes a password as a parameter as well.
    match shown.find("password=") {
        Some(start) => format!("{}password=***", &shown[..start]),
        None => shown,
    }
}

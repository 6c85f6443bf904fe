//! The log: to stderr, as text or JSON.

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings, SettingsError};

/// Begins to log. Errors on a filter that is none.
pub fn start(settings: &LogSettings) -> Result<(), SettingsError> {
    let filter = filter(settings)?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Text => log
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

/// What is logged. Errors on a filter that is none.
pub fn filter(settings: &LogSettings) -> Result<EnvFilter, SettingsError> {
    // A malformed request is a stranger's mistake and none of ours: every port scanner would raise an alarm. A filter
    // that names it is the stronger.
    let filter = format!("actix_http::h1::dispatcher=off,{}", settings.filter);
    EnvFilter::try_new(filter).map_err(|error| {
        let allowed = "a filter like info, warn or info,gih_server=debug";
        let came = &settings.filter;
        SettingsError::of(
            "GIH_LOG",
            format!("GIH_LOG is {came:?}; it must be {allowed} ({error})"),
        )
    })
}

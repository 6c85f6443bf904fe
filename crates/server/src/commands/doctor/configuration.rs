//! The settings: all mistakes at once, and what can be read all the same.

use std::path::Path;

use super::Check;
use crate::settings::{Settings, SettingsError, Source, environment};
use crate::telemetry;

pub const NAME: &str = "configuration";

/// More mistakes than these are not listed: a bound on the loop that looks for the next.
const MOST_MISTAKES: usize = 50;

/// What could be read.
pub struct Read {
    pub check: Check,
    /// Settings with mistakes count as not set. `None` when there is nothing to go on with.
    pub settings: Option<Settings>,
    /// No mistake has to do with the provider. Else the key could go to somebody whom nobody meant.
    pub is_provider_certain: bool,
}

/// Reads the settings.
pub fn read(config: Option<&Path>) -> Read {
    let source = environment().and_then(|environment| Source::read(environment, config));
    let mut source = match source {
        Ok(source) => source,
        Err(error) => {
            return Read {
                check: failed(&[error], "mend it"),
                settings: None,
                is_provider_certain: false,
            };
        }
    };
    let mut mistakes = Vec::new();
    let settings = loop {
        match Settings::read(&source) {
            Ok(settings) => break Some(settings),
            Err(error) => {
                if let Some(setting) = error.setting() {
                    source.forget(setting);
                }
                let is_last = error.setting().is_none() || mistakes.len() == MOST_MISTAKES;
                mistakes.push(error);
                if is_last {
                    break None;
                }
            }
        }
    };
    if let Some(settings) = &settings {
        mistakes.extend(settings.http.check_links().err());
        mistakes.extend(telemetry::filter(&settings.log).err());
    }
    // A mistyped name is known by the one that it is told to be like.
    let is_provider_certain = !mistakes
        .iter()
        .any(|mistake| mistake.to_string().to_lowercase().contains("openai"));
    let check = if mistakes.is_empty() {
        Check::fine(NAME, "all settings can be used")
    } else {
        let names: Vec<&str> = mistakes.iter().filter_map(SettingsError::setting).collect();
        failed(&mistakes, &format!("mend or remove {}", names.join(", ")))
    };
    Read {
        check,
        settings,
        is_provider_certain,
    }
}

fn failed(mistakes: &[SettingsError], mend: &str) -> Check {
    let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let mend = format!("{mend}; docs/CONFIGURATION.md has all settings");
    Check::failed(NAME, mistakes.join("; "), mend)
}

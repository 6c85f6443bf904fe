//! Where settings come from.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::SettingsError;
use super::known::{SETTINGS, file_key, nearest};

/// The default file, read when it is there.
const DEFAULT_FILE: &str = "gih.toml";

/// The process's environment. Text that is no Unicode is a mistake in a setting of ours, and in others' variables none of
/// our business.
pub fn environment() -> Result<Vec<(String, String)>, SettingsError> {
    let is_ours = |name: &str| {
        name.starts_with("GIH_") || SETTINGS.iter().any(|setting| setting.name == name)
    };
    let mut environment = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else {
            continue;
        };
        match value.into_string() {
            Ok(value) => environment.push((name, value)),
            Err(_) if is_ours(&name) => {
                let mistake = format!("{name} must be Unicode text");
                return Err(SettingsError::of_all(mistake));
            }
            Err(_) => {}
        }
    }
    Ok(environment)
}

/// The environment and the file, as text by the name in the environment.
pub struct Source {
    environment: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    file_path: PathBuf,
}

impl Source {
    /// Reads the environment and `config`, else `GIH_CONFIG`, else `gih.toml` if there is one.
    pub fn read(
        environment: impl IntoIterator<Item = (String, String)>,
        config: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let in_environment = environment
            .get("GIH_CONFIG")
            .filter(|path| !path.trim().is_empty());
        let named = config
            .map(Path::to_owned)
            .or_else(|| in_environment.map(PathBuf::from));
        let file_path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let text = match read(&file_path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
                String::new()
            }
            Err(error) => {
                return Err(SettingsError::of_all(format!(
                    "the settings file {} cannot be read: {error}",
                    file_path.display()
                )));
            }
        };
        let file = parse(&text)
            .map_err(|what| SettingsError::of_all(format!("{}: {what}", file_path.display())))?;
        Ok(Self {
            environment,
            file,
            file_path,
        })
    }

    /// A name that looks like a setting and is none is a mistake, not something to pass over.
    pub(super) fn refuse_unknown(&self) -> Result<(), SettingsError> {
        let suggestion = |nearest: Option<String>| {
            nearest.map_or(String::new(), |name| format!("; did you mean {name}?"))
        };
        let names = || SETTINGS.iter().map(|setting| setting.name);
        for name in self
            .environment
            .keys()
            .filter(|name| name.starts_with("GIH_"))
        {
            if !names().any(|known| known == name) {
                let nearest = nearest(name, names()).map(ToOwned::to_owned);
                let mistake = format!("{name} is not a setting{}", suggestion(nearest));
                return Err(SettingsError::of(name, mistake));
            }
        }
        let keys: Vec<String> = names()
            .filter(|name| *name != "GIH_CONFIG")
            .map(file_key)
            .collect();
        for key in self.file.keys() {
            if !keys.contains(key) {
                let nearest = nearest(key, keys.iter().map(String::as_str)).map(ToOwned::to_owned);
                let file = self.file_path.display();
                let mistake = format!("{key} in {file} is not a setting{}", suggestion(nearest));
                return Err(SettingsError::of(key, mistake));
            }
        }
        Ok(())
    }

    /// Forgets what is set under this name, in the environment and in the file, so that the rest can be read.
    pub fn forget(&mut self, name: &str) {
        self.environment.remove(name);
        self.file.remove(&file_key(name));
    }

    /// The settings file, whether there is one or not.
    pub(super) fn file_path(&self) -> &Path {
        &self.file_path
    }

    /// The text of a setting; empty means unset.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = self
            .environment
            .get(name)
            .or_else(|| self.file.get(&file_key(name)))?
            .trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// The file's text. What is no regular file is refused: a pipe could keep the reader for ever, a device give no end.
fn read(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    std::fs::read_to_string(path)
}

/// The file's keys and values as text; a list becomes its items with commas between.
fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].lines().count().max(1)
        });
        format!("line {line}: {}", error.message())
    })?;
    table
        .into_iter()
        .map(|(key, value)| scalar(&value).map(|text| (key.clone(), text)).ok_or(key))
        .collect::<Result<_, _>>()
        .map_err(|key: String| {
            format!("{key} must be a text, a number, true or false, or a list of texts")
        })
}

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            items.map(|items| items.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

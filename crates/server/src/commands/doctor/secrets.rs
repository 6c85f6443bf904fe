//! What no report may show, whoever has put it into an error's text.

use crate::settings::Settings;

/// Shorter values are words of everyday's texts, and no secrets worth the name.
const SHORTEST_BYTES: usize = 8;
/// Variables whose names have these words hold secrets: the clouds' own among them.
const WORDS: [&str; 5] = ["KEY", "SECRET", "TOKEN", "PASSWORD", "CREDENTIAL"];

/// The values that are masked.
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Of the environment.
    pub fn of_environment(environment: &[(String, String)]) -> Self {
        let is_secret = |name: &str| WORDS.iter().any(|word| name.contains(word));
        let mut secrets = Self(Vec::new());
        for (name, value) in environment {
            if is_secret(name) {
                secrets.add(value);
            }
            if name == "DATABASE_URL" {
                secrets.add_password_of(value);
            }
        }
        secrets
    }

    /// Of the settings, which may come from a file.
    pub fn add_settings(&mut self, settings: &Settings) {
        if let Some(key) = &settings.openai.api_key {
            self.add(key);
        }
        self.add_password_of(&settings.database_url);
        self.add_password_of(&settings.storage_url);
    }

    fn add_password_of(&mut self, url: &str) {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let address = rest.split('?').next().unwrap_or_default();
        let user = address.rsplit_once('@').map(|(user, _)| user);
        if let Some((_, password)) = user.and_then(|user| user.split_once(':')) {
            self.add(password);
        }
        if let Some((_, password)) = url.split_once("password=") {
            self.add(password.split('&').next().unwrap_or_default());
        }
    }

    fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() >= SHORTEST_BYTES {
            self.0.push(secret.to_owned());
        }
    }

    /// `text` without them.
    pub fn masked_in(&self, text: &str) -> String {
        let mask = |text: String, secret: &String| text.replace(secret, "***");
        self.0.iter().fold(text.to_owned(), mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let environment = [
            ("AWS_SECRET_ACCESS_KEY", "hush-hush-aws"),
            (
                "DATABASE_URL",
                "postgres://gih:hush-hush-db@host/gih?password=hush-hush-2&x=1",
            ),
            ("AWS_REGION", "us-east-1"),
            ("SHORT_KEY", "test"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let secrets = Secrets::of_environment(&environment);
        assert_eq!(
            secrets.masked_in("hush-hush-aws, hush-hush-db, hush-hush-2 in us-east-1, a test"),
            "***, ***, *** in us-east-1, a test"
        );
    }
}

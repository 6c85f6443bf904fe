use std::fmt;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

/// Where the provider is and how the hub names itself there.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address before `/images/generations`, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// The hub's own key at the provider.
    pub api_key: ApiKey,
    /// Sent as `OpenAI-Organization`.
    pub organization: Option<String>,
    /// Sent as `OpenAI-Project`.
    pub project: Option<String>,
    /// How long one call may take from its start to the last byte of its answer.
    pub timeout: Duration,
    /// How long the connection may take to come about, TLS included.
    pub connect_timeout: Duration,
}

/// The hub's key at the provider. Shows itself to nobody.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// A key as the provider gave it; space around it is not part of it.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// `text` without this key, should the other side have echoed it.
    pub(crate) fn masked_in(&self, text: &str) -> String {
        text.replace(&self.0, "[key]")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// Why no client can be made of some settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The base URL is no `http` or `https` address.
    #[error("the provider's base URL is no http or https address: {0}")]
    BaseUrl(String),
    /// The key is empty or holds what no header may.
    #[error("the provider's API key is empty or has characters that no key has")]
    ApiKey,
    /// The organization or project holds what no header may.
    #[error("the provider's {0} has characters that no header may have")]
    Header(&'static str),
    /// The HTTP client cannot start, for want of trusted certificates for example.
    #[error("the HTTP client cannot start: {0}")]
    Client(#[from] reqwest::Error),
}

impl Settings {
    /// The base URL without a slash at its end.
    pub(crate) fn base(&self) -> Result<Url, SettingsError> {
        let text = self.base_url.trim().trim_end_matches('/');
        let url = Url::parse(text).map_err(|error| SettingsError::BaseUrl(error.to_string()))?;
        match url.scheme() {
            "http" | "https" if url.has_host() => Ok(url),
            scheme => Err(SettingsError::BaseUrl(format!("its scheme is {scheme}"))),
        }
    }

    /// What goes with every request.
    pub(crate) fn headers(&self) -> Result<HeaderMap, SettingsError> {
        if self.api_key.0.is_empty() {
            return Err(SettingsError::ApiKey);
        }
        let mut key = HeaderValue::from_str(&format!("Bearer {}", self.api_key.0))
            .map_err(|_| SettingsError::ApiKey)?;
        key.set_sensitive(true);
        let mut headers = HeaderMap::from_iter([(AUTHORIZATION, key)]);
        for (name, header, value) in [
            ("organization", "openai-organization", &self.organization),
            ("project", "openai-project", &self.project),
        ] {
            if let Some(value) = value {
                let value =
                    HeaderValue::from_str(value).map_err(|_| SettingsError::Header(name))?;
                headers.insert(header, value);
            }
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            base_url: "https://api.example.com/v1/".to_owned(),
            api_key: ApiKey::new(" sk-secret\n"),
            organization: Some("org-1".to_owned()),
            project: None,
            timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn nothing_shows_the_key() {
        let settings = settings();
        assert!(!format!("{settings:?}").contains("secret"));
        assert!(!format!("{:?}", settings.headers().unwrap()).contains("secret"));
        assert_eq!(
            settings.api_key.masked_in("Incorrect key sk-secret."),
            "Incorrect key [key]."
        );
    }

    #[test]
    fn a_slash_at_the_end_does_not_matter_and_a_wrong_address_does() {
        let mut settings = settings();
        assert_eq!(
            settings.base().unwrap().as_str(),
            "https://api.example.com/v1"
        );
        for wrong in [
            "",
            "api.example.com/v1",
            "ftp://example.com",
            "unix:/socket",
        ] {
            wrong.clone_into(&mut settings.base_url);
            assert!(
                matches!(settings.base(), Err(SettingsError::BaseUrl(_))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn headers_refuse_what_cannot_be_sent() {
        for key in ["", "  ", "sk\n1"] {
            let mut settings = settings();
            settings.api_key = ApiKey::new(key);
            assert!(matches!(settings.headers(), Err(SettingsError::ApiKey)));
        }
        let mut settings = settings();
        settings.project = Some("a\r\nb".to_owned());
        assert!(matches!(
            settings.headers(),
            Err(SettingsError::Header("project"))
        ));
    }
}

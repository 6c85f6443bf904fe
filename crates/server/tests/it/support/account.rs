//! An account, made by the command line.

use serde_json::Value;

use super::{Api, Hub};

/// An account of a hub.
pub struct Account<'hub> {
    pub(super) hub: &'hub Hub,
    /// Its name.
    pub email: String,
}

impl<'hub> Account<'hub> {
    /// The account whose [`Account::live`] or [`Account::test`] made this API.
    #[track_caller]
    pub fn of(hub: &'hub Hub, api: &Api) -> Self {
        Self {
            hub,
            email: api.email.clone().unwrap(),
        }
    }

    /// A new key: `{"id", "key", "prefix", "mode", "expires_at"}`.
    #[track_caller]
    pub fn key(&self, mode: &str) -> Value {
        self.key_with(mode, &[])
    }

    /// A new key, with more arguments.
    #[track_caller]
    pub fn key_with(&self, mode: &str, args: &[&str]) -> Value {
        let fixed = [
            "key",
            "create",
            "--email",
            &self.email,
            "--name",
            "test",
            "--mode",
            mode,
        ];
        self.hub.gih_json(&[&fixed, args].concat())
    }

    fn api(&self, mode: &str) -> Api {
        let mut api = self.hub.with_key(self.key(mode)["key"].as_str().unwrap());
        api.email = Some(self.email.clone());
        api
    }

    /// The API with a new live key.
    #[track_caller]
    pub fn live(&self) -> Api {
        self.api("live")
    }

    /// The API with a new test key.
    #[track_caller]
    pub fn test(&self) -> Api {
        self.api("test")
    }

    /// Grants live credits that never expire.
    #[track_caller]
    pub fn grant(&self, credits: u32) -> &Self {
        self.grant_with(credits, &[]);
        self
    }

    /// Grants credits, with more arguments; what the command answers.
    #[track_caller]
    pub fn grant_with(&self, credits: u32, args: &[&str]) -> Value {
        let credits = credits.to_string();
        let fixed = [
            "credits",
            "grant",
            "--email",
            &self.email,
            "--credits",
            &credits,
        ];
        self.hub.gih_json(&[&fixed, args].concat())
    }
}

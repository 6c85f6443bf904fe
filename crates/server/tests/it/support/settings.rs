//! How a hub is started.

use std::path::PathBuf;

pub use gih_database::Kind;
use gih_fake_openai::{DEFAULT_KEY, FakeOpenAi};

use super::process::this_build;

/// What a hub is started with. The environment is these variables and `PATH`, nothing else of the machine's.
#[derive(Clone)]
pub struct Options {
    /// Which database.
    pub kind: Kind,
    /// Settings beside those that every test hub has (`GIH_BIND`, `GIH_DATA_DIR`, `DATABASE_URL` on Postgres).
    pub env: Vec<(String, String)>,
    /// Arguments behind `serve`.
    pub args: Vec<String>,
    /// The binary; this build's unless said.
    pub binary: PathBuf,
}

impl Options {
    /// On this database, without a provider.
    pub fn on(kind: Kind) -> Self {
        Self {
            kind,
            env: Vec::new(),
            args: Vec::new(),
            binary: this_build().to_owned(),
        }
    }

    /// On the embedded database.
    pub fn sqlite() -> Self {
        Self::on(Kind::Sqlite)
    }

    /// On a fresh Postgres database.
    pub fn postgres() -> Self {
        Self::on(Kind::Postgres)
    }

    /// With a setting; the last of a name counts.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_string()));
        self
    }

    /// With an argument behind `serve`.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// By another build's binary.
    #[must_use]
    pub fn binary(mut self, binary: impl Into<PathBuf>) -> Self {
        self.binary = binary.into();
        self
    }

    /// Live: generations of live keys go to this stand-in.
    #[must_use]
    pub fn upstream(self, upstream: &FakeOpenAi) -> Self {
        self.env("OPENAI_API_KEY", DEFAULT_KEY)
            .env("OPENAI_BASE_URL", upstream.base_url())
    }
}

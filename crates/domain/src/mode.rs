//! Live and test.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which of an account's two worlds: live credits buy from the real provider, test credits from the built-in sandbox.
/// The two share nothing but the account: balances, keys, generations and idempotency keys are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Real images for real credits.
    Live,
    /// The sandbox, for test credits.
    Test,
}

/// The text names no mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no mode: it is `live` or `test`")]
pub struct InvalidMode(String);

impl Mode {
    /// `live` or `test`, as in keys, SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = InvalidMode;

    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        match text {
            "live" => Ok(Self::Live),
            "test" => Ok(Self::Test),
            other => Err(InvalidMode(other.to_owned())),
        }
    }
}

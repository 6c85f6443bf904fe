//! The provider: whether it is there and takes the hub's key. Asking costs nothing.

use std::sync::Arc;

use async_trait::async_trait;
use gih_domain::ports::{Spool, SpoolError, SpoolFile};
use gih_openai::CheckError;

use super::{Check, in_time};
use crate::hub;
use crate::settings::Settings;

pub const NAME: &str = "provider";

/// Receives nothing: no image is asked for.
struct NoSpool;

#[async_trait]
impl Spool for NoSpool {
    async fn create(&self, _limit: u64) -> Result<Box<dyn SpoolFile>, SpoolError> {
        Err(SpoolError::Full)
    }
}

/// Asks the provider, unless it is uncertain which one is meant.
pub async fn check(settings: &Settings, is_certain: bool) -> Check {
    if !is_certain {
        return Check::skipped(NAME, super::configuration::NAME);
    }
    let spool: Arc<dyn Spool> = Arc::new(NoSpool);
    let openai = match hub::openai(settings, &spool) {
        Ok(Some(openai)) => openai,
        Ok(None) => {
            return Check::warning(
                NAME,
                "OPENAI_API_KEY is not set: live keys are answered 503, test keys work",
                "set OPENAI_API_KEY to sell live images",
            );
        }
        Err(error) => {
            return Check::failed(NAME, format!("{error:#}"), "mend the setting that is named");
        }
    };
    let url = &settings.openai.base_url;
    let (why, mend) = match in_time(openai.check()).await {
        Some(Ok(())) => {
            return Check::fine(NAME, format!("{url} answers and takes the key"));
        }
        Some(Err(error @ CheckError::KeyRefused(_))) => (
            error.to_string(),
            "set OPENAI_API_KEY to a key that is valid there, and OPENAI_ORG_ID and OPENAI_PROJECT_ID to its own or not \
             at all",
        ),
        Some(Err(error @ CheckError::Unreachable(_))) => (
            error.to_string(),
            "check OPENAI_BASE_URL, and that this machine may connect there (network, DNS, firewall)",
        ),
        Some(Err(error @ CheckError::Unexpected { .. })) => (
            error.to_string(),
            "check OPENAI_BASE_URL, which ends before /images/generations; if it is right, the provider has an outage, \
             or no list of models at /models",
        ),
        None => (
            "no answer in time".to_owned(),
            "check OPENAI_BASE_URL and the network",
        ),
    };
    Check::failed(NAME, format!("{url}: {why}"), mend)
}

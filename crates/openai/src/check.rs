use std::time::Duration;

use crate::client::OpenAi;
use crate::failure;

/// How long a check may take: an operator is waiting for it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why the provider cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// No answer: no connection, or none in time.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// It answered that the key, its organization or its project is not welcome.
    #[error("the provider refuses the key: {0}")]
    KeyRefused(String),
    /// It answered something else than a list of models: an outage, or a wrong base URL.
    #[error("the provider answers with status {status}: {message}")]
    Unexpected {
        /// The status of its answer.
        status: u16,
        /// What it said.
        message: String,
    },
}

impl OpenAi {
    /// Asks for the list of models, which costs nothing: `Ok` when the provider is there and takes the key. Whether a
    /// model may be used is not known from that list.
    pub async fn check(&self) -> Result<(), CheckError> {
        let request = self.client.get(self.url("models")).timeout(TIMEOUT);
        let response = request
            .send()
            .await
            .map_err(|error| CheckError::Unreachable(failure::in_full(error)))?;
        let status = response.status().as_u16();
        if response.status().is_success() {
            return Ok(());
        }
        let said = failure::Said::read(response, &self.api_key).await;
        Err(match status {
            401 | 403 => CheckError::KeyRefused(said.message),
            _ => CheckError::Unexpected {
                status,
                message: said.message,
            },
        })
    }
}

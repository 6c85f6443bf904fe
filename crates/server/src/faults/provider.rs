//! Fail points around the provider.

use async_trait::async_trait;
use gih_domain::ports::{ImageProvider, Images, Order, ProviderError};

use super::{Faulty, call};

#[async_trait]
impl ImageProvider for Faulty<dyn ImageProvider> {
    async fn generate(&self, order: Order) -> Result<Images, ProviderError> {
        // Before: no connection. After: the answer is lost.
        let not_connected = ProviderError::NotAccepted {
            retry_after: None,
            message: "a fail point".to_owned(),
        };
        let lost = ProviderError::Failed {
            message: "a fail point".to_owned(),
        };
        call!("provider", not_connected, lost, self.0.generate(order))
    }
}

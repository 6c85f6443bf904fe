use std::time::Duration;

use async_trait::async_trait;
use futures_core::stream::BoxStream;

use crate::blob::Blob;
use crate::size::{RenderingQuality, Size};

/// What is asked of a provider.
#[derive(Clone, Debug)]
pub struct Order {
    /// The provider's own name of the model.
    pub model: String,
    /// What to draw.
    pub prompt: String,
    /// The size; `None` is `auto`.
    pub size: Option<Size>,
    /// The effort.
    pub rendering_quality: RenderingQuality,
    /// How many images.
    pub n: u8,
    /// Images to work from, in order; none means from the prompt alone.
    pub references: Vec<Blob>,
}

/// Whole, checked images as they come, in the provider's order. [`ProviderError::BadImage`] stands for one image and
/// more may follow; any other error ends the stream.
pub type Images = BoxStream<'static, Result<Blob, ProviderError>>;

/// Draws images.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ImageProvider: Send + Sync {
    /// Exactly one attempt: retries, deadline and counting are the caller's. Dropping the future or the stream ends the
    /// call. Images are received into a spool while they arrive; memory is bounded whatever their size and number.
    async fn generate(&self, order: Order) -> Result<Images, ProviderError>;
}

/// Why a provider did not draw. Texts of [`ProviderError::Refused`] are shown to the caller, all others to the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Proof that nothing was accepted (429 that is no quota, 503, no connection): may be sent again.
    #[error("not accepted: {message}")]
    NotAccepted {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
        /// What it said.
        message: String,
    },
    /// The prompt or a reference image was refused.
    #[error("content refused: {message}")]
    Refused {
        /// What the provider said, for the caller.
        message: String,
    },
    /// The hub's own account was refused (key, permission, model, quota): an operator has to act.
    #[error("the hub's account at the provider was refused: {message}")]
    Account {
        /// What the provider said.
        message: String,
    },
    /// One image was not whole, not an image, or over the limit; the next may be good.
    #[error("bad image: {message}")]
    BadImage {
        /// What was wrong with it.
        message: String,
    },
    /// Anything else. The request may have been accepted, so it is never sent again.
    #[error("failed: {message}")]
    Failed {
        /// What happened.
        message: String,
    },
}

impl ProviderError {
    /// How long the provider asks to wait before it is asked again, if it says so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotAccepted { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

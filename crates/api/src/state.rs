//! What the handlers share.

use std::sync::Arc;
use std::time::Duration;

use gih_domain::authenticate::Authenticate;
use gih_domain::generate::Generate;
use gih_domain::ports::{Clock, Ids, ImageStore, Spool};
use gih_domain::retrieve::Retrieve;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::ApiError;
use crate::health::Readiness;
use crate::links::Links;
use crate::metrics::Metrics;
use crate::proxies::Proxies;

/// The use cases and ports behind the API; one for all threads.
pub struct ApiState {
    /// Who makes a request.
    pub authenticate: Authenticate,
    /// Generating images.
    pub generate: Generate,
    /// Looking at what is there.
    pub retrieve: Retrieve,
    /// Where the image files are.
    pub store: Arc<dyn ImageStore>,
    /// Where reference images are received.
    pub spool: Arc<dyn Spool>,
    /// Time, for request ids.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for request ids.
    pub ids: Arc<dyn Ids>,
    /// Whether the hub can serve.
    pub readiness: Arc<dyn Readiness>,
    /// Where measurements go.
    pub metrics: Arc<dyn Metrics>,
    /// The addresses in answers.
    pub links: Links,
    /// Whose word is taken for where a request comes from.
    pub proxies: Proxies,
    /// How many uploads are received at once.
    pub uploads: Uploads,
}

/// A bound on the multipart bodies that are received at once.
pub struct Uploads(Semaphore);

/// How long an upload waits for its turn before it is told to come back: well under what clients wait for an answer.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(20);

impl Uploads {
    /// At most `at_once`.
    pub fn new(at_once: u32) -> Self {
        Self(Semaphore::new(at_once as usize))
    }

    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        match tokio::time::timeout(UPLOAD_PATIENCE, self.0.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(ApiError::busy(
                "Too many uploads are being received; try again shortly.",
            )),
        }
    }
}

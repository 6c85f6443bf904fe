//! What the handlers share.

use std::sync::Arc;
use std::time::Duration;

use gih_domain::authenticate::Authenticate;
use gih_domain::generate::Generate;
use gih_domain::ports::{Clock, Ids, ImageStore, Spool};
use gih_domain::retrieve::Retrieve;

use crate::answers::Answers;
use crate::budget::Budget;
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
    /// What may be received and sent at once.
    pub bodies: Bodies,
}

/// Bounds on the bodies that are received and sent at once.
pub struct Bodies {
    /// Multipart bodies, each of which writes to disk.
    pub(crate) uploads: Budget,
    /// Bytes of JSON bodies, which are in memory whole.
    pub(crate) json_bytes: Budget,
    /// Bytes of answers, which are in memory whole.
    pub(crate) answers: Arc<Answers>,
}

/// How long an upload waits for its turn before it is told to come back: well under what clients wait for an answer.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(20);
/// What JSON bodies may take of memory all together: 64 of the largest there may be, thousands of common ones.
const JSON_BYTES: u32 = 64 * 1024 * 1024;
/// How long a JSON body waits for room. Most are read in milliseconds: when there is no room for seconds, somebody sends
/// large ones slowly, and that is no reason to wait.
const JSON_PATIENCE: Duration = Duration::from_secs(2);

impl Bodies {
    /// At most so many uploads at once.
    pub fn new(max_uploads: u32) -> Self {
        Self {
            uploads: Budget::new(
                max_uploads,
                UPLOAD_PATIENCE,
                "Too many uploads are being received; try again shortly.",
            ),
            json_bytes: Budget::new(
                JSON_BYTES,
                JSON_PATIENCE,
                "Too many requests are being received; try again shortly.",
            ),
            answers: Arc::default(),
        }
    }
}

//! A generation: one paid request, from its acceptance to its end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::balance::Balance;
use crate::blob::ImageFacts;
use crate::credits::Credits;
use crate::id::{AccountId, GenerationId, ImageId, KeyId, WorkerId};
use crate::mode::Mode;
use crate::object_name::ObjectName;
use crate::size::{AspectRatio, RenderingQuality, Size, Tier};
use crate::time::Timestamp;

/// A reference image in the store, durable before the generation is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Where it is.
    pub object_name: ObjectName,
    /// What it is.
    #[serde(flatten)]
    pub about: ImageFacts,
}

/// An image that was delivered: saved, charged, and readable from the store for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedImage {
    /// Its name.
    pub id: ImageId,
    /// Where it is.
    pub object_name: ObjectName,
    /// What it is; the dimensions are those of the bytes, whatever was asked.
    pub about: ImageFacts,
    /// When it was saved.
    pub created_at: Timestamp,
}

/// Why a generation did not succeed, as in the error table of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureCode {
    /// The provider failed, timed out, refused the hub's own account or answered nonsense.
    GenerationFailed,
    /// The provider refused the prompt or a reference image.
    ContentRejected,
    /// Canceled by its owner or by the revocation of its key.
    GenerationCanceled,
    /// Not started in time, or the process that held it is shutting down.
    ServiceUnavailable,
}

/// The text names no failure code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no failure code")]
pub struct InvalidFailureCode(String);

impl FailureCode {
    const ALL: [Self; 4] = [
        Self::GenerationFailed,
        Self::ContentRejected,
        Self::GenerationCanceled,
        Self::ServiceUnavailable,
    ];

    /// The code as in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GenerationFailed => "generationFailed",
            Self::ContentRejected => "contentRejected",
            Self::GenerationCanceled => "generationCanceled",
            Self::ServiceUnavailable => "serviceUnavailable",
        }
    }
}

impl FromStr for FailureCode {
    type Err = InvalidFailureCode;

    fn from_str(text: &str) -> Result<Self, InvalidFailureCode> {
        Self::ALL
            .into_iter()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| InvalidFailureCode(text.to_owned()))
    }
}

/// Why a generation did not succeed, for its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind.
    pub code: FailureCode,
    /// In words; tells nothing of the hub's inside.
    pub message: String,
}

impl Failure {
    /// A failure.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// How a generation ended. Ends never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At least one image was saved; what is missing of `n` is refunded.
    Succeeded(Vec<SavedImage>),
    /// Nothing was delivered; everything is refunded.
    Failed(Failure),
    /// Never dispatched; everything is refunded.
    Canceled(Failure),
}

impl Ending {
    /// The status it gives.
    pub const fn status(&self) -> Status {
        match self {
            Self::Succeeded(_) => Status::Succeeded,
            Self::Failed(_) => Status::Failed,
            Self::Canceled(_) => Status::Canceled,
        }
    }

    /// The images that were delivered.
    pub fn images(&self) -> &[SavedImage] {
        match self {
            Self::Succeeded(images) => images,
            Self::Failed(_) | Self::Canceled(_) => &[],
        }
    }

    /// Why it did not succeed.
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Succeeded(_) => None,
            Self::Failed(failure) | Self::Canceled(failure) => Some(failure),
        }
    }
}

/// Where a generation is: the word of SQL and JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Accepted and paid; waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Ended with images.
    Succeeded,
    /// Ended without, refunded.
    Failed,
    /// Ended before it was dispatched, refunded.
    Canceled,
}

/// The text names no status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no status: it is queued, running, succeeded, failed or canceled")]
pub struct InvalidStatus(pub String);

impl Status {
    /// Every status, in the order a generation may go through them.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, InvalidStatus> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| InvalidStatus(text.to_owned()))
    }
}

/// Where a generation is, with what is known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for a worker.
    Queued,
    /// A worker has it; whether its first byte may have left for the provider.
    Running {
        /// Once true it is never sent again.
        dispatched: bool,
    },
    /// Ended.
    Ended(End),
}

/// An end, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How.
    pub ending: Ending,
    /// When.
    pub completed_at: Timestamp,
    /// The balance right after the settlement: kept so that a replayed answer is the first answer.
    pub balance: Balance,
}

/// A generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Its name.
    pub id: GenerationId,
    /// Who pays and owns what is made.
    pub account: AccountId,
    /// The key it was asked with.
    pub key: KeyId,
    /// Which of the account's worlds.
    pub mode: Mode,
    /// The model's id.
    pub model: String,
    /// Who draws in live mode.
    pub provider: String,
    /// What the provider calls the model.
    pub provider_model: String,
    /// What to draw.
    pub prompt: String,
    /// How many images were asked for.
    pub n: u8,
    /// The size asked of the provider; `None` is `auto`.
    pub size: Option<Size>,
    /// The ratio in answers; `None` is `auto`.
    pub aspect_ratio: Option<AspectRatio>,
    /// What is paid for.
    pub tier: Tier,
    /// The effort asked of the provider.
    pub rendering_quality: RenderingQuality,
    /// The price of one image when it was accepted.
    pub price: Credits,
    /// Reference images.
    pub references: Vec<Reference>,
    /// Whether a caller waits for it and takes no 202: such a one is canceled rather than started late.
    pub waits: bool,
    /// When it was accepted, and charged.
    pub created_at: Timestamp,
    /// Where it is.
    pub state: State,
}

impl Generation {
    /// The word for where it is.
    pub const fn status(&self) -> Status {
        match &self.state {
            State::Queued => Status::Queued,
            State::Running { .. } => Status::Running,
            State::Ended(end) => end.ending.status(),
        }
    }

    /// Its end, once it has one.
    pub const fn end(&self) -> Option<&End> {
        match &self.state {
            State::Ended(end) => Some(end),
            State::Queued | State::Running { .. } => None,
        }
    }

    /// What was held when it was accepted: price × n.
    pub fn credits_requested(&self) -> Credits {
        self.price.times(u32::from(self.n))
    }

    /// What was finally charged: price × images saved, nothing before the end.
    pub fn credits_charged(&self) -> Credits {
        let saved = self.end().map_or(0, |end| end.ending.images().len());
        self.price.times(u32::try_from(saved).unwrap_or(u32::MAX))
    }
}

/// When a generation came to where it is, for people to look at.
///
/// Two clocks tell these times, the hub's (`accepted_at`, `completed_at`) and the database's own (the others). They differ
/// by a little, and nothing is decided by comparing them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// When it was accepted, and charged.
    pub accepted_at: Timestamp,
    /// When a worker took it, the last time.
    pub started_at: Option<Timestamp>,
    /// From when on its first byte may have left for the provider.
    pub dispatched_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// The right to write on one running generation: spent by settling, which is why it cannot be cloned.
#[derive(Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which generation.
    pub generation: GenerationId,
    /// Who holds it.
    pub worker: WorkerId,
    /// Counts the holders; a write with an old number is refused.
    pub fence: i64,
}

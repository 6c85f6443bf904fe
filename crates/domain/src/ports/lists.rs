//! Lists of generations.

use crate::generation::{Generation, Status};
use crate::id::{GenerationId, KeyId};
use crate::time::Timestamp;

/// Which generations, newest first.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only those in this status.
    pub status: Option<Status>,
    /// Only those asked with this key; with another account's there are none.
    pub key: Option<KeyId>,
    /// Only those accepted at or after.
    pub created_from: Option<Timestamp>,
    /// Only those accepted before.
    pub created_before: Option<Timestamp>,
    /// Only those older than this one: the cursor, the last id of the page before.
    pub after: Option<GenerationId>,
    /// How many at most.
    pub limit: u32,
}

/// How many characters of a prompt a [`Page`] has at most: one more than is shown of it, so that who shows it knows that there
/// is more.
pub const LISTED_PROMPT_CHARS: u16 = 1_001;

/// One page of a list, with long prompts cut.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What is on it.
    pub generations: Vec<Generation>,
    /// Whether there are more.
    pub has_more: bool,
}

//! A provider that counts what it was sent, and whose answers are told by the prompt.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gih_fake_openai::{Behaviour, Call, Cut, Failure, FakeOpenAi, Item};

use super::asks::{Fate, read_prompt};

/// What became of the calls of one prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Calls that may have been paid for: all that were not turned away.
    pub accepted: u32,
    /// Calls answered with proof that nothing was accepted (429).
    pub turned_away: u32,
}

/// What was sent.
#[derive(Default)]
struct Counts {
    by_prompt: BTreeMap<String, Sent>,
    /// The accepted prompts as they came.
    order: Vec<String>,
}

/// A stand-in for the provider that does with each call what its prompt says, and counts by prompt.
pub struct Upstream {
    pub fake: FakeOpenAi,
    counts: Arc<Mutex<Counts>>,
}

impl Upstream {
    pub async fn start() -> Self {
        let fake = FakeOpenAi::start().await;
        let counts = Arc::new(Mutex::new(Counts::default()));
        let counted = Arc::clone(&counts);
        fake.choose_by(move |call| choose(&mut lock(&counted), call));
        Self { fake, counts }
    }

    /// What was sent of this prompt.
    pub fn sent(&self, prompt: &str) -> Sent {
        let counts = lock(&self.counts);
        counts.by_prompt.get(prompt).copied().unwrap_or_default()
    }

    /// The accepted prompts, in the order in which they came.
    pub fn order(&self) -> Vec<String> {
        lock(&self.counts).order.clone()
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn choose(counts: &mut Counts, call: &Call) -> Option<Behaviour> {
    let prompt = call.fields["prompt"].as_str().unwrap_or_default();
    let (fate, delay) = read_prompt(prompt)?;
    let sent = counts.by_prompt.entry(prompt.to_owned()).or_default();
    if fate == Fate::Busy && sent.turned_away == 0 {
        sent.turned_away += 1;
        let busy = Failure::rate_limited().with_header("retry-after-ms", "30");
        return Some(Behaviour::fail(busy).after(delay / 2));
    }
    sent.accepted += 1;
    counts.order.push(prompt.to_owned());
    Some(behaviour(fate).after(delay))
}

/// What is done with an accepted call.
fn behaviour(fate: Fate) -> Behaviour {
    match fate {
        Fate::Drawn | Fate::Busy => Behaviour::succeed(),
        // Fewer than were asked for, unless one was.
        Fate::Fewer => Behaviour::items([Item::Good]),
        Fate::Fails => Behaviour::fail(Failure::server_error()),
        Fate::Rejected => Behaviour::fail(Failure::moderation_blocked()),
        // Less than one whole image.
        Fate::Breaks => Behaviour::succeed().cut(Cut::Reset, 10),
    }
}

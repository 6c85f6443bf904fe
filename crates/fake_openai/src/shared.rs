use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::behaviour::Behaviour;
use crate::draw::Drawings;
use crate::record::Call;

/// How many calls are kept, the latest; all are counted.
const MAX_RECORDED: usize = 1_000;
/// How many prompts are told apart.
const MAX_PROMPTS: usize = 10_000;

/// What happens to a call, by what it asks; `None` leaves it to what is enqueued, or to the default.
type Choice = dyn Fn(&Call) -> Option<Behaviour> + Send + Sync;

/// What the handlers and whoever holds the stand-in have in common.
pub(crate) struct Shared {
    /// The key that is right.
    pub(crate) key: String,
    pub(crate) drawings: Drawings,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    count: usize,
    recorded: VecDeque<Call>,
    choice: Option<Arc<Choice>>,
    script: VecDeque<Behaviour>,
    by_prompt: HashMap<String, ForPrompt>,
    default: Behaviour,
}

/// What is to happen to the calls for one prompt, and how many came.
#[derive(Default)]
struct ForPrompt {
    script: VecDeque<Behaviour>,
    count: usize,
}

impl Shared {
    pub(crate) fn new(key: &str, default: Behaviour) -> Self {
        Self {
            key: key.to_owned(),
            drawings: Drawings::default(),
            state: Mutex::new(State {
                default,
                ..State::default()
            }),
        }
    }

    /// Counts a call for images, whatever becomes of it; its number, from 1.
    pub(crate) fn count(&self) -> usize {
        let mut state = self.state();
        state.count += 1;
        state.count
    }

    pub(crate) fn counted(&self) -> usize {
        self.state().count
    }

    pub(crate) fn record(&self, call: Call) {
        let mut state = self.state();
        if state.recorded.len() == MAX_RECORDED {
            state.recorded.pop_front();
        }
        state.recorded.push_back(call);
    }

    pub(crate) fn recorded(&self) -> Vec<Call> {
        self.state().recorded.iter().cloned().collect()
    }

    pub(crate) fn enqueue(&self, behaviour: Behaviour) {
        self.state().script.push_back(behaviour);
    }

    pub(crate) fn choose_by(&self, choice: Arc<Choice>) {
        self.state().choice = Some(choice);
    }

    pub(crate) fn set_default(&self, behaviour: Behaviour) {
        self.state().default = behaviour;
    }

    pub(crate) fn enqueue_for(&self, prompt: &str, behaviours: Vec<Behaviour>) {
        let mut state = self.state();
        let known = state.by_prompt.entry(prompt.to_owned()).or_default();
        known.script.extend(behaviours);
    }

    /// How many valid calls for a prompt came.
    pub(crate) fn counted_for(&self, prompt: &str) -> usize {
        let state = self.state();
        state.by_prompt.get(prompt).map_or(0, |known| known.count)
    }

    /// What happens to this valid call.
    pub(crate) fn behaviour_of(&self, call: &Call) -> Behaviour {
        // Asked without the lock: it is somebody else's function.
        let choice = self.state().choice.clone();
        let chosen = choice.and_then(|choice| choice(call));
        let prompt = call.fields.get("prompt").and_then(|prompt| prompt.as_str());
        let prompt = prompt.unwrap_or_default();
        let mut state = self.state();
        let mut scripted = None;
        if state.by_prompt.len() < MAX_PROMPTS || state.by_prompt.contains_key(prompt) {
            let known = state.by_prompt.entry(prompt.to_owned()).or_default();
            known.count += 1;
            scripted = known.script.pop_front();
        }
        if let Some(chosen) = chosen.or(scripted) {
            return chosen;
        }
        let scripted = state.script.pop_front();
        scripted.unwrap_or_else(|| state.default.clone())
    }

    /// Nothing done under the lock can leave the state half changed, so a panic elsewhere does not matter.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

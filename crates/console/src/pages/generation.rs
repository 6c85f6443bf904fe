//! One generation: what was asked, what came of it and when, and what it cost.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use askama::Template;
use gih_domain::account::Account;
use gih_domain::generation::{Generation, Timeline};
use gih_domain::id::{AccountId, GenerationId};
use gih_domain::ledger::Entry;
use gih_domain::mode::Mode;
use gih_domain::time::Timestamp;

use super::credits::rows::EntryRow;
use super::html;
use crate::error::PageError;
use crate::session::SignedIn;
use crate::shell::{Section, Shell};
use crate::state::ConsoleState;
use crate::words::{beginning, exactly, label};

mod facts;
mod progress;
mod whereabouts;

use facts::{Cost, Fact, Picture, Problem};
use progress::{Progress, Step};
use whereabouts::Whereabouts;

/// How much of a prompt is in the tab's title.
const TITLE_CHARS: usize = 40;

#[derive(Template)]
#[template(path = "generation.html")]
struct GenerationPage {
    shell: Shell,
    /// Whose it is, by id and email, when an admin looks at it as one.
    owner: Option<(String, String)>,
    id: String,
    mode: Mode,
    status: &'static str,
    label: &'static str,
    pictures: Vec<Picture>,
    problem: Option<Problem>,
    /// While it has not ended.
    progress: Option<Progress>,
    prompt: String,
    facts: Vec<Fact>,
    steps: Vec<Step>,
    /// From acceptance to end.
    took: Option<String>,
    cost: Cost,
    entries: Vec<EntryRow>,
    /// How many reference images it had, which are not kept.
    references: usize,
}

/// All that is shown of a generation.
struct Found {
    /// Whose it is, when an admin looks at it as one.
    owner: Option<Account>,
    generation: Generation,
    timeline: Option<Timeline>,
    entries: Vec<Entry>,
    /// What the key is called that it was asked with; `None` for the console's own.
    key: Option<String>,
    usual: Option<Duration>,
}

impl GenerationPage {
    fn new(account: &Account, found: &Found, at: Timestamp) -> Self {
        let generation = &found.generation;
        let title = beginning(&generation.prompt, TITLE_CHARS);
        let took = found.timeline.and_then(|timeline| {
            timeline
                .completed_at
                .map(|end| end.since(timeline.accepted_at))
        });
        let owner = found.owner.as_ref();
        let mut facts = facts::of_request(generation, found.key.as_deref());
        if owner.is_some() {
            facts.extend(facts::for_admins(generation));
        }
        let section = owner.map_or(Section::Generations, |_| Section::Admin);
        Self {
            shell: Shell::of(title, section, account).with_script("generations.js"),
            owner: owner.map(|owner| (owner.id.to_string(), owner.email.to_string())),
            id: generation.id.to_string(),
            mode: generation.mode,
            status: generation.status().as_str(),
            label: label(generation.status()),
            pictures: facts::pictures(generation),
            problem: Problem::of(generation),
            progress: Progress::of(generation, found.usual, at),
            prompt: generation.prompt.clone(),
            facts,
            steps: progress::steps(generation, found.timeline),
            took: took.map(exactly),
            cost: Cost::of(generation),
            entries: found.entries.iter().map(EntryRow::new).collect(),
            references: generation.references.len(),
        }
    }
}

impl GenerationPage {
    /// Where this page is.
    fn url(&self) -> String {
        let folder = self.owner.as_ref().map_or("", |_| "/admin");
        format!("{folder}/generations/{}", self.id)
    }
}

/// The account's generation with this id, in whichever mode it is.
pub(crate) async fn find(
    state: &ConsoleState,
    account: AccountId,
    id: &str,
) -> Result<Generation, PageError> {
    let id: GenerationId = id.parse().map_err(|_| PageError::NotFound)?;
    for mode in [Mode::Live, Mode::Test] {
        if let Some(found) = state.retrieve.generation_of(account, mode, id).await? {
            return Ok(found);
        }
    }
    Err(PageError::NotFound)
}

/// How long such a generation usually takes, when that is known.
pub(crate) async fn usual_time(
    state: &ConsoleState,
    generation: &Generation,
) -> Result<Option<Duration>, PageError> {
    let times = state.retrieve.usual_times().await?;
    let same = times.iter().find(|usual| {
        usual.mode == generation.mode
            && usual.model == generation.model
            && usual.tier == generation.tier
            && usual.rendering_quality == generation.rendering_quality
            && usual.n == generation.n
    });
    Ok(same.map(|usual| usual.took))
}

/// `GET /generations/{id}`.
pub(crate) async fn show(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let generation = find(&state, signed_in.0.id, &id).await?;
    page_of(&state, &signed_in.0, None, generation).await
}

/// The page of a generation that `viewer` may see: their own, or, for admins, that of the `owner`.
pub(crate) async fn page_of(
    state: &ConsoleState,
    viewer: &Account,
    owner: Option<&Account>,
    generation: Generation,
) -> Result<HttpResponse, PageError> {
    let key = state.keys.find(generation.account, generation.key).await?;
    let usual = match generation.end() {
        Some(_) => None,
        None => usual_time(state, &generation).await?,
    };
    let found = Found {
        owner: owner.cloned(),
        timeline: state.retrieve.timeline(&generation).await?,
        entries: state.statement.entries_of(&generation).await?,
        key: key.map(|key| key.name.as_str().to_owned()),
        usual,
        generation,
    };
    html(&GenerationPage::new(viewer, &found, state.clock.now()))
}

/// `GET /generations/{id}/status`: where it is, for scripts.
pub(crate) async fn status(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let generation = find(&state, signed_in.0.id, &id).await?;
    status_of(&state, &generation).await
}

/// Where a generation is that whoever asks may see.
pub(crate) async fn status_of(
    state: &ConsoleState,
    generation: &Generation,
) -> Result<HttpResponse, PageError> {
    let usual = usual_time(state, generation).await?;
    let whereabouts = Whereabouts::new(generation, usual, state.clock.now());
    Ok(HttpResponse::Ok().json(whereabouts))
}

#[cfg(test)]
#[path = "generation/tests.rs"]
mod tests;

//! Generations: a gallery of what an account had drawn.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::api_key::ApiKey;
use gih_domain::generation::Generation;
use gih_domain::id::GenerationId;
use gih_domain::ports::Page;
use serde::Serialize;

use super::html_in;
use crate::error::PageError;
use crate::form::Fields;
use crate::session::{self, SignedIn};
use crate::shell::{ModeSwitch, Section, Shell};
use crate::state::ConsoleState;

mod cell;
mod filter;

use cell::Cell;
use filter::{AskedWith, GalleryFilter};

/// How many generations are on a page.
const GENERATIONS: u32 = 24;

/// The most keys to choose from: the newest, and the one that is chosen.
const KEYS: usize = 50;

#[derive(Template)]
#[template(path = "generations.html")]
struct GalleryPage {
    shell: Shell,
    filter: GalleryFilter,
    /// The account's keys to choose from: ids and names.
    keys: Vec<(String, String)>,
    cells: Vec<Cell>,
    /// The page after this one.
    older: Option<String>,
    /// The beginning, on every other page.
    newest: Option<String>,
    /// This very page.
    here: String,
}

impl GalleryPage {
    fn new(shell: Shell, filter: GalleryFilter, keys: &[ApiKey], page: &Page) -> Self {
        let last = page.generations.last().filter(|_| page.has_more);
        let in_mode = keys.iter().filter(|key| key.mode == filter.mode);
        let keys = in_mode
            .map(|key| (key.id.to_string(), key.name.as_str().to_owned()))
            .enumerate()
            .filter(|(place, (id, _))| *place < KEYS || filter.is_key(id))
            .map(|(_, key)| key)
            .collect();
        Self {
            shell,
            keys,
            cells: page.generations.iter().map(Cell::new).collect(),
            older: last.map(|last| filter.address(Some(last.id))),
            newest: filter.after.map(|_| filter.address(None)),
            here: filter.address(filter.after),
            filter,
        }
    }

    /// The ids of those that will change yet, for the script that looks after them.
    fn unfinished(&self) -> String {
        let unfinished = self.cells.iter().filter(|cell| !cell.is_ended);
        let ids: Vec<&str> = unfinished.map(|cell| cell.id.as_str()).collect();
        ids.join(",")
    }

    /// The page without filters.
    fn unfiltered_url(&self) -> String {
        format!("/generations?mode={}", self.filter.mode)
    }
}

/// `GET /generations`.
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let account = signed_in.0;
    let fields = Fields::of_query(request.query_string());
    let mode = session::mode(&request, fields.get("mode"));
    let keys = state.keys.list(account.id).await?;
    let filter = GalleryFilter::read(mode, &fields, &keys);
    let key = match filter.asked_with {
        AskedWith::Anything => None,
        AskedWith::Key(key) => Some(key),
        AskedWith::Console => Some(state.keys.caller(&account, mode).await?.key),
    };
    let list = filter.generations(key, GENERATIONS);
    let page = state
        .retrieve
        .generations_of(account.id, mode, &list)
        .await?;
    let shell = Shell::of("Generations", Section::Generations, &account)
        .with_mode(ModeSwitch::at("/generations", mode))
        .with_script("generations.js");
    html_in(mode, &GalleryPage::new(shell, filter, &keys, &page))
}

/// Where several generations are.
#[derive(Serialize)]
struct Statuses {
    generations: Vec<Whereabouts>,
}

/// Where one is.
#[derive(Serialize)]
struct Whereabouts {
    id: String,
    status: &'static str,
}

/// `GET /generations/statuses?mode=…&ids=gen_…,gen_…`: where these are, at most a page of them. Those that are not there
/// are left out.
pub(crate) async fn statuses(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    let mode = session::mode(&request, fields.get("mode"));
    let ids = fields.text("ids").split(',').take(GENERATIONS as usize);
    let mut generations = Vec::new();
    for id in ids.filter_map(|id| id.parse::<GenerationId>().ok()) {
        let found = state
            .retrieve
            .generation_of(signed_in.0.id, mode, id)
            .await?;
        generations.extend(found.as_ref().map(whereabouts));
    }
    Ok(HttpResponse::Ok().json(Statuses { generations }))
}

fn whereabouts(generation: &Generation) -> Whereabouts {
    Whereabouts {
        id: generation.id.to_string(),
        status: generation.status().as_str(),
    }
}

#[cfg(test)]
#[path = "generations/tests.rs"]
mod tests;

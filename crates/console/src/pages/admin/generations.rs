//! Everybody's generations.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::generation::{Generation, Status};
use gih_domain::id::{AccountId, GenerationId};
use gih_domain::mode::Mode;
use gih_domain::ports::ListFilter;

use super::{Pager, ROWS, Tab, parameter, shell};
use crate::days::Days;
use crate::error::PageError;
use crate::form::Fields;
use crate::format::{minute, thousands};
use crate::pages::{generation, html};
use crate::session::Admin;
use crate::shell::Shell;
use crate::state::ConsoleState;
use crate::words::{beginning, label};

/// How much of a prompt a list shows.
const PROMPT_CHARS: usize = 80;

/// A generation in a list.
pub(super) struct Row {
    pub id: String,
    pub prompt: String,
    pub status: &'static str,
    pub label: &'static str,
    pub mode: &'static str,
    pub model: String,
    /// How many images, and which.
    pub what: String,
    pub credits: String,
    pub accepted: String,
    /// Whose it is, by id and by email, in lists of everybody's.
    pub owner: Option<(String, String)>,
}

impl Row {
    pub(super) fn new(generation: &Generation) -> Self {
        let credits = match generation.end() {
            Some(_) => generation.credits_charged(),
            None => generation.credits_requested(),
        };
        Self {
            id: generation.id.to_string(),
            prompt: beginning(&generation.prompt, PROMPT_CHARS),
            status: generation.status().as_str(),
            label: label(generation.status()),
            mode: generation.mode.as_str(),
            model: generation.model.clone(),
            what: format!("{} × {}", generation.n, generation.tier),
            credits: thousands(credits.get()),
            accepted: minute(generation.created_at),
            owner: None,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/generations.html")]
struct GenerationsPage {
    shell: Shell,
    tab: Tab,
    generations: Vec<Row>,
    pager: Pager,
    mode: Option<Mode>,
    status: Option<Status>,
    days: Days,
}

impl GenerationsPage {
    fn is_mode(&self, mode: &str) -> bool {
        self.mode.map_or("", Mode::as_str) == mode
    }

    fn is_status(&self, status: &str) -> bool {
        self.status.map_or("", Status::as_str) == status
    }

    fn is_filtered(&self) -> bool {
        self.mode.is_some()
            || self.status.is_some()
            || !self.days.typed_from.is_empty()
            || !self.days.typed_to.is_empty()
    }

    #[allow(clippy::unused_self)] // templates call methods
    fn statuses(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        Status::ALL
            .into_iter()
            .map(|status| (status.as_str(), label(status)))
    }
}

/// `GET /admin/generations`.
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    let days = Days::read(&fields);
    let (mode, status) = (parameter(&fields, "mode"), parameter(&fields, "status"));
    let filter = ListFilter {
        status,
        created_from: days.from,
        created_before: days.before,
        after: parameter(&fields, "after"),
        limit: ROWS,
        ..ListFilter::default()
    };
    let page = state.administer.generations(mode, &filter).await?;
    let last = page.generations.last().filter(|_| page.has_more);
    let last = last.map(|generation| generation.id.to_string());
    let kept = ["mode", "status", "from", "to"].map(|name| (name, fields.text(name)));
    let after = filter.after.and(fields.get("after"));
    html(&GenerationsPage {
        shell: shell("Generations of all accounts", &admin.0),
        tab: Tab("generations"),
        generations: rows(&state, &page.generations).await?,
        pager: Pager::of("/admin/generations", &kept, after, last),
        mode,
        status,
        days,
    })
}

/// With whose they are: each account is looked up once.
async fn rows(state: &ConsoleState, generations: &[Generation]) -> Result<Vec<Row>, PageError> {
    let mut emails: HashMap<AccountId, Option<String>> = HashMap::new();
    let mut rows = Vec::with_capacity(generations.len());
    for generation in generations {
        let id = generation.account;
        let email = match emails.entry(id) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => {
                let account = state.administer.account(id).await?;
                let email = account.map(|account| account.email.to_string());
                place.insert(email).clone()
            }
        };
        rows.push(Row {
            owner: Some((id.to_string(), email.unwrap_or_else(|| id.to_string()))),
            ..Row::new(generation)
        });
    }
    Ok(rows)
}

async fn find(state: &ConsoleState, id: &str) -> Result<Generation, PageError> {
    let id: GenerationId = id.parse().map_err(|_| PageError::NotFound)?;
    let generation = state.administer.generation(id).await?;
    generation.ok_or(PageError::NotFound)
}

/// `GET /admin/generations/{id}`: as its owner sees it, and whose it is.
pub(crate) async fn show(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let generation = find(&state, &id).await?;
    let owner = state.administer.account(generation.account).await?;
    let owner = owner.ok_or(PageError::NotFound)?;
    generation::page_of(&state, &admin.0, Some(&owner), generation).await
}

/// `GET /admin/generations/{id}/status`: where it is, for scripts.
pub(crate) async fn status(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    _admin: Admin,
) -> Result<HttpResponse, PageError> {
    let generation = find(&state, &id).await?;
    generation::status_of(&state, &generation).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples::{failed, generation, succeeded};
    use crate::testing::{HOSTILE, admin, assert_safe};
    use gih_domain::generation::State;

    fn page(query: &str, generations: Vec<Row>) -> String {
        let fields = Fields::of_query(query);
        let page = GenerationsPage {
            shell: shell("Generations of all accounts", &admin()),
            tab: Tab("generations"),
            generations,
            pager: Pager::default(),
            mode: parameter(&fields, "mode"),
            status: parameter(&fields, "status"),
            days: Days::read(&fields),
        };
        page.render().unwrap()
    }

    fn owned(prompt: &str, state: State, email: &str) -> Row {
        Row {
            owner: Some(("acc_1".to_owned(), email.to_owned())),
            ..Row::new(&generation(prompt, state))
        }
    }

    #[test]
    fn generations_are_told_with_whose_they_are() {
        let html = page(
            "",
            vec![
                owned("A fox", succeeded(1), "ann@example.com"),
                owned("A hen", State::Queued, "bob@example.com"),
            ],
        );
        assert_safe(&html);
        for shown in [
            "href=\"/admin/accounts/acc_1\">ann@example.com<",
            "href=\"/admin/generations/gen_00000000000000000000000000000001\">A fox<",
            // What was delivered was charged; what is not finished is held.
            "<td class=\"number\">8</td>",
            "<td class=\"number\">16</td>",
            "gpt-image-2<br>",
            "2 × 1K, test",
        ] {
            assert!(html.contains(shown), "{shown}");
        }
    }

    #[test]
    fn a_filter_is_kept_and_what_makes_no_sense_is_said() {
        let html = page("mode=live&status=failed&from=yesterday", Vec::new());
        assert_safe(&html);
        for shown in [
            "value=\"live\" selected",
            "value=\"failed\" selected",
            "is no day",
            "No generation is like this",
        ] {
            assert!(html.contains(shown), "{shown}");
        }
        let html = page("mode=both&status=lost", Vec::new());
        assert!(html.contains("No generations yet"));
    }

    #[test]
    fn prompts_and_emails_stay_text() {
        let mut row = owned(HOSTILE, failed(HOSTILE), HOSTILE);
        row.model = HOSTILE.to_owned();
        assert_safe(&page("from=%3Cscript%3Ealert(1)", vec![row]));
    }
}

//! Everybody's generations.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::generation::{Generation, Status};
use gih_domain::ledger::DAY;
use gih_domain::mode::Mode;
use gih_domain::ports::ListFilter;

use super::{Pager, ROWS, Tab, parameter, shell, time};
use crate::error::PageError;
use crate::form::Fields;
use crate::format::{minute, thousands};
use crate::pages::html;
use crate::session::Admin;
use crate::shell::Shell;
use crate::state::ConsoleState;

/// How much of a prompt a list shows.
const PROMPT_CHARS: usize = 80;

/// A generation in a list.
pub(super) struct Row {
    pub id: String,
    pub prompt: String,
    pub status: &'static str,
    pub mode: &'static str,
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
            prompt: beginning(&generation.prompt),
            status: generation.status().as_str(),
            mode: generation.mode.as_str(),
            what: format!(
                "{} × {} at {}",
                generation.n, generation.model, generation.tier
            ),
            credits: thousands(credits.get()),
            accepted: minute(generation.created_at),
            owner: None,
        }
    }
}

fn beginning(prompt: &str) -> String {
    let mut chars = prompt.chars();
    let beginning: String = chars.by_ref().take(PROMPT_CHARS).collect();
    if chars.next().is_some() {
        format!("{beginning}…")
    } else {
        beginning
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
    from: String,
    to: String,
    wrong: Option<String>,
}

impl GenerationsPage {
    fn is_mode(&self, mode: &str) -> bool {
        self.mode.map_or("", Mode::as_str) == mode
    }

    fn is_status(&self, status: &str) -> bool {
        self.status.map_or("", Status::as_str) == status
    }

    fn is_filtered(&self) -> bool {
        self.mode.is_some() || self.status.is_some() || !self.from.is_empty() || !self.to.is_empty()
    }

    #[allow(clippy::unused_self)] // templates call methods
    fn statuses(&self) -> impl Iterator<Item = &'static str> {
        Status::ALL.into_iter().map(Status::as_str)
    }
}

/// `GET /admin/generations`.
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    let (from, to) = (time(&fields, "from"), time(&fields, "to"));
    let wrong = from.as_ref().err().or(to.as_ref().err()).cloned();
    let (mode, status) = (parameter(&fields, "mode"), parameter(&fields, "status"));
    let filter = ListFilter {
        status,
        created_from: from.unwrap_or_default(),
        // The last day is asked for as a whole.
        created_before: to.unwrap_or_default().map(|day| day.plus(DAY)),
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
        from: fields.text("from").to_owned(),
        to: fields.text("to").to_owned(),
        wrong,
    })
}

/// With whose they are: each account is looked up once.
async fn rows(state: &ConsoleState, generations: &[Generation]) -> Result<Vec<Row>, PageError> {
    let mut emails = HashMap::new();
    let mut rows = Vec::with_capacity(generations.len());
    for generation in generations {
        let id = generation.account;
        if !emails.contains_key(&id) {
            let account = state.administer.account(id).await?;
            emails.insert(id, account.map(|account| account.email.to_string()));
        }
        let email = emails.get(&id).cloned().flatten();
        rows.push(Row {
            owner: Some((id.to_string(), email.unwrap_or_else(|| id.to_string()))),
            ..Row::new(generation)
        });
    }
    Ok(rows)
}

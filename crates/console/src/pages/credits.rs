//! Credits: the balance, the lots it is made of, what was spent, and the ledger.

use actix_web::http::header::{CONTENT_TYPE, ContentDisposition};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::balance::Balance;
use gih_domain::ledger::{EntryPage, OwnedLot};
use gih_domain::time::Timestamp;

use super::html_in;
use crate::chart::Chart;
use crate::error::PageError;
use crate::form::Fields;
use crate::format::{minute, thousands};
use crate::session::{self, SignedIn};
use crate::shell::{ModeSwitch, Section, Shell};
use crate::state::ConsoleState;
use crate::words::{counted, roughly};

mod csv;
mod filter;
pub(crate) mod rows;

use filter::LedgerFilter;
use rows::{EntryRow, LotRow};

/// How many entries are on a page.
const ENTRIES: u32 = 50;
/// How many lots are shown before somebody asks for all.
const LOTS: usize = 20;
/// How many days the chart looks back.
const DAYS: u32 = 30;

#[derive(Template)]
#[template(path = "credits.html")]
struct CreditsPage {
    shell: Shell,
    /// What can be spent now.
    balance: String,
    /// What of it expires next, and when, in a sentence.
    next_expiration: String,
    lots: Vec<LotRow>,
    /// How many there are in all, when that is more than are shown.
    all_lots: Option<usize>,
    chart: Chart,
    filter: LedgerFilter,
    entries: Vec<EntryRow>,
    /// The page after this one.
    older: Option<String>,
    /// The beginning, on every other page.
    newest: Option<String>,
}

impl CreditsPage {
    fn show_lots(&mut self, lots: &[OwnedLot], at: Timestamp, shows_all: bool) {
        let next = lots.iter().find(|lot| lot.is_live).map(|lot| lot.id);
        let shown = if shows_all { lots.len() } else { LOTS };
        self.lots = lots
            .iter()
            .take(shown)
            .map(|lot| LotRow::new(lot, at, next == Some(lot.id)))
            .collect();
        self.all_lots = (lots.len() > shown).then_some(lots.len());
    }

    fn show_entries(&mut self, page: &EntryPage) {
        self.entries = page.entries.iter().map(EntryRow::new).collect();
        let last = page.entries.last().filter(|_| page.has_more);
        self.older = last.map(|last| self.filter.address("/credits", Some(last.id)));
        self.newest = self
            .filter
            .after
            .map(|_| self.filter.address("/credits", None));
    }

    /// Where the entries of this filter can be downloaded.
    fn csv_url(&self) -> String {
        self.filter.address("/credits.csv", None)
    }

    /// The page without filters.
    fn unfiltered_url(&self) -> String {
        format!("/credits?mode={}", self.filter.mode)
    }
}

/// What of a balance expires next, in a sentence.
fn next_expiration(balance: &Balance, at: Timestamp) -> String {
    match &balance.next_expiration {
        Some(next) => {
            let count = u64::try_from(next.credits.get()).unwrap_or(0);
            let verb = if count == 1 { "expires" } else { "expire" };
            format!(
                "{} {verb} in {}, on {} UTC.",
                counted(count, "credit"),
                roughly(next.expires_at.since(at)),
                minute(next.expires_at),
            )
        }
        None if balance.credits.is_zero() => "There is nothing to spend.".to_owned(),
        None => "None of them expire.".to_owned(),
    }
}

/// `GET /credits`.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let account = signed_in.0;
    let fields = Fields::of_query(request.query_string());
    let mode = session::mode(&request, fields.get("mode"));
    let filter = LedgerFilter::read(mode, &fields);
    let at = state.clock.now();
    let statement = &state.statement;
    let balance = statement.balance(account.id, mode).await?;
    // The session was found with its account a moment ago, and accounts are never deleted.
    let balance = balance.ok_or(PageError::NotFound)?;
    let lots = statement.lots(account.id, mode).await?;
    let spending = statement.spending(account.id, mode, DAYS).await?;
    let entries = statement
        .entries(account.id, mode, &filter.entries(ENTRIES))
        .await?;
    let mut page = CreditsPage {
        shell: Shell::of("Credits", Section::Credits, &account)
            .with_mode(ModeSwitch::at("/credits", mode)),
        balance: thousands(balance.credits.get()),
        next_expiration: next_expiration(&balance, at),
        lots: Vec::new(),
        all_lots: None,
        chart: Chart::new(&spending),
        filter,
        entries: Vec::new(),
        older: None,
        newest: None,
    };
    page.show_lots(&lots, at, fields.get("lots") == Some("all"));
    page.show_entries(&entries);
    html_in(mode, &page)
}

/// `GET /credits.csv`: the ledger with the same filters, all of it.
pub(crate) async fn download(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let account = signed_in.0.id;
    let fields = Fields::of_query(request.query_string());
    let mode = session::mode(&request, fields.get("mode"));
    let filter = LedgerFilter::read(mode, &fields);
    let day = crate::format::day(state.clock.now());
    let read = move |filter| {
        let state = state.clone();
        async move { state.statement.entries(account, mode, &filter).await }
    };
    let body = csv::write(filter.entries(csv::ENTRIES_AT_A_TIME), read).await?;
    let name = format!("credits-{mode}-{day}.csv");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header(ContentDisposition::attachment(name))
        .streaming(body))
}

#[cfg(test)]
#[path = "credits/tests.rs"]
mod tests;

//! Lots and entries as rows of a table.

use gih_domain::ledger::{Cause, Entry, OwnedLot};
use gih_domain::ports::LotSource;
use gih_domain::time::Timestamp;

use crate::format::{minute, thousands};

/// A lot.
pub(crate) struct LotRow {
    /// Its id, and the end of it by which rows are told apart.
    pub id: String,
    pub short_id: String,
    pub source: &'static str,
    pub note: Option<String>,
    pub granted: String,
    pub remaining: String,
    pub added: String,
    pub expires: String,
    /// `good`, `warn` or empty: how the state is shown.
    pub tone: &'static str,
    pub state: &'static str,
}

impl LotRow {
    /// As it is at `at`; `is_next` for the one that pays for what is asked for now.
    pub fn new(lot: &OwnedLot, at: Timestamp, is_next: bool) -> Self {
        let has_expired = lot.expires_at.is_some_and(|expires_at| expires_at <= at);
        let (state, tone) = match (lot.is_live, has_expired) {
            (true, _) if is_next => ("Spent next", "good"),
            (true, _) => ("Available", ""),
            (false, true) => ("Expired", "warn"),
            (false, false) => ("Spent", ""),
        };
        let id = lot.id.to_string();
        Self {
            short_id: end_of(&id),
            id,
            source: source(lot.source),
            note: lot.note.clone(),
            granted: thousands(lot.granted.get()),
            remaining: thousands(lot.remaining.get()),
            added: minute(lot.created_at),
            expires: lot.expires_at.map_or_else(|| "Never".to_owned(), minute),
            tone,
            state,
        }
    }
}

/// An entry of the ledger.
pub(crate) struct EntryRow {
    pub time: String,
    /// What happened, in words.
    pub happened: &'static str,
    /// With its sign.
    pub amount: String,
    /// Whether credits came rather than went.
    pub adds: bool,
    pub lot: String,
    pub short_lot: String,
    pub lot_source: &'static str,
    pub lot_note: Option<String>,
    /// Whose charge or refund it is: its id, and the end of it.
    pub generation: Option<(String, String)>,
}

impl EntryRow {
    pub fn new(entry: &Entry) -> Self {
        let sign = if entry.amount > 0 { "+" } else { "" };
        let lot = entry.lot.to_string();
        Self {
            time: minute(entry.created_at),
            happened: happened(entry),
            amount: format!("{sign}{}", thousands(entry.amount)),
            adds: entry.amount > 0,
            short_lot: end_of(&lot),
            lot,
            lot_source: source(entry.lot_source),
            lot_note: entry.lot_note.clone(),
            generation: entry.generation.map(|generation| {
                let id = generation.to_string();
                let end = end_of(&id);
                (id, end)
            }),
        }
    }
}

fn happened(entry: &Entry) -> &'static str {
    match (entry.cause, entry.lot_source) {
        (Cause::Grant, LotSource::Signup) => "Added for signing up",
        (Cause::Grant, _) => "Added",
        (Cause::Charge, _) => "Charged for a generation",
        (Cause::Refund, _) => "Refunded for what was not delivered",
        (Cause::Expiry, _) => "Expired unspent",
    }
}

const fn source(source: LotSource) -> &'static str {
    match source {
        LotSource::Signup => "Sign-up",
        LotSource::Grant => "Grant",
        LotSource::Refund => "Refund",
    }
}

/// The last characters of an id: they are random, its first ones are the time.
fn end_of(id: &str) -> String {
    const CHARS: usize = 6;
    let start = id.len().saturating_sub(CHARS);
    id.get(start..).unwrap_or(id).to_owned()
}

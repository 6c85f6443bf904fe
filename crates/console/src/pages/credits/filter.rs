//! Which entries of the ledger are looked at, as the address says it.

use gih_domain::id::EntryId;
use gih_domain::ledger::{Cause, EntryFilter};
use gih_domain::mode::Mode;

use crate::days::Days;
use crate::form::{Fields, query};

/// A filter as somebody asked for it.
pub(super) struct LedgerFilter {
    /// In which of the two worlds.
    pub mode: Mode,
    /// Only these.
    pub cause: Option<Cause>,
    /// Why the field `cause` filters nothing.
    pub wrong_cause: Option<&'static str>,
    /// Only of these days.
    pub days: Days,
    /// The cursor.
    pub after: Option<EntryId>,
}

impl LedgerFilter {
    /// Reads the fields `cause`, `from`, `to` and `after`. What makes no sense filters nothing.
    pub fn read(mode: Mode, fields: &Fields) -> Self {
        let typed = fields.get("cause");
        let cause = typed.and_then(|cause| cause.parse().ok());
        let is_wrong = typed.is_some() && cause.is_none();
        Self {
            mode,
            cause,
            wrong_cause: is_wrong.then_some("There is no such kind of entry. Choose one."),
            days: Days::read(fields),
            after: fields.get("after").and_then(|after| after.parse().ok()),
        }
    }

    /// The same for the ledger, `limit` entries at a time.
    pub fn entries(&self, limit: u32) -> EntryFilter {
        EntryFilter {
            cause: self.cause,
            created_from: self.days.from,
            created_before: self.days.before,
            after: self.after,
            limit,
        }
    }

    /// Whether anything is filtered, or was meant to be.
    pub const fn is_any(&self) -> bool {
        self.cause.is_some() || self.wrong_cause.is_some() || self.days.is_any()
    }

    /// The address of what this filter shows at `path`, after that entry.
    pub fn address(&self, path: &str, after: Option<EntryId>) -> String {
        let mut parameters = vec![("mode", self.mode.as_str())];
        if let Some(cause) = self.cause {
            parameters.push(("cause", cause.as_str()));
        }
        if self.days.from.is_some() {
            parameters.push(("from", &self.days.typed_from));
        }
        if self.days.before.is_some() {
            parameters.push(("to", &self.days.typed_to));
        }
        let after = after.map(|after| after.to_string());
        if let Some(after) = &after {
            parameters.push(("after", after));
        }
        format!("{path}?{}", query(&parameters))
    }

    /// The kinds of entries to choose from: their words, what they are called, and whether one is chosen.
    pub fn causes(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let called = |cause| match cause {
            Cause::Grant => "Added",
            Cause::Charge => "Charged",
            Cause::Refund => "Refunded",
            Cause::Expiry => "Expired",
        };
        Cause::ALL
            .into_iter()
            .map(move |cause| (cause.as_str(), called(cause), self.cause == Some(cause)))
    }
}

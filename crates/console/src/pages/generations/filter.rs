//! Which generations are looked at, as the address says it.

use gih_domain::api_key::ApiKey;
use gih_domain::generation::Status;
use gih_domain::id::{GenerationId, KeyId};
use gih_domain::mode::Mode;
use gih_domain::ports::ListFilter;

use crate::days::Days;
use crate::form::{Fields, query};
use crate::words::label;

/// What the field `key` says for what was asked from the console.
const CONSOLE: &str = "console";

/// What a generation was asked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskedWith {
    /// Whatever.
    Anything,
    /// One of the account's keys.
    Key(KeyId),
    /// The console's own key.
    Console,
}

/// A filter as somebody asked for it.
pub(super) struct GalleryFilter {
    /// In which of the two worlds.
    pub mode: Mode,
    /// Only those in this status.
    pub status: Option<Status>,
    /// Why the field `status` filters nothing.
    pub wrong_status: Option<&'static str>,
    /// Only those asked with it.
    pub asked_with: AskedWith,
    /// Why the field `key` filters nothing.
    pub wrong_key: Option<String>,
    /// Only of these days.
    pub days: Days,
    /// The cursor.
    pub after: Option<GenerationId>,
}

impl GalleryFilter {
    /// Reads the fields `status`, `key`, `from`, `to` and `after`. What makes no sense, or names none of `keys`, filters
    /// nothing.
    pub fn read(mode: Mode, fields: &Fields, keys: &[ApiKey]) -> Self {
        let typed = fields.get("status");
        let status = typed.and_then(|status| status.parse().ok());
        let has_wrong_status = typed.is_some() && status.is_none();
        let is_known = |id: &KeyId| keys.iter().any(|key| key.id == *id && key.mode == mode);
        let (asked_with, wrong_key) = match fields.get("key") {
            None => (AskedWith::Anything, None),
            Some(CONSOLE) => (AskedWith::Console, None),
            Some(id) => match id.parse().ok().filter(is_known) {
                Some(key) => (AskedWith::Key(key), None),
                None => (
                    AskedWith::Anything,
                    Some(format!("You have no such key in {mode} mode. Choose one.")),
                ),
            },
        };
        Self {
            mode,
            status,
            wrong_status: has_wrong_status.then_some("There is no such status. Choose one."),
            asked_with,
            wrong_key,
            days: Days::read(fields),
            after: fields.get("after").and_then(|after| after.parse().ok()),
        }
    }

    /// The same for the list, `limit` generations at a time, asked with `key`.
    pub fn generations(&self, key: Option<KeyId>, limit: u32) -> ListFilter {
        ListFilter {
            status: self.status,
            key,
            created_from: self.days.from,
            created_before: self.days.before,
            after: self.after,
            limit,
        }
    }

    /// Whether anything is filtered, or was meant to be.
    pub fn is_any(&self) -> bool {
        self.status.is_some()
            || self.wrong_status.is_some()
            || self.asked_with != AskedWith::Anything
            || self.wrong_key.is_some()
            || self.days.is_any()
    }

    /// The address of what this filter shows after that generation.
    pub fn address(&self, after: Option<GenerationId>) -> String {
        let mut parameters = vec![("mode", self.mode.as_str())];
        if let Some(status) = self.status {
            parameters.push(("status", status.as_str()));
        }
        let key = match self.asked_with {
            AskedWith::Anything => None,
            AskedWith::Key(key) => Some(key.to_string()),
            AskedWith::Console => Some(CONSOLE.to_owned()),
        };
        if let Some(key) = &key {
            parameters.push(("key", key));
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
        format!("/generations?{}", query(&parameters))
    }

    /// The statuses to choose from: their words, their labels, and whether one is chosen.
    pub fn statuses(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        Status::ALL
            .into_iter()
            .map(|status| (status.as_str(), label(status), self.status == Some(status)))
    }

    /// Whether this key is chosen.
    pub fn is_key(&self, id: &str) -> bool {
        matches!(self.asked_with, AskedWith::Key(key) if key.to_string() == id)
    }

    /// Whether what was asked from the console is chosen.
    pub fn is_console(&self) -> bool {
        self.asked_with == AskedWith::Console
    }
}

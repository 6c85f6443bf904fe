//! What admins do and look at: a page, a file. Nobody else gets here: every handler takes [`Admin`](crate::session::Admin).

use std::str::FromStr;

use gih_domain::account::Account;
use gih_domain::administer::AdministerError;
use gih_domain::mode::Mode;
use gih_domain::time::Timestamp;

use super::sign_in::busy;
use crate::error::PageError;
use crate::form::{Fields, query};
use crate::shell::{Section, Shell};

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod acts;
pub(crate) mod generations;
pub(crate) mod models;
pub(crate) mod overview;

/// How many rows a page has.
const ROWS: u32 = 50;

/// Where a page stands among those of admins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tab(&'static str);

impl Tab {
    /// Whether it is this one: what `aria-current` says.
    pub fn is(self, name: &str) -> bool {
        self.0 == name
    }
}

/// The ways to the other pages of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pager {
    /// Back to the beginning, from anywhere else.
    pub newest: Option<String>,
    /// On to what is older, while there is some.
    pub older: Option<String>,
}

impl Pager {
    /// Of the list at `path` under `filter`, whose page begins after `after` and ends with `last` when there is more.
    fn of(path: &str, filter: &[(&str, &str)], after: Option<&str>, last: Option<String>) -> Self {
        let older = last.map(|last| {
            let mut filter = filter.to_vec();
            filter.push(("after", &last));
            address(path, &filter)
        });
        Self {
            newest: after.map(|_| address(path, filter)),
            older,
        }
    }
}

/// An address with those of the parameters that say something.
fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut said = parameters.to_vec();
    said.retain(|(_, value)| !value.is_empty());
    if said.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", query(&said))
    }
}

fn shell(title: impl Into<String>, admin: &Account) -> Shell {
    Shell::of(title, Section::Admin, admin)
}

/// A parameter of an address; one that makes no sense is as good as none.
fn parameter<T: FromStr>(fields: &Fields, name: &str) -> Option<T> {
    fields.get(name).and_then(|value| value.parse().ok())
}

/// The mode that figures are of: what admins are asked about first is what is sold.
fn mode(fields: &Fields) -> Mode {
    parameter(fields, "mode").unwrap_or(Mode::Live)
}

/// A date or a time of a form or an address.
fn time(fields: &Fields, name: &str) -> Result<Option<Timestamp>, String> {
    let parse = |text: &str| {
        Timestamp::parse(text).map_err(|_| format!("{text:?} is no date: write it as 2026-12-31."))
    };
    fields.get(name).map(parse).transpose()
}

/// A sentence of an error's text.
fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        let first = first.to_uppercase();
        format!("{first}{}.", chars.as_str())
    })
}

impl From<AdministerError> for PageError {
    fn from(error: AdministerError) -> Self {
        match error {
            AdministerError::NotAdmin => Self::ForAdmins,
            AdministerError::NoSuchAccount(_) | AdministerError::NoSuchModel(_) => Self::NotFound,
            AdministerError::Busy(_) => busy(),
            AdministerError::Database(error) => error.into(),
            AdministerError::Oneself
            | AdministerError::InvalidEmail(_)
            | AdministerError::EmailTaken(_)
            | AdministerError::NothingGranted
            | AdministerError::ReferenceOfAnother
            | AdministerError::InThePast(_)
            | AdministerError::InvalidNote
            | AdministerError::InvalidModel(_) => Self::Invalid(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_left_by_addresses_that_keep_its_filter() {
        let filter = [("q", "ann & bob"), ("mode", "")];
        let first = Pager::of("/admin/accounts", &filter, None, Some("acc_1".to_owned()));
        assert_eq!(first.newest, None);
        assert_eq!(
            first.older.as_deref(),
            Some("/admin/accounts?q=ann+%26+bob&after=acc_1")
        );
        let last = Pager::of("/admin/accounts", &[("q", "")], Some("acc_1"), None);
        assert_eq!(last.newest.as_deref(), Some("/admin/accounts"));
        assert_eq!(last.older, None);
    }

    #[test]
    fn what_makes_no_sense_in_an_address_is_as_good_as_none() {
        let fields = Fields::of_query("mode=both&from=yesterday&to=2026-05-01");
        assert_eq!(mode(&fields), Mode::Live);
        assert!(time(&fields, "from").is_err());
        assert_eq!(
            time(&fields, "to"),
            Ok(Some(crate::testing::time("2026-05-01")))
        );
        assert_eq!(time(&fields, "until"), Ok(None));
    }
}

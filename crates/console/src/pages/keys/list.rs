//! Which keys the page lists: those that are good, a page at a time; those that are not, when they are asked for.

use gih_domain::api_key::ApiKey;
use gih_domain::time::Timestamp;

use crate::form::Fields;
use crate::format::minute;

/// How many keys a page has.
const ROWS: usize = 25;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Which {
    /// Those that are revoked or have expired, instead of those that are good.
    pub ended: bool,
    /// Which page of them, from 0.
    pub page: usize,
}

impl Which {
    /// Reads `ended=yes` and `page=2`; what makes no sense is the beginning.
    pub fn read(fields: &Fields) -> Self {
        let page: usize = fields
            .get("page")
            .and_then(|page| page.parse().ok())
            .unwrap_or(1);
        Self {
            ended: fields.get("ended") == Some("yes"),
            page: page.saturating_sub(1),
        }
    }

    fn address(self) -> String {
        let mut said = Vec::new();
        let page = self.page.saturating_add(1).to_string();
        if self.ended {
            said.push(("ended", "yes"));
        }
        if self.page > 0 {
            said.push(("page", page.as_str()));
        }
        if said.is_empty() {
            return "/keys".to_owned();
        }
        format!("/keys?{}", crate::form::query(&said))
    }
}

/// A page of keys.
pub(super) struct List {
    pub keys: Vec<Row>,
    /// Whether these are the ones that are not good any more.
    pub ended: bool,
    /// How many there are of those.
    pub ended_count: usize,
    /// The pages before and after it.
    pub newer: Option<String>,
    pub older: Option<String>,
}

impl List {
    pub fn new(keys: &[ApiKey], which: Which, at: Timestamp) -> Self {
        let (good, ended): (Vec<Row>, Vec<Row>) = keys
            .iter()
            .map(|key| Row::new(key, at))
            .partition(|row| row.is_usable);
        let ended_count = ended.len();
        let all = if which.ended { ended } else { good };
        let page = which.page.min(all.len().saturating_sub(1) / ROWS);
        let at_page = |page| Which { page, ..which }.address();
        let newer = page.checked_sub(1).map(at_page);
        let has_older = all.len() > (page + 1) * ROWS;
        Self {
            keys: all.into_iter().skip(page * ROWS).take(ROWS).collect(),
            ended: which.ended,
            ended_count,
            newer,
            older: has_older.then(|| at_page(page + 1)),
        }
    }

    /// Puts a key where it stands already, or else before all others.
    pub fn put(&mut self, row: Row) {
        match self.keys.iter_mut().find(|known| known.id == row.id) {
            Some(known) => *known = row,
            None => self.keys.insert(0, row),
        }
    }
}

/// A key in the list.
pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub prefix: String,
    pub mode: &'static str,
    pub created: String,
    pub last_used: String,
    pub expires: String,
    /// `good`, `bad`: how the state is shown.
    pub tone: &'static str,
    pub state: &'static str,
    pub is_usable: bool,
    /// The old secret that still works, and until when.
    pub overlap: Option<String>,
}

impl Row {
    pub fn new(key: &ApiKey, at: Timestamp) -> Self {
        let has_expired = key.expires_at.is_some_and(|expires_at| expires_at <= at);
        let (state, tone) = match key.revoked_at {
            Some(_) => ("Revoked", "bad"),
            None if has_expired => ("Expired", "warn"),
            None => ("Active", "good"),
        };
        let overlap = key.previous.as_ref().filter(|old| old.expires_at > at);
        Self {
            id: key.id.to_string(),
            name: key.name.as_str().to_owned(),
            prefix: key.prefix.clone(),
            mode: key.mode.as_str(),
            created: minute(key.created_at),
            last_used: key.last_used_at.map_or_else(|| "Never".to_owned(), minute),
            expires: key.expires_at.map_or_else(|| "Never".to_owned(), minute),
            tone,
            state,
            is_usable: state == "Active",
            overlap: overlap.map(|old| format!("{}… until {}", old.prefix, minute(old.expires_at))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{time, uuid};
    use gih_domain::api_key::KeyName;
    use gih_domain::id::{AccountId, KeyId};
    use gih_domain::mode::Mode;

    fn keys(good: usize, revoked: usize) -> Vec<ApiKey> {
        let key = |number: usize| ApiKey {
            id: KeyId(uuid(1)),
            account: AccountId(uuid(7)),
            mode: Mode::Live,
            name: KeyName::parse(&format!("key {number}")).unwrap(),
            prefix: "gih_live_Ab3dE9".to_owned(),
            created_at: time("2026-04-30"),
            expires_at: None,
            revoked_at: (number >= good).then(|| time("2026-05-01")),
            last_used_at: None,
            previous: None,
        };
        (0..good + revoked).map(key).collect()
    }

    fn list(query: &str, keys: &[ApiKey]) -> List {
        let which = Which::read(&Fields::of_query(query));
        List::new(keys, which, time("2026-05-02"))
    }

    #[test]
    fn a_page_is_bounded_however_many_keys_there_are() {
        let keys = keys(ROWS * 2 + 1, 3);
        let first = list("", &keys);
        assert_eq!((first.keys.len(), first.ended_count), (ROWS, 3));
        assert_eq!(
            (&first.newer, first.older.as_deref()),
            (&None, Some("/keys?page=2"))
        );
        let last = list("page=3", &keys);
        assert_eq!(last.keys.len(), 1);
        assert_eq!(last.keys[0].name, format!("key {}", ROWS * 2));
        assert_eq!(
            (last.newer.as_deref(), last.older),
            (Some("/keys?page=2"), None)
        );
        assert_eq!(list("page=2", &keys).newer.as_deref(), Some("/keys"));
        let ended = list("ended=yes", &keys);
        assert_eq!(ended.keys.len(), 3);
        assert!(ended.keys.iter().all(|key| key.state == "Revoked"));
    }

    #[test]
    fn what_makes_no_sense_is_the_beginning_or_the_end() {
        let keys = keys(1, 0);
        for query in ["page=0", "page=-1", "page=x", "page=999999999999999999"] {
            let page = list(query, &keys);
            assert_eq!(
                (page.keys.len(), page.newer, page.older),
                (1, None, None),
                "{query}"
            );
        }
        assert!(list("ended=yes", &keys).keys.is_empty());
    }

    #[test]
    fn a_key_that_was_just_made_or_rotated_is_put_into_the_list() {
        let at = time("2026-05-02");
        let mut known = keys(2, 0);
        known[1].id = KeyId(uuid(2));
        let mut list = List::new(&known, Which::default(), at);
        known[1].prefix = "gih_live_renewed".to_owned();
        list.put(Row::new(&known[1], at));
        let mut new = known[0].clone();
        new.id = KeyId(uuid(3));
        list.put(Row::new(&new, at));
        let ids: Vec<_> = list.keys.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(
            ids,
            [new.id, known[0].id, known[1].id].map(|id| id.to_string())
        );
        assert_eq!(list.keys[2].prefix, "gih_live_renewed");
    }
}

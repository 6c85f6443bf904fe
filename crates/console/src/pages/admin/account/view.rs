//! What the page of an account shows.

use askama::Template;
use gih_domain::account::{Account, AccountType};
use gih_domain::administer::MOST_NOTE_CHARS;
use gih_domain::api_key::ApiKey;
use gih_domain::balance::Balance;
use gih_domain::ledger::OwnedLot;
use gih_domain::mode::Mode;
use gih_domain::ports::ListFilter;
use gih_domain::time::Timestamp;

use super::GrantForm;
use crate::error::PageError;
use crate::format::{day, minute, thousands};
use crate::pages::admin::generations::Row as Generation;
use crate::pages::admin::{Tab, accounts, shell};
use crate::shell::{ModeSwitch, Shell};
use crate::state::ConsoleState;

/// How many of the newest generations are shown.
const GENERATIONS: u32 = 10;
/// How many lots are shown: the live ones come first.
const LOTS: usize = 50;
/// How many API keys are shown: the newest.
const KEYS: usize = 50;

/// What an account is.
pub(super) struct Facts {
    pub id: String,
    pub email: String,
    pub account_type: &'static str,
    pub is_admin: bool,
    pub since: String,
    pub blocked: Option<String>,
    pub password_is_temporary: bool,
    /// Whether it is the admin's own.
    pub is_oneself: bool,
}

impl Facts {
    pub(super) fn new(account: &Account, admin: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email.to_string(),
            account_type: account.account_type.as_str(),
            is_admin: account.is_admin,
            since: minute(account.created_at),
            blocked: account.blocked_at.map(minute),
            password_is_temporary: account.password_is_temporary,
            is_oneself: account.id == admin.id,
        }
    }
}

/// What it may spend in one mode.
pub(super) struct Funds {
    pub mode: &'static str,
    pub credits: String,
    /// What expires next, and when.
    pub next: Option<String>,
}

impl Funds {
    pub(super) fn new(mode: Mode, balance: &Balance) -> Self {
        let next = balance.next_expiration.map(|next| {
            let credits = thousands(next.credits.get());
            format!("{credits} expire {} UTC", minute(next.expires_at))
        });
        Self {
            mode: mode.as_str(),
            credits: thousands(balance.credits.get()),
            next,
        }
    }
}

/// A lot.
pub(super) struct Lot {
    pub source: &'static str,
    pub granted: String,
    pub remaining: String,
    pub created: String,
    pub expires: String,
    pub note: String,
    pub is_live: bool,
}

impl From<&OwnedLot> for Lot {
    fn from(lot: &OwnedLot) -> Self {
        Self {
            source: lot.source.as_str(),
            granted: thousands(lot.granted.get()),
            remaining: thousands(lot.remaining.get()),
            created: minute(lot.created_at),
            expires: lot.expires_at.map_or_else(|| "Never".to_owned(), minute),
            note: lot.note.clone().unwrap_or_default(),
            is_live: lot.is_live,
        }
    }
}

/// An API key, of which an admin sees the beginning alone.
pub(super) struct Key {
    pub name: String,
    pub prefix: String,
    pub mode: &'static str,
    pub created: String,
    pub last_used: String,
    pub state: &'static str,
    pub tone: &'static str,
}

impl Key {
    pub(super) fn new(key: &ApiKey, at: Timestamp) -> Self {
        let has_expired = key.expires_at.is_some_and(|expires_at| expires_at <= at);
        let (state, tone) = match key.revoked_at {
            Some(_) => ("Revoked", "bad"),
            None if has_expired => ("Expired", "warn"),
            None => ("Active", "good"),
        };
        Self {
            name: key.name.as_str().to_owned(),
            prefix: key.prefix.clone(),
            mode: key.mode.as_str(),
            created: day(key.created_at),
            last_used: key.last_used_at.map_or_else(|| "Never".to_owned(), minute),
            state,
            tone,
        }
    }
}

/// The page of an account.
#[derive(Template)]
#[template(path = "admin/account.html")]
pub(super) struct AccountPage {
    pub shell: Shell,
    pub tab: Tab,
    pub account: Facts,
    pub mode: &'static str,
    pub funds: Vec<Funds>,
    pub lots: Vec<Lot>,
    /// How many lots are not shown.
    pub more_lots: usize,
    pub grant: GrantForm,
    pub longest_note: usize,
    pub keys: Vec<Key>,
    /// How many keys are not shown.
    pub more_keys: usize,
    pub generations: Vec<Generation>,
    /// A one-time password that was just set: shown this once.
    pub new_password: Option<String>,
    pub sign_in_url: String,
}

impl AccountPage {
    pub(super) async fn new(
        state: &ConsoleState,
        admin: &Account,
        account: &Account,
        mode: Mode,
    ) -> Result<Self, PageError> {
        let mut page = Self::of(admin, account, mode);
        for mode in [Mode::Live, Mode::Test] {
            let balance = state.statement.balance(account.id, mode).await?;
            page.funds
                .extend(balance.map(|balance| Funds::new(mode, &balance)));
        }
        let lots = state.statement.lots(account.id, mode).await?;
        page.more_lots = lots.len().saturating_sub(LOTS);
        page.lots = lots.iter().take(LOTS).map(Lot::from).collect();
        let newest = ListFilter {
            limit: GENERATIONS,
            ..ListFilter::default()
        };
        let found = state.retrieve.generations_of(account.id, mode, &newest);
        page.generations = found
            .await?
            .generations
            .iter()
            .map(Generation::new)
            .collect();
        let at = state.clock.now();
        let keys = state.keys.list(account.id).await?;
        page.more_keys = keys.len().saturating_sub(KEYS);
        page.keys = keys
            .iter()
            .take(KEYS)
            .map(|key| Key::new(key, at))
            .collect();
        page.sign_in_url = format!("{}/sign-in", state.public_url);
        page.grant.reference = format!("console-{}", state.administer.ids.next(at).simple());
        Ok(page)
    }

    /// Of an account that has nothing.
    pub(super) fn of(admin: &Account, account: &Account, mode: Mode) -> Self {
        let path = format!("/admin/accounts/{}", account.id);
        Self {
            shell: shell(account.email.as_str(), admin).with_mode(ModeSwitch::at(&path, mode)),
            tab: Tab("accounts"),
            account: Facts::new(account, admin),
            mode: mode.as_str(),
            funds: Vec::new(),
            lots: Vec::new(),
            more_lots: 0,
            grant: GrantForm {
                is_test: mode == Mode::Test,
                ..GrantForm::default()
            },
            longest_note: MOST_NOTE_CHARS,
            keys: Vec::new(),
            more_keys: 0,
            generations: Vec::new(),
            new_password: None,
            sign_in_url: "/sign-in".to_owned(),
        }
    }

    #[allow(clippy::unused_self)] // templates call methods
    fn types(&self) -> impl Iterator<Item = &'static str> {
        accounts::TYPES.into_iter().map(AccountType::as_str)
    }
}

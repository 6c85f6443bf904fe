//! API keys: made, rotated, revoked.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::account::Account;
use gih_domain::api_key::KeyName;
use gih_domain::id::KeyId;
use gih_domain::manage_keys::{CreateKeyError, CreatedKey, RotateError};
use gih_domain::mode::Mode;

use self::list::{List, Row, Which};
use super::{html, html_as, see_other};
use crate::error::PageError;
use crate::form::Fields;
use crate::format::minute;
use crate::session::{self, SignedIn};
use crate::shell::{Section, Shell};
use crate::state::ConsoleState;

mod list;

const DAY: Duration = Duration::from_hours(24);

/// After how long a key may expire, as the form offers it.
const LIVES: [(&str, &str, Option<Duration>); 5] = [
    ("never", "Never", None),
    ("7d", "In 7 days", Some(Duration::from_hours(7 * 24))),
    ("30d", "In 30 days", Some(Duration::from_hours(30 * 24))),
    ("90d", "In 90 days", Some(Duration::from_hours(90 * 24))),
    ("365d", "In a year", Some(Duration::from_hours(365 * 24))),
];

/// For how long the old secret goes on working after a rotation, as the form offers it.
const OVERLAPS: [(&str, &str, Duration); 5] = [
    ("0", "Stop the old one at once", Duration::ZERO),
    ("1h", "1 hour", Duration::from_hours(1)),
    ("24h", "1 day", DAY),
    ("7d", "7 days", Duration::from_hours(7 * 24)),
    ("30d", "30 days", Duration::from_hours(30 * 24)),
];

/// A secret that is shown this once.
struct NewSecret {
    name: String,
    secret: String,
    mode: &'static str,
    /// What becomes of the secret before it.
    old: Option<String>,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    shell: Shell,
    list: List,
    new: Option<NewSecret>,
    name: String,
    mode: Mode,
    life: String,
    wrong_name: Option<String>,
    base_url: String,
}

impl KeysPage {
    async fn new(state: &ConsoleState, account: &Account, which: Which) -> Result<Self, PageError> {
        let at = state.clock.now();
        let keys = state.keys.list(account.id).await?;
        Ok(Self {
            shell: Shell::of("API keys", Section::Keys, account),
            list: List::new(&keys, which, at),
            new: None,
            name: String::new(),
            mode: Mode::Test,
            life: "never".to_owned(),
            wrong_name: None,
            base_url: state.public_url.clone(),
        })
    }

    fn is_life(&self, life: &str) -> bool {
        self.life == life
    }

    #[allow(clippy::unused_self)] // templates call methods
    fn lives(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        LIVES.into_iter().map(|(value, label, _)| (value, label))
    }
}

#[derive(Template)]
#[template(path = "key_question.html")]
struct QuestionPage {
    shell: Shell,
    key: Row,
    rotates: bool,
}

impl QuestionPage {
    #[allow(clippy::unused_self)] // templates call methods
    fn overlaps(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        OVERLAPS.into_iter().map(|(value, label, _)| (value, label))
    }
}

/// `GET /keys`.
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    let mut page = KeysPage::new(&state, &signed_in.0, Which::read(&fields)).await?;
    page.mode = session::mode(&request, None);
    if fields.get("done") == Some("revoked") {
        let notice = "The key is revoked. Whoever calls with it gets 401 from now on.";
        page.shell = page.shell.with_notice(Some(notice));
    }
    html(&page)
}

/// `POST /keys`.
pub(crate) async fn create(
    payload: web::Payload,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let account = signed_in.0;
    let fields = Fields::read(payload).await?;
    let mode: Mode = fields
        .text("mode")
        .parse()
        .map_err(|error| PageError::Invalid(format!("{error}")))?;
    let life = fields.get("expires").unwrap_or("never");
    let Some((_, _, lives)) = LIVES.into_iter().find(|(value, _, _)| *value == life) else {
        return Err(PageError::Invalid("choose when the key expires".to_owned()));
    };
    let name = match KeyName::parse(fields.text("name")) {
        Ok(name) => name,
        Err(error) => {
            let page = KeysPage {
                name: fields.text("name").to_owned(),
                mode,
                life: life.to_owned(),
                wrong_name: Some(format!("{error}.")),
                ..KeysPage::new(&state, &account, Which::default()).await?
            };
            return html_as(StatusCode::BAD_REQUEST, &page);
        }
    };
    let expires_at = lives.map(|lives| state.clock.now().plus(lives));
    let page = KeysPage::new(&state, &account, Which::default()).await?;
    let created = state.keys.create(account.id, name, mode, expires_at).await;
    let created = created.map_err(|error| match error {
        CreateKeyError::InThePast(_) => PageError::Invalid(error.to_string()),
        CreateKeyError::Database(error) => error.into(),
    })?;
    show_once(&state, page, &created, None)
}

/// `GET /keys/{id}/revoke`.
pub(crate) async fn ask_to_revoke(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    question(&state, &signed_in.0, &id, false).await
}

/// `GET /keys/{id}/rotate`.
pub(crate) async fn ask_to_rotate(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    question(&state, &signed_in.0, &id, true).await
}

async fn question(
    state: &ConsoleState,
    account: &Account,
    id: &str,
    rotates: bool,
) -> Result<HttpResponse, PageError> {
    let id: KeyId = id.parse().map_err(|_| PageError::NotFound)?;
    let key = state.keys.find(account.id, id).await?;
    let key = Row::new(&key.ok_or(PageError::NotFound)?, state.clock.now());
    if !key.is_usable {
        return Err(PageError::Invalid(format!(
            "{} is not active any more",
            key.name
        )));
    }
    let title = if rotates { "Rotate key" } else { "Revoke key" };
    html(&QuestionPage {
        shell: Shell::of(title, Section::Keys, account),
        key,
        rotates,
    })
}

/// `POST /keys/{id}/revoke`.
pub(crate) async fn revoke(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let id: KeyId = id.parse().map_err(|_| PageError::NotFound)?;
    state
        .keys
        .revoke(signed_in.0.id, id)
        .await?
        .ok_or(PageError::NotFound)?;
    Ok(see_other("/keys?done=revoked").finish())
}

/// `POST /keys/{id}/rotate`.
pub(crate) async fn rotate(
    id: web::Path<String>,
    payload: web::Payload,
    state: web::Data<ConsoleState>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let account = signed_in.0;
    let id: KeyId = id.parse().map_err(|_| PageError::NotFound)?;
    let fields = Fields::read(payload).await?;
    let chosen = fields.text("overlap");
    let Some((_, _, overlap)) = OVERLAPS.into_iter().find(|(value, _, _)| *value == chosen) else {
        return Err(PageError::Invalid(
            "choose for how long the old secret goes on working".to_owned(),
        ));
    };
    let page = KeysPage::new(&state, &account, Which::default()).await?;
    let rotated = state
        .keys
        .rotate(Some(account.id), id, overlap, fields.get("replaces"))
        .await
        .map_err(|error| match error {
            RotateError::NoSuchKey => PageError::NotFound,
            RotateError::RotatedAlready(prefix) => PageError::Done(format!(
                "this key has been rotated already, perhaps by this very form: its secret begins with {prefix} now, and \
                 nothing was changed this time. If you have not seen that secret, create another key, move your callers to it \
                 and revoke this one: rotating it again ends the old secret at once"
            )),
            RotateError::OverlapTooLong | RotateError::NotValid => {
                PageError::Invalid(error.to_string())
            }
            RotateError::Database(error) => error.into(),
        })?;
    let old = rotated.key.previous.as_ref().map_or_else(
        || "The old secret has stopped working.".to_owned(),
        |old| {
            format!(
                "The old secret ({}…) works until {} UTC.",
                old.prefix,
                minute(old.expires_at)
            )
        },
    );
    show_once(&state, page, &rotated, Some(old))
}

/// Shows a secret on a page that was read before the secret was made: nothing that fails afterwards may keep it from its owner.
fn show_once(
    state: &ConsoleState,
    mut page: KeysPage,
    created: &CreatedKey,
    old: Option<String>,
) -> Result<HttpResponse, PageError> {
    page.list.put(Row::new(&created.key, state.clock.now()));
    page.new = Some(NewSecret {
        name: created.key.name.as_str().to_owned(),
        secret: created.secret.reveal().to_owned(),
        mode: created.key.mode.as_str(),
        old,
    });
    html(&page)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;

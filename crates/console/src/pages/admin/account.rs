//! One account: what it is, has and did, and what an admin can do about it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::account::{Account, AccountType};
use gih_domain::admin::AccountChange;
use gih_domain::administer::{AdministerError, NewGrant};
use gih_domain::credits::Credits;
use gih_domain::id::AccountId;
use gih_domain::mode::Mode;

use super::{parameter, sentence, time};
use crate::error::PageError;
use crate::form::Fields;
use crate::format::{minute, thousands};
use crate::pages::{html, html_as, see_other};
use crate::session::Admin;
use crate::shell::Shell;
use crate::state::ConsoleState;

mod view;

use view::{AccountPage, Facts};

/// The page that asks before an account is blocked or let in again.
#[derive(Template)]
#[template(path = "admin/block.html")]
struct QuestionPage {
    shell: Shell,
    tab: super::Tab,
    account: Facts,
}

/// The page that asks before an account gets a one-time password.
#[derive(Template)]
#[template(path = "admin/password.html")]
struct PasswordPage {
    shell: Shell,
    tab: super::Tab,
    account: Facts,
}

async fn find(state: &ConsoleState, id: &str) -> Result<Account, PageError> {
    let id: AccountId = id.parse().map_err(|_| PageError::NotFound)?;
    let account = state.administer.account(id).await?;
    account.ok_or(PageError::NotFound)
}

fn url(account: &Account, done: &str) -> String {
    format!("/admin/accounts/{}?done={done}", account.id)
}

/// What was just done, in a sentence.
fn notice(fields: &Fields) -> Option<String> {
    let canceled: u32 = parameter(fields, "canceled").unwrap_or_default();
    let text = match fields.get("done")? {
        "changed" => "The account is changed.".to_owned(),
        "same" => "Nothing was to be changed. This is how it is now.".to_owned(),
        "granted" => "The credits are there.".to_owned(),
        "unblocked" => "The account may sign in and generate again.".to_owned(),
        "blocked" => {
            let canceled = match canceled {
                0 => "Nothing was queued.".to_owned(),
                1 => "One queued generation was canceled and refunded.".to_owned(),
                _ => format!("{canceled} queued generations were canceled and refunded."),
            };
            format!("The account is blocked. {canceled}")
        }
        _ => return None,
    };
    Some(text)
}

/// `GET /admin/accounts/{id}`.
pub(crate) async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    let account = find(&state, &id).await?;
    let mut page = AccountPage::new(&state, &admin.0, &account, super::mode(&fields)).await?;
    page.shell = page.shell.with_notice(notice(&fields));
    html(&page)
}

/// `POST /admin/accounts/{id}`: its type and rights.
pub(crate) async fn change(
    id: web::Path<String>,
    payload: web::Payload,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let account = find(&state, &id).await?;
    let fields = Fields::read(payload).await?;
    let account_type = fields.get("type").map(str::parse).transpose();
    let account_type = account_type.map_err(|error| PageError::Invalid(format!("{error}")))?;
    // What was left as the page showed it is not the admin's wish: another may have changed it since.
    let was_type = fields.get("was_type");
    let was_admin = answer(&fields, "was_admin");
    let change = AccountChange {
        account_type: account_type.filter(|new: &AccountType| was_type != Some(new.as_str())),
        is_admin: answer(&fields, "admin").filter(|new| was_admin != Some(*new)),
        is_blocked: None,
    };
    let administer = &state.administer;
    administer
        .change_account(&admin.0, account.id, change)
        .await?;
    let is_something = change != AccountChange::default();
    let done = if is_something { "changed" } else { "same" };
    Ok(see_other(&url(&account, done)).finish())
}

/// `yes` or `no`; anything else answers nothing.
fn answer(fields: &Fields, name: &str) -> Option<bool> {
    match fields.get(name)? {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// `GET /admin/accounts/{id}/block`: asks first, in both directions.
pub(crate) async fn ask_to_block(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let account = find(&state, &id).await?;
    if account.id == admin.0.id {
        return Err(AdministerError::Oneself.into());
    }
    html(&QuestionPage::new(&admin.0, &account))
}

impl QuestionPage {
    fn new(admin: &Account, account: &Account) -> Self {
        let title = if account.blocked_at.is_some() {
            "Unblock account"
        } else {
            "Block account"
        };
        Self {
            shell: super::shell(title, admin),
            tab: super::Tab("accounts"),
            account: Facts::new(account, admin),
        }
    }
}

/// `POST /admin/accounts/{id}/block`.
pub(crate) async fn block(
    id: web::Path<String>,
    payload: web::Payload,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let account = find(&state, &id).await?;
    let fields = Fields::read(payload).await?;
    let Some(is_blocked) = answer(&fields, "blocked") else {
        return Err(PageError::Invalid(
            "choose whether the account is to be blocked".to_owned(),
        ));
    };
    let change = AccountChange {
        is_blocked: Some(is_blocked),
        ..AccountChange::default()
    };
    let administer = &state.administer;
    let changed = administer
        .change_account(&admin.0, account.id, change)
        .await?;
    let done = if is_blocked {
        format!("blocked&canceled={}", changed.canceled.len())
    } else {
        "unblocked".to_owned()
    };
    Ok(see_other(&url(&account, &done)).finish())
}

/// `GET /admin/accounts/{id}/password`: asks first.
pub(crate) async fn ask_to_set_password(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let account = find(&state, &id).await?;
    if account.id == admin.0.id {
        return Err(AdministerError::Oneself.into());
    }
    html(&PasswordPage::new(&admin.0, &account))
}

impl PasswordPage {
    fn new(admin: &Account, account: &Account) -> Self {
        Self {
            shell: super::shell("New one-time password", admin),
            tab: super::Tab("accounts"),
            account: Facts::new(account, admin),
        }
    }
}

/// `POST /admin/accounts/{id}/password`: the only moment that it is known.
pub(crate) async fn set_password(
    id: web::Path<String>,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let account = find(&state, &id).await?;
    // Read before the password is set: nothing that fails afterwards may keep it from who asked.
    let as_it_will_be = Account {
        password_is_temporary: true,
        ..account
    };
    let mut page = AccountPage::new(&state, &admin.0, &as_it_will_be, Mode::Live).await?;
    let administer = &state.administer;
    let password = administer.set_password(&admin.0, as_it_will_be.id).await?;
    page.new_password = Some(password.reveal().to_owned());
    html(&page)
}

/// What was typed into the form that grants credits, and what is wrong with it.
#[derive(Default)]
struct GrantForm {
    credits: String,
    is_test: bool,
    expires: String,
    note: String,
    /// What the form is known by, so that it may be sent twice.
    reference: String,
    wrong_credits: Option<String>,
    wrong_expires: Option<String>,
    wrong_note: Option<String>,
}

impl GrantForm {
    /// As it came; `mode` is the mode that it says.
    fn typed(fields: &Fields, mode: Mode) -> Self {
        Self {
            credits: fields.text("credits").trim().to_owned(),
            is_test: mode == Mode::Test,
            expires: fields.text("expires").to_owned(),
            note: fields.text("note").to_owned(),
            reference: fields.text("reference").to_owned(),
            ..Self::default()
        }
    }

    /// Reads it; `None` when something cannot be read, which is said then.
    fn read(&mut self, fields: &Fields, mode: Mode) -> Option<NewGrant<'_>> {
        let credits = self.credits.parse().ok().map(Credits::new);
        let Some(Ok(credits)) = credits else {
            let most = thousands(Credits::MAX);
            self.wrong_credits = Some(format!("Credits are a whole number from 1 to {most}."));
            return None;
        };
        let expires_at = match time(fields, "expires") {
            Ok(expires_at) => expires_at,
            Err(wrong) => {
                self.wrong_expires = Some(wrong);
                return None;
            }
        };
        Some(NewGrant {
            credits,
            mode,
            expires_at,
            note: Some(self.note.as_str()),
            reference: Some(self.reference.as_str()).filter(|text| !text.is_empty()),
        })
    }

    /// Says beside its field what was refused; any other error goes on.
    fn refuse(&mut self, error: AdministerError) -> Result<(), PageError> {
        let field = match error {
            AdministerError::NothingGranted | AdministerError::ReferenceOfAnother => {
                &mut self.wrong_credits
            }
            AdministerError::InThePast(_) => &mut self.wrong_expires,
            AdministerError::InvalidNote => &mut self.wrong_note,
            _ => return Err(error.into()),
        };
        *field = Some(sentence(&error));
        Ok(())
    }
}

/// `POST /admin/accounts/{id}/grant`.
pub(crate) async fn grant(
    id: web::Path<String>,
    payload: web::Payload,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let account = find(&state, &id).await?;
    let fields = Fields::read(payload).await?;
    let mode: Mode = fields
        .text("mode")
        .parse()
        .map_err(|error| PageError::Invalid(format!("{error}")))?;
    let mut form = GrantForm::typed(&fields, mode);
    let mut is_used_up = false;
    if let Some(new) = form.read(&fields, mode) {
        let asked = (new.credits, new.mode, new.expires_at);
        let asked_note = new.note.map(str::trim).filter(|note| !note.is_empty());
        let asked_note = asked_note.map(str::to_owned);
        match state.administer.grant(&admin.0, account.id, new).await {
            // The same form was sent before, and said something else then.
            Ok(granted)
                if (granted.credits, granted.mode, granted.lot.expires_at) != asked
                    || granted.note != asked_note =>
            {
                let (credits, mode) = (thousands(granted.credits.get()), granted.mode);
                let expiry = granted.lot.expires_at.map_or_else(
                    || "never expire".to_owned(),
                    |at| format!("expire {} UTC", minute(at)),
                );
                form.wrong_credits = Some(format!(
                    "This form has granted {credits} {mode} credits already, which {expiry}, and nothing was added now. \
                     Press again to grant also what it says."
                ));
                is_used_up = true;
            }
            Ok(granted) => {
                let done = format!("granted&mode={}", granted.mode);
                return Ok(see_other(&url(&account, &done)).finish());
            }
            Err(error) => form.refuse(error)?,
        }
    }
    let mut page = AccountPage::new(&state, &admin.0, &account, mode).await?;
    if is_used_up {
        form.reference = std::mem::take(&mut page.grant.reference);
    }
    page.grant = form;
    html_as(StatusCode::BAD_REQUEST, &page)
}

#[cfg(test)]
mod tests;

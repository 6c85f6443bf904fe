//! All accounts: found, and made.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use gih_domain::account::{Account, AccountType};
use gih_domain::admin::AccountFilter;
use gih_domain::administer::AdministerError;

use super::{Pager, ROWS, Tab, parameter, sentence, shell};
use crate::error::PageError;
use crate::form::Fields;
use crate::format::minute;
use crate::pages::{html, html_as};
use crate::session::Admin;
use crate::shell::Shell;
use crate::state::ConsoleState;

/// The account types, as forms offer them.
pub(super) const TYPES: [AccountType; 3] =
    [AccountType::Free, AccountType::Pro, AccountType::Enterprise];

/// An account in the list.
struct Row {
    id: String,
    email: String,
    account_type: &'static str,
    is_admin: bool,
    is_blocked: bool,
    since: String,
}

impl From<&Account> for Row {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email.to_string(),
            account_type: account.account_type.as_str(),
            is_admin: account.is_admin,
            is_blocked: account.blocked_at.is_some(),
            since: minute(account.created_at),
        }
    }
}

/// An account that was just made: the only moment its password is known.
struct New {
    id: String,
    email: String,
    password: String,
}

#[derive(Template)]
#[template(path = "admin/accounts.html")]
struct AccountsPage {
    shell: Shell,
    tab: Tab,
    search: String,
    accounts: Vec<Row>,
    pager: Pager,
    new: Option<New>,
    /// What was typed into the form.
    email: String,
    account_type: AccountType,
    is_admin: bool,
    wrong_email: Option<String>,
    sign_in_url: String,
}

impl AccountsPage {
    async fn new(
        state: &ConsoleState,
        admin: &Account,
        fields: &Fields,
    ) -> Result<Self, PageError> {
        let search = fields.text("q");
        let filter = AccountFilter {
            search: Some(search.to_owned()),
            after: parameter(fields, "after"),
            limit: ROWS,
        };
        let page = state.administer.accounts(&filter).await?;
        let last = page.accounts.last().filter(|_| page.has_more);
        let last = last.map(|account| account.id.to_string());
        let after = filter.after.and(fields.get("after"));
        Ok(Self {
            shell: shell("Accounts", admin),
            tab: Tab("accounts"),
            search: search.to_owned(),
            accounts: page.accounts.iter().map(Row::from).collect(),
            pager: Pager::of("/admin/accounts", &[("q", search)], after, last),
            new: None,
            email: String::new(),
            account_type: AccountType::Free,
            is_admin: false,
            wrong_email: None,
            sign_in_url: format!("{}/sign-in", state.public_url),
        })
    }

    #[allow(clippy::unused_self)] // templates call methods
    fn types(&self) -> impl Iterator<Item = &'static str> {
        TYPES.into_iter().map(AccountType::as_str)
    }
}

/// `GET /admin/accounts`.
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::of_query(request.query_string());
    html(&AccountsPage::new(&state, &admin.0, &fields).await?)
}

/// `POST /admin/accounts`: another account.
pub(crate) async fn create(
    payload: web::Payload,
    state: web::Data<ConsoleState>,
    admin: Admin,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::read(payload).await?;
    let account_type: AccountType = fields
        .text("type")
        .parse()
        .map_err(|error| PageError::Invalid(format!("{error}")))?;
    let is_admin = fields.get("admin").is_some();
    let email = fields.text("email");
    // Read before the account is made: nothing that fails afterwards may keep its password from who asked.
    let mut page = AccountsPage::new(&state, &admin.0, &Fields::default()).await?;
    let created = state
        .administer
        .create_account(&admin.0, email, account_type, is_admin)
        .await;
    match created {
        Ok((account, password)) => {
            page.accounts.insert(0, Row::from(&account));
            page.new = Some(New {
                id: account.id.to_string(),
                email: account.email.to_string(),
                password: password.reveal().to_owned(),
            });
            html(&page)
        }
        Err(error @ (AdministerError::InvalidEmail(_) | AdministerError::EmailTaken(_))) => {
            let page = AccountsPage {
                email: email.to_owned(),
                account_type,
                is_admin,
                wrong_email: Some(sentence(&error)),
                ..page
            };
            html_as(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{HOSTILE, account, admin, assert_safe, time};

    fn page(accounts: &[Account], search: &str) -> AccountsPage {
        AccountsPage {
            shell: shell("Accounts", &admin()),
            tab: Tab("accounts"),
            search: search.to_owned(),
            accounts: accounts.iter().map(Row::from).collect(),
            pager: Pager::default(),
            new: None,
            email: String::new(),
            account_type: AccountType::Free,
            is_admin: false,
            wrong_email: None,
            sign_in_url: "https://hub.example.com/sign-in".to_owned(),
        }
    }

    #[test]
    fn accounts_are_told_by_what_an_admin_needs() {
        let blocked = Account {
            blocked_at: Some(time("2026-05-01T10:20:30Z")),
            ..account()
        };
        let html = page(&[admin(), blocked], "").render().unwrap();
        assert_safe(&html);
        for shown in ["ann@example.com", "PRO", "Admin", "Blocked", "2026-04-30"] {
            assert!(html.contains(shown), "{shown}");
        }
        assert!(!html.contains("one-time password of"));
    }

    #[test]
    fn a_search_without_result_says_so() {
        let html = page(&[], "bob").render().unwrap();
        assert_safe(&html);
        assert!(html.contains("No account has “bob” in its email"));
    }

    #[test]
    fn a_password_is_shown_once_and_texts_are_escaped() {
        let mut page = page(&[account()], HOSTILE);
        page.new = Some(New {
            id: "acc_1".to_owned(),
            email: HOSTILE.to_owned(),
            password: "abcDEF123".to_owned(),
        });
        page.email = HOSTILE.to_owned();
        page.wrong_email = Some(HOSTILE.to_owned());
        let html = page.render().unwrap();
        assert_safe(&html);
        assert_eq!(html.matches("abcDEF123").count(), 1);
    }
}

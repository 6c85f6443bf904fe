//! Use case: what admins do and look at. Everything that they do is recorded: who, what, when, in the transaction that
//! does it.

use std::sync::Arc;

use crate::account::{Account, Email, InvalidEmail};
use crate::admin::{AccountFilter, Act, AuditRecord, NewAct, Overview};
use crate::catalog::{InvalidModel, Model};
use crate::credits::Credits;
use crate::generation::Generation;
use crate::id::{AccountId, ActId, GenerationId, LotId};
use crate::ledger::{DAY, DaySpending, every_day, last_days};
use crate::mode::Mode;
use crate::operate::ModelChange;
use crate::ports::{
    AccountError, AccountPage, Accounts, ActPage, Acts, Books, Busy, Catalog, Clock, DatabaseError,
    Generations, Grant, Granted, Ids, Ledger, ListFilter, LotSource, NewLot, Page, PasswordHasher,
    Statistics,
};
use crate::time::Timestamp;

mod accounts;
mod detail;

/// The most rows of one page.
pub const MOST_ROWS: u32 = 200;
/// The most days that an overview looks back on: a bound on what is read for it.
pub const MOST_OVERVIEW_DAYS: u32 = 7;
/// The longest note of a grant, in characters.
pub const MOST_NOTE_CHARS: usize = 200;

/// The use case.
pub struct Administer {
    /// Accounts and credits.
    pub accounts: Arc<dyn Accounts>,
    /// Models.
    pub catalog: Arc<dyn Catalog>,
    /// Generations.
    pub generations: Arc<dyn Generations>,
    /// Spending.
    pub ledger: Arc<dyn Ledger>,
    /// Figures.
    pub statistics: Arc<dyn Statistics>,
    /// What was done before.
    pub acts: Arc<dyn Acts>,
    /// Audits.
    pub books: Arc<dyn Books>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// Passwords.
    pub passwords: Arc<dyn PasswordHasher>,
}

/// Credits that an admin gives.
#[derive(Clone, Copy, Debug)]
pub struct NewGrant<'a> {
    /// How many; at least 1.
    pub credits: Credits,
    /// In which of the account's worlds.
    pub mode: Mode,
    /// From this instant on they are worth nothing; `None` never expires.
    pub expires_at: Option<Timestamp>,
    /// For people: at most [`MOST_NOTE_CHARS`], nothing when it is blank.
    pub note: Option<&'a str>,
    /// What it is known by, unique in the account: sent twice, it is granted once.
    pub reference: Option<&'a str>,
}

/// Why an admin's act was not done. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AdministerError {
    /// Whoever asks is no admin, or a blocked one.
    #[error("only admins may do this")]
    NotAdmin,
    /// An admin would block or demote themselves, or lose their password: they may be the last way in.
    #[error(
        "nobody can block themselves, give up their own admin rights or take a one-time password: another admin can"
    )]
    Oneself,
    /// There is no such account.
    #[error("there is no account {0}")]
    NoSuchAccount(AccountId),
    /// The text is no email address.
    #[error(transparent)]
    InvalidEmail(#[from] InvalidEmail),
    /// An account has this address already.
    #[error("there is an account with the email {0} already")]
    EmailTaken(Email),
    /// A grant of nothing.
    #[error("credits must be at least 1")]
    NothingGranted,
    /// A grant to another account has this reference.
    #[error("a grant to another account has this form's reference; load the page again")]
    ReferenceOfAnother,
    /// The expiry lies in the past.
    #[error("{0} is in the past")]
    InThePast(Timestamp),
    /// The note is too long, or not one line of text.
    #[error("a note has at most {max} characters, and no control characters such as line breaks", max = MOST_NOTE_CHARS)]
    InvalidNote,
    /// There is no such model.
    #[error("there is no model {0:?}")]
    NoSuchModel(String),
    /// The change would leave a model that makes no sense.
    #[error(transparent)]
    InvalidModel(#[from] InvalidModel),
    /// Too many passwords are being hashed; asking again helps.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database.
    #[error(transparent)]
    Database(DatabaseError),
}

impl From<DatabaseError> for AdministerError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::NotAdmin => Self::NotAdmin,
            error => Self::Database(error),
        }
    }
}

impl Administer {
    /// How many generations of both modes wait and are at work now: one queue and its workers serve both.
    pub async fn depth(&self) -> Result<Overview, DatabaseError> {
        let now = self.clock.now();
        self.statistics.overview(None, now).await
    }

    /// What is unfinished now, and what became of the last `days` times 24 hours (1 to [`MOST_OVERVIEW_DAYS`]).
    pub async fn overview(&self, mode: Option<Mode>, days: u32) -> Result<Overview, DatabaseError> {
        let days = days.clamp(1, MOST_OVERVIEW_DAYS);
        let since = self.clock.now().minus(DAY * days);
        self.statistics.overview(mode, since).await
    }

    /// One page of accounts, newest first, of at most [`MOST_ROWS`]. How a search is spelled makes no difference.
    pub async fn accounts(&self, filter: &AccountFilter) -> Result<AccountPage, DatabaseError> {
        let search = filter.search.as_deref().map(str::trim);
        // No email has any, and no database takes all of them.
        if search.is_some_and(|text| text.chars().any(char::is_control)) {
            return Ok(AccountPage {
                accounts: Vec::new(),
                has_more: false,
            });
        }
        let filter = AccountFilter {
            search: search
                .filter(|text| !text.is_empty())
                .map(str::to_lowercase),
            after: filter.after,
            limit: filter.limit.clamp(1, MOST_ROWS),
        };
        self.accounts.list(&filter).await
    }

    /// An account.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, DatabaseError> {
        self.accounts.find_by_id(id).await
    }

    /// Adds credits to an account. A reference that the account was granted before answers with the lot of then, and
    /// nothing is done nor recorded.
    pub async fn grant(
        &self,
        admin: &Account,
        id: AccountId,
        new: NewGrant<'_>,
    ) -> Result<Granted, AdministerError> {
        may(admin)?;
        if new.credits.is_zero() {
            return Err(AdministerError::NothingGranted);
        }
        let note = new.note.map(str::trim).filter(|note| !note.is_empty());
        let is_wrong = |note: &str| {
            note.chars().count() > MOST_NOTE_CHARS || note.chars().any(char::is_control)
        };
        if note.is_some_and(is_wrong) {
            return Err(AdministerError::InvalidNote);
        }
        let account = self.existing(id).await?;
        let at = self.clock.now();
        let lot = NewLot {
            id: LotId(self.ids.next(at)),
            mode: new.mode,
            source: LotSource::Grant,
            credits: new.credits,
            expires_at: new.expires_at,
            note: note.map(str::to_owned),
        };
        let detail = detail::of_grant(&lot);
        let grant = Grant {
            account: id,
            lot,
            reference: new.reference.map(str::to_owned),
            created_at: at,
            act: Some(self.act(admin, Act::Grant, account.email.as_str(), detail, at)),
        };
        match self.accounts.grant(&grant).await {
            Ok(granted) => Ok(granted),
            Err(AccountError::NotFound) => Err(AdministerError::NoSuchAccount(id)),
            Err(AccountError::ReferenceOfAnother) => Err(AdministerError::ReferenceOfAnother),
            Err(AccountError::AlreadyExpired) => {
                Err(AdministerError::InThePast(new.expires_at.unwrap_or(at)))
            }
            Err(AccountError::Database(error)) => Err(error.into()),
            Err(AccountError::EmailTaken) => Err(unexpected("a grant answered as a sign-up")),
        }
    }

    /// Every model of the catalog, whether or not it is on sale.
    pub async fn models(&self) -> Result<Vec<Model>, DatabaseError> {
        self.catalog.models().await
    }

    /// Changes a model; the result must still make sense. Without a change nothing is done nor recorded.
    pub async fn change_model(
        &self,
        admin: &Account,
        id: &str,
        change: ModelChange,
    ) -> Result<Model, AdministerError> {
        may(admin)?;
        let Some(before) = self.catalog.find(id).await? else {
            return Err(AdministerError::NoSuchModel(id.to_owned()));
        };
        let mut model = before.clone();
        change.apply(&mut model)?;
        if model == before {
            return Ok(model);
        }
        let detail = detail::of_model_change(&before, &model);
        let act = self.act(admin, Act::ChangeModel, id, detail, self.clock.now());
        self.catalog.put(&model, Some(&act)).await?;
        Ok(model)
    }

    /// Everybody's generations, in one mode or in both, newest first: a page of at most [`MOST_ROWS`].
    pub async fn generations(
        &self,
        mode: Option<Mode>,
        filter: &ListFilter,
    ) -> Result<Page, DatabaseError> {
        let filter = ListFilter {
            limit: filter.limit.clamp(1, MOST_ROWS),
            ..filter.clone()
        };
        self.generations.list_all(mode, &filter).await
    }

    /// Anybody's generation.
    pub async fn generation(&self, id: GenerationId) -> Result<Option<Generation>, DatabaseError> {
        self.generations.find_any(id).await
    }

    /// One page of what admins did, newest first, of at most [`MOST_ROWS`].
    pub async fn acts(&self, after: Option<ActId>, limit: u32) -> Result<ActPage, DatabaseError> {
        self.acts.list(after, limit.clamp(1, MOST_ROWS)).await
    }

    /// What all accounts spent on each of the last `days` days in UTC, today the last of them: a row for every day, at most
    /// [`MOST_DAYS`](crate::ledger::MOST_DAYS).
    pub async fn spending(&self, mode: Mode, days: u32) -> Result<Vec<DaySpending>, DatabaseError> {
        let (from, before) = last_days(self.clock.now(), days);
        let found = self.ledger.spending(None, mode, from, before).await?;
        Ok(every_day(&found, from, before))
    }

    /// What the last audit of any process found.
    pub async fn last_audit(&self) -> Result<Option<AuditRecord>, DatabaseError> {
        self.books.last_audit().await
    }

    async fn existing(&self, id: AccountId) -> Result<Account, AdministerError> {
        let account = self.accounts.find_by_id(id).await?;
        account.ok_or(AdministerError::NoSuchAccount(id))
    }

    fn act(
        &self,
        admin: &Account,
        act: Act,
        subject: &str,
        detail: String,
        at: Timestamp,
    ) -> NewAct {
        NewAct {
            id: ActId(self.ids.next(at)),
            admin: admin.id,
            act,
            subject: subject.to_owned(),
            detail,
            created_at: at,
        }
    }
}

/// Whoever calls has asked already; this is for who forgot to.
fn may(admin: &Account) -> Result<(), AdministerError> {
    if admin.is_admin && admin.blocked_at.is_none() {
        Ok(())
    } else {
        Err(AdministerError::NotAdmin)
    }
}

fn unexpected(what: &str) -> AdministerError {
    AdministerError::Database(DatabaseError::Unexpected(what.to_owned()))
}

#[cfg(test)]
#[path = "administer_tests.rs"]
mod tests;

use async_trait::async_trait;

use super::{DatabaseError, NewSession};
use crate::account::{Account, AccountType, Email};
use crate::admin::{AccountChange, AccountFilter, NewAct};
use crate::balance::Balance;
use crate::credits::Credits;
use crate::id::{AccountId, GenerationId, LotId};
use crate::lots::Lot;
use crate::mode::Mode;
use crate::time::Timestamp;

/// Accounts and their credits.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Adds the account with its first lots, their ledger entries and the act, atomically.
    async fn create(&self, account: &NewAccount) -> Result<(), AccountError>;
    /// The account with this address.
    async fn find(&self, email: &Email) -> Result<Option<Account>, DatabaseError>;
    /// The account of this name.
    async fn find_by_id(&self, id: AccountId) -> Result<Option<Account>, DatabaseError>;
    /// The account with this address and what its password is verified against.
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, DatabaseError>;
    /// Gives the account another password, which is no temporary one, ends all its sessions, forgets all its devices, and
    /// begins `session`, atomically. `false`, and nothing done, when [`NewSession::password_hash`] is no longer that of the
    /// account, or it is blocked.
    async fn change_password(
        &self,
        password_hash: &str,
        session: &NewSession,
    ) -> Result<bool, DatabaseError>;
    /// Gives the account another password, ends all its sessions, forgets all its devices, and records the act, atomically.
    /// `false`, and nothing done, for no such account.
    async fn set_password(
        &self,
        account: AccountId,
        password: &NewPassword,
    ) -> Result<bool, DatabaseError>;
    /// How many accounts there are.
    async fn count(&self) -> Result<u64, DatabaseError>;
    /// Adds a lot and its ledger entry. With a `reference` that the account has used before, nothing is added and the
    /// first lot is returned, whatever else differs, also when it has expired since. `balance` is that after the grant, at `lot.created_at`.
    /// The act is recorded when the lot is added.
    async fn grant(&self, grant: &Grant) -> Result<Granted, AccountError>;
    /// What the account may spend in `mode` at `at`: the sum of the live lots, read now. `None` for no such account.
    async fn balance(
        &self,
        account: AccountId,
        mode: Mode,
        at: Timestamp,
    ) -> Result<Option<Balance>, DatabaseError>;
    /// Takes what lots expired by `at` still hold off the books: their remaining credits become zero and a ledger entry
    /// says so. At most `at_most` lots, in one transaction; returns how many. Balances do not change by it, because an
    /// expired lot was worth nothing already.
    async fn expire(&self, at: Timestamp, at_most: u32) -> Result<u32, DatabaseError>;
    /// One page of accounts, newest first.
    async fn list(&self, filter: &AccountFilter) -> Result<AccountPage, DatabaseError>;
    /// Changes an account and records the act, atomically. Whether whoever acts may is asked in the same transaction, so that
    /// of two admins who demote or block each other one is left. Blocking is dated as the act; it ends the account's sessions, forgets its devices, and cancels and refunds what it has queued, in the same
    /// transaction: from then on it queues nothing new. One that is blocked already stays blocked since then.
    async fn change(
        &self,
        account: AccountId,
        change: &AccountChange,
        act: &NewAct,
    ) -> Result<ChangedAccount, ChangeAccountError>;
}

/// Another password for an account, from somebody who need not know the one it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPassword {
    /// Its hash as a PHC string.
    pub hash: String,
    /// Whether the hub made it up: the account's owner must choose another.
    pub is_temporary: bool,
    /// Whose doing it is, when it is an admin's.
    pub act: Option<NewAct>,
}

/// An account to be added.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its name.
    pub id: AccountId,
    /// Its address.
    pub email: Email,
    /// Its type.
    pub account_type: AccountType,
    /// Whether it may administer the hub.
    pub is_admin: bool,
    /// The hash of its password as a PHC string; `None`: nobody can sign in to it.
    pub password_hash: Option<String>,
    /// Whether the hub made that password up: its owner is asked for another.
    pub password_is_temporary: bool,
    /// What it begins with.
    pub lots: Vec<NewLot>,
    /// When.
    pub created_at: Timestamp,
    /// Whose doing it is, when it is an admin's.
    pub act: Option<NewAct>,
}

/// One page of accounts.
#[derive(Clone, Debug, Default)]
pub struct AccountPage {
    /// What is on it.
    pub accounts: Vec<Account>,
    /// Whether there are more.
    pub has_more: bool,
}

/// An account that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedAccount {
    /// As it is now.
    pub account: Account,
    /// The queued generations that its blocking canceled.
    pub canceled: Vec<GenerationId>,
}

impl NewAccount {
    /// What it will be.
    pub(crate) fn account(&self) -> Account {
        Account {
            id: self.id,
            email: self.email.clone(),
            account_type: self.account_type,
            is_admin: self.is_admin,
            created_at: self.created_at,
            blocked_at: None,
            password_is_temporary: self.password_is_temporary,
        }
    }
}

/// An account with what its password is verified against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// The hash of its password as a PHC string; `None`: nobody can sign in to it.
    pub password_hash: Option<String>,
}

/// A lot to be added.
#[derive(Clone, Debug)]
pub struct NewLot {
    /// Its name.
    pub id: LotId,
    /// Which of the account's worlds.
    pub mode: Mode,
    /// Where it comes from.
    pub source: LotSource,
    /// How many credits, more than zero.
    pub credits: Credits,
    /// From this instant on it is worth nothing; `None` never expires.
    pub expires_at: Option<Timestamp>,
    /// For people.
    pub note: Option<String>,
}

/// Where a lot comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LotSource {
    /// Given to every new account.
    Signup,
    /// Added by an operator or a payment system.
    Grant,
    /// A refund whose own lot had expired or was about to.
    Refund,
}

impl LotSource {
    /// `signup`, `grant` or `refund`, as in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signup => "signup",
            Self::Grant => "grant",
            Self::Refund => "refund",
        }
    }
}

/// Credits to be added.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whose.
    pub account: AccountId,
    /// The lot.
    pub lot: NewLot,
    /// What the grant is known by outside, unique in the account, so that it may be sent twice.
    pub reference: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Whose doing it is, when it is an admin's.
    pub act: Option<NewAct>,
}

/// A lot that was added, now or by an earlier grant of the same reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The lot.
    pub lot: Lot,
    /// How many credits it was granted.
    pub credits: Credits,
    /// Which of the account's worlds it is in.
    pub mode: Mode,
    /// What it says for people.
    pub note: Option<String>,
    /// The account's balance in the lot's mode.
    pub balance: Balance,
}

/// Why an account was not changed. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeAccountError {
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// Whoever acts is no admin any more, or blocked.
    #[error("only admins may do this")]
    NotAdmin,
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What can go wrong with an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Another account has this address.
    #[error("there is an account with this email already")]
    EmailTaken,
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// The lot would be worth nothing from the start.
    #[error("the credits would have expired already")]
    AlreadyExpired,
    /// A grant to another account has this reference.
    #[error("a grant to another account has this reference")]
    ReferenceOfAnother,
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

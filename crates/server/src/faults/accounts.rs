//! Fail points around credits that come and go by themselves.

use async_trait::async_trait;
use gih_domain::account::{Account, Email};
use gih_domain::admin::{AccountChange, AccountFilter, NewAct};
use gih_domain::balance::Balance;
use gih_domain::id::AccountId;
use gih_domain::mode::Mode;
use gih_domain::ports::{
    AccountError, AccountPage, Accounts, ChangeAccountError, ChangedAccount, Credentials,
    DatabaseError, Grant, Granted, NewAccount, NewPassword, NewSession,
};
use gih_domain::time::Timestamp;

use super::{Faulty, away, call};

#[async_trait]
impl Accounts for Faulty<dyn Accounts> {
    async fn create(&self, account: &NewAccount) -> Result<(), AccountError> {
        call!(
            "create_account",
            away().into(),
            away().into(),
            self.0.create(account)
        )
    }

    async fn find(&self, email: &Email) -> Result<Option<Account>, DatabaseError> {
        self.0.find(email).await
    }

    async fn find_by_id(&self, id: AccountId) -> Result<Option<Account>, DatabaseError> {
        self.0.find_by_id(id).await
    }

    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, DatabaseError> {
        self.0.credentials(email).await
    }

    async fn change_password(
        &self,
        password_hash: &str,
        session: &NewSession,
    ) -> Result<bool, DatabaseError> {
        let changing = self.0.change_password(password_hash, session);
        call!("change_password", away(), away(), changing)
    }

    async fn set_password(
        &self,
        account: AccountId,
        password: &NewPassword,
    ) -> Result<bool, DatabaseError> {
        let setting = self.0.set_password(account, password);
        call!("set_password", away(), away(), setting)
    }

    async fn count(&self) -> Result<u64, DatabaseError> {
        self.0.count().await
    }

    async fn grant(&self, grant: &Grant) -> Result<Granted, AccountError> {
        call!("grant", away().into(), away().into(), self.0.grant(grant))
    }

    async fn balance(
        &self,
        account: AccountId,
        mode: Mode,
        at: Timestamp,
    ) -> Result<Option<Balance>, DatabaseError> {
        self.0.balance(account, mode, at).await
    }

    async fn expire(&self, at: Timestamp, at_most: u32) -> Result<u32, DatabaseError> {
        call!("expire", away(), away(), self.0.expire(at, at_most))
    }

    async fn list(&self, filter: &AccountFilter) -> Result<AccountPage, DatabaseError> {
        self.0.list(filter).await
    }

    async fn change(
        &self,
        account: AccountId,
        change: &AccountChange,
        act: &NewAct,
    ) -> Result<ChangedAccount, ChangeAccountError> {
        let changed = self.0.change(account, change, act);
        call!("change_account", away().into(), away().into(), changed)
    }
}

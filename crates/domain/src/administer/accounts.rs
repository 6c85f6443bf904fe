//! What admins do to accounts.

use super::{Administer, AdministerError, detail, may, unexpected};
use crate::account::{Account, AccountType, Email, Password};
use crate::admin::{AccountChange, Act};
use crate::id::AccountId;
use crate::operate::{generate_password, signup_lot};
use crate::ports::{
    AccountError, Asker, ChangeAccountError, ChangedAccount, NewAccount, NewPassword,
};

impl Administer {
    /// Adds an account that holds the sign-up test credits and no live ones, with a password that is shown once and that
    /// its owner is asked to replace.
    pub async fn create_account(
        &self,
        admin: &Account,
        email: &str,
        account_type: AccountType,
        is_admin: bool,
    ) -> Result<(Account, Password), AdministerError> {
        may(admin)?;
        let email = Email::parse(email)?;
        let password = generate_password(&*self.ids);
        let password_hash = self.passwords.hash(&password, Asker::Known).await?;
        let at = self.clock.now();
        let account = Account {
            id: AccountId(self.ids.next(at)),
            email: email.clone(),
            account_type,
            is_admin,
            created_at: at,
            blocked_at: None,
            password_is_temporary: true,
        };
        let detail = detail::of_new_account(&account);
        let new = NewAccount {
            id: account.id,
            email: email.clone(),
            account_type,
            is_admin,
            password_hash: Some(password_hash),
            password_is_temporary: true,
            lots: vec![signup_lot(&*self.ids, at)],
            created_at: at,
            act: Some(self.act(admin, Act::CreateAccount, email.as_str(), detail, at)),
        };
        match self.accounts.create(&new).await {
            Ok(()) => Ok((account, password)),
            Err(AccountError::EmailTaken) => Err(AdministerError::EmailTaken(email)),
            Err(AccountError::Database(error)) => Err(error.into()),
            Err(
                AccountError::NotFound
                | AccountError::AlreadyExpired
                | AccountError::ReferenceOfAnother,
            ) => Err(unexpected("a sign-up answered as a grant")),
        }
    }

    /// Changes an account. What is like that already is no change, and without any nothing is done nor recorded. Blocking
    /// ends the account's sessions and cancels and refunds what it has queued; what runs is finished.
    pub async fn change_account(
        &self,
        admin: &Account,
        id: AccountId,
        change: AccountChange,
    ) -> Result<ChangedAccount, AdministerError> {
        may(admin)?;
        let shuts_out = change.is_blocked == Some(true) || change.is_admin == Some(false);
        if id == admin.id && shuts_out {
            return Err(AdministerError::Oneself);
        }
        let account = self.existing(id).await?;
        let change = change.of(&account);
        if change.is_nothing() {
            return Ok(ChangedAccount {
                account,
                canceled: Vec::new(),
            });
        }
        let detail = detail::of_account_change(&account, change);
        let subject = account.email.as_str();
        let act = self.act(admin, Act::ChangeAccount, subject, detail, self.clock.now());
        let changed = self.accounts.change(id, &change, &act).await;
        changed.map_err(|error| match error {
            ChangeAccountError::NotFound => AdministerError::NoSuchAccount(id),
            ChangeAccountError::NotAdmin => AdministerError::NotAdmin,
            ChangeAccountError::Database(error) => error.into(),
        })
    }

    /// Gives an account a password that is shown once and that its owner must replace: who has forgotten theirs has no other
    /// way in, since no mail is sent. Its sessions end.
    pub async fn set_password(
        &self,
        admin: &Account,
        id: AccountId,
    ) -> Result<Password, AdministerError> {
        may(admin)?;
        if id == admin.id {
            return Err(AdministerError::Oneself);
        }
        let account = self.existing(id).await?;
        let password = generate_password(&*self.ids);
        let detail = "a one-time password".to_owned();
        let act = self.act(
            admin,
            Act::SetPassword,
            account.email.as_str(),
            detail,
            self.clock.now(),
        );
        let new = NewPassword {
            hash: self.passwords.hash(&password, Asker::Known).await?,
            is_temporary: true,
            act: Some(act),
        };
        if self.accounts.set_password(id, &new).await? {
            Ok(password)
        } else {
            Err(AdministerError::NoSuchAccount(id))
        }
    }
}

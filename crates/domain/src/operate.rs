//! What operators do: accounts, keys, grants, the catalog.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::account::{Account, AccountType, Email, Password};
use crate::api_key::{ApiKey, KeyName};
use crate::base62;
use crate::catalog::{InvalidModel, Model, shipped_models};
use crate::credits::Credits;
use crate::id::{AccountId, KeyId, LotId};
use crate::manage_keys::{CreateKeyError, CreatedKey, ManageKeys, RotateError};
use crate::mode::Mode;
use crate::ports::{
    AccountError, Accounts, Asker, Busy, Catalog, Clock, DatabaseError, Grant, Granted, Ids, Keys,
    LotSource, NewAccount, NewLot, NewPassword, PasswordHasher, Revoked,
};
use crate::size::Tier;
use crate::time::Timestamp;

/// What a new account holds in test mode: enough for over a hundred sandbox images at the shipped prices.
pub const SIGNUP_TEST_CREDITS: u32 = 1_000;
/// How long a generated password is: 20 base-62 characters are 119 bits.
const GENERATED_PASSWORD_CHARS: usize = 20;

/// The use cases of operators.
pub struct Operate {
    /// Accounts and credits.
    pub accounts: Arc<dyn Accounts>,
    /// API keys.
    pub keys: Arc<dyn Keys>,
    /// Models.
    pub catalog: Arc<dyn Catalog>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// Passwords.
    pub passwords: Arc<dyn PasswordHasher>,
}

/// Why an operator's act was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// No account has this address.
    #[error("there is no account with the email {0}")]
    NoSuchAccount(Email),
    /// An account has this address already.
    #[error("there is an account with the email {0} already")]
    EmailTaken(Email),
    /// There is no such key.
    #[error("there is no key {0}")]
    NoSuchKey(KeyId),
    /// The key is revoked or has expired: it cannot be rotated.
    #[error("the key {0} is revoked or has expired")]
    KeyNotValid(KeyId),
    /// The overlap of a rotation is longer than any may be.
    #[error("{}", RotateError::OverlapTooLong)]
    OverlapTooLong,
    /// There is no such model.
    #[error("there is no model {0:?}; there are: {1}")]
    NoSuchModel(String, String),
    /// A grant of nothing.
    #[error("credits must be at least 1")]
    NothingGranted,
    /// The reference was used for another amount or mode; nothing was added now.
    #[error(
        "this reference was used to grant {credits} {mode} credits; repeat that grant as it was, or use another reference"
    )]
    ReferenceUsed {
        /// The amount then.
        credits: Credits,
        /// The mode then.
        mode: Mode,
    },
    /// The reference was used for another account; nothing was added.
    #[error("this reference was used for a grant to another account; use another reference")]
    ReferenceOfAnother,
    /// The expiry lies in the past.
    #[error("{0} is in the past")]
    InThePast(Timestamp),
    /// The change would leave a model that makes no sense.
    #[error(transparent)]
    InvalidModel(#[from] InvalidModel),
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What may be changed about a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelChange {
    /// New prices, by tier; tiers not named keep theirs.
    pub prices: BTreeMap<Tier, Credits>,
    /// Whether it is listed and sold.
    pub enabled: Option<bool>,
    /// What people call it.
    pub name: Option<String>,
    /// Who draws for it.
    pub provider: Option<String>,
    /// What the provider calls it.
    pub provider_model: Option<String>,
    /// The most reference images of one request.
    pub reference_image_limit: Option<u32>,
}

impl ModelChange {
    /// Makes the change; the result must still make sense.
    pub(crate) fn apply(self, model: &mut Model) -> Result<(), InvalidModel> {
        model.credits_per_image.extend(self.prices);
        model.enabled = self.enabled.unwrap_or(model.enabled);
        let replace = |old: &mut String, new: Option<String>| {
            if let Some(new) = new {
                *old = new;
            }
        };
        replace(&mut model.name, self.name);
        replace(&mut model.provider, self.provider);
        replace(&mut model.provider_model, self.provider_model);
        model.reference_image_limit = self
            .reference_image_limit
            .unwrap_or(model.reference_image_limit);
        model.check()
    }
}

impl Operate {
    /// Adds an account that holds the sign-up test credits and no live ones. A generated password is a temporary one.
    pub async fn create_account(
        &self,
        email: Email,
        account_type: AccountType,
        is_admin: bool,
        password: Option<&Password>,
    ) -> Result<Account, OperateError> {
        let at = self.clock.now();
        let password_hash = match password {
            Some(password) => Some(self.passwords.hash(password, Asker::Known).await?),
            None => None,
        };
        let account = NewAccount {
            id: AccountId(self.ids.next(at)),
            email: email.clone(),
            account_type,
            is_admin,
            password_hash,
            password_is_temporary: password.is_some_and(Password::is_generated),
            lots: vec![signup_lot(&*self.ids, at)],
            created_at: at,
            act: None,
        };
        match self.accounts.create(&account).await {
            Ok(()) => Ok(account.account()),
            Err(AccountError::EmailTaken) => Err(OperateError::EmailTaken(email)),
            Err(
                AccountError::NotFound
                | AccountError::AlreadyExpired
                | AccountError::ReferenceOfAnother,
            ) => Err(unexpected("a sign-up answered as a grant")),
            Err(AccountError::Database(error)) => Err(error.into()),
        }
    }

    /// Gives the account with this address another password; its sessions end. A generated one is a temporary one.
    pub async fn set_password(
        &self,
        email: &Email,
        password: &Password,
    ) -> Result<Account, OperateError> {
        let account = self.find_account(email).await?;
        let new = NewPassword {
            hash: self.passwords.hash(password, Asker::Known).await?,
            is_temporary: password.is_generated(),
            act: None,
        };
        if self.accounts.set_password(account.id, &new).await? {
            Ok(account)
        } else {
            Err(OperateError::NoSuchAccount(email.clone()))
        }
    }

    /// A password that nobody has to think up.
    pub fn generate_password(&self) -> Password {
        generate_password(&*self.ids)
    }

    /// The account with this address.
    pub async fn find_account(&self, email: &Email) -> Result<Account, OperateError> {
        self.accounts
            .find(email)
            .await?
            .ok_or_else(|| OperateError::NoSuchAccount(email.clone()))
    }

    /// Adds a key to the account with this address.
    pub async fn create_key(
        &self,
        email: &Email,
        name: KeyName,
        mode: Mode,
        expires_at: Option<Timestamp>,
    ) -> Result<CreatedKey, OperateError> {
        let account = self.find_account(email).await?;
        let manage = self.manage_keys();
        let created = manage.create(account.id, name, mode, expires_at).await;
        created.map_err(|error| match error {
            CreateKeyError::InThePast(expires_at) => OperateError::InThePast(expires_at),
            CreateKeyError::Database(error) => error.into(),
        })
    }

    /// Gives a key another secret; the old one is good for the overlap.
    pub async fn rotate_key(
        &self,
        id: KeyId,
        overlap: Duration,
    ) -> Result<CreatedKey, OperateError> {
        let rotated = self.manage_keys().rotate(None, id, overlap, None).await;
        rotated.map_err(|error| match error {
            RotateError::OverlapTooLong => OperateError::OverlapTooLong,
            RotateError::NoSuchKey => OperateError::NoSuchKey(id),
            // An operator names no secret: whichever there is.
            RotateError::NotValid | RotateError::RotatedAlready(_) => OperateError::KeyNotValid(id),
            RotateError::Database(error) => error.into(),
        })
    }

    fn manage_keys(&self) -> ManageKeys {
        ManageKeys {
            keys: Arc::clone(&self.keys),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        }
    }

    /// The keys of the account with this address, newest first.
    pub async fn list_keys(&self, email: &Email) -> Result<Vec<ApiKey>, OperateError> {
        let account = self.find_account(email).await?;
        Ok(self.keys.list(account.id).await?)
    }

    /// Revokes a key; its queued generations are canceled and refunded.
    pub async fn revoke_key(&self, id: KeyId) -> Result<Revoked, OperateError> {
        self.keys
            .revoke(None, id, self.clock.now())
            .await?
            .ok_or(OperateError::NoSuchKey(id))
    }

    /// Adds credits to the account with this address. A `reference` used before for the same account, amount and mode
    /// answers with the first lot; for others it is an error.
    pub async fn grant_credits(
        &self,
        email: &Email,
        credits: Credits,
        mode: Mode,
        expires_at: Option<Timestamp>,
        note: Option<String>,
        reference: Option<String>,
    ) -> Result<Granted, OperateError> {
        if credits.is_zero() {
            return Err(OperateError::NothingGranted);
        }
        let account = self.find_account(email).await?;
        let at = self.clock.now();
        let lot = NewLot {
            id: LotId(self.ids.next(at)),
            mode,
            source: LotSource::Grant,
            credits,
            expires_at,
            note,
        };
        let grant = Grant {
            account: account.id,
            lot,
            reference,
            created_at: at,
            act: None,
        };
        match self.accounts.grant(&grant).await {
            Ok(granted) if (granted.credits, granted.mode) == (credits, mode) => Ok(granted),
            Ok(granted) => Err(OperateError::ReferenceUsed {
                credits: granted.credits,
                mode: granted.mode,
            }),
            Err(AccountError::ReferenceOfAnother) => Err(OperateError::ReferenceOfAnother),
            Err(AccountError::NotFound) => Err(OperateError::NoSuchAccount(email.clone())),
            Err(AccountError::AlreadyExpired) => {
                Err(OperateError::InThePast(expires_at.unwrap_or(at)))
            }
            Err(AccountError::EmailTaken) => Err(unexpected("a grant answered as a sign-up")),
            Err(AccountError::Database(error)) => Err(error.into()),
        }
    }

    /// Every model of the catalog.
    pub async fn models(&self) -> Result<Vec<Model>, OperateError> {
        Ok(self.catalog.models().await?)
    }

    /// Changes a model; the result must still make sense.
    pub async fn change_model(&self, id: &str, change: ModelChange) -> Result<Model, OperateError> {
        let Some(mut model) = self.catalog.find(id).await? else {
            let known: Vec<String> = self
                .catalog
                .models()
                .await?
                .into_iter()
                .map(|model| model.id)
                .collect();
            return Err(OperateError::NoSuchModel(id.to_owned(), known.join(", ")));
        };
        change.apply(&mut model)?;
        self.catalog.put(&model, None).await?;
        Ok(model)
    }

    /// Adds the shipped models that are missing, or with `reset` writes all of them as shipped; how many were written.
    pub async fn seed(&self, reset: bool) -> Result<usize, OperateError> {
        Ok(self.catalog.seed(&shipped_models(), reset).await?)
    }

    /// Seeds the catalog when it is empty; how many models were written.
    pub async fn seed_if_empty(&self) -> Result<usize, OperateError> {
        if self.catalog.models().await?.is_empty() {
            self.seed(false).await
        } else {
            Ok(0)
        }
    }
}

/// What every new account begins with.
pub(crate) fn signup_lot(ids: &dyn Ids, at: Timestamp) -> NewLot {
    NewLot {
        id: LotId(ids.next(at)),
        mode: Mode::Test,
        source: LotSource::Signup,
        credits: Credits::from_u32(SIGNUP_TEST_CREDITS),
        expires_at: None,
        note: None,
    }
}

/// A password that nobody has to think up.
pub(crate) fn generate_password(ids: &dyn Ids) -> Password {
    let mut random = [0; base62::RANDOM_BYTES];
    ids.fill(&mut random);
    Password::generated(base62::draw(&random, GENERATED_PASSWORD_CHARS))
}

fn unexpected(what: &str) -> OperateError {
    OperateError::Database(DatabaseError::Unexpected(what.to_owned()))
}

#[cfg(test)]
#[path = "operate_tests.rs"]
mod tests;

//! How people come in: sign-up, sign-in, sign-out, and another password.
//!
//! Nobody learns by a sign-in whether an account exists: an unknown address, an account without a password and a wrong
//! password take the same way, with the same questions and the same hashing, to the same answer.

use std::net::IpAddr;
use std::sync::Arc;

use crate::account::{Account, AccountType, Email, InvalidEmail, InvalidPassword, Password};
use crate::api_key::Digest;
use crate::id::AccountId;
use crate::operate::signup_lot;
use crate::ports::{
    AccountError, Accounts, Asker, Busy, Clock, DatabaseError, Ids, NewAccount, NewSession,
    PasswordHasher, Sessions, Throttle, Wait,
};
use crate::session::{DEVICE_LIFE, SESSION_LIFE, Token};

/// The use cases of people at the door.
pub struct SignIn {
    /// Accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Sessions and devices.
    pub sessions: Arc<dyn Sessions>,
    /// Passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// How fast they may try.
    pub throttle: Arc<dyn Throttle>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// Whether anybody may make an account.
    pub is_sign_up_open: bool,
}

/// Somebody at the door, as they and their browser say it.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Their address, as typed.
    pub email: &'a str,
    /// Their password, as typed.
    pub password: &'a str,
    /// Where they come from, when that is known.
    pub address: Option<IpAddr>,
    /// The device's token, when the browser has one.
    pub device: Option<&'a str>,
    /// The session's token, when the browser has one: that session ends with a new one.
    pub session: Option<&'a str>,
}

/// Somebody who is in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub account: Account,
    /// The session's token, for the browser's cookie; good for [`SESSION_LIFE`].
    pub session: Token,
    /// The device's token, for a cookie that outlives the session; good for [`DEVICE_LIFE`].
    pub device: Token,
}

/// Why somebody was not signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// No such account, no password, or another one: which of them is not said.
    #[error("the email or the password is wrong")]
    Wrong,
    /// The password is right and the account is blocked.
    #[error("the account is blocked")]
    Blocked,
    /// Too many tries: how long to wait.
    #[error(transparent)]
    Throttled(#[from] Wait),
    /// Too many people at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why there is no new account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignUpError {
    /// Accounts are made by operators alone.
    #[error("sign-up is closed")]
    Closed,
    /// The address is none.
    #[error(transparent)]
    InvalidEmail(#[from] InvalidEmail),
    /// The password is too short or too long.
    #[error(transparent)]
    InvalidPassword(#[from] InvalidPassword),
    /// There is an account with this address.
    #[error("there is an account with this email already")]
    EmailTaken,
    /// Too many tries: how long to wait.
    #[error(transparent)]
    Throttled(#[from] Wait),
    /// Too many people at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a password was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangePasswordError {
    /// The current password is another one.
    #[error("the current password is wrong")]
    WrongCurrent,
    /// The new password is too short or too long.
    #[error(transparent)]
    InvalidPassword(#[from] InvalidPassword),
    /// The new password is the current one.
    #[error("the new password is the current one")]
    Unchanged,
    /// Too many tries: how long to wait.
    #[error(transparent)]
    Throttled(#[from] Wait),
    /// Too many people at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl SignIn {
    /// Signs somebody in; a session that the browser showed ends.
    pub async fn sign_in(&self, attempt: Attempt<'_>) -> Result<SignedIn, SignInError> {
        let found = match Email::parse(attempt.email) {
            Ok(email) => self.accounts.credentials(&email).await?,
            Err(InvalidEmail(_)) => None,
        };
        let device = attempt.device.and_then(|text| Token::parse(text).ok());
        let is_known_device = match &device {
            Some(device) => {
                // Asked also when there is no account: a stranger's device must not tell by the time this takes.
                let account = found
                    .as_ref()
                    .map_or(AccountId::NOBODY, |found| found.account.id);
                let at = self.clock.now();
                self.sessions
                    .knows_device(account, &device.digest(), at)
                    .await?
            }
            None => false,
        };
        self.throttle
            .admit_sign_in(attempt.address, attempt.email, is_known_device)?;
        let (account, hash) = found.map_or((None, None), |found| {
            (Some(found.account), found.password_hash)
        });
        let asker = if is_known_device {
            Asker::Known
        } else {
            Asker::Stranger
        };
        let is_right = self
            .verify(attempt.password, hash.as_deref(), asker)
            .await?;
        let (Some(account), Some(hash), true) = (account, hash, is_right) else {
            return Err(SignInError::Wrong);
        };
        if account.blocked_at.is_some() {
            return Err(SignInError::Blocked);
        }
        // A device's token is kept where it is known alone: one that somebody else has put into the browser must not
        // become one of this account.
        let device = device.filter(|_| is_known_device);
        let mut door = self.open(account, hash, device);
        door.session.replaces = replaced(attempt.session);
        if self.sessions.create(&door.session).await? {
            Ok(door.signed_in)
        } else {
            Err(SignInError::Wrong) // the password was changed in this moment, or the account blocked
        }
    }

    /// Makes an account like any new one, and signs its owner in.
    pub async fn sign_up(&self, attempt: Attempt<'_>) -> Result<SignedIn, SignUpError> {
        if !self.is_sign_up_open {
            return Err(SignUpError::Closed);
        }
        let email = Email::parse(attempt.email)?;
        let password = Password::parse(attempt.password.to_owned())?;
        self.throttle.admit_sign_up(attempt.address)?;
        let hash = self.passwords.hash(&password, Asker::Stranger).await?;
        let at = self.clock.now();
        let new = NewAccount {
            id: AccountId(self.ids.next(at)),
            email,
            account_type: AccountType::Free,
            is_admin: false,
            password_hash: Some(hash.clone()),
            password_is_temporary: false,
            lots: vec![signup_lot(&*self.ids, at)],
            created_at: at,
            act: None,
        };
        match self.accounts.create(&new).await {
            Ok(()) => {}
            Err(AccountError::EmailTaken) => return Err(SignUpError::EmailTaken),
            Err(AccountError::Database(error)) => return Err(error.into()),
            Err(
                AccountError::NotFound
                | AccountError::AlreadyExpired
                | AccountError::ReferenceOfAnother,
            ) => {
                return Err(unexpected("a sign-up answered as a grant").into());
            }
        }
        let mut door = self.open(new.account(), hash, None);
        door.session.replaces = replaced(attempt.session);
        // The account is there: whoever is told that nothing was changed would be told next that it is taken.
        let created = self.sessions.create(&door.session).await;
        let created = created.map_err(|error| DatabaseError::OutcomeUnknown(error.to_string()))?;
        if created {
            Ok(door.signed_in)
        } else {
            Err(unexpected("a new account lets nobody in").into())
        }
    }

    /// Who is signed in by this session's token, if anybody is.
    pub async fn account(&self, session: &str) -> Result<Option<Account>, DatabaseError> {
        match Token::parse(session) {
            Ok(token) => self.sessions.find(&token.digest(), self.clock.now()).await,
            Err(_) => Ok(None),
        }
    }

    /// Ends the session of this token, if there is one. The device stays known.
    pub async fn sign_out(&self, session: &str) -> Result<(), DatabaseError> {
        match Token::parse(session) {
            Ok(token) => self.sessions.end(&token.digest()).await,
            Err(_) => Ok(()),
        }
    }

    /// Gives somebody who is signed in another password. Every session of the account ends and every device is forgotten;
    /// a new session begins on a device that is known from now on.
    pub async fn change_password(
        &self,
        account: &Account,
        current: &str,
        new: &str,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, ChangePasswordError> {
        let new = Password::parse(new.to_owned())?;
        // Whoever is signed in has signed in on this device.
        self.throttle
            .admit_sign_in(address, account.email.as_str(), true)?;
        let found = self.accounts.credentials(&account.email).await?;
        let hash = found.and_then(|found| found.password_hash);
        let is_right = self.verify(current, hash.as_deref(), Asker::Known).await?;
        let (Some(hash), true) = (hash, is_right) else {
            return Err(ChangePasswordError::WrongCurrent);
        };
        if current == new.reveal() {
            return Err(ChangePasswordError::Unchanged);
        }
        let new_hash = self.passwords.hash(&new, Asker::Known).await?;
        let account = Account {
            password_is_temporary: false,
            ..account.clone()
        };
        let door = self.open(account, hash, None);
        let is_changed = self
            .accounts
            .change_password(&new_hash, &door.session)
            .await?;
        if is_changed {
            Ok(door.signed_in)
        } else {
            Err(ChangePasswordError::WrongCurrent) // another change was a moment faster
        }
    }

    /// What no password can be is checked like one that is wrong.
    async fn verify(&self, password: &str, hash: Option<&str>, asker: Asker) -> Result<bool, Busy> {
        match Password::parse(password.to_owned()) {
            Ok(password) => self.passwords.verify(password.reveal(), hash, asker).await,
            Err(InvalidPassword(_)) => self.passwords.verify("", None, asker).await,
        }
    }

    /// A session that nobody has yet, and what its owner is given when it is begun.
    fn open(&self, account: Account, password_hash: String, device: Option<Token>) -> Door {
        let at = self.clock.now();
        let session = self.token();
        let device = device.unwrap_or_else(|| self.token());
        Door {
            session: NewSession {
                digest: session.digest(),
                account: account.id,
                password_hash,
                device: Some(device.digest()),
                replaces: None,
                created_at: at,
                expires_at: at.plus(SESSION_LIFE),
                device_expires_at: at.plus(DEVICE_LIFE),
            },
            signed_in: SignedIn {
                account,
                session,
                device,
            },
        }
    }

    fn token(&self) -> Token {
        let mut random = [0; Token::RANDOM_BYTES];
        self.ids.fill(&mut random);
        Token::generate(&random)
    }
}

/// A session to be begun, and what is answered when it is.
struct Door {
    session: NewSession,
    signed_in: SignedIn,
}

fn replaced(session: Option<&str>) -> Option<Digest> {
    let token = Token::parse(session?).ok()?;
    Some(token.digest())
}

fn unexpected(what: &str) -> DatabaseError {
    DatabaseError::Unexpected(what.to_owned())
}

#[cfg(test)]
#[path = "sign_in_tests.rs"]
mod tests;

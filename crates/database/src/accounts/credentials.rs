//! Accounts as people: who they are, and what their passwords are verified against.

use diesel::prelude::*;
use gih_domain::account::{Account, AccountType, Email};
use gih_domain::id::AccountId;
use gih_domain::ports::{Credentials, NewPassword, NewSession};
use gih_domain::time::Timestamp;

use crate::acts;
use crate::db::Db;
use crate::error::Error;
use crate::schema::accounts;
use crate::sessions;
use crate::types::Sql;

/// What is read of an account: everything but its password's hash.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(crate) struct AccountRow {
    id: AccountId,
    email: String,
    account_type: AccountType,
    is_admin: bool,
    created_at: Timestamp,
    blocked_at: Option<Timestamp>,
    password_is_temporary: bool,
}

impl AccountRow {
    pub(crate) fn account(self) -> Result<Account, Error> {
        let email = Email::parse(&self.email);
        Ok(Account {
            id: self.id,
            email: email.map_err(|error| Error::Unexpected(error.to_string()))?,
            account_type: self.account_type,
            is_admin: self.is_admin,
            created_at: self.created_at,
            blocked_at: self.blocked_at,
            password_is_temporary: self.password_is_temporary,
        })
    }
}

pub(super) fn find(db: &mut Db, email: &str) -> Result<Option<Account>, Error> {
    let row: Option<AccountRow> = both!(db, c => accounts::table
        .filter(accounts::email.eq(email))
        .select(AccountRow::as_select())
        .first(c)
        .optional())?;
    row.map(AccountRow::account).transpose()
}

pub(super) fn find_by_id(db: &mut Db, id: AccountId) -> Result<Option<Account>, Error> {
    let row: Option<AccountRow> = both!(db, c => accounts::table
        .find(Sql(id))
        .select(AccountRow::as_select())
        .first(c)
        .optional())?;
    row.map(AccountRow::account).transpose()
}

pub(super) fn credentials(db: &mut Db, email: &str) -> Result<Option<Credentials>, Error> {
    let row: Option<(AccountRow, Option<String>)> = both!(db, c => accounts::table
        .filter(accounts::email.eq(email))
        .select((AccountRow::as_select(), accounts::password_hash))
        .first(c)
        .optional())?;
    row.map(|(row, password_hash)| {
        let account = row.account()?;
        Ok(Credentials {
            account,
            password_hash,
        })
    })
    .transpose()
}

pub(super) fn change_password(
    db: &mut Db,
    hash: &str,
    session: &NewSession,
) -> Result<bool, Error> {
    let unchanged = accounts::table
        .find(Sql(session.account))
        .filter(accounts::password_hash.eq(&session.password_hash))
        .filter(accounts::blocked_at.is_null());
    let changed = both!(db, c => diesel::update(unchanged)
        .set((
            accounts::password_hash.eq(hash),
            accounts::password_is_temporary.eq(false),
        ))
        .execute(c))?;
    if changed == 0 {
        return Ok(false);
    }
    sessions::end_all(db, session.account)?;
    sessions::begin(db, session)?;
    Ok(true)
}

pub(super) fn set_password(
    db: &mut Db,
    account: AccountId,
    password: &NewPassword,
) -> Result<bool, Error> {
    let set = both!(db, c => diesel::update(accounts::table.find(Sql(account)))
        .set((
            accounts::password_hash.eq(&password.hash),
            accounts::password_is_temporary.eq(password.is_temporary),
        ))
        .execute(c))?;
    if set == 0 {
        return Ok(false);
    }
    sessions::end_all(db, account)?;
    acts::record(db, password.act.as_ref())?;
    Ok(true)
}

//! API keys.

use async_trait::async_trait;
use diesel::prelude::*;
use gih_domain::account::AccountType;
use gih_domain::api_key::{ApiKey, Digest, Origin};
use gih_domain::id::{AccountId, KeyId};
use gih_domain::mode::Mode;
use gih_domain::ports::{DatabaseError, KeyOwner, Keys, NewKey, Revoked, Rotation};
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::generations;
use crate::literals::ByConsole;
use crate::pool::Database;
use crate::schema::{accounts, api_key_uses, api_keys};
use crate::types::Sql;

mod rotate;
mod rows;
mod uses;

use rows::KeyRow;

#[async_trait]
impl Keys for Database {
    async fn create(&self, key: &NewKey) -> Result<(), DatabaseError> {
        let key = key.clone();
        Ok(self
            .write(move |db| insert(db, &key, Origin::Owner))
            .await?)
    }

    async fn find(&self, digest: &Digest) -> Result<Option<KeyOwner>, DatabaseError> {
        let digest = *digest;
        Ok(self.read(move |db| find(db, &digest)).await?)
    }

    async fn find_by_id(
        &self,
        account: Option<AccountId>,
        id: KeyId,
    ) -> Result<Option<ApiKey>, DatabaseError> {
        Ok(self.read(move |db| find_by_id(db, account, id)).await?)
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, DatabaseError> {
        Ok(self.read(move |db| list(db, account)).await?)
    }

    async fn revoke(
        &self,
        account: Option<AccountId>,
        id: KeyId,
        at: Timestamp,
    ) -> Result<Option<Revoked>, DatabaseError> {
        Ok(self.write(move |db| revoke(db, account, id, at)).await?)
    }

    async fn rotate(
        &self,
        account: Option<AccountId>,
        id: KeyId,
        rotation: &Rotation,
    ) -> Result<Option<ApiKey>, DatabaseError> {
        let rotation = rotation.clone();
        let rotated = self.write(move |db| rotate::rotate(db, account, id, &rotation));
        Ok(rotated.await?)
    }

    async fn find_or_create_console(&self, key: &NewKey) -> Result<KeyId, DatabaseError> {
        // Nearly always it is there: no write waits for others' then.
        let (account, mode) = (key.key.account, key.key.mode);
        let found = self.read(move |db| find_console(db, account, mode)).await?;
        if let Some(id) = found {
            return Ok(id);
        }
        let key = key.clone();
        Ok(self.write(move |db| create_console(db, &key)).await?)
    }

    async fn record_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<(), DatabaseError> {
        let uses = uses.to_vec();
        Ok(self.write_upkeep(move |db| uses::record(db, &uses)).await?)
    }
}

/// The key of this name that was made for somebody: not the console's, and not another's when an account is given.
macro_rules! owned {
    ($account:expr, $id:expr) => {
        api_keys::table
            .filter(api_keys::id.eq(Sql($id)))
            .filter(api_keys::origin.eq(Sql(Origin::Owner)))
            .filter(
                api_keys::account_id
                    .eq(Sql($account.unwrap_or(AccountId::NOBODY)))
                    .or($account.is_none().into_sql::<diesel::sql_types::Bool>()),
            )
    };
}
use owned;

fn insert(db: &mut Db, new: &NewKey, origin: Origin) -> Result<(), Error> {
    let key = &new.key;
    let row = (
        api_keys::id.eq(Sql(key.id)),
        api_keys::account_id.eq(Sql(key.account)),
        api_keys::mode.eq(Sql(key.mode)),
        api_keys::name.eq(key.name.as_str()),
        api_keys::prefix.eq(&key.prefix),
        api_keys::digest.eq(new.digest.as_slice()),
        api_keys::created_at.eq(Sql(key.created_at)),
        api_keys::expires_at.eq(Sql(key.expires_at)),
        api_keys::revoked_at.eq(Sql(key.revoked_at)),
        api_keys::origin.eq(Sql(origin)),
    );
    // Of the console's own keys there is one: of two made at once, one is added and found by both.
    match origin {
        Origin::Owner => {
            both!(db, c => diesel::insert_into(api_keys::table).values(row).execute(c))?
        }
        Origin::Console => both!(db, c => diesel::insert_into(api_keys::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?,
    };
    Ok(())
}

fn find(db: &mut Db, digest: &Digest) -> Result<Option<KeyOwner>, Error> {
    type Columns = (KeyRow, AccountType, Option<Timestamp>);
    // One text for the two digests.
    macro_rules! shown {
        ($matches:expr) => {
            both!(db, c => api_keys::table
                .inner_join(accounts::table)
                .filter($matches)
                .select((KeyRow::as_select(), accounts::account_type, accounts::blocked_at))
                .first::<Columns>(c)
                .optional())?
        };
    }
    let digest = digest.as_slice();
    let (row, is_previous): (Option<Columns>, bool) = match shown!(api_keys::digest.eq(digest)) {
        Some(row) => (Some(row), false),
        None => (shown!(api_keys::previous_digest.eq(digest)), true),
    };
    row.map(|(row, account_type, blocked_at)| {
        Ok(KeyOwner {
            key: row.key(None)?,
            account_type,
            is_blocked: blocked_at.is_some(),
            is_previous,
        })
    })
    .transpose()
}

fn find_by_id(db: &mut Db, account: Option<AccountId>, id: KeyId) -> Result<Option<ApiKey>, Error> {
    let row: Option<(KeyRow, Option<Timestamp>)> = both!(db, c => owned!(account, id)
        .left_join(api_key_uses::table)
        .select((KeyRow::as_select(), api_key_uses::last_used_at.nullable()))
        .first(c)
        .optional())?;
    row.map(|(row, last_used_at)| row.key(last_used_at))
        .transpose()
}

fn list(db: &mut Db, account: AccountId) -> Result<Vec<ApiKey>, Error> {
    // Ids sort by creation within a millisecond's grain, and the index has them.
    let rows: Vec<(KeyRow, Option<Timestamp>)> = both!(db, c => api_keys::table
        .left_join(api_key_uses::table)
        .filter(api_keys::account_id.eq(Sql(account)))
        .filter(api_keys::origin.eq(Sql(Origin::Owner)))
        .order(api_keys::id.desc())
        .select((KeyRow::as_select(), api_key_uses::last_used_at.nullable()))
        .load(c))?;
    rows.into_iter()
        .map(|(row, last_used_at)| row.key(last_used_at))
        .collect()
}

fn revoke(
    db: &mut Db,
    account: Option<AccountId>,
    id: KeyId,
    at: Timestamp,
) -> Result<Option<Revoked>, Error> {
    let valid = owned!(account, id).filter(api_keys::revoked_at.is_null());
    // The row is locked from here on: an acceptance under this key either sees it revoked, or has committed and is seen
    // by the cancellation below.
    let changed = both!(db, c => diesel::update(valid)
        .set(api_keys::revoked_at.eq(Sql(Some(at))))
        .execute(c))?;
    let Some(key) = find_by_id(db, account, id)? else {
        return Ok(None);
    };
    let canceled = match changed {
        0 => Vec::new(),
        _ => generations::cancel_all_of_key(db, id, at)?,
    };
    Ok(Some(Revoked { key, canceled }))
}

fn find_console(db: &mut Db, account: AccountId, mode: Mode) -> Result<Option<KeyId>, Error> {
    Ok(both!(db, c => api_keys::table
        .filter(api_keys::account_id.eq(Sql(account)))
        .filter(api_keys::mode.eq(Sql(mode)))
        .filter(api_keys::origin.eq(ByConsole))
        .select(api_keys::id)
        .first(c)
        .optional())?)
}

fn create_console(db: &mut Db, new: &NewKey) -> Result<KeyId, Error> {
    insert(db, new, Origin::Console)?;
    let found = find_console(db, new.key.account, new.key.mode)?;
    found.ok_or_else(|| Error::Unexpected("the console's key was not added".to_owned()))
}

//! API keys.

use async_trait::async_trait;
use diesel::prelude::*;
use gih_domain::account::AccountType;
use gih_domain::api_key::{ApiKey, Digest, KeyName};
use gih_domain::id::{AccountId, KeyId};
use gih_domain::mode::Mode;
use gih_domain::ports::{DatabaseError, KeyOwner, Keys, NewKey, Revoked};
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::generations;
use crate::pool::Database;
use crate::schema::{accounts, api_keys};
use crate::types::Sql;

/// What is read of a key: everything but its digest.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
struct KeyRow {
    id: KeyId,
    account_id: AccountId,
    mode: Mode,
    name: String,
    prefix: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl KeyRow {
    fn key(self) -> Result<ApiKey, Error> {
        let name = KeyName::parse(&self.name);
        Ok(ApiKey {
            id: self.id,
            account: self.account_id,
            mode: self.mode,
            name: name.map_err(|error| Error::Unexpected(error.to_string()))?,
            prefix: self.prefix,
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
        })
    }
}

#[async_trait]
impl Keys for Database {
    async fn create(&self, key: &NewKey) -> Result<(), DatabaseError> {
        let key = key.clone();
        Ok(self.write(move |db| create(db, &key)).await?)
    }

    async fn find(&self, digest: &Digest) -> Result<Option<KeyOwner>, DatabaseError> {
        let digest = *digest;
        Ok(self.read(move |db| find(db, &digest)).await?)
    }

    async fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, DatabaseError> {
        Ok(self.read(move |db| list(db, account)).await?)
    }

    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<Option<Revoked>, DatabaseError> {
        Ok(self.write(move |db| revoke(db, id, at)).await?)
    }
}

fn create(db: &mut Db, new: &NewKey) -> Result<(), Error> {
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
    );
    both!(db, c => diesel::insert_into(api_keys::table).values(row).execute(c))?;
    Ok(())
}

fn find(db: &mut Db, digest: &Digest) -> Result<Option<KeyOwner>, Error> {
    let row: Option<(KeyRow, AccountType)> = both!(db, c => api_keys::table
        .inner_join(accounts::table)
        .filter(api_keys::digest.eq(digest.as_slice()))
        .select((KeyRow::as_select(), accounts::account_type))
        .first(c)
        .optional())?;
    row.map(|(row, account_type)| {
        let key = row.key()?;
        Ok(KeyOwner { key, account_type })
    })
    .transpose()
}

fn list(db: &mut Db, account: AccountId) -> Result<Vec<ApiKey>, Error> {
    // Ids sort by creation within a millisecond's grain, and the index has them.
    let rows: Vec<KeyRow> = both!(db, c => api_keys::table
        .filter(api_keys::account_id.eq(Sql(account)))
        .order(api_keys::id.desc())
        .select(KeyRow::as_select())
        .load(c))?;
    rows.into_iter().map(KeyRow::key).collect()
}

fn revoke(db: &mut Db, id: KeyId, at: Timestamp) -> Result<Option<Revoked>, Error> {
    let valid = api_keys::table
        .find(Sql(id))
        .filter(api_keys::revoked_at.is_null());
    // The row is locked from here on: an acceptance under this key either sees it revoked, or has committed and is seen
    // by the cancellation below.
    let changed = both!(db, c => diesel::update(valid)
        .set(api_keys::revoked_at.eq(Sql(Some(at))))
        .execute(c))?;
    let row: Option<KeyRow> = both!(db, c => api_keys::table
        .find(Sql(id))
        .select(KeyRow::as_select())
        .first(c)
        .optional())?;
    let Some(row) = row else {
        return Ok(None);
    };
    let canceled = match changed {
        0 => Vec::new(),
        _ => generations::cancel_all_of_key(db, id, at)?,
    };
    let key = row.key()?;
    Ok(Some(Revoked { key, canceled }))
}

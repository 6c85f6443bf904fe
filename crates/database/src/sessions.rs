//! Who is signed in, and on which devices somebody has been before.

use async_trait::async_trait;
use diesel::prelude::*;
use gih_domain::account::Account;
use gih_domain::api_key::Digest;
use gih_domain::id::AccountId;
use gih_domain::ports::{DatabaseError, NewSession, Sessions};
use gih_domain::time::Timestamp;

use crate::accounts::AccountRow;
use crate::db::Db;
use crate::error::Error;
use crate::pool::Database;
use crate::schema::{accounts, devices, sessions};
use crate::types::Sql;

#[async_trait]
impl Sessions for Database {
    async fn create(&self, session: &NewSession) -> Result<bool, DatabaseError> {
        let session = session.clone();
        Ok(self.write(move |db| create(db, &session)).await?)
    }

    async fn find(&self, digest: &Digest, at: Timestamp) -> Result<Option<Account>, DatabaseError> {
        let digest = *digest;
        Ok(self.read(move |db| find(db, &digest, at)).await?)
    }

    async fn end(&self, digest: &Digest) -> Result<(), DatabaseError> {
        let digest = *digest;
        Ok(self.write(move |db| end(db, &digest)).await?)
    }

    async fn knows_device(
        &self,
        account: AccountId,
        device: &Digest,
        at: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let device = *device;
        let known = self.read(move |db| knows_device(db, account, &device, at));
        Ok(known.await?)
    }

    async fn forget_expired(&self, at: Timestamp, at_most: u32) -> Result<u32, DatabaseError> {
        let forgotten = self.write(move |db| forget_expired(db, at, at_most));
        Ok(forgotten.await?)
    }
}

fn create(db: &mut Db, session: &NewSession) -> Result<bool, Error> {
    if !still_opens(db, session)? {
        return Ok(false);
    }
    if let Some(replaced) = &session.replaces {
        end(db, replaced)?;
    }
    begin(db, session)?;
    Ok(true)
}

/// Whether the account's password is still the one that was shown, and the account not blocked. Either cannot change from
/// here to the end of the transaction: a change of the password ends this session too, or comes before it.
fn still_opens(db: &mut Db, session: &NewSession) -> Result<bool, Error> {
    // One text for the two variants: a query and its locking form are different types.
    macro_rules! account {
        () => {
            accounts::table
                .find(Sql(session.account))
                .filter(accounts::password_hash.eq(&session.password_hash))
                .filter(accounts::blocked_at.is_null())
                .select(accounts::id)
        };
    }
    let found: Option<AccountId> = match db {
        Db::Pg(c) => account!().for_share().first(c).optional()?,
        Db::Lite(c) => account!().first(c).optional()?,
    };
    Ok(found.is_some())
}

/// Adds the session and remembers its device, for longer if it is known.
pub(crate) fn begin(db: &mut Db, session: &NewSession) -> Result<(), Error> {
    let row = (
        sessions::digest.eq(session.digest.as_slice()),
        sessions::account_id.eq(Sql(session.account)),
        sessions::created_at.eq(Sql(session.created_at)),
        sessions::expires_at.eq(Sql(session.expires_at)),
    );
    both!(db, c => diesel::insert_into(sessions::table).values(row).execute(c))?;
    if let Some(device) = &session.device {
        let row = (
            devices::digest.eq(device.as_slice()),
            devices::account_id.eq(Sql(session.account)),
            devices::created_at.eq(Sql(session.created_at)),
            devices::expires_at.eq(Sql(session.device_expires_at)),
        );
        let longer = devices::expires_at.eq(Sql(session.device_expires_at));
        both!(db, c => diesel::insert_into(devices::table)
            .values(row)
            .on_conflict((devices::digest, devices::account_id))
            .do_update()
            .set(longer)
            .execute(c))?;
    }
    Ok(())
}

/// Ends all sessions of the account and forgets all its devices.
pub(crate) fn end_all(db: &mut Db, account: AccountId) -> Result<(), Error> {
    let ended = sessions::table.filter(sessions::account_id.eq(Sql(account)));
    both!(db, c => diesel::delete(ended).execute(c))?;
    let forgotten = devices::table.filter(devices::account_id.eq(Sql(account)));
    both!(db, c => diesel::delete(forgotten).execute(c))?;
    Ok(())
}

fn find(db: &mut Db, digest: &Digest, at: Timestamp) -> Result<Option<Account>, Error> {
    let row: Option<AccountRow> = both!(db, c => sessions::table
        .inner_join(accounts::table)
        .filter(sessions::digest.eq(digest.as_slice()))
        .filter(sessions::expires_at.gt(Sql(at)))
        .filter(accounts::blocked_at.is_null())
        .select(AccountRow::as_select())
        .first(c)
        .optional())?;
    row.map(AccountRow::account).transpose()
}

fn end(db: &mut Db, digest: &Digest) -> Result<(), Error> {
    let ended = sessions::table.filter(sessions::digest.eq(digest.as_slice()));
    both!(db, c => diesel::delete(ended).execute(c))?;
    Ok(())
}

fn knows_device(
    db: &mut Db,
    account: AccountId,
    device: &Digest,
    at: Timestamp,
) -> Result<bool, Error> {
    let found: i64 = both!(db, c => devices::table
        .filter(devices::digest.eq(device.as_slice()))
        .filter(devices::account_id.eq(Sql(account)))
        .filter(devices::expires_at.gt(Sql(at)))
        .count()
        .get_result(c))?;
    Ok(found > 0)
}

fn forget_expired(db: &mut Db, at: Timestamp, at_most: u32) -> Result<u32, Error> {
    let at_most = i64::from(at_most);
    let ended: Vec<Vec<u8>> = both!(db, c => sessions::table
        .filter(sessions::expires_at.le(Sql(at)))
        .order(sessions::expires_at)
        .limit(at_most)
        .select(sessions::digest)
        .load(c))?;
    // Another process may be at the same rows, or a sign-in may just have remembered a device for longer: each delete asks
    // again.
    let mut forgotten = 0;
    let expired = sessions::table
        .filter(sessions::digest.eq_any(ended))
        .filter(sessions::expires_at.le(Sql(at)));
    forgotten += both!(db, c => diesel::delete(expired).execute(c))?;
    let unknown: Vec<(Vec<u8>, AccountId)> = both!(db, c => devices::table
        .filter(devices::expires_at.le(Sql(at)))
        .order((devices::expires_at, devices::digest))
        .limit(at_most)
        .select((devices::digest, devices::account_id))
        .load(c))?;
    for (digest, account) in unknown {
        let expired = devices::table
            .filter(devices::digest.eq(digest))
            .filter(devices::account_id.eq(Sql(account)))
            .filter(devices::expires_at.le(Sql(at)));
        forgotten += both!(db, c => diesel::delete(expired).execute(c))?;
    }
    Ok(u32::try_from(forgotten).unwrap_or(u32::MAX))
}

//! Accounts and their credits.

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use gih_domain::account::{Account, AccountType, Email};
use gih_domain::admin::{AccountChange, AccountFilter, NewAct};
use gih_domain::balance::Balance;
use gih_domain::id::{AccountId, LotId};
use gih_domain::ledger::Cause;
use gih_domain::lots::Lot;
use gih_domain::mode::Mode;
use gih_domain::ports::{
    AccountError, AccountPage, Accounts, ChangeAccountError, ChangedAccount, Credentials,
    DatabaseError, Grant, Granted, NewAccount, NewLot, NewPassword, NewSession,
};
use gih_domain::time::Timestamp;

use crate::acts;
use crate::admin;
use crate::db::Db;
use crate::error::{ACCOUNT_EMAIL, Abort, Error};
use crate::literals::Zero;
use crate::lots::{self, EntryRow, LotRow, lot_values};
use crate::pool::Database;
use crate::schema::{accounts, credit_lots};
use crate::types::Sql;

mod credentials;

pub(crate) use credentials::AccountRow;

#[async_trait]
impl Accounts for Database {
    async fn create(&self, account: &NewAccount) -> Result<(), AccountError> {
        let account = account.clone();
        let created = self.write(move |db| create(db, &account)).await;
        created.map_err(|error| match error {
            error if error.is_taken(ACCOUNT_EMAIL) => AccountError::EmailTaken,
            error => DatabaseError::from(error).into(),
        })
    }

    async fn find(&self, email: &Email) -> Result<Option<Account>, DatabaseError> {
        let email = email.as_str().to_owned();
        Ok(self.read(move |db| credentials::find(db, &email)).await?)
    }

    async fn find_by_id(&self, id: AccountId) -> Result<Option<Account>, DatabaseError> {
        Ok(self.read(move |db| credentials::find_by_id(db, id)).await?)
    }

    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, DatabaseError> {
        let email = email.as_str().to_owned();
        Ok(self
            .read(move |db| credentials::credentials(db, &email))
            .await?)
    }

    async fn change_password(
        &self,
        password_hash: &str,
        session: &NewSession,
    ) -> Result<bool, DatabaseError> {
        let (password_hash, session) = (password_hash.to_owned(), session.clone());
        let changed =
            self.write(move |db| credentials::change_password(db, &password_hash, &session));
        Ok(changed.await?)
    }

    async fn set_password(
        &self,
        account: AccountId,
        password: &NewPassword,
    ) -> Result<bool, DatabaseError> {
        let password = password.clone();
        let set = self.write(move |db| credentials::set_password(db, account, &password));
        Ok(set.await?)
    }

    async fn count(&self) -> Result<u64, DatabaseError> {
        let count: Result<i64, Error> = self
            .read(|db| Ok(both!(db, c => accounts::table.count().get_result(c))?))
            .await;
        Ok(count?.unsigned_abs())
    }

    async fn grant(&self, grant: &Grant) -> Result<Granted, AccountError> {
        let grant = grant.clone();
        let granted = self.write_or_refuse(move |db| add_grant(db, &grant)).await;
        granted.map_err(|abort| match abort {
            Abort::Refused(error) => error,
            Abort::Database(error) => DatabaseError::from(error).into(),
        })
    }

    async fn balance(
        &self,
        account: AccountId,
        mode: Mode,
        at: Timestamp,
    ) -> Result<Option<Balance>, DatabaseError> {
        Ok(self.read(move |db| balance(db, account, mode, at)).await?)
    }

    async fn expire(&self, at: Timestamp, at_most: u32) -> Result<u32, DatabaseError> {
        Ok(self.write(move |db| expire(db, at, at_most)).await?)
    }

    async fn list(&self, filter: &AccountFilter) -> Result<AccountPage, DatabaseError> {
        let filter = filter.clone();
        Ok(self.read(move |db| admin::list(db, &filter)).await?)
    }

    async fn change(
        &self,
        account: AccountId,
        change: &AccountChange,
        act: &NewAct,
    ) -> Result<ChangedAccount, ChangeAccountError> {
        let (change, act) = (*change, act.clone());
        let change = move |db: &mut Db| admin::change(db, account, change, &act);
        let changed = self.write_or_refuse(change).await;
        changed.map_err(|abort| match abort {
            Abort::Refused(error) => error,
            Abort::Database(error) => DatabaseError::from(error).into(),
        })
    }
}

fn create(db: &mut Db, account: &NewAccount) -> Result<(), Error> {
    let row = (
        accounts::id.eq(Sql(account.id)),
        accounts::email.eq(account.email.as_str()),
        accounts::account_type.eq(Sql(account.account_type)),
        accounts::is_admin.eq(account.is_admin),
        accounts::password_hash.eq(account.password_hash.as_deref()),
        accounts::created_at.eq(Sql(account.created_at)),
        accounts::password_is_temporary.eq(account.password_is_temporary),
    );
    both!(db, c => diesel::insert_into(accounts::table).values(row).execute(c))?;
    let rows: Vec<LotRow> = account
        .lots
        .iter()
        .map(|lot| lot_row(account.id, lot, None, account.created_at))
        .collect();
    let entries: Vec<EntryRow> = rows.iter().map(grant_entry).collect();
    lots::insert(db, &rows)?;
    lots::record(db, &entries)?;
    acts::record(db, account.act.as_ref())
}

fn lot_row(
    account: AccountId,
    lot: &NewLot,
    reference: Option<&str>,
    created_at: Timestamp,
) -> LotRow {
    LotRow {
        id: lot.id,
        account_id: account,
        mode: lot.mode,
        source: lot.source,
        granted: lot.credits.get(),
        remaining: lot.credits.get(),
        expires_at: lot.expires_at,
        created_at,
        note: lot.note.clone(),
        reference: reference.map(str::to_owned),
        generation_id: None,
        refund_of_lot_id: None,
    }
}

fn grant_entry(lot: &LotRow) -> EntryRow {
    EntryRow {
        id: lots::new_entry_id(lot.created_at),
        account_id: lot.account_id,
        lot_id: lot.id,
        mode: lot.mode,
        cause: Cause::Grant,
        amount: lot.granted,
        generation_id: None,
        created_at: lot.created_at,
    }
}

fn add_grant(db: &mut Db, grant: &Grant) -> Result<Granted, Abort<AccountError>> {
    let no_account = || Abort::Refused(AccountError::NotFound);
    let row = lot_row(
        grant.account,
        &grant.lot,
        grant.reference.as_deref(),
        grant.created_at,
    );
    if is_of_another(db, &row)? {
        return Err(Abort::Refused(AccountError::ReferenceOfAnother));
    }
    // Another grant of the same reference under way is waited for here, and then found.
    let row = match insert_unless_known(db, &row) {
        Ok(true) if !is_worth_something(&row) => {
            return Err(Abort::Refused(AccountError::AlreadyExpired));
        }
        Ok(true) => {
            lots::record(db, &[grant_entry(&row)])?;
            acts::record(db, grant.act.as_ref())?;
            row
        }
        Ok(false) => known(db, &row)?,
        Err(Error::ForeignKey(_)) => return Err(no_account()),
        Err(error) => return Err(error.into()),
    };
    // As of the grant's own time also when the lot is older: credits that have expired since are none.
    let balance = balance(db, grant.account, row.mode, grant.created_at)?.ok_or_else(no_account)?;
    Ok(Granted {
        lot: row.lot()?,
        credits: lots::credits(row.granted)?,
        mode: row.mode,
        note: row.note,
        balance,
    })
}

/// Whether another account was granted a lot under the same reference.
fn is_of_another(db: &mut Db, lot: &LotRow) -> Result<bool, Error> {
    if lot.reference.is_none() {
        return Ok(false);
    }
    let others = credit_lots::table
        .filter(credit_lots::reference.eq(&lot.reference))
        .filter(credit_lots::account_id.ne(Sql(lot.account_id)));
    Ok(both!(db, c => diesel::select(exists(others)).get_result(c))?)
}

fn is_worth_something(lot: &LotRow) -> bool {
    lot.expires_at
        .is_none_or(|expires_at| expires_at > lot.created_at)
}

/// Whether the lot was added: not when the account has used its reference before.
fn insert_unless_known(db: &mut Db, lot: &LotRow) -> Result<bool, Error> {
    if lot.reference.is_none() {
        lots::insert(db, std::slice::from_ref(lot))?;
        return Ok(true);
    }
    let values = lot_values!(lot);
    let added = both!(db, c => diesel::insert_into(credit_lots::table)
        .values(values)
        .on_conflict((credit_lots::account_id, credit_lots::reference))
        .do_nothing()
        .execute(c))?;
    Ok(added == 1)
}

/// The lot that the account was granted under the same reference.
fn known(db: &mut Db, lot: &LotRow) -> Result<LotRow, Error> {
    Ok(both!(db, c => credit_lots::table
        .filter(credit_lots::account_id.eq(Sql(lot.account_id)))
        .filter(credit_lots::reference.eq(&lot.reference))
        .select(LotRow::as_select())
        .first(c))?)
}

/// One statement, so one picture: the account's type and its live lots, none of which is a row of nulls.
fn balance(
    db: &mut Db,
    account: AccountId,
    mode: Mode,
    at: Timestamp,
) -> Result<Option<Balance>, Error> {
    type LotColumns = (LotId, i64, Option<Timestamp>, Timestamp);
    let is_open = credit_lots::account_id
        .eq(accounts::id)
        .and(credit_lots::mode.eq(Sql(mode)))
        .and(credit_lots::remaining.gt(Zero));
    let rows: Vec<(AccountType, Option<LotColumns>)> = both!(db, c => accounts::table
        .left_join(credit_lots::table.on(is_open))
        .filter(accounts::id.eq(Sql(account)))
        .select((
            accounts::account_type,
            (
                credit_lots::id,
                credit_lots::remaining,
                credit_lots::expires_at,
                credit_lots::created_at,
            )
                .nullable(),
        ))
        .load(c))?;
    let Some(&(account_type, _)) = rows.first() else {
        return Ok(None);
    };
    let open: Vec<Lot> = rows
        .into_iter()
        .filter_map(|(_, lot)| lot)
        .map(|(id, remaining, expires_at, created_at)| {
            lots::lot(id, remaining, expires_at, created_at)
        })
        .collect::<Result<_, Error>>()?;
    Ok(Some(Balance::of(account_type, &open, at)))
}

fn expire(db: &mut Db, at: Timestamp, at_most: u32) -> Result<u32, Error> {
    // One text for the two variants: a query and its locking form are different types.
    macro_rules! expired {
        () => {
            credit_lots::table
                .filter(credit_lots::remaining.gt(Zero))
                .filter(credit_lots::expires_at.le(Sql(Some(at))))
                .order((credit_lots::expires_at, credit_lots::id))
                .limit(i64::from(at_most))
                .select(LotRow::as_select())
        };
    }
    let rows: Vec<LotRow> = match db {
        // What another transaction has in its hands is left for the next time.
        Db::Pg(c) => expired!().for_no_key_update().skip_locked().load(c)?,
        Db::Lite(c) => expired!().load(c)?,
    };
    let entries: Vec<EntryRow> = rows
        .iter()
        .map(|lot| EntryRow {
            id: lots::new_entry_id(at),
            cause: Cause::Expiry,
            amount: -lot.remaining,
            created_at: at,
            ..grant_entry(lot)
        })
        .collect();
    for lot in &rows {
        let row = credit_lots::table.find(Sql(lot.id));
        both!(db, c => diesel::update(row).set(credit_lots::remaining.eq(0)).execute(c))?;
    }
    lots::record(db, &entries)?;
    // No more than `at_most` were asked for.
    Ok(u32::try_from(rows.len()).unwrap_or(at_most))
}

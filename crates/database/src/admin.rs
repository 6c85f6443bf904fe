//! Accounts, as admins list and change them.

use diesel::prelude::*;
use gih_domain::account::Account;
use gih_domain::admin::{AccountChange, AccountFilter, NewAct};
use gih_domain::id::AccountId;
use gih_domain::ports::{AccountPage, ChangeAccountError, ChangedAccount};

use crate::accounts::AccountRow;
use crate::acts;
use crate::db::Db;
use crate::error::{Abort, Error};
use crate::generations;
use crate::schema::accounts;
use crate::sessions;
use crate::types::Sql;

/// One page of accounts. A search reads accounts until the page is full.
pub(crate) fn list(db: &mut Db, filter: &AccountFilter) -> Result<AccountPage, Error> {
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let mut rows: Vec<AccountRow> = both!(db, c => {
        let mut query = accounts::table
            .order(accounts::id.desc())
            // One more than the page, to know whether there is a next.
            .limit(i64::from(filter.limit) + 1)
            .select(AccountRow::as_select())
            .into_boxed();
        if let Some(search) = &filter.search {
            query = query.filter(accounts::email.like(holding(search)).escape(ESCAPE));
        }
        if let Some(after) = filter.after {
            query = query.filter(accounts::id.lt(Sql(after)));
        }
        query.load(c)
    })?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let accounts = rows.into_iter().map(AccountRow::account);
    Ok(AccountPage {
        accounts: accounts.collect::<Result<_, Error>>()?,
        has_more,
    })
}

const ESCAPE: char = '\\';

/// The pattern of all that has this text in it.
fn holding(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Changes an account, in the caller's transaction.
pub(crate) fn change(
    db: &mut Db,
    id: AccountId,
    change: AccountChange,
    act: &NewAct,
) -> Result<ChangedAccount, Abort<ChangeAccountError>> {
    let rows = lock(db, [id, act.admin])?;
    let find = |id| rows.iter().find(|row| row.id == id).cloned();
    if !find(act.admin).is_some_and(|admin| admin.is_admin && admin.blocked_at.is_none()) {
        return Err(Abort::Refused(ChangeAccountError::NotAdmin));
    }
    let before = find(id).ok_or(Abort::Refused(ChangeAccountError::NotFound))?;
    let account = Account {
        account_type: change.account_type.unwrap_or(before.account_type),
        is_admin: change.is_admin.unwrap_or(before.is_admin),
        blocked_at: match change.is_blocked {
            Some(true) => before.blocked_at.or(Some(act.created_at)),
            Some(false) => None,
            None => before.blocked_at,
        },
        ..before
    };
    both!(db, c => diesel::update(accounts::table.find(Sql(id)))
        .set((
            accounts::account_type.eq(Sql(account.account_type)),
            accounts::is_admin.eq(account.is_admin),
            accounts::blocked_at.eq(Sql(account.blocked_at)),
        ))
        .execute(c))?;
    let canceled = if change.is_blocked == Some(true) {
        sessions::end_all(db, id)?;
        generations::cancel_all_of_account(db, id, act.created_at)?
    } else {
        Vec::new()
    };
    acts::record(db, Some(act))?;
    Ok(ChangedAccount { account, canceled })
}

/// The accounts that there are of these, whose rows are ours until the transaction ends: an acceptance that is to queue
/// either sees its account blocked, or has committed and is seen by the cancellation. In the order of their ids, so that two
/// admins who change each other wait for one another, and the second is judged by what the first made of them.
fn lock(db: &mut Db, ids: [AccountId; 2]) -> Result<Vec<Account>, Error> {
    // One text for the two variants: a query and its locking form are different types.
    macro_rules! row {
        () => {
            accounts::table
                .filter(accounts::id.eq_any(ids.map(Sql)))
                .order(accounts::id)
                .select(AccountRow::as_select())
        };
    }
    let rows: Vec<AccountRow> = match db {
        Db::Pg(c) => row!().for_no_key_update().load(c)?,
        Db::Lite(c) => row!().load(c)?,
    };
    rows.into_iter().map(AccountRow::account).collect()
}

//! What admins did.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use diesel::prelude::*;
use gih_domain::account::Email;
use gih_domain::admin::{Act, NewAct, RecordedAct};
use gih_domain::id::{AccountId, ActId};
use gih_domain::ports::{ActPage, Acts, DatabaseError};
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::pool::Database;
use crate::schema::{accounts, admin_acts};
use crate::types::Sql;

#[async_trait]
impl Acts for Database {
    async fn list(&self, after: Option<ActId>, limit: u32) -> Result<ActPage, DatabaseError> {
        Ok(self.read(move |db| list(db, after, limit)).await?)
    }
}

/// Writes down whose doing a transaction is, for good; nothing when it is nobody's. Refuses when they are no admin: they were
/// one when they asked, and may have been demoted or blocked while the rest of the request came in or a password was hashed.
/// Without a lock: a demotion that commits later comes after this act, and one that has committed is seen.
pub(crate) fn record(db: &mut Db, act: Option<&NewAct>) -> Result<(), Error> {
    let Some(act) = act else {
        return Ok(());
    };
    let admins = accounts::table
        .find(Sql(act.admin))
        .filter(accounts::is_admin.eq(true))
        .filter(accounts::blocked_at.is_null())
        .count();
    let admins: i64 = both!(db, c => admins.get_result(c))?;
    if admins == 0 {
        return Err(Error::NotAdmin);
    }
    let row = (
        admin_acts::id.eq(Sql(act.id)),
        admin_acts::account_id.eq(Sql(act.admin)),
        admin_acts::act.eq(Sql(act.act)),
        admin_acts::subject.eq(&act.subject),
        admin_acts::detail.eq(&act.detail),
        admin_acts::created_at.eq(Sql(act.created_at)),
    );
    both!(db, c => diesel::insert_into(admin_acts::table).values(row).execute(c))?;
    Ok(())
}

fn list(db: &mut Db, after: Option<ActId>, limit: u32) -> Result<ActPage, Error> {
    type Columns = (ActId, AccountId, Act, String, String, Timestamp);
    let mut rows: Vec<Columns> = both!(db, c => {
        let mut query = admin_acts::table
            .order(admin_acts::id.desc())
            // One more than the page, to know whether there is a next.
            .limit(i64::from(limit) + 1)
            .select((
                admin_acts::id,
                admin_acts::account_id,
                admin_acts::act,
                admin_acts::subject,
                admin_acts::detail,
                admin_acts::created_at,
            ))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(admin_acts::id.lt(Sql(after)));
        }
        query.load(c)
    })?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let emails = emails(db, rows.iter().map(|row| row.1))?;
    let acts = rows
        .into_iter()
        .map(|(id, admin, act, subject, detail, created_at)| {
            let email = emails.get(&admin).cloned();
            Ok(RecordedAct {
                id,
                admin: email.ok_or_else(|| Error::Unexpected(format!("no account {admin}")))?,
                act,
                subject,
                detail,
                created_at,
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok(ActPage { acts, has_more })
}

/// The addresses of these accounts.
fn emails(
    db: &mut Db,
    accounts: impl Iterator<Item = AccountId>,
) -> Result<HashMap<AccountId, Email>, Error> {
    let ids: HashSet<AccountId> = accounts.collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(AccountId, String)> = both!(db, c => accounts::table
        .filter(accounts::id.eq_any(ids.iter().copied().map(Sql)))
        .select((accounts::id, accounts::email))
        .load(c))?;
    rows.into_iter()
        .map(|(id, email)| {
            let email = Email::parse(&email);
            Ok((
                id,
                email.map_err(|error| Error::Unexpected(error.to_string()))?,
            ))
        })
        .collect()
}

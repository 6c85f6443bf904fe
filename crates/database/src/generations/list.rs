//! Lists of generations, newest first: ids sort by the time of acceptance. Each filter is answered from an index that ends
//! with the id, so that a page costs no more however many generations there are.
//!
//! Nearly all generations succeed. The others have indexes by their status, which both databases use only when the
//! statement says `status <> 'succeeded'` in so many words; succeeded ones are found among all.

use diesel::prelude::*;
use gih_domain::generation::Status;
use gih_domain::id::{AccountId, GenerationId, KeyId};
use gih_domain::mode::Mode;
use gih_domain::ports::{ListFilter, Page};

use super::rows::{GenerationRow, ListedRow, generations as with_images};
use crate::db::Db;
use crate::error::Error;
use crate::id_range::ByTime as _;
use crate::literals::{InTestMode, Succeeded};
use crate::only::only;
use crate::schema::{api_keys, generations};
use crate::types::Sql;

/// The page that a filter asks for, narrowed by `$narrow` on the query. A macro, because a query's type has its backend
/// in it.
macro_rules! load {
    ($db:expr, $filter:expr, |$query:ident| $narrow:block) => {
        both!($db, c => {
            let filter: &ListFilter = $filter;
            let mut $query = generations::table
                // One more than the page, to know whether there is a next.
                .limit(i64::from(filter.limit) + 1)
                .select(ListedRow::as_select())
                .into_boxed();
            $narrow
            if has_rare_status(filter) {
                $query = $query.filter(generations::status.ne(Succeeded));
            }
            if let Some(from) = filter.created_from {
                $query = $query
                    .filter(generations::id.ge(Sql(GenerationId::lowest(from))))
                    .filter(generations::created_at.ge(Sql(from)));
            }
            if let Some(before) = filter.created_before {
                $query = $query
                    .filter(generations::id.lt(Sql(GenerationId::highest(before))))
                    .filter(generations::created_at.lt(Sql(before)));
            }
            if let Some(after) = filter.after {
                $query = $query.filter(generations::id.lt(Sql(after)));
            }
            $query.load::<ListedRow>(c)
        })
    };
}

/// One page of the account's generations.
pub(super) fn list(
    db: &mut Db,
    account: AccountId,
    mode: Mode,
    filter: &ListFilter,
) -> Result<Page, Error> {
    if let Some(key) = filter.key
        && owner(db, key)? != Some((account, mode))
    {
        return Ok(Page::default());
    }
    let rows = load!(db, filter, |query| {
        query = match filter.key {
            // What was asked with a key is of its account and mode.
            Some(key) if !has_rare_status(filter) => query
                .filter(only(generations::api_key_id, key))
                .order((generations::api_key_id.desc(), generations::id.desc())),
            key => {
                if let Some(key) = key {
                    query = query.filter(generations::api_key_id.eq(Sql(key)));
                }
                query
                    .filter(only(generations::account_id, account))
                    .filter(generations::mode.eq(Sql(mode)))
                    .order((generations::account_id.desc(), generations::id.desc()))
            }
        };
        if let Some(status) = filter.status {
            query = query.filter(generations::status.eq(Sql(status)));
        }
    })?;
    page(db, rows, filter)
}

/// One page of everybody's generations; what was asked with a key is all of one account.
pub(super) fn list_all(
    db: &mut Db,
    mode: Option<Mode>,
    filter: &ListFilter,
) -> Result<Page, Error> {
    if let Some(key) = filter.key {
        return match owner(db, key)? {
            Some((account, of)) if mode.is_none_or(|mode| mode == of) => {
                list(db, account, of, filter)
            }
            _ => Ok(Page::default()),
        };
    }
    let rows = load!(db, filter, |query| {
        query = match filter.status {
            Some(status) if has_rare_status(filter) => query
                .filter(only(generations::status, status))
                .order((generations::status.desc(), generations::id.desc())),
            Some(status) => query
                .filter(generations::status.eq(Sql(status)))
                .order(generations::id.desc()),
            None => query.order(generations::id.desc()),
        };
        query = match mode {
            None => query,
            Some(Mode::Live) => query.filter(generations::mode.eq(Sql(Mode::Live))),
            Some(Mode::Test) => query.filter(generations::mode.eq(InTestMode)),
        };
    })?;
    page(db, rows, filter)
}

/// Whether what is asked for has an index of its own.
fn has_rare_status(filter: &ListFilter) -> bool {
    (filter.status).is_some_and(|status| status != Status::Succeeded)
}

/// Whose key it is, and in which mode.
fn owner(db: &mut Db, key: KeyId) -> Result<Option<(AccountId, Mode)>, Error> {
    Ok(both!(db, c => api_keys::table
        .find(Sql(key))
        .select((api_keys::account_id, api_keys::mode))
        .first(c)
        .optional())?)
}

fn page(db: &mut Db, mut rows: Vec<ListedRow>, filter: &ListFilter) -> Result<Page, Error> {
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page {
        generations: with_images(db, rows.into_iter().map(GenerationRow::from).collect())?,
        has_more,
    })
}

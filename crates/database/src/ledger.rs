//! The ledger and the lots, as their owner reads them.

use std::cmp::Reverse;
use std::collections::HashMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gih_domain::credits::Credits;
use gih_domain::id::{AccountId, EntryId, GenerationId, LotId};
use gih_domain::ledger::{Cause, DAY, DaySpending, Entry, EntryFilter, EntryPage, OwnedLot};
use gih_domain::mode::Mode;
use gih_domain::ports::{DatabaseError, Ledger, LotSource};
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::generations::Statement;
use crate::id_range::ByTime as _;
use crate::literals::{Charged, Zero};
use crate::lots::{self, EntryRow, LotRow};
use crate::only::only;
use crate::pool::Database;
use crate::schema::{credit_lots, ledger_entries};
use crate::types::{Id, Sql, Ts, Word};

#[async_trait]
impl Ledger for Database {
    async fn entries(
        &self,
        account: AccountId,
        mode: Mode,
        filter: &EntryFilter,
    ) -> Result<EntryPage, DatabaseError> {
        let filter = *filter;
        let entries = move |db: &mut Db| entries(db, account, mode, &filter);
        Ok(self.read(entries).await?)
    }

    async fn lots(
        &self,
        account: AccountId,
        mode: Mode,
        at: Timestamp,
        at_most: u32,
    ) -> Result<Vec<OwnedLot>, DatabaseError> {
        // Off one picture, so that a lot spent between the two statements is not in both.
        let lots = move |db: &mut Db| db.snapshot(|db| owned_lots(db, account, mode, at, at_most));
        Ok(self.read(lots).await?)
    }

    async fn entries_of(&self, generation: GenerationId) -> Result<Vec<Entry>, DatabaseError> {
        Ok(self.read(move |db| entries_of(db, generation)).await?)
    }

    async fn spending(
        &self,
        account: Option<AccountId>,
        mode: Mode,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Vec<DaySpending>, DatabaseError> {
        let spending = move |db: &mut Db| spending(db, account, mode, from, before);
        Ok(self.read(spending).await?)
    }
}

/// One page of entries. Charges are nearly all there are, and found among all; the other causes have an index.
fn entries(
    db: &mut Db,
    account: AccountId,
    mode: Mode,
    filter: &EntryFilter,
) -> Result<EntryPage, Error> {
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let mut rows: Vec<EntryRow> = both!(db, c => {
        let mut query = ledger_entries::table
            .filter(only(ledger_entries::account_id, account))
            .filter(ledger_entries::mode.eq(Sql(mode)))
            .order((ledger_entries::account_id.desc(), ledger_entries::id.desc()))
            // One more than the page, to know whether there is a next.
            .limit(i64::from(filter.limit) + 1)
            .select(EntryRow::as_select())
            .into_boxed();
        if let Some(cause) = filter.cause {
            query = query.filter(ledger_entries::cause.eq(Sql(cause)));
            if cause != Cause::Charge {
                query = query.filter(ledger_entries::cause.ne(Charged));
            }
        }
        if let Some(from) = filter.created_from {
            query = query
                .filter(ledger_entries::id.ge(Sql(EntryId::lowest(from))))
                .filter(ledger_entries::created_at.ge(Sql(from)));
        }
        if let Some(before) = filter.created_before {
            query = query
                .filter(ledger_entries::id.lt(Sql(EntryId::highest(before))))
                .filter(ledger_entries::created_at.lt(Sql(before)));
        }
        if let Some(after) = filter.after {
            query = query.filter(ledger_entries::id.lt(Sql(after)));
        }
        query.load(c)
    })?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok(EntryPage {
        entries: with_lots(db, rows)?,
        has_more,
    })
}

fn entries_of(db: &mut Db, generation: GenerationId) -> Result<Vec<Entry>, Error> {
    let mut rows: Vec<EntryRow> = both!(db, c => ledger_entries::table
        .filter(ledger_entries::generation_id.eq(Sql(Some(generation))))
        .select(EntryRow::as_select())
        .load(c))?;
    // A charge and its refund may be of one moment.
    rows.sort_by_key(|row| (row.cause != Cause::Charge, row.id));
    with_lots(db, rows)
}

/// The entries of these rows, in the same order, with their lots read in one query.
fn with_lots(db: &mut Db, rows: Vec<EntryRow>) -> Result<Vec<Entry>, Error> {
    type Columns = (LotId, LotSource, Option<String>);
    let mut ids: Vec<LotId> = rows.iter().map(|row| row.lot_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut lots: HashMap<LotId, (LotSource, Option<String>)> = HashMap::new();
    if !ids.is_empty() {
        let found: Vec<Columns> = both!(db, c => credit_lots::table
            .filter(credit_lots::id.eq_any(ids.iter().copied().map(Sql)))
            .select((credit_lots::id, credit_lots::source, credit_lots::note))
            .load(c))?;
        lots.extend(
            found
                .into_iter()
                .map(|(id, source, note)| (id, (source, note))),
        );
    }
    rows.into_iter()
        .map(|row| {
            let lot = lots.get(&row.lot_id).cloned();
            let (lot_source, lot_note) = lot.ok_or_else(|| {
                Error::Unexpected(format!(
                    "{} is of {}, which is not there",
                    row.id, row.lot_id
                ))
            })?;
            Ok(Entry {
                id: row.id,
                lot: row.lot_id,
                lot_source,
                lot_note,
                cause: row.cause,
                amount: row.amount,
                generation: row.generation_id,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// What has credits left has an index, and what has none has another. What has expired is between the two until it is
/// written off.
fn owned_lots(
    db: &mut Db,
    account: AccountId,
    mode: Mode,
    at: Timestamp,
    at_most: u32,
) -> Result<Vec<OwnedLot>, Error> {
    let open: Vec<LotRow> = both!(db, c => credit_lots::table
        .filter(credit_lots::account_id.eq(Sql(account)))
        .filter(credit_lots::mode.eq(Sql(mode)))
        .filter(credit_lots::remaining.gt(Zero))
        // As they are spent: see `Lot::spending_order`.
        .order((
            credit_lots::expires_at.is_null(),
            credit_lots::expires_at,
            credit_lots::created_at,
            credit_lots::id,
        ))
        .select(LotRow::as_select())
        .load(c))?;
    let spent: Vec<LotRow> = both!(db, c => credit_lots::table
        .filter(only(credit_lots::account_id, account))
        .filter(credit_lots::mode.eq(Sql(mode)))
        .filter(credit_lots::remaining.eq(Zero))
        .order((credit_lots::account_id.desc(), credit_lots::id.desc()))
        .limit(i64::from(at_most))
        .select(LotRow::as_select())
        .load(c))?;
    let is_live = |row: &LotRow| row.expires_at.is_none_or(|expires_at| at < expires_at);
    let (live, expired): (Vec<LotRow>, Vec<LotRow>) = open.into_iter().partition(is_live);
    let mut others = [expired, spent].concat();
    others.sort_by_key(|row| Reverse(row.id));
    let live = live.into_iter().map(|row| owned_lot(row, true));
    let others = others.into_iter().map(|row| owned_lot(row, false));
    let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
    live.chain(others).take(at_most).collect()
}

fn owned_lot(row: LotRow, is_live: bool) -> Result<OwnedLot, Error> {
    Ok(OwnedLot {
        id: row.id,
        source: row.source,
        granted: lots::credits(row.granted)?,
        remaining: lots::credits(row.remaining)?,
        expires_at: row.expires_at,
        created_at: row.created_at,
        note: row.note,
        is_live,
    })
}

#[derive(QueryableByName)]
struct Spent {
    #[diesel(sql_type = BigInt)]
    charged: i64,
    #[diesel(sql_type = BigInt)]
    refunded: i64,
}

/// The days' charges and refunds. A statement a day: each reads that day's entries, and there is nothing to be put in
/// groups.
fn spending(
    db: &mut Db,
    account: Option<AccountId>,
    mode: Mode,
    from: Timestamp,
    before: Timestamp,
) -> Result<Vec<DaySpending>, Error> {
    let mut days = Vec::new();
    let mut from = from;
    while from < before {
        let midnight = from.midnight();
        let end = midnight.plus(DAY).min(before);
        let spent = spent(db, account, mode, from, end)?;
        if spent.charged != 0 || spent.refunded != 0 {
            days.push(DaySpending {
                day: midnight,
                charged: sum(spent.charged),
                refunded: sum(spent.refunded),
            });
        }
        from = end;
    }
    Ok(days)
}

/// What was charged and refunded in a span of time, added up by the database: the account's by their index, everybody's by
/// the primary key.
fn spent(
    db: &mut Db,
    account: Option<AccountId>,
    mode: Mode,
    from: Timestamp,
    before: Timestamp,
) -> Result<Spent, Error> {
    Ok(both!(db, c => {
        let mut statement = Statement::new(
            "SELECT CAST(coalesce(sum(CASE WHEN cause = 'charge' THEN -amount END), 0) AS bigint) AS charged, \
            CAST(coalesce(sum(CASE WHEN cause = 'refund' THEN amount END), 0) AS bigint) AS refunded \
            FROM ledger_entries WHERE mode = ")
            .bind::<Word, _>(mode)
            .text(" AND id >= ")
            .bind::<Id, _>(EntryId::lowest(from))
            .text(" AND id < ")
            .bind::<Id, _>(EntryId::highest(before))
            .text(" AND created_at >= ")
            .bind::<Ts, _>(from)
            .text(" AND created_at < ")
            .bind::<Ts, _>(before);
        if let Some(account) = account {
            statement = statement.text(" AND account_id = ").bind::<Id, _>(account);
        }
        statement.get_result(c)
    })?)
}

/// A sum of amounts, at most what an amount may be.
pub(crate) fn sum(amount: i64) -> Credits {
    Credits::new(amount.clamp(0, Credits::MAX)).unwrap_or_default()
}

//! Lots and the ledger: read, changed by a plan, written down. Every function is meant for the inside of a transaction.
//!
//! No function decides anything: which lots pay and where refunds go is planned by [`gih_domain::lots`].

use diesel::prelude::*;
use gih_domain::credits::Credits;
use gih_domain::id::{AccountId, EntryId, GenerationId, LotId};
use gih_domain::ledger::Cause;
use gih_domain::lots::{Lot, Part};
use gih_domain::mode::Mode;
use gih_domain::ports::LotSource;
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::id_range::new_id;
use crate::literals::Zero;
use crate::schema::{credit_lots, ledger_entries};
use crate::types::Sql;

/// A row of `credit_lots`.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = credit_lots)]
pub(crate) struct LotRow {
    pub(crate) id: LotId,
    pub(crate) account_id: AccountId,
    pub(crate) mode: Mode,
    pub(crate) source: LotSource,
    pub(crate) granted: i64,
    pub(crate) remaining: i64,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) note: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) generation_id: Option<GenerationId>,
    pub(crate) refund_of_lot_id: Option<LotId>,
}

impl LotRow {
    /// The lot as the domain sees it.
    pub(crate) fn lot(&self) -> Result<Lot, Error> {
        lot(self.id, self.remaining, self.expires_at, self.created_at)
    }
}

/// A row of `ledger_entries`. The amount is positive for what a lot gets and negative for what it gives.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = ledger_entries)]
pub(crate) struct EntryRow {
    pub(crate) id: EntryId,
    pub(crate) account_id: AccountId,
    pub(crate) lot_id: LotId,
    pub(crate) mode: Mode,
    pub(crate) cause: Cause,
    pub(crate) amount: i64,
    pub(crate) generation_id: Option<GenerationId>,
    pub(crate) created_at: Timestamp,
}

/// A name for a new entry of this time, by which it sorts. Not asked of a port: nothing is decided by it, and how many
/// are needed is known inside the transaction alone.
pub(crate) fn new_entry_id(at: Timestamp) -> EntryId {
    EntryId(new_id(at))
}

/// A name for a new lot. Of lots of one instant that expire together the one that was made first is spent first, so these
/// sort by their making, whatever the time on them.
#[allow(clippy::disallowed_methods)] // nobody decides anything by its randomness
pub(crate) fn new_lot_id() -> LotId {
    LotId(uuid::Uuid::now_v7())
}

/// An amount from a column.
pub(crate) fn credits(amount: i64) -> Result<Credits, Error> {
    Credits::new(amount).map_err(|error| Error::Unexpected(error.to_string()))
}

/// A lot from its columns.
pub(crate) fn lot(
    id: LotId,
    remaining: i64,
    expires_at: Option<Timestamp>,
    created_at: Timestamp,
) -> Result<Lot, Error> {
    Ok(Lot {
        id,
        remaining: credits(remaining)?,
        expires_at,
        created_at,
    })
}

/// The account's lots that can be spent in `mode` at `at`. `is_locked` keeps others from changing them until the
/// transaction ends (on SQLite nobody else writes anyway); in the order of names, so that no two wait for each other.
pub(crate) fn load_live(
    db: &mut Db,
    account: AccountId,
    mode: Mode,
    at: Timestamp,
    is_locked: bool,
) -> Result<Vec<Lot>, Error> {
    type Columns = (LotId, i64, Option<Timestamp>, Timestamp);
    // One text for the two variants: a query and its locking form are different types.
    macro_rules! live {
        () => {
            credit_lots::table
                .filter(credit_lots::account_id.eq(Sql(account)))
                .filter(credit_lots::mode.eq(Sql(mode)))
                .filter(credit_lots::remaining.gt(Zero))
                .filter(
                    credit_lots::expires_at
                        .is_null()
                        .or(credit_lots::expires_at.gt(Sql(Some(at)))),
                )
                .order(credit_lots::id)
                .select((
                    credit_lots::id,
                    credit_lots::remaining,
                    credit_lots::expires_at,
                    credit_lots::created_at,
                ))
        };
    }
    let rows: Vec<Columns> = match db {
        Db::Pg(c) if is_locked => live!().for_no_key_update().load(c)?,
        Db::Pg(c) => live!().load(c)?,
        Db::Lite(c) => live!().load(c)?,
    };
    rows.into_iter()
        .map(|(id, remaining, expires_at, created_at)| lot(id, remaining, expires_at, created_at))
        .collect()
}

/// All transactions lock lots in the order of their names, so that no two wait for each other.
pub(crate) fn in_lock_order(parts: &[Part]) -> Vec<Part> {
    let mut parts = parts.to_vec();
    parts.sort_by_key(|part| part.lot);
    parts
}

/// A [`LotRow`] as the values of an insert.
macro_rules! lot_values {
    ($lot:expr) => {
        (
            $crate::schema::credit_lots::id.eq($crate::types::Sql($lot.id)),
            $crate::schema::credit_lots::account_id.eq($crate::types::Sql($lot.account_id)),
            $crate::schema::credit_lots::mode.eq($crate::types::Sql($lot.mode)),
            $crate::schema::credit_lots::source.eq($crate::types::Sql($lot.source)),
            $crate::schema::credit_lots::granted.eq($lot.granted),
            $crate::schema::credit_lots::remaining.eq($lot.remaining),
            $crate::schema::credit_lots::expires_at.eq($crate::types::Sql($lot.expires_at)),
            $crate::schema::credit_lots::created_at.eq($crate::types::Sql($lot.created_at)),
            $crate::schema::credit_lots::note.eq(&$lot.note),
            $crate::schema::credit_lots::reference.eq(&$lot.reference),
            $crate::schema::credit_lots::generation_id.eq($crate::types::Sql($lot.generation_id)),
            $crate::schema::credit_lots::refund_of_lot_id
                .eq($crate::types::Sql($lot.refund_of_lot_id)),
        )
    };
}
pub(crate) use lot_values;

/// An [`EntryRow`] as the values of an insert.
macro_rules! entry_values {
    ($entry:expr) => {
        (
            $crate::schema::ledger_entries::id.eq($crate::types::Sql($entry.id)),
            $crate::schema::ledger_entries::account_id.eq($crate::types::Sql($entry.account_id)),
            $crate::schema::ledger_entries::lot_id.eq($crate::types::Sql($entry.lot_id)),
            $crate::schema::ledger_entries::mode.eq($crate::types::Sql($entry.mode)),
            $crate::schema::ledger_entries::cause.eq($crate::types::Sql($entry.cause)),
            $crate::schema::ledger_entries::amount.eq($entry.amount),
            $crate::schema::ledger_entries::generation_id
                .eq($crate::types::Sql($entry.generation_id)),
            $crate::schema::ledger_entries::created_at.eq($crate::types::Sql($entry.created_at)),
        )
    };
}
pub(crate) use entry_values;

/// Adds lots.
pub(crate) fn insert(db: &mut Db, lots: &[LotRow]) -> Result<(), Error> {
    for lots in lots.chunks(ROWS_A_STATEMENT) {
        let rows: Vec<_> = lots.iter().map(|lot| lot_values!(lot)).collect();
        both!(db, c => diesel::insert_into(credit_lots::table).values(rows).execute(c))?;
    }
    Ok(())
}

/// Writes entries into the ledger, for good.
pub(crate) fn record(db: &mut Db, entries: &[EntryRow]) -> Result<(), Error> {
    for entries in entries.chunks(ROWS_A_STATEMENT) {
        let rows: Vec<_> = entries.iter().map(|entry| entry_values!(entry)).collect();
        both!(db, c => diesel::insert_into(ledger_entries::table).values(rows).execute(c))?;
    }
    Ok(())
}

/// Both databases bound the values of one statement (Postgres 65,535, SQLite 32,766); rows here have at most 12.
const ROWS_A_STATEMENT: usize = 1_000;

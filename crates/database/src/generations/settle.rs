//! Ending a generation: images, terminal state, refund and the balance after it, all or nothing.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gih_domain::account::AccountType;
use gih_domain::generation::{End, Ending, Generation, Lease, State};
use gih_domain::id::GenerationId;
use gih_domain::time::Timestamp;

use super::batch::{Apply as _, Batch, NotApplied};
use super::locks::lock_lots;
use super::refund::Refunds;
use super::rows::{Extent, GenerationRow, generations as with_images};
use super::statement::Statement;
use crate::db::Db;
use crate::error::{Abort, Error};
use crate::lots;
use crate::schema::{accounts, credit_lots, generations, images, ledger_entries};
use crate::types::{Id, Json, Sql};

/// The generation is not the caller's to end.
#[derive(Debug)]
pub(super) struct Lost;

/// What must hold of the row for it to be ended: who may.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    /// The holder of a lease, while the generation runs.
    Holder(&'a Lease),
    /// Anybody, while it is queued.
    Anybody,
}

/// Once more when the row has changed between being read and being written: then it is read again, and tells how.
const ATTEMPTS: u32 = 2;

/// Ends a running generation, or returns its end when it was recorded under this lease before. In a transaction begun to
/// write on SQLite, outside of any on Postgres.
pub(super) fn settle(
    db: &mut Db,
    lease: &Lease,
    ending: &Ending,
    at: Timestamp,
) -> Result<Generation, Abort<Lost>> {
    for _ in 0..ATTEMPTS {
        let Some((row, account_type)) = read(db, lease.generation)? else {
            return Err(Abort::Refused(Lost));
        };
        if !row.is_held_by(lease) {
            return Err(Abort::Refused(Lost));
        }
        if row.has_ended() {
            let recorded = with_images(db, vec![row])?.pop();
            return recorded.ok_or(Abort::Refused(Lost));
        }
        match end(db, row, account_type, By::Holder(lease), ending, at) {
            Err(NotApplied::Guarded) => {}
            other => return other.map_err(Abort::from),
        }
    }
    Err(Error::from(NotApplied::Guarded).into())
}

/// The row, and what its owner is.
pub(super) fn read(
    db: &mut Db,
    id: GenerationId,
) -> Result<Option<(GenerationRow, AccountType)>, Error> {
    Ok(both!(db, c => generations::table
        .inner_join(accounts::table)
        .filter(generations::id.eq(Sql(id)))
        .select((GenerationRow::as_select(), accounts::account_type))
        .first(c)
        .optional())?)
}

/// Ends a generation that has not ended.
pub(super) fn end(
    db: &mut Db,
    row: GenerationRow,
    account_type: AccountType,
    by: By<'_>,
    ending: &Ending,
    at: Timestamp,
) -> Result<Generation, NotApplied> {
    let mut generation = row.generation(Vec::new())?;
    let saved = delivered(&generation, ending)?;
    let captured = generation.price.times(u32::from(saved));
    let due = generation.price.times(u32::from(generation.n - saved));
    let refunds = Refunds::plan(db, &generation, due, at)?;
    let live = lots::load_live(db, generation.account, generation.mode, at, false)?;
    let balance = refunds.balance_after(account_type, live, at);
    let failure = ending.failure();
    let new_lots = refunds.new_lots(&generation, at);
    let sizes: Vec<Extent> = (ending.images().iter())
        .map(Extent::of)
        .collect::<Result<_, _>>()?;
    both!(db, c => {
        let mut batch = Batch::new();
        let update = diesel::update(generations::table.find(Sql(generation.id))).set((
            generations::status.eq(Sql(ending.status())),
            generations::completed_at.eq(Sql(Some(at))),
            generations::captured_credits.eq(captured.get()),
            generations::error_code.eq(Sql(failure.map(|failure| failure.code))),
            generations::error_message.eq(failure.map(|failure| failure.message.as_str())),
            generations::balance_after.eq(Sql(Some(Json(balance.clone())))),
        ));
        let update = Statement::new("").put(update);
        let update = match by {
            By::Holder(lease) => update
                .text(" AND status = 'running' AND worker_id = ")
                .bind::<Id, _>(lease.worker)
                .text(" AND fence = ")
                .bind::<BigInt, _>(lease.fence),
            By::Anybody => update.text(" AND status = 'queued'"),
        };
        if let Some(lock) = lock_lots(&refunds.to_sources()) {
            batch.guard(lock);
        }
        // First of the writes, so that when it refuses nothing was written on SQLite either.
        batch.guard(update.text(" RETURNING 1 AS one"));
        for (position, (image, size)) in (0..).zip(ending.images().iter().zip(&sizes)) {
            batch.write(diesel::insert_into(images::table).values((
                images::id.eq(Sql(image.id)),
                images::generation_id.eq(Sql(generation.id)),
                images::position.eq(position),
                images::object_name.eq(Sql(image.object_name.clone())),
                images::format.eq(Sql(image.about.format)),
                images::width.eq(size.width),
                images::height.eq(size.height),
                images::byte_length.eq(size.byte_length),
                images::sha256.eq(&image.about.sha256[..]),
                images::created_at.eq(Sql(image.created_at)),
            )));
        }
        for lot in &new_lots {
            batch.write(diesel::insert_into(credit_lots::table).values(lots::lot_values!(lot)));
        }
        for entry in refunds.entries(&generation, at) {
            batch.write(diesel::insert_into(ledger_entries::table).values(lots::entry_values!(entry)));
        }
        for part in lots::in_lock_order(&refunds.to_sources()) {
            batch.write(diesel::update(credit_lots::table.find(Sql(part.lot)))
                .set(credit_lots::remaining.eq(credit_lots::remaining + part.credits.get())));
        }
        c.apply(batch)
    })?;
    generation.state = State::Ended(End {
        ending: ending.clone(),
        completed_at: at,
        balance,
    });
    Ok(generation)
}

/// How many images were delivered: at least one by a success, and never more than were paid for.
fn delivered(generation: &Generation, ending: &Ending) -> Result<u8, Error> {
    let images = ending.images().len();
    let saved = u8::try_from(images)
        .ok()
        .filter(|&saved| saved <= generation.n);
    match saved {
        Some(0) if matches!(ending, Ending::Succeeded(_)) => Err(Error::Unexpected(format!(
            "{} cannot succeed without an image",
            generation.id
        ))),
        Some(saved) => Ok(saved),
        None => Err(Error::Unexpected(format!(
            "{} cannot have {images} images: {} were paid for",
            generation.id, generation.n
        ))),
    }
}

//! What an acceptance writes.

use diesel::prelude::*;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use gih_domain::generation::Status;
use gih_domain::id::{KeyId, WorkerId};
use gih_domain::ledger::Cause;
use gih_domain::lots::Part;
use gih_domain::ports::Accept;

use super::batch::{Apply as _, Batch, NotApplied};
use super::locks::{Locks, lock_lots};
use super::statement::Statement;
use crate::db::Db;
use crate::dialect::{Now, NowPlus};
use crate::lots::{self, EntryRow};
use crate::schema::{credit_lots, generations, idempotency_keys, ledger_entries};
use crate::types::{Id, Json, Sql};

/// Where an accepted generation goes.
pub(super) enum Place {
    Running { worker: WorkerId },
    Queued { turn: i64 },
}

/// Writes the generation, its charge and its idempotency key.
pub(super) fn write(
    db: &mut Db,
    accept: &Accept,
    place: &Place,
    parts: &[Part],
) -> Result<(), NotApplied> {
    both!(db, c => {
        let mut batch = Batch::new();
        // The key before the lots, as a revocation does. One that began meanwhile is waited for; one that begins now waits
        // for this, and cancels it. What is born running is not the revocation's to cancel.
        if matches!(place, Place::Queued { .. }) {
            batch.guard(lock_key(accept));
        }
        if let Some(lock) = lock_lots(parts) {
            batch.guard(lock);
        }
        let about = (
            (
                generations::id.eq(Sql(accept.id)),
                generations::account_id.eq(Sql(accept.account)),
                generations::api_key_id.eq(Sql(accept.key)),
                generations::mode.eq(Sql(accept.mode)),
                generations::model.eq(&accept.model),
                generations::provider.eq(&accept.provider),
                generations::provider_model.eq(&accept.provider_model),
                generations::prompt.eq(accept.prompt.as_str()),
                generations::n.eq(i32::from(accept.n.get())),
                generations::size.eq(Sql(accept.size)),
                generations::aspect_ratio.eq(Sql(accept.aspect_ratio)),
            ),
            (
                generations::tier.eq(Sql(accept.tier)),
                generations::rendering_quality.eq(Sql(accept.rendering_quality)),
                generations::price_credits.eq(accept.price.get()),
                generations::reference_images.eq(Json(accept.references.clone())),
                generations::waits.eq(accept.waits),
                generations::created_at.eq(Sql(accept.at)),
                generations::queue_deadline_at.eq(NowPlus::new(accept.queue_timeout)),
            ),
        );
        let deadline = NowPlus::new(accept.timeout).nullable();
        match *place {
            Place::Running { worker } => batch.write(diesel::insert_into(generations::table).values((
                about,
                generations::status.eq(Sql(Status::Running)),
                generations::worker_id.eq(Sql(Some(worker))),
                generations::fence.eq(FIRST_FENCE),
                generations::started_at.eq(Now.nullable()),
                generations::dispatched_at.eq(Now.nullable()),
                generations::deadline_at.eq(deadline),
            ))),
            Place::Queued { turn } => {
                batch.write(diesel::insert_into(generations::table).values((
                    about,
                    generations::status.eq(Sql(Status::Queued)),
                    generations::turn.eq(turn),
                    generations::fence.eq(0_i64),
                    // A waiting caller's time begins now, wherever it is spent.
                    accept.waits.then(|| generations::deadline_at.eq(deadline)),
                )));
            }
        }
        if let Some(idempotency) = &accept.idempotency {
            let upsert = diesel::insert_into(idempotency_keys::table)
                .values((
                    idempotency_keys::account_id.eq(Sql(accept.account)),
                    idempotency_keys::mode.eq(Sql(accept.mode)),
                    idempotency_keys::key.eq(idempotency.key.as_str()),
                    idempotency_keys::fingerprint.eq(&idempotency.fingerprint[..]),
                    idempotency_keys::generation_id.eq(Sql(accept.id)),
                    idempotency_keys::expires_at.eq(Sql(idempotency.expires_at)),
                ))
                .on_conflict((idempotency_keys::account_id, idempotency_keys::mode, idempotency_keys::key))
                .do_update()
                .set((
                    idempotency_keys::fingerprint.eq(&idempotency.fingerprint[..]),
                    idempotency_keys::generation_id.eq(Sql(accept.id)),
                    idempotency_keys::expires_at.eq(Sql(idempotency.expires_at)),
                ));
            let upsert = diesel::query_dsl::methods::FilterDsl::filter(upsert, idempotency_keys::expires_at.le(Sql(accept.at)));
            // Waits for another transaction that has just written the same key, and gives no row when that commits.
            batch.guard(Statement::new("").put(upsert).text(" RETURNING 1 AS one"));
        }
        for part in parts {
            batch.write(diesel::insert_into(ledger_entries::table).values(lots::entry_values!(charge(accept, *part))));
        }
        for part in lots::in_lock_order(parts) {
            batch.write(diesel::update(credit_lots::table.find(Sql(part.lot)))
                .set(credit_lots::remaining.eq(credit_lots::remaining - part.credits.get())));
        }
        c.apply(batch)
    })
}

/// The fence of a row that is born running: this worker is its first holder.
pub(super) const FIRST_FENCE: i64 = 1;

/// The API key, unless it is revoked; locked until this is committed.
pub(super) fn lock_key<'a, DB>(accept: &Accept) -> Statement<'a, DB>
where
    DB: Locks + HasSqlType<Id>,
    KeyId: ToSql<Id, DB>,
{
    Statement::new("SELECT 1 AS one FROM api_keys WHERE revoked_at IS NULL AND id = ")
        .bind::<Id, _>(accept.key)
        .text(DB::SHARE)
}

fn charge(accept: &Accept, part: Part) -> EntryRow {
    EntryRow {
        id: lots::new_entry_id(accept.at),
        account_id: accept.account,
        lot_id: part.lot,
        mode: accept.mode,
        cause: Cause::Charge,
        amount: -part.credits.get(),
        generation_id: Some(accept.id),
        created_at: accept.at,
    }
}

//! Taking queued work into a worker's hands, and what work in hand looks like.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gih_domain::generation::{Lease, Status};
use gih_domain::id::{GenerationId, WorkerId};
use gih_domain::ports::{Claim, Claimed};

use super::accept_write::FIRST_FENCE;
use super::locks::Locks;
use super::rows::GenerationRow;
use super::statement::Statement;
use crate::db::Db;
use crate::dialect::{Now, NowPlus};
use crate::error::Error;
use crate::schema::generations;
use crate::types::{Id, Sql, Word};

/// A waiting caller's work that has less left than the timeout divided by this is not begun any more: it would be paid
/// for upstream, and cut off.
const LEAST_SHARE: u32 = 10;

/// Assigns queued generations, in order, to a worker whose lease is live; one statement.
pub(super) fn claim(db: &mut Db, claim: &Claim) -> Result<Vec<Claimed>, Error> {
    let least = NowPlus::new(claim.timeout / LEAST_SHARE);
    let timeout = NowPlus::new(claim.timeout);
    // The rows are picked apart from the update, because a subquery with a LIMIT may be run more than once. A waiting
    // caller's time runs from acceptance, and was reckoned then. All other work has its time from now.
    let mut rows: Vec<GenerationRow> = both!(db, c => {
        let mut picked = Statement::new(
            "WITH picked AS (SELECT id FROM generations WHERE status = 'queued' AND mode = ")
            .bind::<Word, _>(claim.mode)
            .text(" AND queue_deadline_at > ")
            .put(Now)
            .text(" AND NOT (waits AND coalesce(deadline_at, queue_deadline_at) < ")
            .put(least)
            .text(")");
        for account in &claim.except {
            picked = picked.text(" AND account_id <> ").bind::<Id, _>(*account);
        }
        let picked = picked.text(" ORDER BY turn, id LIMIT ").bind::<BigInt, _>(i64::from(claim.at_most));
        skip_locked(picked)
            .text(") UPDATE generations SET status = 'running', fence = fence + 1, dispatched_at = NULL, worker_id = ")
            .bind::<Id, _>(claim.worker)
            .text(", started_at = ")
            .put(Now)
            .text(", deadline_at = CASE WHEN waits AND coalesce(deadline_at, queue_deadline_at) < ")
            .put(timeout)
            .text(" THEN coalesce(deadline_at, queue_deadline_at) ELSE ")
            .put(timeout)
            .text(" END WHERE id IN (SELECT id FROM picked) AND EXISTS (SELECT 1 FROM workers WHERE lease_until > ")
            .put(Now)
            .text(" AND workers.id = ")
            .bind::<Id, _>(claim.worker)
            .text(") RETURNING *")
            .load(c)
    })?;
    rows.sort_by_key(|row| (row.turn, row.id));
    rows.into_iter()
        .map(|row| {
            let time_left = time_left(&row);
            in_hands(row, time_left)
        })
        .collect()
}

/// The generation, if it was born running in this worker's hands and still is as it was born: it has no turn and its
/// first fence.
pub(super) fn resume(
    db: &mut Db,
    id: GenerationId,
    worker: WorkerId,
) -> Result<Option<Claimed>, Error> {
    let row: Option<GenerationRow> = both!(db, c => generations::table
        .find(Sql(id))
        .filter(generations::status.eq(Sql(Status::Running)))
        .filter(generations::worker_id.eq(Sql(Some(worker))))
        .filter(generations::fence.eq(FIRST_FENCE))
        .filter(generations::turn.is_null())
        .select(GenerationRow::as_select())
        .first(c)
        .optional())?;
    row.map(|row| {
        let time_left = time_left(&row);
        in_hands(row, time_left)
    })
    .transpose()
}

/// How long a row that was just taken may run.
fn time_left(row: &GenerationRow) -> Duration {
    let times = row.started_at.zip(row.deadline_at);
    times.map_or(Duration::ZERO, |(started, deadline)| {
        deadline.since(started)
    })
}

/// A row that was just taken by a worker.
pub(super) fn in_hands(row: GenerationRow, time_left: Duration) -> Result<Claimed, Error> {
    let worker = row.worker_id.ok_or_else(|| {
        Error::Unexpected(format!(
            "the row of {} is corrupt: it runs in nobody's hands",
            row.id
        ))
    })?;
    Ok(Claimed {
        lease: Lease {
            generation: row.id,
            worker,
            fence: row.fence,
        },
        generation: row.generation(Vec::new())?,
        time_left,
    })
}

/// The rows of this query, less those that others have locked.
pub(super) fn skip_locked<DB: Locks>(query: Statement<'_, DB>) -> Statement<'_, DB> {
    query.text(DB::SKIP_LOCKED)
}

/// The rows of this query, locked; waits for others that have them locked.
pub(super) fn wait_locked<DB: Locks>(query: Statement<'_, DB>) -> Statement<'_, DB> {
    query.text(DB::LOCK)
}

//! Looking after work whose holder is gone, and work whose time is up.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gih_domain::id::{GenerationId, KeyId, WorkerId};
use gih_domain::ports::{CancelReason, Reaped};

use super::claim::{in_hands, skip_locked};
use super::rows::GenerationRow;
use super::statement::Statement;
use crate::db::Db;
use crate::dialect::{Now, NowPlus};
use crate::error::Error;
use crate::literals::Queued;
use crate::schema::{accounts, api_keys, generations};
use crate::types::{Id, Sql};

/// Whether the holder's lease is live: to be followed by the present time and a parenthesis. The holder of work that
/// fails it has died, hangs, or resigned.
const HOLDER_LIVES: &str =
    "EXISTS (SELECT 1 FROM workers WHERE workers.id = generations.worker_id AND lease_until > ";

/// One round, in one transaction. The reaper's own work is spared: it lives, whatever its lease says. Several reapers at once share the work: each passes over what another has locked.
pub(super) fn reap(
    db: &mut Db,
    worker: WorkerId,
    grace: Duration,
    at_most: u32,
) -> Result<Reaped, Error> {
    let at_most = i64::from(at_most);
    let requeued = requeue(db, worker, grace, at_most)?;
    let taken_over = take_over(db, worker, grace, at_most)?;
    let overdue = overdue(db, at_most)?;
    forget_workers(db, at_most)?;
    Ok(Reaped {
        requeued: u32::try_from(requeued).unwrap_or(u32::MAX),
        taken_over: (taken_over.into_iter())
            .map(|row| in_hands(row, Duration::ZERO))
            .collect::<Result<_, Error>>()?,
        overdue,
    })
}

/// Queues again what nobody has sent: the holder is gone, or does not know that it holds it because the answer to its
/// claim was lost; one that knows sends at once. What is past its deadline is not begun again: that of work taken over is
/// the moment when it was. It keeps its turn, which is the smallest there is or near it.
fn requeue(db: &mut Db, worker: WorkerId, grace: Duration, at_most: i64) -> Result<usize, Error> {
    let requeued: Vec<Found> = both!(db, c => skip_locked(Statement::new(
        "WITH picked AS (SELECT id FROM generations WHERE status = 'running' AND dispatched_at IS NULL AND turn IS NOT NULL AND (started_at < ")
        .put(NowPlus::ago(grace))
        .text(" OR (worker_id <> ")
        .bind::<Id, _>(worker)
        .text(" AND NOT ")
        .text(HOLDER_LIVES)
        .put(Now)
        .text("))) AND deadline_at > ")
        .put(Now)
        .text(" ORDER BY id LIMIT ")
        .bind::<BigInt, _>(at_most))
        .text(") UPDATE generations SET status = 'queued', worker_id = NULL, started_at = NULL, \
            deadline_at = CASE WHEN waits THEN deadline_at END WHERE id IN (SELECT id FROM picked) RETURNING id")
        .load(c))?;
    let requeued: Vec<GenerationId> = requeued.into_iter().map(|found| found.id).collect();
    end_under_revoked_keys(db, &requeued)?;
    Ok(requeued.len())
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Id)]
    id: GenerationId,
}

/// What was just queued again under a key that was revoked meanwhile, or an account that was blocked, has no time left in
/// the queue. A revocation under way is waited for; one that begins now waits for this, and cancels it itself. (A blocking
/// under way is not: what it finds running may be finished.)
fn end_under_revoked_keys(db: &mut Db, requeued: &[GenerationId]) -> Result<(), Error> {
    if requeued.is_empty() {
        return Ok(());
    }
    let ids = || requeued.iter().copied().map(Sql);
    if let Db::Pg(c) = db {
        let keys = generations::table
            .filter(generations::id.eq_any(ids()))
            .select(generations::api_key_id);
        let _locked: Vec<KeyId> = api_keys::table
            .filter(api_keys::id.eq_any(keys))
            .order(api_keys::id)
            .select(api_keys::id)
            .for_share()
            .load(c)?;
    }
    let revoked = || {
        let shut = api_keys::revoked_at
            .is_not_null()
            .or(accounts::blocked_at.is_not_null());
        api_keys::table
            .inner_join(accounts::table)
            .filter(shut)
            .select(api_keys::id)
    };
    both!(db, c => diesel::update(generations::table
            .filter(generations::id.eq_any(ids()))
            .filter(generations::api_key_id.eq_any(revoked())))
        .set(generations::queue_deadline_at.eq(Now))
        .execute(c))?;
    Ok(())
}

/// Takes over what was sent by a holder who is gone, and what is past its deadline whoever holds it. It is the
/// reaper's from now on, and one who fails to settle it loses it to another after the grace. Its deadline is over, and
/// stays when it was, so that the audit sees how late it is.
fn take_over(
    db: &mut Db,
    worker: WorkerId,
    grace: Duration,
    at_most: i64,
) -> Result<Vec<GenerationRow>, Error> {
    Ok(both!(db, c => skip_locked(Statement::new(
        "WITH picked AS (SELECT id FROM generations WHERE status = 'running' AND ((dispatched_at IS NOT NULL AND worker_id <> ")
        .bind::<Id, _>(worker)
        .text(" AND NOT ")
        .text(HOLDER_LIVES)
        .put(Now)
        .text(")) OR (deadline_at < ")
        .put(NowPlus::ago(grace))
        .text(" AND started_at < ")
        .put(NowPlus::ago(grace))
        .text(")) ORDER BY id LIMIT ")
        .bind::<BigInt, _>(at_most))
        .text(") UPDATE generations SET fence = fence + 1, worker_id = ")
        .bind::<Id, _>(worker)
        .text(", started_at = ")
        .put(Now)
        .text(", deadline_at = CASE WHEN deadline_at < ")
        .put(Now)
        .text(" THEN deadline_at ELSE ")
        .put(Now)
        .text(" END WHERE id IN (SELECT id FROM picked) RETURNING *")
        .load(c))?)
}

/// Queued work whose time in the queue is up, the longest overdue first, and why it is to be canceled.
fn overdue(db: &mut Db, at_most: i64) -> Result<Vec<(GenerationId, CancelReason)>, Error> {
    type Columns = (GenerationId, bool, bool, bool);
    let rows: Vec<Columns> = both!(db, c => generations::table
        .inner_join(api_keys::table.inner_join(accounts::table))
        .filter(generations::status.eq(Queued))
        .filter(generations::queue_deadline_at.le(Now))
        .order(generations::queue_deadline_at)
        .limit(at_most)
        .select((
            generations::id,
            generations::waits,
            api_keys::revoked_at.is_not_null(),
            accounts::blocked_at.is_not_null(),
        ))
        .load(c))?;
    let reasons = rows.into_iter().map(|(id, waits, is_revoked, is_blocked)| {
        let reason = if is_revoked {
            CancelReason::KeyRevoked
        } else if is_blocked {
            CancelReason::AccountBlocked
        } else {
            CancelReason::NotStartedInTime { waits }
        };
        (id, reason)
    });
    Ok(reasons.collect())
}

/// Deletes the rows of workers that are gone and hold nothing.
fn forget_workers(db: &mut Db, at_most: i64) -> Result<(), Error> {
    both!(db, c => skip_locked(Statement::new("WITH picked AS (SELECT id FROM workers WHERE lease_until <= ")
        .put(Now)
        .text(" AND NOT EXISTS (SELECT 1 FROM generations WHERE status = 'running' AND worker_id = workers.id) ORDER BY id LIMIT ")
        .bind::<BigInt, _>(at_most))
        .text(") DELETE FROM workers WHERE id IN (SELECT id FROM picked)")
        .execute(c))?;
    Ok(())
}

//! Ending what is still queued, with a full refund.

use diesel::prelude::*;
use gih_domain::generation::Generation;
use gih_domain::id::{AccountId, GenerationId, KeyId};
use gih_domain::ports::CancelReason;
use gih_domain::time::Timestamp;

use super::batch::NotApplied;
use super::claim::wait_locked;
use super::settle::{By, end, read};
use super::statement::Statement;
use crate::db::Db;
use crate::error::Error;
use crate::types::Id;

/// Ends it unless it is not queued (any more). In a transaction begun to write on SQLite, outside of any on Postgres.
pub(super) fn cancel(
    db: &mut Db,
    id: GenerationId,
    reason: CancelReason,
    at: Timestamp,
) -> Result<Option<Generation>, Error> {
    let Some((row, account_type)) = read(db, id)? else {
        return Ok(None);
    };
    if !row.is_queued() {
        return Ok(None);
    }
    match end(db, row, account_type, By::Anybody, &reason.ending(), at) {
        Ok(generation) => Ok(Some(generation)),
        // Somebody took it between the two statements.
        Err(NotApplied::Guarded) => still_queued(db, id),
        Err(NotApplied::Error(error)) => Err(error),
    }
}

/// What a guard's refusal means: that the row is not queued any more, or an answer that was no guard's.
fn still_queued(db: &mut Db, id: GenerationId) -> Result<Option<Generation>, Error> {
    match read(db, id)? {
        Some((row, _)) if row.is_queued() => Err(NotApplied::Guarded.into()),
        _ => Ok(None),
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Id)]
    id: GenerationId,
}

/// Cancels all that is queued and was asked with this key, inside of the caller's transaction; returns which. As many as
/// an account may have queued.
pub(crate) fn cancel_all_of_key(
    db: &mut Db,
    key: KeyId,
    at: Timestamp,
) -> Result<Vec<GenerationId>, Error> {
    // Locked, in order: what a worker is just taking is waited for, and then is not queued any more.
    let queued: Vec<Found> = both!(db, c => wait_locked(
        Statement::new("SELECT id FROM generations WHERE status = 'queued' AND api_key_id = ")
            .bind::<Id, _>(key)
            .text(" ORDER BY id"))
        .load(c))?;
    cancel_all(db, &queued, CancelReason::KeyRevoked, at)
}

/// As [`cancel_all_of_key`], for all that the account has queued.
pub(crate) fn cancel_all_of_account(
    db: &mut Db,
    account: AccountId,
    at: Timestamp,
) -> Result<Vec<GenerationId>, Error> {
    let queued: Vec<Found> = both!(db, c => wait_locked(
        Statement::new("SELECT id FROM generations WHERE status = 'queued' AND account_id = ")
            .bind::<Id, _>(account)
            .text(" ORDER BY id"))
        .load(c))?;
    cancel_all(db, &queued, CancelReason::AccountBlocked, at)
}

fn cancel_all(
    db: &mut Db,
    queued: &[Found],
    reason: CancelReason,
    at: Timestamp,
) -> Result<Vec<GenerationId>, Error> {
    let mut canceled = Vec::new();
    for &Found { id } in queued {
        if cancel(db, id, reason, at)?.is_some() {
            canceled.push(id);
        }
    }
    Ok(canceled)
}

//! The queue: who comes next, how many may wait, and how fast they may come.

use std::num::NonZeroU32;

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use gih_domain::id::AccountId;
use gih_domain::mode::Mode;
use gih_domain::ports::{Accept, AcceptError, Limits, QueueFull, RATE_PERIOD};
use gih_domain::time::Timestamp;

use super::claim::wait_locked;
use super::statement::Statement;
use crate::db::Db;
use crate::error::{Abort, Error};
use crate::schema::generations;
use crate::types::{Id, Sql, Word};

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    hub: i64,
    #[diesel(sql_type = BigInt)]
    account: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    smallest: Option<i64>,
}

/// Waits until nobody else takes a turn of this account, to the end of the transaction. Two that read the same last turn
/// would get the same, and a burst of one account would go before another's single request as if it were one.
/// On SQLite there is one writer anyway.
pub(super) fn lock_turns(db: &mut Db, account: AccountId) -> Result<(), Error> {
    both!(db, c => wait_locked(Statement::new("SELECT id FROM accounts WHERE id = ")
        .bind::<Id, _>(account))
        .execute(c))?;
    Ok(())
}

/// The turn of the account's next generation in the queue of this mode, or that the queue is full.
///
/// Counting stops at the limits, so it costs no more however long the queue is. [`lock_turns`] comes first on Postgres;
/// accepts of other accounts at the same moment are not seen there, and may overshoot the hub's limit by as many.
pub(super) fn next_turn(
    db: &mut Db,
    account: AccountId,
    mode: Mode,
    limits: Limits,
) -> Result<i64, Abort<AcceptError>> {
    let counts: Counts = both!(db, c => Statement::new(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM generations WHERE status = 'queued' AND mode = ")
        .bind::<Word, _>(mode)
        .text(" LIMIT ")
        .bind::<BigInt, _>(i64::from(limits.max_queue))
        .text(") AS counted) AS hub, (SELECT count(*) FROM (SELECT 1 FROM generations WHERE status = 'queued' AND mode = ")
        .bind::<Word, _>(mode)
        .text(" AND account_id = ")
        .bind::<Id, _>(account)
        .text(" LIMIT ")
        .bind::<BigInt, _>(i64::from(limits.max_queued_per_account))
        .text(") AS counted) AS account, (SELECT max(turn) FROM generations WHERE status = 'queued' AND mode = ")
        .bind::<Word, _>(mode)
        .text(" AND account_id = ")
        .bind::<Id, _>(account)
        .text(") AS last, (SELECT min(turn) FROM generations WHERE status = 'queued' AND mode = ")
        .bind::<Word, _>(mode)
        .text(") AS smallest")
        .get_result(c))
        .map_err(Error::from)?;
    if counts.hub >= i64::from(limits.max_queue) {
        return Err(Abort::Refused(QueueFull::Hub(limits.max_queue).into()));
    }
    if counts.account >= i64::from(limits.max_queued_per_account) {
        let full = QueueFull::Account(limits.max_queued_per_account);
        return Err(Abort::Refused(full.into()));
    }
    let after_last = counts
        .last
        .map_or(FIRST_TURN, |last| last.saturating_add(1));
    Ok(after_last.max(counts.smallest.unwrap_or(FIRST_TURN)))
}

/// The turn when nobody queues.
const FIRST_TURN: i64 = 1;

/// Refuses what comes while the newest `most` generations of the account and mode were all accepted within
/// [`RATE_PERIOD`]. [`lock_turns`] comes first on Postgres.
pub(super) fn check_rate(
    db: &mut Db,
    accept: &Accept,
    most: NonZeroU32,
) -> Result<(), Abort<AcceptError>> {
    let oldest: Option<Timestamp> = both!(db, c => generations::table
        .filter(generations::account_id.eq(Sql(accept.account)))
        .filter(generations::mode.eq(Sql(accept.mode)))
        .order(generations::id.desc())
        .offset(i64::from(most.get()) - 1)
        .limit(1)
        .select(generations::created_at)
        .first(c)
        .optional())
    .map_err(Error::from)?;
    let again_at = oldest.map(|oldest| oldest.plus(RATE_PERIOD));
    match again_at.filter(|again_at| *again_at > accept.at) {
        None => Ok(()),
        Some(again_at) => Err(Abort::Refused(AcceptError::RateLimited {
            most,
            wait: again_at.since(accept.at),
        })),
    }
}

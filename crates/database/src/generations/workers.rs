//! Leases: one row a process, and the moment its work goes out.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gih_domain::generation::Lease;
use gih_domain::id::WorkerId;

use super::statement::Statement;
use crate::db::Db;
use crate::dialect::{Now, NowPlus};
use crate::error::Error;
use crate::schema::workers;
use crate::types::{Id, Sql};

/// Announces a worker.
pub(super) fn register(db: &mut Db, worker: WorkerId, lease: Duration) -> Result<(), Error> {
    let until = NowPlus::new(lease);
    both!(db, c => diesel::insert_into(workers::table)
        .values((workers::id.eq(Sql(worker)), workers::started_at.eq(Now), workers::lease_until.eq(until)))
        .on_conflict(workers::id)
        .do_update()
        .set(workers::lease_until.eq(until))
        .execute(c))?;
    Ok(())
}

/// Renews a lease, a lapsed one as well: each generation that went into other hands meanwhile has a new fence, and what
/// nobody took is still the worker's. False when the worker's row is gone.
pub(super) fn renew(db: &mut Db, worker: WorkerId, lease: Duration) -> Result<bool, Error> {
    let renewed = both!(db, c => diesel::update(workers::table.find(Sql(worker)))
        .set(workers::lease_until.eq(NowPlus::new(lease)))
        .execute(c))?;
    Ok(renewed == 1)
}

/// Ends a lease. Work without a worker's row is the reaper's.
pub(super) fn resign(db: &mut Db, worker: WorkerId) -> Result<(), Error> {
    both!(db, c => diesel::delete(workers::table.find(Sql(worker))).execute(c))?;
    Ok(())
}

/// Records that the first byte may leave; whether the lease still held.
pub(super) fn dispatch(db: &mut Db, lease: &Lease) -> Result<bool, Error> {
    let dispatched = both!(db, c => Statement::new("UPDATE generations SET dispatched_at = coalesce(dispatched_at, ")
        .put(Now)
        .text(") WHERE status = 'running' AND id = ")
        .bind::<Id, _>(lease.generation)
        .text(" AND worker_id = ")
        .bind::<Id, _>(lease.worker)
        .text(" AND fence = ")
        .bind::<BigInt, _>(lease.fence)
        .text(" AND EXISTS (SELECT 1 FROM workers WHERE workers.id = generations.worker_id AND lease_until > ")
        .put(Now)
        .text(")")
        .execute(c))?;
    Ok(dispatched == 1)
}

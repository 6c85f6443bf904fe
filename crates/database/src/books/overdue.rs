//! Work past its time, and who is there to do something about it: one look. Whether it is a violation takes several.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use gih_domain::id::{GenerationId, WorkerId};
use gih_domain::ports::{Late, Overdue};
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::dialect::{Now, NowPlus};
use crate::error::Error;
use crate::generations::Statement;
use crate::schema::workers;
use crate::types::{Id, Ts};

/// How many live workers are told of at most: far more processes than anybody runs, and a bound.
const MOST_WORKERS: i64 = 1_000;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Id)]
    id: GenerationId,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Ts)]
    deadline: Timestamp,
    #[diesel(sql_type = Ts)]
    now: Timestamp,
}

/// All on the database's clock. The longest overdue come first, so that what is there now is there in the next look too,
/// unless it has ended.
pub(super) fn overdue(db: &mut Db, grace: Duration, at_most: u32) -> Result<Overdue, Error> {
    let found: Vec<Found> = both!(db, c => Statement::new(
        "SELECT id, status, deadline, ")
        .put(Now)
        .text(" AS now FROM (SELECT id, status, deadline_at AS deadline FROM generations WHERE status = 'running' AND deadline_at < ")
        .put(NowPlus::ago(grace))
        .text(" UNION ALL SELECT id, status, queue_deadline_at AS deadline FROM generations WHERE status = 'queued' AND queue_deadline_at < ")
        .put(NowPlus::ago(grace))
        .text(") AS late ORDER BY deadline, id LIMIT ")
        .bind::<BigInt, _>(i64::from(at_most))
        .load(c))?;
    let live: Vec<(WorkerId, Timestamp)> = both!(db, c => workers::table
        .filter(workers::lease_until.gt(Now))
        .select((workers::id, workers::lease_until))
        .order(workers::id)
        .limit(MOST_WORKERS)
        .load(c))?;
    Ok(Overdue {
        work: found.iter().map(late).collect(),
        live_workers: live,
    })
}

fn late(found: &Found) -> Late {
    let seconds = found.now.since(found.deadline).as_secs();
    Late {
        generation: found.id,
        detail: format!(
            "it is {}, and its time was up {seconds} s ago",
            found.status
        ),
    }
}

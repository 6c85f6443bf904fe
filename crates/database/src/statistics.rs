//! Figures over all accounts.

use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use gih_domain::admin::{Overview, Sample};
use gih_domain::generation::Status;
use gih_domain::id::{EntryId, GenerationId};
use gih_domain::ledger::Cause;
use gih_domain::mode::Mode;
use gih_domain::ports::{DatabaseError, Statistics};
use gih_domain::size::{RenderingQuality, Tier};
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::generations::Statement;
use crate::id_range::ByTime as _;
use crate::ledger::sum;
use crate::pool::Database;
use crate::types::{Id, Ts, Word};

/// Of so many times as many generations as samples are wanted, the succeeded ones are taken: whoever succeeded before
/// those is old news.
const LOOKED_AT_A_SAMPLE: i64 = 4;

#[async_trait]
impl Statistics for Database {
    async fn overview(
        &self,
        mode: Option<Mode>,
        since: Timestamp,
    ) -> Result<Overview, DatabaseError> {
        Ok(self.read(move |db| overview(db, mode, since)).await?)
    }

    async fn samples(&self, at_most: u32) -> Result<Vec<Sample>, DatabaseError> {
        Ok(self.read(move |db| samples(db, at_most)).await?)
    }
}

#[derive(QueryableByName)]
struct StatusCount {
    #[diesel(sql_type = Word)]
    status: Status,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct CauseSum {
    #[diesel(sql_type = Word)]
    cause: Cause,
    #[diesel(sql_type = BigInt)]
    amount: i64,
}

/// Unfinished work is counted by the indexes that hold nothing else; the ends and the entries since then by ranges of the
/// primary keys.
fn overview(db: &mut Db, mode: Option<Mode>, since: Timestamp) -> Result<Overview, Error> {
    let mut overview = Overview::default();
    // A macro, because a statement's type has its backend in it.
    macro_rules! in_mode {
        ($statement:expr) => {
            match mode {
                Some(mode) => $statement.text(" AND mode = ").bind::<Word, _>(mode),
                None => $statement,
            }
        };
    }
    let counts: Vec<StatusCount> = both!(db, c => {
        let statement = Statement::new("SELECT status, count(*) AS count FROM generations WHERE status = 'queued'");
        let statement = in_mode!(statement)
            .text(" GROUP BY status UNION ALL SELECT status, count(*) AS count FROM generations WHERE status = 'running'");
        let statement = in_mode!(statement).text(
            " GROUP BY status UNION ALL SELECT status, count(*) AS count FROM generations \
            WHERE status IN ('succeeded', 'failed', 'canceled') AND id >= ")
            .bind::<Id, _>(GenerationId::lowest(since))
            .text(" AND created_at >= ")
            .bind::<Ts, _>(since);
        in_mode!(statement).text(" GROUP BY status").load(c)
    })?;
    for StatusCount { status, count } in counts {
        let place = match status {
            Status::Queued => &mut overview.queued,
            Status::Running => &mut overview.running,
            Status::Succeeded => &mut overview.succeeded,
            Status::Failed => &mut overview.failed,
            Status::Canceled => &mut overview.canceled,
        };
        *place = count.unsigned_abs();
    }
    let sums: Vec<CauseSum> = both!(db, c => {
        let statement = Statement::new(
            "SELECT cause, CAST(sum(amount) AS bigint) AS amount FROM ledger_entries \
            WHERE cause IN ('charge', 'refund') AND id >= ")
            .bind::<Id, _>(EntryId::lowest(since))
            .text(" AND created_at >= ")
            .bind::<Ts, _>(since);
        in_mode!(statement).text(" GROUP BY cause").load(c)
    })?;
    for CauseSum { cause, amount } in sums {
        match cause {
            Cause::Charge => overview.charged = sum(amount.saturating_neg()),
            Cause::Refund => overview.refunded = sum(amount),
            Cause::Grant | Cause::Expiry => {}
        }
    }
    Ok(overview)
}

#[derive(QueryableByName)]
struct SampleRow {
    #[diesel(sql_type = Word)]
    mode: Mode,
    #[diesel(sql_type = Text)]
    model: String,
    #[diesel(sql_type = Word)]
    tier: Tier,
    #[diesel(sql_type = Word)]
    rendering_quality: RenderingQuality,
    #[diesel(sql_type = Integer)]
    n: i32,
    #[diesel(sql_type = Ts)]
    created_at: Timestamp,
    #[diesel(sql_type = Ts)]
    completed_at: Timestamp,
}

fn samples(db: &mut Db, at_most: u32) -> Result<Vec<Sample>, Error> {
    let at_most = i64::from(at_most);
    let rows: Vec<SampleRow> = both!(db, c => Statement::new(
        "SELECT mode, model, tier, rendering_quality, n, created_at, completed_at FROM (\
            SELECT id, mode, model, tier, rendering_quality, n, created_at, completed_at, status \
            FROM generations ORDER BY id DESC LIMIT ")
        .bind::<BigInt, _>(at_most.saturating_mul(LOOKED_AT_A_SAMPLE))
        .text(") AS newest WHERE status = 'succeeded' ORDER BY id DESC LIMIT ")
        .bind::<BigInt, _>(at_most)
        .load(c))?;
    rows.into_iter()
        .map(|row| {
            let n = u8::try_from(row.n);
            Ok(Sample {
                mode: row.mode,
                model: row.model,
                tier: row.tier,
                rendering_quality: row.rendering_quality,
                n: n.map_err(|error| Error::Unexpected(error.to_string()))?,
                took: row.completed_at.since(row.created_at),
            })
        })
        .collect()
}

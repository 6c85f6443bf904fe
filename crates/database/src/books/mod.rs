//! The audit: every invariant of money and work that can be read off the database, checked on one picture of it.
//!
//! The database does the adding, and spills to disk what does not fit its working memory; what comes back is at most as
//! many rows as were asked for. Every invariant has its row in the audit table of docs/ARCHITECTURE.md.

mod audits;
mod checks;
mod generation_checks;
mod image_checks;
mod images;
mod lot_checks;
mod overdue;
mod refund_checks;
mod unfinished;

use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use gih_domain::admin::AuditRecord;
use gih_domain::id::{ImageId, LotId};
use gih_domain::ports::{BookedImage, Books, DatabaseError, Overdue, Violation};
use gih_domain::time::Timestamp;

use self::checks::{ALL, Check, Subject};
pub use self::unfinished::Unfinished;
use crate::db::Db;
use crate::error::Error;
use crate::generations::Statement;
use crate::pool::Database;
use crate::types::{Id, Ts};

#[async_trait]
impl Books for Database {
    async fn audit(&self, at: Timestamp, at_most: u32) -> Result<Vec<Violation>, DatabaseError> {
        let audit = move |db: &mut Db| db.snapshot(|db| audit(db, at, at_most));
        Ok(self.long(audit).await?)
    }

    async fn overdue(&self, grace: Duration, at_most: u32) -> Result<Overdue, DatabaseError> {
        let overdue = move |db: &mut Db| overdue::overdue(db, grace, at_most);
        Ok(self.read(overdue).await?)
    }

    async fn images(
        &self,
        after: Option<ImageId>,
        at_most: u32,
    ) -> Result<Vec<BookedImage>, DatabaseError> {
        let images = move |db: &mut Db| images::images(db, after, at_most);
        Ok(self.read(images).await?)
    }

    async fn record_audit(&self, audit: &AuditRecord) -> Result<(), DatabaseError> {
        let audit = audit.clone();
        Ok(self.write(move |db| audits::record(db, &audit)).await?)
    }

    async fn last_audit(&self) -> Result<Option<AuditRecord>, DatabaseError> {
        Ok(self.read(audits::last).await?)
    }
}

fn audit(db: &mut Db, at: Timestamp, at_most: u32) -> Result<Vec<Violation>, Error> {
    let mut violations: Vec<Violation> = Vec::new();
    for check in ALL.iter().copied().flatten() {
        // Several checks may share an invariant, and its bound.
        let so_far = violations
            .iter()
            .filter(|violation| violation.invariant == check.invariant);
        let left = i64::from(at_most) - i64::try_from(so_far.count()).unwrap_or(i64::MAX);
        if left > 0 {
            violations.append(&mut run(db, check, at, left)?);
        }
    }
    Ok(violations)
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Id)]
    subject: LotId, // of whatever kind: printed by the check's
    #[diesel(sql_type = Nullable<Text>)]
    detail: Option<String>,
    #[diesel(sql_type = Nullable<Id>)]
    lot: Option<LotId>,
}

fn run(db: &mut Db, check: &Check, at: Timestamp, at_most: i64) -> Result<Vec<Violation>, Error> {
    // Postgres wants to know of what type a NULL is.
    let (sql, null, hour) = match db {
        Db::Pg(_) => (check.postgres, "CAST(NULL AS uuid)", "interval '1 hour'"),
        Db::Lite(_) => (check.sqlite, "NULL", "3600000000"),
    };
    let sql = sql.replace("{null}", null).replace("{hour}", hour);
    let (before, after) = match sql.split_once("{at}") {
        Some((before, after)) => (before.to_owned(), Some(after.to_owned())),
        None => (sql, None),
    };
    let found: Vec<Found> = both!(db, c => {
        let mut statement = Statement::new("SELECT subject, detail, lot FROM (").text(before);
        if let Some(after) = after {
            statement = statement.bind::<Ts, _>(at).text(after);
        }
        statement.text(") AS found ORDER BY subject LIMIT ").bind::<BigInt, _>(at_most).load(c)
    })?;
    Ok(found.into_iter().map(|row| violation(check, row)).collect())
}

fn violation(check: &Check, row: Found) -> Violation {
    let detail = row.detail.unwrap_or_default();
    Violation {
        invariant: check.invariant,
        subject: check.subject.print(row.subject.0),
        detail: match (row.lot, check.subject) {
            (Some(lot), subject) if subject != Subject::Lot => format!("{detail} ({lot})"),
            _ => detail,
        },
    }
}

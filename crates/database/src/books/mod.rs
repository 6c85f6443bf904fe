//! The audit: every invariant of money and work that can be read off the database, checked on one picture of it.
//!
//! The database does the adding; what comes back is at most as many rows as were asked for. Invariants, by name:
//!
//! | name | holds when |
//! |---|---|
//! | `lot-remaining` | what a lot has left is the sum of its ledger entries |
//! | `lot-opening` | a lot has one opening entry (its grant, or the refund that made it), of what it was granted |
//! | `lot-bounds` | a lot was granted more than nothing and has between nothing and that left |
//! | `refund-lot` | a refund's lot expires, and is of the account and mode of its generation and of the lot that had paid it |
//! | `entry-sign` | grants and refunds add, charges and expiries take |
//! | `entry-lot` | an entry is of its lot's account and mode |
//! | `entry-generation` | an entry is of its generation's account and mode, and of a generation when it is a charge or a refund |
//! | `entry-unique` | a lot pays for a generation once, and is refunded for it once |
//! | `entry-time` | no entry is dated after the time of the audit |
//! | `charge-time` | a generation is charged as of its acceptance |
//! | `charge-expired` | no lot pays that has expired |
//! | `expiry-time` | no lot is written off before it expires |
//! | `generation-charged` | a generation is charged price × n |
//! | `generation-settled` | what was captured and what was refunded of an ended generation is what was charged |
//! | `generation-captured` | what was captured is price × images saved |
//! | `generation-images` | a generation has images when it succeeded, and only then |
//! | `generation-state` | a generation has the times, holder, turn and error of its status, and is not queued once it was sent |
//! | `generation-key` | a generation was asked with a key of its account and mode |
//! | `refund-unfinished` | only ended generations are refunded |
//! | `refund-source` | for a generation, no lot is refunded more than it paid |
//! | `image-positions` | a generation has at most n images, numbered from 0 without a gap |
//! | `balance-after` | an ended generation has a well-formed balance of no fewer than no credits |
//! | `idempotency-key` | an idempotency key is of its generation's account and mode, and names one generation |
//! | `orphan` | what a row refers to is there |

mod checks;
mod generation_checks;
mod lot_checks;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use gih_domain::id::LotId;
use gih_domain::ports::{Books, DatabaseError, Violation};
use gih_domain::time::Timestamp;

use self::checks::{ALL, Check, Subject};
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
    let (sql, null) = match db {
        Db::Pg(_) => (check.postgres, "CAST(NULL AS uuid)"),
        Db::Lite(_) => (check.sqlite, "NULL"),
    };
    let sql = sql.replace("{null}", null);
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

//! "Every generation is terminal at most 60 s after its deadline once the database can be reached."
//!
//! One look cannot tell: after an outage, or beside nobody serving, work past its time is only unfinished. So the audit
//! is its own witness. It looks again and again for another minute, and what is a violation was there in every look,
//! while the database could be reached and a worker went on renewing its lease, as one that serves does.

use std::time::Duration;

use super::Audit;
use crate::ports::{DatabaseError, Late, Overdue, Violation};

/// How long past its time a generation may be.
pub const GRACE: Duration = Duration::from_mins(1);
/// How often it is looked again, so that an audit does not wait longer than it must: with the pauses, as long as the
/// grace. Processes renew their leases three times in that time unless `GIH_LEASE` is longer than its default.
pub const LOOKS: u32 = 12;
/// The pause before each.
pub const PAUSE: Duration = Duration::from_secs(5);

impl Audit {
    pub(super) async fn overdue(&self, at_most: u32) -> Result<Vec<Violation>, DatabaseError> {
        let first = self.books.overdue(GRACE, at_most).await?;
        let mut late = first.work.clone();
        if late.is_empty() || first.live_workers.is_empty() {
            return Ok(Vec::new());
        }
        tracing::info!(
            generations = late.len(),
            "work is past its time; looking for a minute whether somebody ends it"
        );
        let mut is_served = false;
        for _ in 0..LOOKS {
            self.clock.sleep(PAUSE).await;
            let look = self.books.overdue(GRACE, at_most).await?;
            is_served = has_renewed(&first, &look);
            late = look
                .work
                .into_iter()
                .filter(|work| is_among(work, &late))
                .collect();
            if late.is_empty() {
                return Ok(Vec::new());
            }
        }
        // A lease that is only long, of a process that died or hangs, is nobody who serves.
        if !is_served {
            return Ok(Vec::new());
        }
        let violation = |late: Late| Violation {
            invariant: "overdue",
            subject: late.generation.to_string(),
            detail: late.detail,
        };
        Ok(late.into_iter().map(violation).collect())
    }
}

fn is_among(work: &Late, others: &[Late]) -> bool {
    others
        .iter()
        .any(|other| other.generation == work.generation)
}

/// Whether somebody who was there in the first look has renewed its lease since, and is still there.
fn has_renewed(first: &Overdue, later: &Overdue) -> bool {
    later.live_workers.iter().any(|(worker, until)| {
        let before = first.live_workers.iter().find(|(id, _)| id == worker);
        before.is_some_and(|(_, before)| before < until)
    })
}

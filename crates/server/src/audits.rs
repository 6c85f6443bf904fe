//! The audits that `serve` makes by itself, every `GIH_AUDIT_INTERVAL`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use gih_domain::admin::AuditRecord;
use gih_domain::audit::{Audit, Audited, Images};
use gih_domain::ports::{Books as _, Clock as _, Ids as _};
use gih_domain::time::Timestamp;

use crate::hub::Hub;
use crate::ids::SystemIds;

/// How many violations of each invariant are logged: enough to see what is wrong; `gih audit` lists more.
const AT_MOST: u32 = 20;
/// How many images are looked for in the storage in one audit, at most.
const MOST_IMAGES: u32 = 5_000;
/// How many violations are kept with the record of an audit; the log has more.
const MOST_LINES: usize = 100;

/// Audits for as long as the process lives: the books, and that the images saved since the last audit are in the
/// storage. (All images there are is for `gih audit` to look for.) The first audit is made at a time by chance within the
/// interval, so that processes that were started together do not all read the books together.
pub async fn run(hub: Arc<Hub>, interval: Duration) {
    tokio::time::sleep(interval.mul_f64(chance())).await;
    let audit = Audit {
        books: Arc::new(hub.books.database.clone()),
        store: Arc::clone(&hub.store),
        clock: Arc::clone(&hub.books.clock) as _,
    };
    // An image is saved at most so long before the books name it.
    let overlap = hub.engine.settings().generation_timeout;
    // What an earlier start has saved last is looked for, too.
    let mut since = earlier(hub.books.clock.now(), interval + overlap);
    loop {
        let (began, started) = (hub.books.clock.now(), Instant::now());
        let tried = audit.run(Images::Since(since, MOST_IMAGES), AT_MOST);
        match AssertUnwindSafe(tried).catch_unwind().await {
            Ok(Ok(audited)) => {
                report(&hub, &audited, started.elapsed());
                record(&hub, &audited).await;
                if audited.images >= u64::from(MOST_IMAGES) {
                    tracing::info!(
                        images = MOST_IMAGES,
                        "more images were saved than are looked for at a time; gih audit looks for all"
                    );
                }
                if audited.store_problem.is_none() {
                    since = earlier(began, overlap);
                }
            }
            Ok(Err(error)) => {
                hub.metrics.audit_impossible();
                tracing::warn!(%error, "the books could not be audited");
            }
            Err(_panic) => {
                hub.metrics.audit_impossible();
                tracing::error!("a panic: could not audit");
            }
        }
        tokio::time::sleep(interval).await;
    }
}

fn report(hub: &Hub, audited: &Audited, took: Duration) {
    for violation in &audited.violations {
        let (invariant, subject, detail) =
            (violation.invariant, &violation.subject, &violation.detail);
        tracing::error!(invariant, %subject, %detail, "the books do not hold");
    }
    if let Some(problem) = &audited.store_problem {
        tracing::error!(%problem, "the storage could not be audited");
    }
    // Half an audit is no good news; what it found is news all the same.
    if audited.store_problem.is_some() && audited.violations.is_empty() {
        hub.metrics.audit_impossible();
        return;
    }
    hub.metrics.audited(audited, hub.books.clock.now(), took);
    tracing::debug!(?took, images = audited.images, "audited");
}

/// Keeps what was found for whoever looks at the console of any process.
async fn record(hub: &Hub, audited: &Audited) {
    let audit = AuditRecord {
        completed_at: hub.books.clock.now(),
        violations: u32::try_from(audited.violations.len()).unwrap_or(u32::MAX),
        detail: in_words(audited),
    };
    if let Err(error) = hub.books.database.record_audit(&audit).await {
        tracing::warn!(%error, "what an audit found could not be recorded");
    }
}

/// A line for each violation, up to so many, and what could not be audited.
fn in_words(audited: &Audited) -> String {
    let violations = audited.violations.iter().take(MOST_LINES).map(|violation| {
        let (invariant, subject) = (violation.invariant, &violation.subject);
        format!("{invariant}: {subject}: {}", violation.detail)
    });
    let more = audited.violations.len().saturating_sub(MOST_LINES);
    let more = (more > 0).then(|| format!("and {more} more"));
    let problem = audited.store_problem.as_ref();
    let storage = problem.map_or_else(
        || format!("{} images were looked for in the storage", audited.images),
        |problem| format!("the storage could not be audited: {problem}"),
    );
    let lines: Vec<String> = violations.chain(more).chain([storage]).collect();
    lines.join("\n")
}

fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(time.as_micros().saturating_sub(micros))
}

/// Somewhere from nothing to one.
fn chance() -> f64 {
    let mut random = [0; 4];
    SystemIds.fill(&mut random);
    f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use gih_domain::ports::Violation;

    use super::*;

    #[test]
    fn an_audit_in_words_is_bounded() {
        let violation = |number: usize| Violation {
            invariant: "orphan",
            subject: format!("gen_{number}"),
            detail: "it has no account".to_owned(),
        };
        let sound = Audited {
            images: 12,
            ..Audited::default()
        };
        assert_eq!(in_words(&sound), "12 images were looked for in the storage");
        let broken = Audited {
            violations: (0..MOST_LINES + 2).map(violation).collect(),
            ..Audited::default()
        };
        let words = in_words(&broken);
        let lines: Vec<&str> = words.lines().collect();
        assert_eq!(lines.len(), MOST_LINES + 2);
        assert_eq!(lines[0], "orphan: gen_0: it has no account");
        assert_eq!(lines[MOST_LINES], "and 2 more");
    }
}

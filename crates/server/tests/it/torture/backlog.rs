//! One account's backlog of thousands, and another's single request.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::asks::{Ask, Heard, Manner};
use super::chance::{Chance, figure, share};
use super::crowd::Crowd;
use super::upstream::Upstream;
use crate::operator::site::Site;
use crate::support::{Kind, Options, until};

/// What one account has queued.
const BACKLOG: u64 = 3_000;
/// A share of that, which is still far more than all slots take.
const BACKLOG_SHARE: u64 = 1_000;
/// How many of them are asked for at once.
const AT_ONCE: usize = 32;
/// The shortest that a call takes, so that every slot is taken when the single request comes.
const SHORTEST: Duration = Duration::from_millis(1_200);
/// Calls take longer by these, so that slots come free one after the other.
const STEPS: u32 = 5;
const STEP: Duration = Duration::from_millis(150);

/// Generations of the backlog that were claimed before this one of another account, and after `so_far` others.
fn claimed_before(site: &Site, id: &str, so_far: i64) -> i64 {
    let before = format!(
        "SELECT count(*) AS number FROM generations WHERE started_at < \
         (SELECT started_at FROM generations WHERE prompt = '{id}')"
    );
    site.number(&before) - so_far
}

async fn another_waits_one_slot(kind: Kind, database: &str) {
    let backlog = usize::try_from(share(BACKLOG_SHARE, BACKLOG)).unwrap();
    let upstream = Upstream::start().await;
    let options = Options::on(kind).upstream(&upstream.fake);
    let mut site = Site {
        options: options
            .env("GIH_WORKERS", 1)
            .env("GIH_LEASE", "1s")
            .env("GIH_LOG", "warn")
            .env("GIH_MAX_QUEUED_PER_ACCOUNT", backlog + 100),
        ..Site::of(kind)
    };
    let hub = site.serve().await;
    let many = Crowd::of(&hub, Chance::new(0), Duration::ZERO);
    let one = Crowd::of(&hub, Chance::new(0), Duration::ZERO);
    let api = many.api(&hub);
    let mut accepted = stream::iter(0..backlog)
        .map(|number| {
            let steps = u32::try_from(number).unwrap_or(0) % STEPS;
            let ask = Ask::plain(number, Manner::Leaves, SHORTEST + STEP * steps);
            let api = api.clone();
            async move { ask.send(&api).await }
        })
        .buffer_unordered(AT_ONCE);
    while let Some(heard) = accepted.next().await {
        assert!(matches!(heard, Heard::Id(..)), "{heard:?}");
    }
    drop(accepted);
    drop(hub);
    let mut most = 0;
    for workers in 1..=4 {
        site.options = site.options.env("GIH_WORKERS", workers);
        let sent = upstream.order().len();
        let hub = site.serve().await;
        until("every slot to be taken", async || {
            (upstream.order().len() >= sent + workers).then_some(())
        })
        .await;
        let ask = Ask::plain(backlog + workers, Manner::Leaves, Duration::ZERO);
        let heard = ask.send(&one.api(&hub)).await;
        let so_far =
            site.number("SELECT count(*) AS number FROM generations WHERE started_at IS NOT NULL");
        let calls_so_far = upstream.order().len();
        let Heard::Id(id, _) = heard else {
            panic!("{heard:?}");
        };
        let end = one.api(&hub).end(&id).await;
        assert_eq!(end["status"], "succeeded", "{end}");
        let turns = claimed_before(&site, &ask.prompt, so_far);
        assert!(
            turns <= 1,
            "{turns} of the backlog went before it, {workers} workers"
        );
        most = most.max(turns);
        // The same as the provider saw it: claims of one moment may come in any order.
        let order = upstream.order();
        let place = order
            .iter()
            .position(|prompt| *prompt == ask.prompt)
            .unwrap();
        assert!(
            place <= calls_so_far + workers,
            "call {place} after {calls_so_far}"
        );
    }
    let left = site.number("SELECT count(*) AS number FROM generations WHERE status = 'queued'");
    let least = i64::try_from(backlog).unwrap() - 100;
    assert!(left > least, "the backlog is still there: {left}");
    site.audit();
    figure(
        "turns of a backlog before another's request: most",
        database,
        u64::try_from(most).unwrap_or(0),
    );
}

#[tokio::test]
async fn a_backlog_keeps_another_account_one_slot_on_the_embedded_database() {
    another_waits_one_slot(Kind::Sqlite, "sqlite").await;
}

#[tokio::test]
async fn a_backlog_keeps_another_account_one_slot_on_postgres() {
    another_waits_one_slot(Kind::Postgres, "postgres").await;
}

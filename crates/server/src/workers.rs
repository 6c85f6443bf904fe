//! The engine's heartbeat: what runs beside the requests for as long as the process lives.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use gih_domain::engine::{Engine, Look};
use gih_domain::mode::Mode;
use gih_domain::ports::{Clock as _, Generations as _, Sessions as _};
use tokio::task::JoinSet;

use crate::collector;
use crate::hub::Hub;

/// How often queued work is looked for when nothing says that there is any.
const TICK: Duration = Duration::from_millis(250);
/// How often ends elsewhere are looked for: a caller hears of one within 300 ms, of which this is the part that is waited
/// for nothing.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often the ends of work are looked for that should be told here.
const LOOK_EVERYWHERE_EVERY: Duration = Duration::from_secs(1);
/// How often abandoned and overdue work is looked for: every generation is terminal 60 s after its deadline.
const REAP_EVERY: Duration = Duration::from_secs(1);
/// How often it is written down when keys were last used.
const FLUSH_USES_EVERY: Duration = Duration::from_secs(10);
/// How often expired lots and old idempotency keys are taken off the books, what is left of expired sessions is deleted,
/// and the clock is set.
const TIDY_EVERY: Duration = Duration::from_mins(1);
/// How soon what failed is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How much of it in one transaction: it must not hold others up.
const TIDY_BATCH: u32 = 500;

/// Starts all loops. Dropping the set stops them.
pub fn start(hub: &Arc<Hub>) -> JoinSet<()> {
    let mut loops = JoinSet::new();
    let lease = hub.engine.settings().lease;
    loops.spawn(claim(Arc::clone(&hub.engine)));
    loops.spawn(every(
        LOOK_EVERY,
        Arc::clone(hub),
        "look for ends elsewhere",
        |hub| async move { Ok(hub.engine.look_for_ends(Look::Elsewhere).await?) },
    ));
    loops.spawn(every(
        LOOK_EVERYWHERE_EVERY,
        Arc::clone(hub),
        "look for all ends",
        |hub| async move { Ok(hub.engine.look_for_ends(Look::Everywhere).await?) },
    ));
    loops.spawn(every(
        lease / 3,
        Arc::clone(hub),
        "renew the lease",
        |hub| async move { Ok(hub.engine.renew().await?) },
    ));
    loops.spawn(every(
        REAP_EVERY,
        Arc::clone(hub),
        "reap",
        |hub| async move {
            while hub.engine.reap().await?.found > 0 {}
            Ok(())
        },
    ));
    loops.spawn(every(
        FLUSH_USES_EVERY,
        Arc::clone(hub),
        "write down when keys were last used",
        |hub| async move { Ok(hub.flush_uses().await?) },
    ));
    loops.spawn(every(
        TIDY_EVERY,
        Arc::clone(hub),
        "tidy up",
        |hub| async move { tidy(&hub).await },
    ));
    if hub.engine.settings().workers > 0 {
        loops.spawn(collector::run(Arc::clone(hub)));
    }
    loops
}

/// Claims queued work whenever there may be some and a slot is free.
async fn claim(engine: Arc<Engine>) {
    loop {
        // Either reason will do.
        let _elapsed = tokio::time::timeout(TICK, engine.woken()).await;
        for mode in [Mode::Live, Mode::Test] {
            loop {
                match AssertUnwindSafe(engine.claim(mode)).catch_unwind().await {
                    Ok(Ok(0)) => break,
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(%error, %mode, "could not claim queued work");
                        break;
                    }
                    Err(_panic) => {
                        tracing::error!(%mode, "a panic: could not claim queued work");
                        break;
                    }
                }
            }
        }
    }
}

/// Does `what` every so often; what fails is logged and tried again soon, and a panic ends no loop.
async fn every<F, Fut>(period: Duration, hub: Arc<Hub>, name: &'static str, what: F)
where
    F: Fn(Arc<Hub>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let mut timer = tokio::time::interval(period);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    timer.tick().await; // the first comes at once, and the start has done all this already
    loop {
        timer.tick().await;
        let mut tried = AssertUnwindSafe(what(Arc::clone(&hub)))
            .catch_unwind()
            .await;
        // A lease must not lapse for one question that went wrong: nothing here waits a whole period for its next try.
        while !matches!(tried, Ok(Ok(()))) {
            if let Ok(Err(error)) = tried {
                tracing::warn!(%error, "could not {name}");
            } else {
                tracing::error!("a panic: could not {name}");
            }
            tokio::time::sleep(RETRY_EVERY.min(period.max(TICK))).await;
            tried = AssertUnwindSafe(what(Arc::clone(&hub)))
                .catch_unwind()
                .await;
        }
    }
}

async fn tidy(hub: &Hub) -> anyhow::Result<()> {
    hub.books.set_clock().await?;
    let at = hub.books.clock.now();
    let database = &hub.books.database;
    let accounts = hub.books.operate().accounts;
    while accounts.expire(at, TIDY_BATCH).await? == TIDY_BATCH {}
    while database.forget_idempotency_keys(at, TIDY_BATCH).await? == TIDY_BATCH {}
    while database.forget_expired(at, TIDY_BATCH).await? >= TIDY_BATCH {}
    Ok(())
}

//! A step, asked of the product's ports.

use std::time::Duration;

use gih_database::Database;
use gih_domain::credits::Credits;
use gih_domain::generation::Lease;
use gih_domain::id::{GenerationId, LotId};
use gih_domain::idempotency::IdempotencyKey;
use gih_domain::mode::Mode;
use gih_domain::ports::{
    Accept, Accounts, CancelReason, Claim, DatabaseError, Generations, Grant, Hand, Idempotency,
    Keys, Limits, LotSource, NewLot,
};
use gih_domain::request::{ImageCount, MAX_IMAGES};
use gih_domain::time::Timestamp;

use crate::torture::answers::{accepted, ended, granted, held, settled};
use crate::torture::bench::{Names, at, mode, number};
use crate::torture::model::{self, Answer, Model, NAME_LIFE, PURSES, Why};
use crate::torture::step::{Ask, Step};
use crate::world::{MINUTE, World, failed, fresh, images, live};

/// The reaper's grace; what is aged is aged by an hour.
const GRACE: Duration = Duration::from_secs(30);

/// Far longer than a history takes, and far shorter than what it ages by.
const TIMEOUT: Duration = Duration::from_mins(10);

/// What the product answers, in the model's words; an error that the step may not have.
pub async fn ask(
    database: &Database,
    names: &mut Names,
    model: &Model,
    step: &Step,
) -> Result<Answer, String> {
    match step {
        Step::Grant { .. }
        | Step::Expire { .. }
        | Step::Accept(_)
        | Step::Revoke { .. }
        | Step::Forget => ask_for_account(database, names, model, step).await,
        Step::Crash { .. } | Step::Renew { .. } | Step::Register { .. } | Step::Resign { .. } => {
            ask_for_lease(database, names, step).await
        }
        _ => ask_for_work(database, names, model, step).await,
    }
}

#[allow(clippy::needless_pass_by_value)] // it is what `map_err` takes
fn broken(error: DatabaseError) -> String {
    error.to_string()
}

async fn ask_for_account(
    database: &Database,
    names: &mut Names,
    model: &Model,
    step: &Step,
) -> Result<Answer, String> {
    let now = at(model.now);
    match *step {
        Step::Grant {
            purse,
            credits: amount,
            life,
            reference,
        } => {
            let lot = NewLot {
                id: LotId(fresh()),
                mode: mode(purse),
                source: LotSource::Grant,
                credits: credits(amount),
                expires_at: life.map(|life| at(model.now + life)),
                note: None,
            };
            let grant = Grant {
                account: names.accounts[PURSES[purse].0],
                lot,
                // Histories share a database, and references are one for all accounts.
                reference: reference
                    .map(|reference| format!("invoice {reference} of {}", names.accounts[0])),
                created_at: now,
                act: None,
            };
            granted(database.grant(&grant).await, &grant, names)
        }
        Step::Expire { at_most } => {
            let expired = database.expire(now, at_most).await;
            expired.map(Answer::Expired).map_err(broken)
        }
        Step::Accept(ref ask) => {
            let accept = accept(names, ask, now);
            let id = accept.id;
            accepted(database.accept(accept).await, id, names)
        }
        Step::Revoke { key } => {
            let revoked = Keys::revoke(database, None, names.keys[key], now)
                .await
                .map_err(broken)?;
            let canceled = revoked.ok_or("the key is gone")?.canceled;
            let mut works: Vec<usize> =
                canceled.iter().map(|id| number(&names.works, id)).collect();
            works.sort_unstable();
            Ok(Answer::Revoked(works))
        }
        Step::Forget => {
            let forgotten = database.forget_idempotency_keys(now, 1_000).await;
            forgotten.map(Answer::Forgotten).map_err(broken)
        }
        _ => unreachable!("no port is asked"),
    }
}

async fn ask_for_lease(database: &Database, names: &Names, step: &Step) -> Result<Answer, String> {
    match *step {
        Step::Crash { worker } => held(database.renew(names.workers[worker], Duration::ZERO).await),
        Step::Renew { worker } => held(database.renew(names.workers[worker], 60 * MINUTE).await),
        Step::Register { worker } => {
            let registered = database.register(names.workers[worker], 60 * MINUTE).await;
            registered.map(|()| Answer::Done).map_err(broken)
        }
        Step::Resign { worker } => {
            let resigned = database.resign(names.workers[worker]).await;
            resigned.map(|()| Answer::Done).map_err(broken)
        }
        _ => unreachable!("no port is asked"),
    }
}

async fn ask_for_work(
    database: &Database,
    names: &Names,
    model: &Model,
    step: &Step,
) -> Result<Answer, String> {
    let now = at(model.now);
    match *step {
        Step::Claim { worker, at_most } => {
            let mut claimed = Vec::new();
            for mode in [Mode::Live, Mode::Test] {
                let claim = Claim {
                    mode,
                    ..live(names.workers[worker], TIMEOUT, at_most)
                };
                claimed.extend(database.claim(&claim).await.map_err(broken)?);
            }
            let works = claimed
                .iter()
                .map(|claimed| number(&names.works, &claimed.lease.generation));
            Ok(Answer::Claimed(works.collect()))
        }
        Step::Dispatch { hand } => held(database.dispatch(&lease(names, model, hand)).await),
        Step::Settle {
            hand,
            images: count,
        } => {
            let lease = lease(names, model, hand);
            let ending = if count > 0 {
                images(lease.generation, count)
            } else {
                failed()
            };
            settled(database.settle(&lease, &ending, now).await, names)
        }
        Step::Reap { worker } => {
            let reaped = database
                .reap(names.workers[worker], GRACE, 1_000)
                .await
                .map_err(broken)?;
            let work = |id: &GenerationId| number(&names.works, id);
            let taken = reaped.taken_over.iter();
            let mut taken: Vec<usize> = taken.map(|taken| work(&taken.lease.generation)).collect();
            taken.sort_unstable();
            let overdue = reaped.overdue.iter();
            let mut overdue: Vec<_> = overdue
                .map(|(id, reason)| (work(id), why(*reason)))
                .collect();
            overdue.sort_unstable();
            Ok(Answer::Reaped {
                requeued: reaped.requeued,
                taken,
                overdue,
            })
        }
        Step::Resume { work, worker } => {
            let resumed = database
                .resume(names.works[work], names.workers[worker])
                .await;
            let resumed = resumed.map_err(broken)?;
            Ok(Answer::Resumed(resumed.map(|claimed| {
                number(&names.works, &claimed.lease.generation)
            })))
        }
        Step::Cancel { work, fails } => {
            let reason = if fails {
                CancelReason::NotStartedInTime { waits: false }
            } else {
                CancelReason::ShuttingDown
            };
            match database
                .cancel(names.works[work], reason, now)
                .await
                .map_err(broken)?
            {
                Some(generation) => ended(&generation, names),
                None => Ok(Answer::NotQueued),
            }
        }
        _ => unreachable!("no port is asked"),
    }
}

fn why(reason: CancelReason) -> Why {
    match reason {
        CancelReason::KeyRevoked => Why::KeyRevoked,
        CancelReason::NotStartedInTime { waits: true } => Why::CallerWaited,
        CancelReason::NotStartedInTime { waits: false } => Why::Queued,
        CancelReason::AccountBlocked | CancelReason::ShuttingDown => {
            unreachable!("nobody blocks an account, and the reaper is no shutdown")
        }
    }
}

fn credits(amount: i64) -> Credits {
    Credits::new(amount).unwrap()
}

fn lease(names: &Names, model: &Model, hand: usize) -> Lease {
    let model::Hand {
        work,
        worker,
        fence,
    } = model.hands[hand];
    Lease {
        generation: names.works[work],
        worker: names.workers[worker],
        fence,
    }
}

fn accept(names: &Names, ask: &Ask, now: Timestamp) -> Accept {
    let world = World {
        account: names.accounts[PURSES[ask.purse].0],
        key: names.keys[ask.key],
        worker: names.workers[0],
    };
    let hand = ask.worker.map_or(Hand::Queue, |worker| Hand::Mine {
        worker: names.workers[worker],
    });
    Accept {
        mode: mode(ask.purse),
        n: ImageCount::parse(i64::from(ask.n), MAX_IMAGES).unwrap(),
        price: credits(ask.price),
        idempotency: ask.name.map(|(name, fingerprint)| Idempotency {
            key: IdempotencyKey::parse(format!("order-{name}").as_bytes()).unwrap(),
            fingerprint: [fingerprint; 32],
            expires_at: now.plus(Duration::from_micros(NAME_LIFE.unsigned_abs())),
        }),
        waits: ask.waits,
        hand,
        queue_timeout: TIMEOUT,
        timeout: TIMEOUT,
        limits: Limits {
            max_queue: 1_000,
            max_queued_per_account: ask.account_limit,
            rate: None,
        },
        at: now,
        ..world.accept()
    }
}

//! Accepting and charging.
//!
//! Two round trips on Postgres for what runs at once: one statement reads everything that decides, one writes everything
//! that was decided. What is to queue is decided on under its account's lock, so that its turn is its own. What
//! was read may have changed by the time it is written, and then the write fails as a whole (the CHECK on a lot's
//! remaining credits, the idempotency key's uniqueness, the guard on the API key) and all is read again.

use gih_domain::generation::{Generation, Lease, State};
use gih_domain::id::GenerationId;
use gih_domain::idempotency::Fingerprint;
use gih_domain::lots::plan_spend;
use gih_domain::ports::{Accept, AcceptError, Accepted, Claimed, Hand};

use super::accept_write::{FIRST_FENCE, Place, write};
use super::batch::NotApplied;
use super::ground::Ground;
use super::{queries, queue};
use crate::db::Db;
use crate::dialect::NowPlus;
use crate::error::{Abort, Error};
use crate::lots;

/// How often is written on what was read without a lock. A plan that was stale is made anew under one: who was late once
/// will be late again. The second is for a guard, whose reason shows when all is read again.
const UNLOCKED_ATTEMPTS: u32 = 2;

/// Accepts, in a transaction begun to write on SQLite, outside of any on Postgres.
pub(super) fn accept(db: &mut Db, accept: &Accept) -> Result<Accepted, Abort<AcceptError>> {
    if let Db::Lite(_) = db {
        // Nobody else writes between reading and writing, so nothing read goes stale.
        let accepted = attempt(db, accept, Turns::Ours)?.map_err(Abort::from)?;
        return accepted.ok_or_else(|| unplaced().into());
    }
    let mut was_guarded = false;
    for _ in 0..UNLOCKED_ATTEMPTS {
        match attempt(db, accept, Turns::Anybodys)? {
            Ok(Some(accepted)) => return Ok(accepted),
            Ok(None) => break,
            Err(NotApplied::Error(error)) if error.is_stale_plan() => break,
            // Reading again tells why, and refuses. When it does not tell, the answer was no guard's.
            Err(NotApplied::Guarded) if !was_guarded => was_guarded = true,
            Err(other) => return Err(other.into()),
        }
    }
    // Locked before they are read, turns cannot be taken and lots cannot be spent by others meanwhile.
    db.transaction(|db| {
        queue::lock_turns(db, accept.account)?;
        lots::load_live(db, accept.account, accept.mode, accept.at, true)?;
        let accepted = attempt(db, accept, Turns::Ours)?.map_err(|problem| match problem {
            // A lot that was empty when the others were locked has been refunded into, and spent, since: all of it again.
            NotApplied::Error(error) if error.is_stale_plan() => {
                Error::Transient(error.to_string()).into()
            }
            other => Abort::from(other),
        })?;
        accepted.ok_or_else(|| unplaced().into())
    })
}

/// Whether others may take the account's next turn while we decide.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turns {
    Ours,
    Anybodys,
}

/// Not reached: who may take turns finds a place.
fn unplaced() -> Error {
    Error::Unexpected("an acceptance found no place in the queue".to_owned())
}

/// Reads, decides and writes once. The inner error is of the write: nothing was written, and it may be tried again. `None`
/// when it has to queue and turns are not ours to take: nothing was written either.
fn attempt(
    db: &mut Db,
    accept: &Accept,
    turns: Turns,
) -> Result<Result<Option<Accepted>, NotApplied>, Abort<AcceptError>> {
    let ground = Ground::read(db, accept)?;
    if let Some((fingerprint, generation)) = ground.earlier {
        return again(db, accept, fingerprint, generation).map(|again| Ok(Some(again)));
    }
    if !ground.key_is_valid {
        return Err(Abort::Refused(AcceptError::KeyRevoked));
    }
    let place = match accept.hand {
        Hand::Mine { worker, timeout } if ground.worker_lives && !ground.somebody_queues => {
            Place::Running {
                worker,
                timeout: NowPlus::new(timeout),
            }
        }
        Hand::Mine { .. } | Hand::Queue if turns == Turns::Anybodys => return Ok(Ok(None)),
        Hand::Mine { .. } | Hand::Queue => Place::Queued {
            turn: queue::next_turn(db, accept.account, accept.limits)?,
        },
    };
    let total = accept.price.times(u32::from(accept.n.get()));
    let parts = plan_spend(&ground.lots, total, accept.at)
        .map_err(|insufficient| Abort::Refused(insufficient.into()))?;
    Ok(write(db, accept, &place, &parts).map(|()| Some(accepted(accept, &place))))
}

/// The answer to a request that was accepted before.
fn again(
    db: &mut Db,
    accept: &Accept,
    fingerprint: Fingerprint,
    id: GenerationId,
) -> Result<Accepted, Abort<AcceptError>> {
    let expected = accept
        .idempotency
        .as_ref()
        .map(|idempotency| idempotency.fingerprint);
    if expected != Some(fingerprint) {
        return Err(Abort::Refused(AcceptError::IdempotencyMismatch));
    }
    let generation = queries::find(db, accept.account, accept.mode, id)?;
    let generation = generation.ok_or_else(|| {
        Error::Unexpected(format!("an idempotency key names {id}, which is not there"))
    })?;
    Ok(Accepted::Again(Box::new(generation)))
}

fn accepted(accept: &Accept, place: &Place) -> Accepted {
    let generation = |state| Generation {
        id: accept.id,
        account: accept.account,
        key: accept.key,
        mode: accept.mode,
        model: accept.model.clone(),
        provider: accept.provider.clone(),
        provider_model: accept.provider_model.clone(),
        prompt: accept.prompt.as_str().to_owned(),
        n: accept.n.get(),
        size: accept.size,
        aspect_ratio: accept.aspect_ratio,
        tier: accept.tier,
        rendering_quality: accept.rendering_quality,
        price: accept.price,
        references: accept.references.clone(),
        waits: accept.waits,
        created_at: accept.at,
        state,
    };
    match (place, accept.hand) {
        (Place::Running { worker, .. }, Hand::Mine { timeout, .. }) => {
            Accepted::Running(Box::new(Claimed {
                lease: Lease {
                    generation: accept.id,
                    worker: *worker,
                    fence: FIRST_FENCE,
                },
                generation: generation(State::Running { dispatched: true }),
                time_left: timeout,
            }))
        }
        _ => Accepted::Queued(Box::new(generation(State::Queued))),
    }
}

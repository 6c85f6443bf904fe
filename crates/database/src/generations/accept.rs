//! Accepting and charging.
//!
//! Two round trips on Postgres for what runs at once: one statement reads everything that decides, one writes everything
//! that was decided. What is to queue is decided on under its account's lock, so that its turn is its own. What
//! was read may have changed by the time it is written, and then the write fails as a whole (the CHECK on a lot's
//! remaining credits, the idempotency key's uniqueness, the guard on the API key) and all is read again.

use diesel::prelude::*;
use gih_domain::generation::{Generation, Lease, State};
use gih_domain::id::GenerationId;
use gih_domain::idempotency::Fingerprint;
use gih_domain::lots::plan_spend;
use gih_domain::ports::{Accept, AcceptError, Accepted, Claimed, Hand};

use super::accept_write::{FIRST_FENCE, Place, lock_key, write};
use super::batch::NotApplied;
use super::ground::Ground;
use super::{queries, queue};
use crate::db::Db;
use crate::error::{Abort, Error};
use crate::lots;

/// At most: one that a guard refused, whose reason shows when all is read again; one that finds that it has to queue; one
/// whose lots were spent meanwhile; one under all locks.
const MAX_ATTEMPTS: u32 = 4;

/// What others cannot take while we decide; each more than the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Held {
    Nothing,
    /// The account's turns.
    Turns,
    /// And its lots.
    Lots,
}

/// Why an attempt came to nothing. Nothing was written.
enum Failed {
    Aborted(Abort<AcceptError>),
    /// The write was not applied; it may be tried again.
    NotApplied(NotApplied),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Aborted(error.into())
    }
}

impl From<Abort<AcceptError>> for Failed {
    fn from(abort: Abort<AcceptError>) -> Self {
        Self::Aborted(abort)
    }
}

impl From<Failed> for Abort<AcceptError> {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Aborted(abort) => abort,
            // A lot that was empty when the others were locked has been refunded into, and spent, since.
            Failed::NotApplied(NotApplied::Error(error)) if error.is_stale_plan() => {
                Error::Transient(error.to_string()).into()
            }
            Failed::NotApplied(problem) => problem.into(),
        }
    }
}

/// Accepts, in a transaction begun to write on SQLite, outside of any on Postgres.
pub(super) fn accept(db: &mut Db, accept: &Accept) -> Result<Accepted, Abort<AcceptError>> {
    // On SQLite nobody else writes between reading and writing.
    let is_alone = matches!(db, Db::Lite(_));
    let mut held = match accept.limits.rate {
        _ if is_alone => Held::Lots,
        // Of many at once, each must count those before it.
        Some(_) => Held::Turns,
        None => Held::Nothing,
    };
    // On SQLite a guard's refusal is final: what was written before it is rolled back by the caller.
    let mut was_guarded = is_alone;
    for _ in 0..MAX_ATTEMPTS {
        let tried = if is_alone || held == Held::Nothing {
            attempt(db, accept, held)
        } else {
            db.transaction(|db| {
                lock(db, accept, held)?;
                attempt(db, accept, held)
            })
        };
        match tried {
            Ok(Some(accepted)) => return Ok(accepted),
            Ok(None) => held = Held::Turns,
            // Who was late once will be late again.
            Err(Failed::NotApplied(NotApplied::Error(error)))
                if error.is_stale_plan() && held < Held::Lots =>
            {
                held = Held::Lots;
            }
            // Reading again tells why, and refuses. When it does not tell, the answer was no guard's.
            Err(Failed::NotApplied(NotApplied::Guarded)) if !was_guarded => was_guarded = true,
            Err(other) => return Err(other.into()),
        }
    }
    Err(Error::Transient("an acceptance was always too late".to_owned()).into())
}

/// Locks before anything is read: the account's row, which stands for its turns, then the key, then the lots. A
/// revocation locks its key before the lots that it refunds to.
fn lock(db: &mut Db, accept: &Accept, held: Held) -> Result<(), Error> {
    queue::lock_turns(db, accept.account)?;
    if held == Held::Lots {
        both!(db, c => lock_key(accept).execute(c))?;
        lots::load_live(db, accept.account, accept.mode, accept.at, true)?;
    }
    Ok(())
}

/// Reads, decides and writes once. `None` when it has to queue and turns are not ours to take: then nothing is written.
fn attempt(db: &mut Db, accept: &Accept, held: Held) -> Result<Option<Accepted>, Failed> {
    let ground = Ground::read(db, accept)?;
    if let Some((fingerprint, generation)) = ground.earlier {
        return Ok(Some(again(db, accept, fingerprint, generation)?));
    }
    if !ground.key_is_valid {
        return Err(Abort::Refused(AcceptError::KeyRevoked).into());
    }
    let place = match accept.hand {
        Hand::Mine { worker } if ground.worker_lives && !ground.somebody_queues => {
            Place::Running { worker }
        }
        Hand::Mine { .. } | Hand::Queue if held == Held::Nothing => return Ok(None),
        Hand::Mine { .. } | Hand::Queue => Place::Queued {
            turn: queue::next_turn(db, accept.account, accept.mode, accept.limits)?,
        },
    };
    if let Some(most) = accept.limits.rate {
        queue::check_rate(db, accept, most)?;
    }
    let total = accept.price.times(u32::from(accept.n.get()));
    let parts = plan_spend(&ground.lots, total, accept.at)
        .map_err(|insufficient| Abort::Refused(insufficient.into()))?;
    write(db, accept, &place, &parts).map_err(Failed::NotApplied)?;
    Ok(Some(accepted(accept, &place)))
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
    match place {
        Place::Running { worker } => Accepted::Running(Box::new(Claimed {
            lease: Lease {
                generation: accept.id,
                worker: *worker,
                fence: FIRST_FENCE,
            },
            generation: generation(State::Running { dispatched: true }),
            time_left: accept.timeout,
        })),
        Place::Queued { .. } => Accepted::Queued(Box::new(generation(State::Queued))),
    }
}

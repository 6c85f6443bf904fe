//! The product's answers in the model's words. Errors are answers that no step may have.

use gih_domain::generation::{Ending, Generation, Status};
use gih_domain::id::GenerationId;
use gih_domain::lots::InsufficientCredits;
use gih_domain::ports::{
    AcceptError, Accepted, AccountError, DatabaseError, Grant, Granted, LeaseError, QueueFull,
};

use crate::torture::bench::{Names, number};
use crate::torture::model::{Answer, Ended, Refusal};
use crate::world::NOW;

pub fn settled(result: Result<Generation, LeaseError>, names: &Names) -> Result<Answer, String> {
    match result {
        Ok(generation) => ended(&generation, names),
        Err(LeaseError::Lost) => Ok(Answer::Lost),
        Err(LeaseError::Database(DatabaseError::Unexpected(problem)))
            if problem.contains("were paid for") =>
        {
            Ok(Answer::Refused(Refusal::MoreImagesThanPaidFor))
        }
        Err(LeaseError::Database(error)) => Err(error.to_string()),
    }
}

pub fn held(result: Result<(), LeaseError>) -> Result<Answer, String> {
    match result {
        Ok(()) => Ok(Answer::Done),
        Err(LeaseError::Lost) => Ok(Answer::Lost),
        Err(LeaseError::Database(error)) => Err(error.to_string()),
    }
}

pub fn granted(
    result: Result<Granted, AccountError>,
    grant: &Grant,
    names: &mut Names,
) -> Result<Answer, String> {
    match result {
        Ok(granted) => {
            if granted.lot.id == grant.lot.id {
                names.lots.push(granted.lot.id);
            }
            Ok(Answer::Granted {
                lot: number(&names.lots, &granted.lot.id),
                credits: granted.credits.get(),
                balance: granted.balance.credits.get(),
            })
        }
        Err(AccountError::AlreadyExpired) => Ok(Answer::Refused(Refusal::AlreadyExpired)),
        Err(AccountError::ReferenceOfAnother) => Ok(Answer::Refused(Refusal::ReferenceOfAnother)),
        Err(error) => Err(error.to_string()),
    }
}

pub fn accepted(
    result: Result<Accepted, AcceptError>,
    id: GenerationId,
    names: &mut Names,
) -> Result<Answer, String> {
    let mut new = |found: GenerationId| {
        names.works.push(id);
        number(&names.works, &found)
    };
    match result {
        Ok(Accepted::Running(claimed)) => Ok(Answer::Running(new(claimed.lease.generation))),
        Ok(Accepted::Queued(generation)) => Ok(Answer::Queued(new(generation.id))),
        Ok(Accepted::Again(generation)) => {
            let status = generation.status();
            Ok(Answer::Again(number(&names.works, &generation.id), status))
        }
        Err(AcceptError::IdempotencyMismatch) => Ok(Answer::Refused(Refusal::Mismatch)),
        Err(AcceptError::KeyRevoked) => Ok(Answer::Refused(Refusal::KeyRevoked)),
        Err(AcceptError::QueueFull(QueueFull::Account(_))) => {
            Ok(Answer::Refused(Refusal::AccountsQueueFull))
        }
        Err(AcceptError::InsufficientCredits(InsufficientCredits {
            required,
            available,
        })) => {
            let (required, available) = (required.get(), available.get());
            Ok(Answer::Refused(Refusal::Insufficient {
                required,
                available,
            }))
        }
        Err(error) => Err(error.to_string()),
    }
}

pub fn ended(generation: &Generation, names: &Names) -> Result<Answer, String> {
    let end = generation.end().ok_or("what was ended has no end")?;
    let count = end.ending.images().len();
    let is_kept = matches!(end.ending, Ending::Succeeded(_)) == (count > 0);
    if !is_kept || generation.status() == Status::Running {
        return Err(format!("an end that is none: {generation:?}"));
    }
    let next = end.balance.next_expiration;
    Ok(Answer::Ended(Ended {
        work: number(&names.works, &generation.id),
        status: generation.status(),
        images: u8::try_from(count).unwrap(),
        balance: end.balance.credits.get(),
        next_expiration: next.map(|next| next.expires_at.as_micros() - NOW.as_micros()),
    }))
}

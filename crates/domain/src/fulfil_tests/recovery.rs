//! Ending what a dead holder had dispatched.

use super::*;
use crate::id::GenerationId;
use crate::testing::{reference, uuid};

/// A generation of two images whose holder died, these being in the store by then.
fn dead(images: &[(GenerationId, u8, &str)]) -> Case {
    let mut case = Case::new([]);
    case.generation().state = State::Running { dispatched: true };
    for &(of, position, text) in images {
        let name = ObjectName::of_image(of, position, u128::from(position) + 7, "png");
        case.store.hold(&name, text);
    }
    case
}

fn abandon(case: Case) -> Outcome {
    let outcome = case.run_with(async |fulfil, claimed| fulfil.abandon(claimed).await);
    assert!(outcome.orders.is_empty(), "it is never sent again");
    assert_eq!(outcome.log.count("put"), 0);
    outcome
}

#[test]
fn without_a_saved_image_it_has_failed() {
    let outcome = abandon(dead(&[]));
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
    assert!(outcome.failure().message.contains("refunded"));
}

#[test]
fn images_already_saved_are_kept_and_charged() {
    let of = generation().id;
    let outcome = abandon(dead(&[(of, 0, "a")]));
    assert_eq!(outcome.delivered(), ["a"]);
    assert_eq!(outcome.ending().images()[0].about, blob("a").about);
    assert_eq!(outcome.ended.as_ref().unwrap().credits_charged().get(), 8);

    let outcome = abandon(dead(&[(of, 0, "a"), (of, 1, "b")]));
    assert_eq!(outcome.delivered(), ["a", "b"]);
    let images = outcome.ending().images();
    assert_ne!(images[0].id, images[1].id);
}

#[test]
fn others_images_are_not_its_own_nor_are_references() {
    let neighbour = GenerationId(uuid(0x9f));
    let mut case = dead(&[(neighbour, 0, "x")]);
    let own = reference(generation().id, 0);
    case.store.hold(&own.object_name, "reference");
    case.generation().references = vec![own];
    let outcome = abandon(case);
    outcome.failure();
}

#[test]
fn no_more_than_were_asked_for_are_charged() {
    let of = generation().id;
    let outcome = abandon(dead(&[(of, 0, "a"), (of, 1, "b"), (of, 2, "c")]));
    assert_eq!(outcome.delivered(), ["a", "b"]);
}

#[test]
fn a_store_that_fails_for_a_moment_loses_nothing() {
    let case = dead(&[(generation().id, 0, "a")]);
    case.store_fails("generations/", 2);
    let outcome = abandon(case);
    assert_eq!(
        (outcome.delivered(), outcome.seconds),
        (vec!["a".to_owned()], 2)
    );
}

#[test]
fn a_store_that_stays_away_does_not_keep_the_credits_back() {
    let case = dead(&[(generation().id, 0, "a")]);
    case.store_fails("generations/", u64::MAX);
    let outcome = abandon(case);
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
    assert_eq!(outcome.seconds, 2);
}

#[test]
fn what_is_no_whole_image_is_not_delivered() {
    let outcome = abandon(dead(&[(generation().id, 0, "damaged")]));
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
    assert_eq!(outcome.seconds, 0, "asking again would not help");

    let of = generation().id;
    let outcome = abandon(dead(&[(of, 0, "damaged"), (of, 1, "b")]));
    assert_eq!(outcome.delivered(), ["b"]);
}

#[test]
fn the_settlement_waits_for_the_database_and_yields_to_another_holder() {
    let mut case = dead(&[(generation().id, 0, "a")]);
    case.settle_errors = [LeaseError::Database(away())].into();
    let outcome = abandon(case);
    assert_eq!(outcome.endings.len(), 2);
    assert_eq!(outcome.endings[0], outcome.endings[1]);

    let mut case = dead(&[(generation().id, 0, "a")]);
    case.settle_errors = [LeaseError::Lost].into();
    let own = reference(generation().id, 0);
    case.store.hold(&own.object_name, "reference");
    case.generation().references = vec![own];
    let outcome = abandon(case);
    assert_eq!((outcome.ended, outcome.log.count("delete")), (None, 0));
    assert_eq!(outcome.store.names().len(), 2);
}

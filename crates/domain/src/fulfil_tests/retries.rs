//! What is sent again, and what never.

use super::*;
use crate::testing::reference;

fn calls(outcome: &Outcome) -> Vec<String> {
    let mut events = outcome.log.all();
    events.retain(|event| event.starts_with("generate"));
    events
}

#[test]
fn what_was_not_accepted_is_sent_again_after_1_2_and_4_seconds() {
    let refuse = || Step::Refuse(not_accepted(None));
    let outcome = Case::new([refuse(), refuse(), refuse(), two_images()]).run();
    assert_eq!(
        calls(&outcome),
        [
            "generate at 0",
            "generate at 1",
            "generate at 3",
            "generate at 7"
        ]
    );
    assert_eq!(outcome.delivered(), ["a", "b"]);
}

#[test]
fn after_three_retries_it_has_failed() {
    // The script would panic at a fifth call.
    let outcome = Case::new((0..4).map(|_| Step::Refuse(not_accepted(None)))).run();
    assert_eq!(calls(&outcome).len(), 4);
    assert_eq!(outcome.seconds, 7);
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
}

#[test]
fn the_provider_says_how_long_to_wait() {
    let outcome = Case::new([
        Step::Refuse(not_accepted(Some(30))),
        Step::Refuse(not_accepted(None)),
        Step::Refuse(not_accepted(Some(0))),
        two_images(),
    ])
    .run();
    // The second wait is the second of our own: 2 s.
    assert_eq!(
        calls(&outcome),
        [
            "generate at 0",
            "generate at 30",
            "generate at 32",
            "generate at 32"
        ]
    );
}

#[test]
fn nothing_is_sent_again_after_the_deadline() {
    let outcome = Case::new([Step::Refuse(not_accepted(Some(900)))]).run();
    assert_eq!(calls(&outcome), ["generate at 0"]);
    assert_eq!(outcome.seconds, 800);
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
}

#[test]
fn everything_else_is_sent_once() {
    for error in [refused(), account_refused(), bad(), failed()] {
        let outcome = Case::new([Step::Refuse(error.clone())]).run();
        assert_eq!(calls(&outcome), ["generate at 0"], "{error}");
        outcome.failure();
    }
}

#[test]
fn once_images_were_on_their_way_nothing_is_sent_again() {
    for error in [not_accepted(Some(1)), failed()] {
        let outcome = Case::new([Step::Give(vec![Err(error.clone())])]).run();
        assert_eq!(calls(&outcome), ["generate at 0"], "{error}");
        outcome.failure();
        let outcome = Case::new([Step::Give(vec![Ok(blob("a")), Err(error)])]).run();
        assert_eq!(calls(&outcome).len(), 1);
        assert_eq!(outcome.delivered(), ["a"]);
    }
}

#[test]
fn every_attempt_reads_the_references_anew() {
    let mut case = Case::new([Step::Refuse(not_accepted(None)), two_images()]);
    let references: Vec<Reference> = (0..2)
        .map(|position| reference(case.generation().id, position))
        .collect();
    for (reference, text) in references.iter().zip(["first", "second"]) {
        case.store.hold(&reference.object_name, text);
    }
    case.generation().references = references;
    let outcome = case.run();
    let mut events = outcome.log.all();
    events.retain(|event| event.starts_with("with"));
    assert_eq!(
        events,
        ["with first", "with second", "with first", "with second"]
    );
}

#[test]
fn a_reference_that_is_gone_is_told_as_not_found() {
    let case = Case::new([]);
    let missing = Stored {
        store: Arc::clone(&case.store) as _,
        name: ObjectName::of_reference(generation().id, 0),
    };
    let error = missing.open().now_or_never().unwrap().err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn it_is_sent_again_only_while_the_lease_holds() {
    let mut case = Case::new([Step::Refuse(not_accepted(None))]);
    // The script would panic at a second call.
    case.dispatch_errors = [LeaseError::Lost, LeaseError::Lost].into();
    case.generation().state = State::Running { dispatched: true };
    let outcome = case.run();
    assert_eq!(calls(&outcome), ["generate at 0"]);
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
}

#[test]
fn a_lease_that_lapsed_while_the_process_stood_still_is_asked_for_once_more() {
    let mut case = Case::new([Step::Refuse(not_accepted(None)), two_images()]);
    case.dispatch_errors = [LeaseError::Lost].into();
    case.generation().state = State::Running { dispatched: true };
    let outcome = case.run();
    assert_eq!(calls(&outcome), ["generate at 0", "generate at 2"]);
    assert_eq!(outcome.delivered(), ["a", "b"]);
}

#[test]
fn whether_the_lease_holds_is_asked_until_the_database_answers() {
    let mut case = Case::new([Step::Refuse(not_accepted(None)), two_images()]);
    case.dispatch_errors = [LeaseError::Database(away()), LeaseError::Database(away())].into();
    case.generation().state = State::Running { dispatched: true };
    let outcome = case.run();
    assert_eq!(calls(&outcome), ["generate at 0", "generate at 3"]);
    assert_eq!(outcome.delivered(), ["a", "b"]);
}

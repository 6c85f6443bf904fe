//! Dispatch, settlement, and what becomes of the references.

use super::*;
use crate::ports::MockImageStore;
use crate::testing::{TestClock, reference};

fn database_away() -> LeaseError {
    LeaseError::Database(away())
}

fn with_reference(script: impl IntoIterator<Item = Step>) -> Case {
    let mut case = Case::new(script);
    let reference = reference(case.generation().id, 0);
    case.store.hold(&reference.object_name, "reference");
    case.generation().references = vec![reference];
    case
}

#[test]
fn dispatch_is_recorded_before_the_provider_is_called() {
    let outcome = Case::new([two_images()]).run();
    let events = outcome.log.all();
    assert_eq!(events[..2], ["dispatch", "generate at 0"]);
    assert_eq!(outcome.log.count("dispatch"), 1);
}

#[test]
fn what_was_accepted_as_dispatched_is_not_dispatched_again() {
    let mut case = Case::new([two_images()]);
    case.generation().state = State::Running { dispatched: true };
    let outcome = case.run();
    assert_eq!(outcome.log.count("dispatch"), 0);
    assert_eq!(outcome.delivered(), ["a", "b"]);
}

#[test]
fn whoever_lost_the_lease_before_dispatch_does_nothing_at_all() {
    let mut case = with_reference([]);
    case.dispatch_errors = [LeaseError::Lost].into();
    let outcome = case.run();
    assert_eq!(outcome.ended, None);
    assert_eq!(outcome.log.all(), ["dispatch"]);
    assert_eq!(
        outcome.store.names().len(),
        1,
        "its next holder needs the reference"
    );
}

#[test]
fn dispatch_waits_for_the_database_and_calls_nobody_meanwhile() {
    let mut case = Case::new([two_images()]);
    case.dispatch_errors = [database_away(), database_away(), database_away()].into();
    let outcome = case.run();
    assert_eq!(
        outcome.log.all()[..5],
        [
            "dispatch",
            "dispatch",
            "dispatch",
            "dispatch",
            "generate at 3"
        ]
    );

    let mut case = Case::new([]);
    case.dispatch_errors = [database_away(), LeaseError::Lost].into();
    let outcome = case.run();
    assert_eq!((outcome.ended, outcome.seconds), (None, 1));
}

#[test]
fn settling_is_tried_with_the_same_end_until_the_database_is_back() {
    let mut case = with_reference([two_images()]);
    let unexpected = LeaseError::Database(DatabaseError::Unexpected("no such column".to_owned()));
    case.settle_errors = [database_away(), unexpected, database_away()].into();
    let outcome = case.run();
    assert_eq!(outcome.log.count("settle"), 4);
    assert_eq!(outcome.seconds, 3);
    assert!(
        outcome
            .endings
            .iter()
            .all(|ending| *ending == outcome.endings[0])
    );
    assert_eq!(outcome.endings[0].images().len(), 2);
    assert!(outcome.ended.is_some());
}

#[test]
fn even_an_outage_longer_than_the_deadline_loses_no_image() {
    let mut case = Case::new([two_images()]);
    case.settle_errors = (0..5_000).map(|_| database_away()).collect();
    let outcome = case.run();
    assert_eq!(outcome.seconds, 5_000);
    assert_eq!(outcome.endings.last().unwrap().images().len(), 2);
    assert!(outcome.ended.is_some());
}

#[test]
fn whoever_lost_the_lease_settles_nothing() {
    let mut case = with_reference([two_images()]);
    case.settle_errors = [database_away(), LeaseError::Lost].into();
    let outcome = case.run();
    assert_eq!(outcome.ended, None);
    assert_eq!(outcome.log.count("settle"), 2);
}

#[test]
fn each_error_has_its_code_and_tells_nothing_of_the_inside() {
    use FailureCode::{ContentRejected, GenerationFailed};
    let mut messages = Vec::new();
    for (error, code) in [
        (refused(), ContentRejected),
        (account_refused(), GenerationFailed),
        (bad(), GenerationFailed),
        (failed(), GenerationFailed),
        (
            ProviderError::NotAccepted {
                retry_after: Some(Duration::from_hours(1)),
                message: "sk-secret".to_owned(),
            },
            GenerationFailed,
        ),
    ] {
        let outcome = Case::new([Step::Refuse(error.clone())]).run();
        let failure = outcome.failure();
        assert_eq!(failure.code, code, "{error}");
        assert!(!failure.message.contains("secret"), "{failure:?}");
        assert!(
            !failure.message.contains("401") && !failure.message.contains("500"),
            "{failure:?}"
        );
        messages.push(failure.message.clone());
    }
    assert_eq!(
        messages[0], "Foxes are not allowed.",
        "the caller must learn what was refused"
    );
    assert!(
        messages[1..]
            .iter()
            .all(|message| message.contains("refunded")),
        "{messages:?}"
    );
}

#[test]
fn overload_is_told_as_overload() {
    let outcome = Case::new((0..4).map(|_| Step::Refuse(not_accepted(None)))).run();
    assert!(
        outcome.failure().message.contains("overloaded"),
        "{:?}",
        outcome.failure()
    );
}

#[test]
fn the_order_is_what_was_accepted() {
    let outcome = with_reference([two_images()]).run();
    let [order] = &outcome.orders[..] else {
        panic!("one order")
    };
    let of = generation();
    assert_eq!(order.model, "gpt-image-2-upstream");
    assert_eq!((&order.prompt, order.n), (&of.prompt, 2));
    assert_eq!(
        (order.size, order.rendering_quality),
        (of.size, of.rendering_quality)
    );
    assert_eq!(order.references.len(), 1);
}

#[test]
fn without_a_configured_provider_it_fails_and_nobody_is_told_why() {
    let mut case = Case::new([]);
    case.generation().provider = "acme".to_owned();
    let outcome = case.run();
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
    assert!(!outcome.failure().message.contains("acme"));
    assert!(outcome.orders.is_empty());
}

#[test]
fn test_mode_is_drawn_by_the_sandbox_whatever_the_provider_and_live_mode_never() {
    let log = Log::default();
    let sandbox =
        ScriptedProvider::new(Arc::new(TestClock::default()), log.clone(), [two_images()]);
    let openai = ScriptedProvider::new(Arc::new(TestClock::default()), log.clone(), []);
    let providers = Providers::new(sandbox as _).with("openai", openai as _);
    let draws = |mode, provider| {
        let found = providers.find(mode, provider)?;
        Some(std::ptr::from_ref(found.as_ref()).cast::<()>())
    };
    assert_eq!(draws(Mode::Test, "openai"), draws(Mode::Test, "acme"));
    assert_ne!(draws(Mode::Test, "openai"), draws(Mode::Live, "openai"));
    assert_eq!(draws(Mode::Live, "acme"), None);
}

#[test]
fn references_are_all_tried_though_one_cannot_be_deleted() {
    let mut store = MockImageStore::new();
    store
        .expect_delete()
        .times(3)
        .returning(|_| Err(StoreError::Unavailable("away".to_owned())));
    let references: Vec<Reference> = (0..3)
        .map(|position| reference(generation().id, position))
        .collect();
    delete_references(&store, &references)
        .now_or_never()
        .unwrap();
}

#[test]
fn a_row_that_cannot_be_settled_holds_no_slot_for_good() {
    let broken = || LeaseError::Database(DatabaseError::Unexpected("corrupt".to_owned()));
    let mut case = Case::new([two_images()]);
    case.settle_errors = (0..10).map(|_| broken()).collect();
    let outcome = case.run();
    assert_eq!(outcome.ended, None);
    assert_eq!(outcome.log.count("settle"), 4);

    // An outage in between is waited for, however long.
    let mut case = Case::new([two_images()]);
    case.settle_errors = (0..9)
        .map(|turn| {
            if turn % 3 == 0 {
                broken()
            } else {
                database_away()
            }
        })
        .collect();
    let outcome = case.run();
    assert!(outcome.ended.is_some());
    assert_eq!(outcome.log.count("settle"), 10);
}

//! The end of time, and panics.

use super::*;

#[test]
fn a_provider_that_hangs_has_failed_at_the_deadline() {
    let outcome = Case::new([Step::GiveAndHang(vec![])]).run();
    assert_eq!(outcome.seconds, 800);
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
}

#[test]
fn what_was_saved_by_the_deadline_is_kept() {
    let outcome = Case::new([Step::GiveAndHang(vec![Ok(blob("a"))])]).run();
    assert_eq!(outcome.seconds, 800);
    assert_eq!(outcome.delivered(), ["a"]);
}

#[test]
fn the_time_left_counts_and_not_the_whole() {
    let mut case = Case::new([Step::GiveAndHang(vec![])]);
    case.claimed.time_left = Duration::from_secs(5);
    assert_eq!(case.run().seconds, 5);
}

#[test]
fn just_in_time_is_in_time() {
    let late = |seconds| {
        Step::Late(
            Duration::from_secs(seconds),
            vec![Ok(blob("a")), Ok(blob("b"))],
        )
    };
    assert_eq!(Case::new([late(799)]).run().delivered(), ["a", "b"]);
    let outcome = Case::new([late(801)]).run();
    assert_eq!(outcome.seconds, 800);
    outcome.failure();
}

#[test]
fn all_retries_share_one_deadline() {
    let mut case = Case::new([
        Step::Refuse(not_accepted(Some(6))),
        Step::Late(Duration::from_secs(6), vec![Ok(blob("a"))]),
    ]);
    case.claimed.time_left = Duration::from_secs(10);
    let outcome = case.run();
    assert_eq!(outcome.seconds, 10);
    outcome.failure();
}

#[test]
fn a_panic_in_the_provider_is_settled_as_a_failure_and_refunded() {
    let outcome = Case::new([Step::Panic]).run();
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
    assert!(!outcome.failure().message.contains("panic"));
    assert_eq!(
        outcome.orders.len(),
        1,
        "it may have been accepted, so it is never sent again"
    );
}

#[test]
fn what_was_saved_before_a_panic_is_kept() {
    let outcome = Case::new([Step::GiveAndPanic(vec![Ok(blob("a"))])]).run();
    assert_eq!(outcome.delivered(), ["a"]);
}

#[test]
fn a_panic_in_the_store_is_settled_as_well() {
    let case = Case::new([two_images()]);
    case.store.fail_when(|name| {
        assert!(!name.as_str().contains("/1-"), "the store broke");
        false
    });
    assert_eq!(case.run().delivered(), ["a"]);
}

#[test]
fn what_it_takes_to_record_the_dispatch_counts_as_well() {
    // The script would panic at a call.
    let mut case = Case::new([]);
    case.claimed.time_left = Duration::from_secs(5);
    case.dispatch_errors = (0..10).map(|_| LeaseError::Database(away())).collect();
    let outcome = case.run();
    assert_eq!(outcome.seconds, 5);
    assert_eq!(outcome.failure().code, FailureCode::GenerationFailed);
}

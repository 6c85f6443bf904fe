//! The same request again, under its idempotency key.

use super::*;
use crate::ports::{Accepted, CancelReason};
use crate::size::Tier;

/// Every state that the first request may be in, and whether that is an end.
fn states() -> Vec<(Generation, bool)> {
    let first = generation();
    vec![
        (in_state(&first, State::Queued), false),
        (
            in_state(&first, State::Running { dispatched: false }),
            false,
        ),
        (in_state(&first, State::Running { dispatched: true }), false),
        (ended(&first, Ending::Succeeded(vec![])), true),
        (ended(&first, failure()), true),
        (ended(&first, CancelReason::KeyRevoked.ending()), true),
    ]
}

/// Asks again, the first request being found by its key, or only in the accepting transaction.
fn again(
    first: Generation,
    fingerprint: Fingerprint,
    wait: Wait,
    late: bool,
) -> Result<Answer, GenerateError> {
    let mut setup = Setup::new([]);
    let caller = caller(Mode::Live);
    let found = (!late).then(|| (first.clone(), fingerprint));
    setup
        .generations
        .expect_find_by_idempotency_key()
        .withf(move |&account, &mode, asked, &at| {
            (account, mode, asked, at) == (caller.account, caller.mode, &key(), start())
        })
        .once()
        .return_once(move |_, _, _, _| Ok(found));
    if late {
        setup
            .generations
            .expect_accept()
            .once()
            .return_once(|_| Ok(Accepted::Again(Box::new(first))));
    } else {
        setup.generations.expect_accept().never();
    }
    let mut bench = setup.build();
    run(
        &mut bench,
        Ask {
            idempotency_key: Some(key()),
            ..ask(wait)
        },
    )
}

fn fingerprint(wait: Wait) -> Fingerprint {
    ask(wait).draft.fingerprint()
}

#[test]
fn another_price_than_was_shown_is_not_taken() {
    let asks = |shown: u32, key: Option<IdempotencyKey>| Ask {
        shown_total: Some(Credits::from_u32(shown)),
        idempotency_key: key,
        ..ask(Wait::No)
    };
    let total = model().credits_per_image[&Tier::OneK];
    let mut setup = Setup::new([]);
    setup.generations.expect_accept().never();
    let shown = Credits::from_u32(1);
    match run(&mut setup.build(), asks(1, None)) {
        Err(GenerateError::PriceChanged {
            shown: said,
            total: now,
        }) => {
            assert_eq!((said, now), (shown, total));
        }
        other => panic!("{other:?}"),
    }
    // What was accepted at that price before is answered again, whatever it costs today.
    let mut setup = Setup::new([]);
    let first = generation();
    let found = (first.clone(), fingerprint(Wait::No));
    setup
        .generations
        .expect_find_by_idempotency_key()
        .return_once(move |_, _, _, _| Ok(Some(found)));
    setup.generations.expect_accept().never();
    match run(&mut setup.build(), asks(1, Some(key()))) {
        Ok(Answer::Accepted(answered)) => assert_eq!(answered.id, first.id),
        other => panic!("{other:?}"),
    }
}

const WAITS: [Wait; 2] = [Wait::UntilEnd, Wait::AtMost(Duration::from_secs(5))];

#[test]
fn once_ended_the_first_answer_is_given_again_a_failure_included() {
    for late in [false, true] {
        for wait in WAITS {
            for (first, _) in states().into_iter().filter(|(_, has_ended)| *has_ended) {
                let answer = again(first.clone(), fingerprint(wait), wait, late);
                let Ok(Answer::Ended(answered)) = answer else {
                    panic!("{answer:?}")
                };
                assert_eq!(answered, first);
            }
        }
    }
}

#[test]
fn a_waiting_one_still_unfinished_is_a_conflict_that_names_it() {
    for late in [false, true] {
        for wait in WAITS {
            for (first, _) in states().into_iter().filter(|(_, has_ended)| !has_ended) {
                let answer = again(first.clone(), fingerprint(wait), wait, late);
                assert!(
                    matches!(answer, Err(GenerateError::IdempotencyConflict(id)) if id == first.id),
                    "{answer:?}"
                );
            }
        }
    }
}

#[test]
fn an_async_one_is_accepted_again_as_it_was_the_first_time_whatever_became_of_it() {
    for late in [false, true] {
        for (first, _) in states() {
            let answer = again(first.clone(), fingerprint(Wait::No), Wait::No, late);
            let Ok(Answer::Accepted(answered)) = answer else {
                panic!("{answer:?}")
            };
            assert_eq!(answered, in_state(&first, State::Queued));
        }
    }
}

#[test]
fn another_request_under_the_same_key_is_a_mismatch_whatever_the_state() {
    for wait in [Wait::No, Wait::UntilEnd] {
        for (first, _) in states() {
            let answer = again(first, [0; 32], wait, false);
            assert!(
                matches!(answer, Err(GenerateError::IdempotencyMismatch)),
                "{answer:?}"
            );
        }
    }
}

#[test]
fn prefer_does_not_count_and_async_does() {
    assert_eq!(
        fingerprint(Wait::UntilEnd),
        fingerprint(Wait::AtMost(Duration::from_secs(5)))
    );
    assert_ne!(fingerprint(Wait::UntilEnd), fingerprint(Wait::No));
}

#[test]
fn without_a_key_nothing_is_looked_up() {
    let mut setup = Setup::new([]).accepting();
    setup.generations.expect_find_by_idempotency_key().never();
    let mut bench = setup.build();
    assert!(run(&mut bench, ask(Wait::No)).is_ok());
}

#[test]
fn the_first_answer_is_given_again_when_its_model_is_not_on_sale_any_more() {
    let first = ended(&generation(), Ending::Succeeded(vec![]));
    let found = (first.clone(), fingerprint(Wait::UntilEnd));
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_find_by_idempotency_key()
        .once()
        .return_once(move |_, _, _, _| Ok(Some(found)));
    let mut bench = setup.build();
    let generate = over(&bench, Ok(vec![]));
    let again = Ask {
        idempotency_key: Some(key()),
        ..ask(Wait::UntilEnd)
    };
    let answer = bench.scene.run(async move { generate.run(again).await });
    assert!(matches!(answer, Ok(Answer::Ended(answered)) if answered == first));
}

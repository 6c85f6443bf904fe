//! The way in.

use super::*;
use crate::credits::Credits;
use crate::lots::InsufficientCredits;
use crate::object_name::ObjectName;
use crate::ports::{Accepted, Hand, QueueFull};
use crate::testing::row;
use futures_util::FutureExt as _;

#[test]
fn a_free_slot_takes_it_into_this_process_s_hands() {
    let mut bench = Setup::new([one_image()]).accepting().build();
    let mut end = bench.engine.watch(id(10));
    let Ok(Submitted::New(generation)) = submit(&mut bench, accept(10), vec![], true) else {
        panic!("it was free to be taken");
    };
    assert_eq!(generation.state, State::Running { dispatched: true });
    let asked = bench.accepts.lock().unwrap();
    assert_eq!(asked[0].hand, Hand::Mine { worker: me() });
    assert_eq!(bench.log.count("settle succeeded"), 1);
    let ended = end.try_recv().unwrap().unwrap();
    assert_eq!(ended.end().unwrap().ending.images().len(), 1);
    assert!(bench.engine.is_idle());
}

#[test]
fn the_answer_comes_before_the_drawing_ends_and_the_slot_is_held_until_then() {
    let mut bench = Setup::new([slow()]).accepting().build();
    assert!(submit(&mut bench, accept(10), vec![], true).is_ok());
    assert!(!bench.engine.is_idle());
    assert_eq!(bench.log.count("settle"), 0);
    bench.scene.advance(Duration::from_secs(10));
    assert!(bench.engine.is_idle());
    assert_eq!(bench.log.count("settle"), 1);
    assert!(is_woken(&mut bench), "a free slot may claim what is queued");
}

#[test]
fn who_does_not_wait_is_queued() {
    let mut bench = Setup::new([]).accepting().build();
    let Ok(Submitted::New(generation)) = submit(&mut bench, accept(10), vec![], false) else {
        panic!("the queue takes it");
    };
    assert_eq!(generation.state, State::Queued);
    assert_eq!(bench.log.all(), ["accept queued"]);
    assert!(bench.engine.is_idle());
    assert!(is_woken(&mut bench), "somebody here may claim it");
}

#[test]
fn without_a_free_slot_it_is_queued() {
    let mut setup = Setup::new([slow()]).accepting();
    setup.workers = 1;
    let mut bench = setup.build();
    assert!(submit(&mut bench, accept(10), vec![], true).is_ok());
    assert!(submit(&mut bench, accept(11), vec![], true).is_ok());
    assert_eq!(
        bench.log.all(),
        ["accept mine", "generate at 0", "accept queued"]
    );

    let mut setup = Setup::new([]).accepting();
    setup.workers = 0;
    let mut bench = setup.build();
    assert!(submit(&mut bench, accept(10), vec![], true).is_ok());
    assert_eq!(bench.log.all(), ["accept queued"]);
}

#[test]
fn what_others_queued_before_it_goes_first_and_the_slot_is_free_again() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_accept()
        .once()
        .returning(|accept| {
            assert!(matches!(accept.hand, Hand::Mine { .. }));
            Ok(Accepted::Queued(Box::new(row(&accept, State::Queued))))
        });
    let mut bench = setup.build();
    assert!(matches!(
        submit(&mut bench, accept(10), vec![], true),
        Ok(Submitted::New(_))
    ));
    assert!(bench.engine.is_idle());
    assert!(is_woken(&mut bench));
}

#[test]
fn references_are_durable_before_it_is_accepted() {
    let mut bench = Setup::new([]).accepting().build();
    let references = vec![blob("first"), blob("second")];
    assert!(submit(&mut bench, accept(10), references, false).is_ok());
    let names = [0, 1].map(|position| ObjectName::of_reference(id(10), position));
    assert_eq!(
        bench.log.all(),
        [
            format!("put {}", names[0]),
            format!("put {}", names[1]),
            "accept queued".to_owned()
        ]
    );
    let accepted = &bench.accepts.lock().unwrap()[0].references;
    assert_eq!(
        accepted
            .iter()
            .map(|reference| &reference.object_name)
            .collect::<Vec<_>>(),
        [&names[0], &names[1]]
    );
    assert_eq!(accepted[1].about, blob("second").about);
    assert_eq!(bench.store.text(&names[1]).unwrap(), "second");
}

#[test]
fn references_go_after_the_settlement() {
    let mut bench = Setup::new([one_image()]).accepting().build();
    assert!(submit(&mut bench, accept(10), vec![blob("fox")], true).is_ok());
    let events = bench.log.all();
    assert!(events.contains(&"with fox".to_owned()), "{events:?}");
    assert_eq!(
        events[events.len() - 2..],
        [
            "settle succeeded".to_owned(),
            format!("delete references/{}/0", id(10))
        ]
    );
}

#[test]
fn without_its_references_nothing_is_accepted() {
    let mut bench = Setup::new([]).accepting().build();
    bench.store.fail_when(|name| name.as_str().ends_with("/1"));
    let refused = submit(
        &mut bench,
        accept(10),
        vec![blob("a"), blob("b"), blob("c")],
        true,
    );
    assert!(matches!(refused, Err(SubmitError::Store(_))), "{refused:?}");
    assert!(bench.store.names().is_empty(), "what was saved is deleted");
    assert_eq!(bench.log.count("accept"), 0);
    assert!(bench.engine.is_idle());
}

#[test]
fn a_refusal_leaves_neither_references_nor_a_taken_slot() {
    let insufficient = InsufficientCredits {
        required: Credits::from_u32(8),
        available: Credits::ZERO,
    };
    for refusal in [
        AcceptError::IdempotencyMismatch,
        AcceptError::QueueFull(QueueFull::Hub(3)),
        AcceptError::InsufficientCredits(insufficient),
        AcceptError::KeyRevoked,
        AcceptError::Database(away()),
    ] {
        let said = refusal.to_string();
        let mut setup = Setup::new([]);
        setup
            .generations
            .expect_accept()
            .once()
            .return_once(|_| Err(refusal));
        let mut bench = setup.build();
        let Err(SubmitError::Accept(error)) = submit(&mut bench, accept(10), vec![blob("a")], true)
        else {
            panic!("{said} is a refusal");
        };
        assert_eq!(error.to_string(), said);
        assert!(bench.store.names().is_empty(), "{said}");
        assert!(bench.engine.is_idle(), "{said}");
    }
}

#[test]
fn the_same_request_again_keeps_the_first_ones_references_alone() {
    let first = in_state(&generation(), State::Queued);
    let mut setup = Setup::new([]);
    let answer = first.clone();
    setup
        .generations
        .expect_accept()
        .once()
        .return_once(|_| Ok(Accepted::Again(Box::new(answer))));
    let mut bench = setup.build();
    let firsts = reference(first.id, 0).object_name;
    bench.store.hold(&firsts, "first");
    let Ok(Submitted::Again(again)) = submit(&mut bench, accept(10), vec![blob("a")], true) else {
        panic!("it was accepted before");
    };
    assert_eq!(again, first);
    assert_eq!(bench.store.names(), [firsts]);
    assert!(bench.engine.is_idle());
}

#[test]
fn a_caller_that_goes_away_stops_nothing() {
    let mut bench = Setup::new([slow()]).accepting().build();
    let engine = bench.engine();
    // Polled once and dropped, before the work has even begun.
    let gone = engine
        .submit(accept(10), vec![blob("fox")], true)
        .now_or_never();
    assert!(gone.is_none());
    assert!(bench.log.all().is_empty());
    bench.scene.settle();
    bench.scene.advance(Duration::from_secs(10));
    assert_eq!(
        bench.log.count("settle succeeded"),
        1,
        "{:?}",
        bench.log.all()
    );
    assert!(bench.engine.is_idle());
}

#[test]
fn work_that_dies_says_so_and_frees_its_slot() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_accept()
        .once()
        .returning(|_| panic!("the database broke"));
    let mut bench = setup.build();
    let died = submit(&mut bench, accept(10), vec![], true);
    assert!(matches!(died, Err(SubmitError::Died)), "{died:?}");
    assert!(bench.engine.is_idle());
}

#[test]
fn a_submission_that_has_no_slot_yet_is_no_idleness() {
    let mut bench = Setup::new([one_image()]).accepting().build();
    let engine = Arc::clone(&bench.engine);
    let mut submission = Box::pin(engine.submit(accept(10), vec![], true));
    assert!((&mut submission).now_or_never().is_none());
    assert!(
        !bench.engine.is_idle(),
        "its work is spawned and has not begun"
    );
    drop(submission);
    bench.scene.advance(Duration::ZERO);
    assert!(bench.engine.is_idle());
}

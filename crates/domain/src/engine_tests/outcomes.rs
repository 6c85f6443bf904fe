//! The database's answer to the commit was lost: the id is looked up.

use super::*;
use crate::ports::Hand;
use crate::testing::row;

type Found = Result<Option<Generation>, DatabaseError>;

/// An engine whose acceptance comes to nobody knows what, and whose look-up to this.
fn bench(script: impl IntoIterator<Item = Step>, found: Found) -> Bench {
    let mut setup = Setup::new(script).settling();
    if let Ok(Some(generation)) = &found {
        setup
            .rows
            .lock()
            .unwrap()
            .insert(generation.id, generation.clone());
    }
    setup
        .generations
        .expect_accept()
        .once()
        .returning(|_| Err(AcceptError::OutcomeUnknown("connection reset".to_owned())));
    let of = accept(10);
    setup
        .generations
        .expect_find()
        .withf(move |&account, &mode, &id| (account, mode, id) == (of.account, of.mode, of.id))
        .once()
        .return_once(|_, _, _| found);
    setup.build()
}

fn found(state: State) -> Generation {
    let hand = Hand::Mine {
        worker: me(),
        timeout: TIMEOUT,
    };
    row(&Accept { hand, ..accept(10) }, state)
}

#[test]
fn it_did_not_happen() {
    let mut bench = bench([], Ok(None));
    let answer = submit(&mut bench, accept(10), vec![blob("a")], true);
    let Err(SubmitError::Accept(AcceptError::Database(DatabaseError::Unavailable(why)))) = answer
    else {
        panic!("nothing was written: {answer:?}");
    };
    assert!(why.contains("connection reset"));
    assert!(bench.store.names().is_empty());
    assert!(bench.engine.is_idle());
}

#[test]
fn it_happened_in_our_hands_and_is_drawn() {
    let mut bench = bench(
        [one_image()],
        Ok(Some(found(State::Running { dispatched: true }))),
    );
    let answer = submit(&mut bench, accept(10), vec![], true);
    assert!(matches!(answer, Ok(Submitted::New(_))), "{answer:?}");
    assert_eq!(bench.log.all()[0], "generate at 0");
    assert_eq!(bench.log.count("settle succeeded"), 1);
    let settled = bench.settled.lock().unwrap();
    assert_eq!(
        *settled,
        [(id(10), me(), 1)],
        "born running under its first fence"
    );
    assert!(bench.engine.is_idle());
}

#[test]
fn it_happened_and_is_queued() {
    for at_once in [true, false] {
        let mut bench = bench([], Ok(Some(found(State::Queued))));
        let Ok(Submitted::New(generation)) =
            submit(&mut bench, accept(10), vec![blob("a")], at_once)
        else {
            panic!("it was accepted");
        };
        assert_eq!(generation.state, State::Queued);
        assert_eq!(
            bench.store.names().len(),
            1,
            "whoever claims it needs the reference"
        );
        assert!(bench.engine.is_idle());
        assert!(is_woken(&mut bench));
    }
}

#[test]
fn it_happened_and_somebody_else_has_it_already() {
    for state in [
        State::Running { dispatched: false },
        State::Running { dispatched: true },
    ] {
        let mut bench = bench([], Ok(Some(found(state.clone()))));
        let Ok(Submitted::New(generation)) = submit(&mut bench, accept(10), vec![blob("a")], false)
        else {
            panic!("it was accepted");
        };
        assert_eq!(generation.state, state);
        assert_eq!(bench.log.count("generate"), 0, "it was not ours to draw");
        assert_eq!(bench.store.names().len(), 1);
    }
}

#[test]
fn it_happened_and_has_ended() {
    let queued = row(&accept(10), State::Queued);
    for at_once in [true, false] {
        let mut bench = bench([], Ok(Some(ended(&queued, failure()))));
        let Ok(Submitted::New(generation)) = submit(&mut bench, accept(10), vec![], at_once) else {
            panic!("it was accepted");
        };
        assert_eq!(generation.end().unwrap().ending, failure());
        assert_eq!(bench.log.count("generate"), 0);
        assert!(bench.engine.is_idle());
    }
}

#[test]
fn nobody_knows_and_the_references_stay() {
    let mut bench = bench([], Err(away()));
    let answer = submit(&mut bench, accept(10), vec![blob("a")], true);
    let Err(SubmitError::Accept(AcceptError::OutcomeUnknown(why))) = answer else {
        panic!("nobody can know: {answer:?}");
    };
    assert!(why.contains("connection reset"), "{why}");
    assert_eq!(bench.store.names().len(), 1);
    assert!(bench.engine.is_idle());
}

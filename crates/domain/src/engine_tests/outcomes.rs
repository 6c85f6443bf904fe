//! The database's answer to the commit was lost: the id is looked up.

use super::*;
use crate::generation::Lease;
use crate::ports::Hand;
use crate::testing::row;

type Found = Result<Option<Generation>, DatabaseError>;

/// An engine whose acceptance comes to nobody knows what, and whose look-ups to this.
fn bench(script: impl IntoIterator<Item = Step>, found: Found) -> Bench {
    resuming(script, false, found)
}

/// The same, and whether the generation was born running in this worker's hands.
fn resuming(script: impl IntoIterator<Item = Step>, is_ours: bool, found: Found) -> Bench {
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
        .returning({
            let found = found.clone();
            move |_, _, _| found.clone()
        });
    setup
        .generations
        .expect_resume()
        .withf(|&asked, &worker| (asked, worker) == (id(10), me()))
        .returning(move |_, _| {
            let generation = found.clone()?.filter(|_| is_ours);
            Ok(generation.map(|generation| Claimed {
                lease: Lease {
                    generation: generation.id,
                    worker: me(),
                    fence: 1,
                },
                generation,
                time_left: TIMEOUT,
            }))
        });
    setup.build()
}

/// Submits with a reference, and waits as long as it takes to be certain.
fn submit_patiently(bench: &mut Bench) -> Result<Submitted, SubmitError> {
    let engine = bench.engine();
    let submission = async move { engine.submit(accept(10), vec![blob("a")], true).await };
    bench.scene.run(submission)
}

fn found(state: State) -> Generation {
    let hand = Hand::Mine { worker: me() };
    row(&Accept { hand, ..accept(10) }, state)
}

#[test]
fn it_did_not_happen() {
    let mut bench = bench([], Ok(None));
    let answer = submit_patiently(&mut bench);
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
    let mut bench = resuming(
        [one_image()],
        true,
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
    // Also when it was asked for at once: it was queued all the same and claimed since, under its first fence as well.
    for (state, at_once) in [
        (State::Running { dispatched: false }, false),
        (State::Running { dispatched: true }, false),
        (State::Running { dispatched: true }, true),
    ] {
        let mut bench = bench([], Ok(Some(found(state.clone()))));
        let Ok(Submitted::New(generation)) =
            submit(&mut bench, accept(10), vec![blob("a")], at_once)
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
    let answer = submit_patiently(&mut bench);
    let Err(SubmitError::Accept(AcceptError::OutcomeUnknown(why))) = answer else {
        panic!("nobody can know: {answer:?}");
    };
    assert!(why.contains("connection reset"), "{why}");
    assert_eq!(bench.store.names().len(), 1);
    assert!(bench.engine.is_idle());
}

#[test]
fn it_happens_late() {
    // A statement that waits for a lock outlives the connection that sent it: not there yet is not never.
    let mut setup = Setup::new([]).settling();
    setup
        .generations
        .expect_accept()
        .once()
        .returning(|_| Err(AcceptError::OutcomeUnknown("connection reset".to_owned())));
    setup.generations.expect_resume().returning(|_, _| Ok(None));
    let mut looks = 0;
    setup.generations.expect_find().returning(move |_, _, _| {
        looks += 1;
        Ok((looks > 12).then(|| found(State::Queued)))
    });
    let mut bench = setup.build();
    let answer = submit_patiently(&mut bench);
    assert!(matches!(answer, Ok(Submitted::New(_))), "{answer:?}");
    assert_eq!(bench.store.names().len(), 1, "whoever claims it needs it");
}

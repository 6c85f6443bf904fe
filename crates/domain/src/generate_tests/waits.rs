//! How long a caller waits, and what it is told then.

use super::*;
use crate::ports::CancelReason;

const LONGEST: u64 = 800 + 70;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A provider that never answers.
fn hang() -> Step {
    Step::GiveAndHang(vec![])
}

/// What looking for a generation finds.
type LookUp = fn(Generation) -> Result<Option<Generation>, DatabaseError>;

/// Nothing is ever drawn here, and the look-up answers so.
fn elsewhere(found: LookUp) -> Bench {
    let mut setup = Setup::new([]).accepting();
    setup.workers = 0;
    let rows = Arc::clone(&setup.rows);
    setup
        .generations
        .expect_find()
        .returning(move |_, _, id| found(rows.lock().unwrap()[&id].clone()));
    setup.build()
}

#[test]
fn who_does_not_wait_is_answered_at_once() {
    let mut bench = Setup::new([]).accepting().build();
    let answer = run(&mut bench, ask(Wait::No));
    let Ok(Answer::Accepted(generation)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(generation.state, State::Queued);
    assert_eq!(bench.scene.clock.elapsed_seconds(), 0);
}

#[test]
fn who_waits_to_the_end_is_told_the_end() {
    let mut bench = Setup::new([slow()]).accepting().build();
    let answer = run(&mut bench, ask(Wait::UntilEnd));
    let Ok(Answer::Ended(generation)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(generation.end().unwrap().ending.images().len(), 1);
    assert_eq!(bench.scene.clock.elapsed_seconds(), 10);
}

#[test]
fn a_failure_is_an_end() {
    let mut bench = Setup::new([hang()]).accepting().build();
    let answer = run(&mut bench, ask(Wait::UntilEnd));
    let Ok(Answer::Ended(generation)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(generation.end().unwrap().ending.status().as_str(), "failed");
    assert_eq!(bench.scene.clock.elapsed_seconds(), 800);
}

#[test]
fn who_waits_a_while_is_told_the_end_or_to_poll_and_the_work_goes_on() {
    for (patience, after) in [(20, 10), (3, 3), (0, 0)] {
        let mut setup = Setup::new([slow()]).accepting();
        let rows = Arc::clone(&setup.rows);
        setup
            .generations
            .expect_find()
            .returning(move |_, _, id| Ok(rows.lock().unwrap().get(&id).cloned()));
        let mut bench = setup.build();
        let answer = run(&mut bench, ask(Wait::AtMost(seconds(patience))));
        assert_eq!(bench.scene.clock.elapsed_seconds(), after);
        if patience > 10 {
            assert!(matches!(answer, Ok(Answer::Ended(_))), "{answer:?}");
        } else {
            let Ok(Answer::Accepted(generation)) = answer else {
                panic!("{answer:?}")
            };
            assert_eq!(generation.state, State::Running { dispatched: true });
            assert_eq!(bench.log.count("settle"), 0);
        }
        bench.scene.advance(seconds(10));
        assert_eq!(bench.log.count("settle succeeded"), 1);
    }
}

#[test]
fn what_ended_elsewhere_is_seen_within_the_process() {
    let mut setup = Setup::new([]).accepting();
    setup.workers = 0;
    let rows = Arc::clone(&setup.rows);
    setup
        .generations
        .expect_ended()
        .once()
        .returning(move |ids| Ok(vec![ended(&rows.lock().unwrap()[&ids[0]], failure())]));
    let mut bench = setup.build();
    let (generate, engine) = (generate(&bench), bench.engine());
    let mut running = bench
        .scene
        .begin(async move { generate.run(ask(Wait::UntilEnd)).await });
    assert!(running.result().is_none());
    bench
        .scene
        .run(async move { engine.look_for_ends(crate::engine::Look::Elsewhere).await })
        .unwrap();
    let answer = running.result().unwrap();
    assert!(
        matches!(&answer, Ok(Answer::Ended(generation)) if generation.end().unwrap().ending == failure()),
        "{answer:?}"
    );
}

#[test]
fn patience_is_bounded() {
    let mut bench = elsewhere(|generation| Ok(Some(generation)));
    let answer = run(&mut bench, ask(Wait::AtMost(Duration::MAX)));
    assert!(matches!(answer, Ok(Answer::Accepted(_))), "{answer:?}");
    assert_eq!(bench.scene.clock.elapsed_seconds(), LONGEST);
}

#[test]
fn when_patience_ends_an_end_that_was_missed_is_still_told() {
    for wait in [Wait::AtMost(seconds(5)), Wait::UntilEnd] {
        let mut bench = elsewhere(|generation| Ok(Some(ended(&generation, failure()))));
        let answer = run(&mut bench, ask(wait));
        assert!(matches!(answer, Ok(Answer::Ended(_))), "{answer:?}");
    }
}

#[test]
fn who_was_promised_a_202_gets_it_though_the_database_is_away() {
    let mut bench = elsewhere(|_| Err(away()));
    let answer = run(&mut bench, ask(Wait::AtMost(seconds(5))));
    assert!(
        matches!(&answer, Ok(Answer::Accepted(generation)) if generation.state == State::Queued),
        "{answer:?}"
    );
}

#[test]
fn who_takes_no_202_is_told_which_generation_has_no_end_in_sight() {
    let finds: [LookUp; 3] = [
        |generation| Ok(Some(generation)),
        |_| Ok(None),
        |_| Err(away()),
    ];
    for found in finds {
        let mut bench = elsewhere(found);
        let answer = run(&mut bench, ask(Wait::UntilEnd));
        let id = bench.accepts.lock().unwrap()[0].id;
        assert!(
            matches!(answer, Err(GenerateError::EndUnknown(of)) if of == id),
            "{answer:?}"
        );
        assert_eq!(bench.scene.clock.elapsed_seconds(), LONGEST);
    }
}

#[test]
fn a_shutdown_releases_who_takes_a_202_at_once() {
    let mut bench = elsewhere(|generation| Ok(Some(generation)));
    let generate = generate(&bench);
    let mut running = bench
        .scene
        .begin(async move { generate.run(ask(Wait::AtMost(seconds(60)))).await });
    assert!(running.result().is_none());
    drain(&mut bench);
    let answer = running.result().unwrap();
    assert!(matches!(answer, Ok(Answer::Accepted(_))), "{answer:?}");
    assert_eq!(bench.scene.clock.elapsed_seconds(), 0);
}

#[test]
fn a_shutdown_cancels_what_is_queued_for_who_waits_to_the_end() {
    let mut setup = Setup::new([]).accepting();
    setup.workers = 0;
    let rows = Arc::clone(&setup.rows);
    setup
        .generations
        .expect_cancel()
        .once()
        .returning(move |id, reason, _| {
            assert_eq!(reason, CancelReason::ShuttingDown);
            Ok(Some(ended(&rows.lock().unwrap()[&id], reason.ending())))
        });
    let mut bench = setup.build();
    let generate = generate(&bench);
    let mut running = bench
        .scene
        .begin(async move { generate.run(ask(Wait::UntilEnd)).await });
    drain(&mut bench);
    let Some(Ok(Answer::Ended(canceled))) = running.result() else {
        panic!("it was canceled")
    };
    let failure = canceled.end().unwrap().ending.failure().unwrap();
    assert_eq!(failure.code, FailureCode::ServiceUnavailable);
}

#[test]
fn a_shutdown_leaves_running_work_to_its_end_and_tells_who_waits_for_it() {
    let mut setup = Setup::new([slow()]).accepting();
    setup
        .generations
        .expect_cancel()
        .once()
        .returning(|_, _, _| Ok(None));
    let mut bench = setup.build();
    let generate = generate(&bench);
    let mut running = bench
        .scene
        .begin(async move { generate.run(ask(Wait::UntilEnd)).await });
    drain(&mut bench);
    assert!(running.result().is_none());
    assert!(!bench.engine.is_idle());
    bench.scene.advance(seconds(10));
    let Some(Ok(Answer::Ended(generation))) = running.result() else {
        panic!("it ended")
    };
    assert_eq!(generation.end().unwrap().ending.images().len(), 1);
    assert!(bench.engine.is_idle());
}

#[test]
fn a_caller_that_hangs_up_stops_nothing_and_is_waited_for_no_more() {
    let mut setup = Setup::new([slow()]).accepting();
    setup.generations.expect_ended().never();
    let mut bench = setup.build();
    let (generate, engine) = (generate(&bench), bench.engine());
    let running = bench
        .scene
        .begin(async move { generate.run(ask(Wait::UntilEnd)).await });
    running.hang_up();
    bench.scene.settle();
    bench
        .scene
        .run(async move { engine.look_for_ends(crate::engine::Look::Elsewhere).await })
        .unwrap();
    bench.scene.advance(seconds(10));
    assert_eq!(bench.log.count("settle succeeded"), 1);
}

//! Who is told of an end, and the end of the process.

use std::collections::HashSet;
use std::sync::Mutex;

use super::*;

/// A queued generation by its number, canceled.
fn canceled(number: u128) -> Generation {
    let generation = Generation {
        id: id(number),
        ..generation()
    };
    ended(&generation, CancelReason::ShuttingDown.ending())
}

#[test]
fn while_nobody_waits_nobody_is_asked() {
    let mut setup = Setup::new([]);
    setup.generations.expect_ended().never();
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine
            .look_for_ends(Look::Elsewhere)
            .await),
        Ok(())
    );
    drop(bench.engine.watch(id(10)));
    assert_eq!(
        at_once(&mut bench, async |engine| engine
            .look_for_ends(Look::Elsewhere)
            .await),
        Ok(())
    );
}

#[test]
fn all_who_wait_for_what_ended_elsewhere_are_told_once() {
    let mut setup = Setup::new([]);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    setup
        .generations
        .expect_ended()
        .times(2)
        .returning(move |ids| {
            heard
                .lock()
                .unwrap()
                .push(ids.iter().copied().collect::<HashSet<_>>());
            Ok(vec![canceled(10), canceled(99)])
        });
    let mut bench = setup.build();
    let (mut one, mut two) = (bench.engine.watch(id(10)), bench.engine.watch(id(10)));
    let mut other = bench.engine.watch(id(11));
    drop(bench.engine.watch(id(12)));
    for _ in 0..2 {
        at_once(&mut bench, async |engine| {
            engine.look_for_ends(Look::Elsewhere).await
        })
        .unwrap();
    }
    assert_eq!(one.try_recv(), Ok(Some(canceled(10))));
    assert_eq!(two.try_recv(), Ok(Some(canceled(10))));
    assert_eq!(other.try_recv(), Ok(None));
    assert_eq!(
        *asked.lock().unwrap(),
        [HashSet::from([id(10), id(11)]), HashSet::from([id(11)])]
    );
}

#[test]
fn a_database_that_is_away_is_asked_again_later() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_ended()
        .once()
        .returning(|_| Err(away()));
    setup
        .generations
        .expect_ended()
        .once()
        .returning(|_| Ok(vec![canceled(10)]));
    let mut bench = setup.build();
    let mut end = bench.engine.watch(id(10));
    assert_eq!(
        at_once(&mut bench, async |engine| engine
            .look_for_ends(Look::Elsewhere)
            .await),
        Err(away())
    );
    assert_eq!(end.try_recv(), Ok(None));
    assert_eq!(
        at_once(&mut bench, async |engine| engine
            .look_for_ends(Look::Elsewhere)
            .await),
        Ok(())
    );
    assert!(end.try_recv().unwrap().is_some());
}

#[test]
fn shutting_down_cancels_only_what_waits_to_the_end_and_is_queued() {
    let mut setup = Setup::new([]);
    let asked = Arc::new(Mutex::new(HashSet::new()));
    let heard = Arc::clone(&asked);
    setup
        .generations
        .expect_cancel()
        .times(2)
        .returning(move |cancel, reason, at| {
            assert_eq!((reason, at), (CancelReason::ShuttingDown, start()));
            heard.lock().unwrap().insert(cancel);
            // The other one is running already.
            Ok((cancel == id(10)).then(|| canceled(10)))
        });
    let mut bench = setup.build();
    let mut queued = bench.engine.watch(id(10));
    let mut running = bench.engine.watch(id(11));
    let mut prefers = bench.engine.watch(id(12));
    let gone = bench.engine.watch(id(13));
    for number in [10, 11, 13] {
        bench.engine.waits_to_the_end(id(number));
    }
    drop(gone);
    at_once(&mut bench, async |engine| engine.drain().await);
    assert_eq!(*asked.lock().unwrap(), HashSet::from([id(10), id(11)]));
    assert_eq!(queued.try_recv(), Ok(Some(canceled(10))));
    assert_eq!(running.try_recv(), Ok(None), "running work goes on");
    assert_eq!(prefers.try_recv(), Ok(None), "it takes a 202");
}

#[test]
fn shutting_down_deletes_the_references_of_what_it_cancels_and_survives_the_database() {
    let mut setup = Setup::new([]);
    let doomed = reference(id(10), 0);
    let canceled = Generation {
        references: vec![doomed.clone()],
        ..canceled(10)
    };
    let mut tries = 0;
    setup
        .generations
        .expect_cancel()
        .times(4)
        .returning(move |cancel, _, _| {
            if cancel == id(10) {
                return Ok(Some(canceled.clone()));
            }
            tries += 1;
            if tries < 3 {
                Err(away())
            } else {
                Ok(Some(self::canceled(11)))
            }
        });
    let mut bench = setup.build();
    bench.store.hold(&doomed.object_name, "fox");
    let ends = [10, 11].map(|number| {
        let end = bench.engine.watch(id(number));
        bench.engine.waits_to_the_end(id(number));
        end
    });
    let engine = bench.engine();
    bench.scene.run(async move { engine.drain().await });
    assert_eq!(bench.scene.clock.elapsed_seconds(), 2);
    assert!(bench.store.names().is_empty());
    let told = ends.map(|mut end| end.try_recv().unwrap().is_some());
    assert_eq!(told, [true, true]);
}

#[test]
fn who_waits_for_the_shutdown_is_released_by_it_then_and_later() {
    let mut bench = Setup::new([]).build();
    let engine = bench.engine();
    let mut before = bench
        .scene
        .begin(async move { engine.drain_begins().await });
    assert_eq!(before.result(), None);
    at_once(&mut bench, async |engine| engine.drain().await);
    assert_eq!(before.result(), Some(()));
    at_once(&mut bench, async |engine| engine.drain_begins().await);
    at_once(&mut bench, async |engine| engine.drain().await);
}

/// A waiting call that was on its way into the queue when the shutdown began must not wait for a process that claims
/// nothing any more.
#[test]
fn what_is_queued_while_the_process_begins_to_shut_down_is_canceled_as_well() {
    for waits in [true, false] {
        let mut setup = Setup::new([]).accepting();
        setup.workers = 0;
        setup
            .generations
            .expect_cancel()
            .times(usize::from(waits))
            .returning(|cancel, reason, _| {
                assert_eq!((cancel, reason), (id(10), CancelReason::ShuttingDown));
                Ok(Some(canceled(10)))
            });
        let mut bench = setup.build();
        at_once(&mut bench, async |engine| engine.drain().await);
        let mut end = bench.engine.watch(id(10));
        if waits {
            bench.engine.waits_to_the_end(id(10));
        }
        let waiting = Accept {
            waits,
            ..accept(10)
        };
        assert!(submit(&mut bench, waiting, vec![], true).is_ok());
        assert_eq!(end.try_recv(), Ok(waits.then(|| canceled(10))));
    }
}

#[test]
fn each_reason_of_cancelling_has_its_end() {
    let end = |reason: CancelReason| {
        let ending = reason.ending();
        let code = ending.failure().unwrap().code;
        (ending.status().as_str(), code.as_str())
    };
    assert_eq!(
        end(CancelReason::KeyRevoked),
        ("canceled", "generationCanceled")
    );
    assert_eq!(
        end(CancelReason::ShuttingDown),
        ("canceled", "serviceUnavailable")
    );
    assert_eq!(
        end(CancelReason::NotStartedInTime { waits: true }),
        ("canceled", "serviceUnavailable")
    );
    assert_eq!(
        end(CancelReason::NotStartedInTime { waits: false }),
        ("failed", "generationFailed")
    );
}

#[test]
fn what_is_worked_on_here_is_not_asked_about_all_the_time() {
    let mut setup = Setup::new([Step::GiveAndHang(vec![])]).accepting();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    setup.generations.expect_ended().returning(move |ids| {
        heard.lock().unwrap().push(ids.to_vec());
        Ok(Vec::new())
    });
    let mut bench = setup.build();
    let _end = bench.engine.watch(id(10));
    assert!(submit(&mut bench, accept(10), vec![], true).is_ok());
    at_once(&mut bench, async |engine| {
        engine.look_for_ends(Look::Elsewhere).await
    })
    .unwrap();
    assert!(asked.lock().unwrap().is_empty(), "it is drawn here");
    at_once(&mut bench, async |engine| {
        engine.look_for_ends(Look::Everywhere).await
    })
    .unwrap();
    assert_eq!(*asked.lock().unwrap(), [[id(10)]]);
}

#[test]
fn references_are_deleted_after_every_end_and_no_answer_waits_for_it() {
    for script in [Step::Give(vec![Ok(blob("a"))]), Step::Panic] {
        let mut bench = Setup::new([script]).accepting().build();
        let mut end = bench.engine.watch(id(10));
        assert!(submit(&mut bench, accept(10), vec![blob("fox")], true).is_ok());
        assert!(end.try_recv().unwrap().is_some());
        let events = bench.log.all();
        let settled = events.iter().position(|event| event.starts_with("settle"));
        let deleted = events
            .iter()
            .position(|event| event.starts_with("delete references/"));
        assert!(settled.unwrap() < deleted.unwrap(), "{events:?}");
        assert!(
            !bench
                .store
                .names()
                .iter()
                .any(|name| name.as_str().starts_with("references/"))
        );
    }
}

//! Leases: ours, and those that lapsed.

use super::*;
use crate::engine::reap::REAP_GRACE;
use crate::generation::Lease;
use crate::ports::{LeaseError, Reaped};

const LEASE: Duration = Duration::from_secs(30);

/// A round; how much it found.
fn reap(bench: &mut Bench) -> Result<usize, DatabaseError> {
    at_once(bench, async |engine| {
        engine.reap().await.map(|reaping| reaping.found)
    })
}

const fn late(waits: bool) -> CancelReason {
    CancelReason::NotStartedInTime { waits }
}

#[test]
fn a_process_announces_itself_and_gives_its_lease_up() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_register()
        .withf(|&worker, &lease| (worker, lease) == (me(), LEASE))
        .once()
        .returning(|_, _| Ok(()));
    setup
        .generations
        .expect_resign()
        .withf(|&worker| worker == me())
        .once()
        .returning(|_| Ok(()));
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.register().await),
        Ok(())
    );
    assert_eq!(
        at_once(&mut bench, async |engine| engine.resign().await),
        Ok(())
    );
}

#[test]
fn a_lease_is_renewed_under_its_name() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_renew()
        .withf(|&worker, &lease| (worker, lease) == (me(), LEASE))
        .times(2)
        .returning(|_, _| Ok(()));
    setup.generations.expect_register().never();
    let mut bench = setup.build();
    for _ in 0..2 {
        assert_eq!(
            at_once(&mut bench, async |engine| engine.renew().await),
            Ok(())
        );
    }
}

#[test]
fn after_a_lapse_the_process_goes_on_under_a_new_name() {
    let new = WorkerId(uuid(WORKER + 1));
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_renew()
        .withf(|&worker, _| worker == me())
        .once()
        .returning(|_, _| Err(LeaseError::Lost));
    setup
        .generations
        .expect_register()
        .withf(move |&worker, &lease| (worker, lease) == (new, LEASE))
        .once()
        .returning(|_, _| Ok(()));
    setup
        .generations
        .expect_renew()
        .withf(move |&worker, _| worker == new)
        .once()
        .returning(|_, _| Ok(()));
    setup
        .generations
        .expect_claim()
        .withf(move |claim| claim.worker == new)
        .once()
        .returning(|_| Ok(vec![]));
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.renew().await),
        Ok(())
    );
    assert_eq!(
        at_once(&mut bench, async |engine| engine.renew().await),
        Ok(())
    );
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim(Mode::Live).await),
        Ok(0)
    );
}

#[test]
fn a_name_that_could_not_be_announced_is_not_taken() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_renew()
        .withf(|&worker, _| worker == me())
        .times(2)
        .returning(|_, _| Err(LeaseError::Lost));
    setup
        .generations
        .expect_register()
        .once()
        .returning(|_, _| Err(away()));
    setup
        .generations
        .expect_register()
        .once()
        .returning(|_, _| Ok(()));
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.renew().await),
        Err(away())
    );
    assert_eq!(
        at_once(&mut bench, async |engine| engine.renew().await),
        Ok(())
    );
}

#[test]
fn a_database_that_is_away_is_no_lapse() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_renew()
        .once()
        .returning(|_, _| Err(LeaseError::Database(away())));
    setup.generations.expect_register().never();
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.renew().await),
        Err(away())
    );
}

fn reaping(setup: &mut Setup, reaped: Reaped) {
    setup
        .generations
        .expect_reap()
        .withf(|&worker, &grace, &at_most| (worker, grace, at_most) == (me(), REAP_GRACE, BATCH))
        .once()
        .return_once(|_, _, _| Ok(reaped));
}

#[test]
fn what_a_dead_holder_had_dispatched_is_settled_and_never_drawn() {
    let mut setup = Setup::new([]).settling();
    let dispatched = in_state(&generation(), State::Running { dispatched: true });
    setup
        .rows
        .lock()
        .unwrap()
        .insert(dispatched.id, dispatched.clone());
    reaping(
        &mut setup,
        Reaped {
            taken_over: vec![claimed(dispatched.clone())],
            ..Reaped::default()
        },
    );
    let mut bench = setup.build();
    let mut end = bench.engine.watch(dispatched.id);
    assert_eq!(reap(&mut bench), Ok(1));
    assert_eq!(bench.log.all(), ["settle failed"]);
    let ended = end.try_recv().unwrap().unwrap();
    let failure = ended.end().unwrap().ending.failure().unwrap().clone();
    assert_eq!(failure.code, FailureCode::GenerationFailed);
    assert!(failure.message.contains("refunded"));
}

#[test]
fn what_was_not_started_in_time_is_ended_for_whoever_waits() {
    let mut setup = Setup::new([]);
    reaping(
        &mut setup,
        Reaped {
            overdue: vec![
                (id(10), late(true)),
                (id(11), late(false)),
                (id(12), late(true)),
            ],
            ..Reaped::default()
        },
    );
    setup
        .generations
        .expect_cancel()
        .times(3)
        .returning(|cancel, reason, at| {
            assert_eq!(at, start());
            assert_eq!(
                reason,
                CancelReason::NotStartedInTime {
                    waits: cancel != id(11)
                }
            );
            // The last was claimed in the meantime.
            let generation = Generation {
                id: cancel,
                references: vec![reference(cancel, 0)],
                ..generation()
            };
            Ok((cancel != id(12)).then(|| ended(&generation, reason.ending())))
        });
    let mut bench = setup.build();
    let ends = [10, 11, 12].map(|number| bench.engine.watch(id(number)));
    assert_eq!(reap(&mut bench), Ok(3));
    assert_eq!(
        ends.map(|mut end| end.try_recv().unwrap().is_some()),
        [true, true, false]
    );
    let deleted = [10, 11].map(|number| format!("delete references/{}/0", id(number)));
    let mut done = bench.log.all();
    done.sort();
    assert_eq!(done, deleted);
}

#[test]
fn what_was_queued_again_is_claimed_soon() {
    let mut setup = Setup::new([]);
    reaping(
        &mut setup,
        Reaped {
            requeued: 3,
            ..Reaped::default()
        },
    );
    reaping(&mut setup, Reaped::default());
    let mut bench = setup.build();
    assert_eq!(reap(&mut bench), Ok(3));
    assert!(is_woken(&mut bench));
    assert_eq!(reap(&mut bench), Ok(0));
    assert!(!is_woken(&mut bench));
}

#[test]
fn what_cannot_be_canceled_keeps_nobody_and_is_tried_again_later() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_reap()
        .once()
        .returning(|_, _, _| Err(away()));
    for numbers in [vec![10, 11, 12], vec![10], vec![10]] {
        let overdue = numbers.into_iter();
        let overdue = overdue.map(|number| (id(number), late(true))).collect();
        let under_way = Reaped {
            overdue,
            ..Reaped::default()
        };
        setup
            .generations
            .expect_reap()
            .once()
            .return_once(|_, _, _| Ok(under_way));
    }
    setup
        .generations
        .expect_cancel()
        .times(4)
        .returning(|cancel, reason, _| {
            if cancel == id(10) {
                return Err(away());
            }
            let generation = Generation {
                id: cancel,
                ..generation()
            };
            Ok(Some(ended(&generation, reason.ending())))
        });
    let mut bench = setup.build();
    let ends = [11, 12].map(|number| bench.engine.watch(id(number)));
    assert_eq!(reap(&mut bench), Err(away()));
    assert_eq!(reap(&mut bench), Ok(3));
    for mut end in ends {
        assert!(end.try_recv().unwrap().is_some());
    }
    bench.scene.advance(Duration::from_secs(4));
    assert_eq!(reap(&mut bench), Ok(0), "the round before is at it");
    bench.scene.advance(Duration::from_secs(1));
    assert_eq!(reap(&mut bench), Ok(1));
}

#[test]
fn what_cannot_be_settled_keeps_nobody_and_is_given_up_for_a_while() {
    let mut setup = Setup::new([]);
    let abandoned = |number| Claimed {
        generation: Generation {
            id: id(number),
            ..generation()
        },
        lease: Lease {
            generation: id(number),
            worker: me(),
            fence: 2,
        },
        time_left: Duration::ZERO,
    };
    reaping(
        &mut setup,
        Reaped {
            taken_over: vec![abandoned(10), abandoned(11)],
            ..Reaped::default()
        },
    );
    setup
        .generations
        .expect_settle()
        .returning(|lease, ending, _| {
            if lease.generation == id(10) {
                return Err(LeaseError::Database(away()));
            }
            let generation = Generation {
                id: lease.generation,
                ..generation()
            };
            Ok(ended(&generation, ending.clone()))
        });
    let mut bench = setup.build();
    let mut end = bench.engine.watch(id(11));
    let engine = bench.engine();
    let reaping = bench.scene.run(async move { engine.reap().await }).unwrap();
    assert_eq!((reaping.found, reaping.left_behind), (2, 2));
    assert!(end.try_recv().unwrap().is_some());
    bench.scene.run(reaping.ended());
    assert_eq!(bench.scene.clock.elapsed_seconds(), 20);
}

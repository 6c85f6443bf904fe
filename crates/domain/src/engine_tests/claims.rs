//! Work out of the queue.

use super::*;
use crate::generation::Lease;

/// A queued generation by its number, as it is claimed.
fn queued(number: u128) -> Claimed {
    let generation = Generation {
        id: id(number),
        n: 1,
        ..generation()
    };
    let lease = Lease {
        generation: generation.id,
        worker: me(),
        fence: 4,
    };
    Claimed {
        lease,
        ..claimed(generation)
    }
}

/// Claims answer with these, in turn; each must ask for as many as it is said to.
fn claiming(setup: &mut Setup, asked: u32, numbers: Vec<u128>) {
    for &number in &numbers {
        setup
            .rows
            .lock()
            .unwrap()
            .insert(id(number), queued(number).generation);
    }
    setup.generations.expect_dispatch().returning(|_| Ok(()));
    setup
        .generations
        .expect_claim()
        .withf(move |&worker, &timeout, &at_most| {
            (worker, timeout, at_most) == (me(), TIMEOUT, asked)
        })
        .once()
        .return_once(|_, _, _| Ok(numbers.into_iter().map(queued).collect()));
}

#[test]
fn as_much_is_claimed_as_there_are_free_slots_and_all_of_it_is_drawn() {
    let mut setup = Setup::new([slow(), slow(), one_image()]).settling();
    setup.workers = 3;
    claiming(&mut setup, 3, vec![10, 11]);
    claiming(&mut setup, 1, vec![12]);
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim().await),
        Ok(2)
    );
    assert_eq!(bench.log.count("generate"), 2);
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim().await),
        Ok(1)
    );
    assert_eq!(bench.log.count("settle"), 1, "the third was quick");
    bench.scene.advance(Duration::from_secs(10));
    assert_eq!(bench.log.count("settle succeeded"), 3);
    for by in bench.settled.lock().unwrap().iter() {
        assert_eq!(
            (by.1, by.2),
            (me(), 4),
            "under the lease it was claimed with"
        );
    }
    assert!(bench.engine.is_idle());
    assert!(is_woken(&mut bench), "free slots look for more");
}

#[test]
fn without_free_slots_the_database_is_not_asked() {
    let mut setup = Setup::new([]);
    setup.workers = 0;
    setup.generations.expect_claim().never();
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim().await),
        Ok(0)
    );
}

#[test]
fn a_process_that_shuts_down_claims_nothing() {
    let mut setup = Setup::new([]);
    setup.generations.expect_claim().never();
    let mut bench = setup.build();
    assert!(!bench.engine.is_draining());
    at_once(&mut bench, async |engine| engine.drain().await);
    assert!(bench.engine.is_draining());
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim().await),
        Ok(0)
    );
    assert!(bench.engine.is_idle());
}

#[test]
fn one_question_claims_a_bounded_number() {
    let mut setup = Setup::new([]);
    setup.workers = 1_000;
    claiming(&mut setup, BATCH, vec![]);
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim().await),
        Ok(0)
    );
    assert!(bench.engine.is_idle(), "slots that got nothing are free");
}

#[test]
fn a_database_that_is_away_takes_no_slots() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_claim()
        .once()
        .returning(|_, _, _| Err(away()));
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim().await),
        Err(away())
    );
    assert!(bench.engine.is_idle());
}

#[test]
fn work_whose_lease_was_lost_frees_its_slot_and_ends_nobody_s_wait() {
    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_dispatch()
        .returning(|_| Err(LeaseError::Lost));
    setup
        .generations
        .expect_claim()
        .once()
        .returning(|_, _, _| Ok(vec![queued(10)]));
    let mut bench = setup.build();
    let mut end = bench.engine.watch(id(10));
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim().await),
        Ok(1)
    );
    assert_eq!(end.try_recv(), Ok(None), "its new holder will end it");
    assert!(!bench.engine.is_idle(), "somebody here waits for that");
    drop(end);
    assert!(bench.engine.is_idle());
}

#[test]
fn many_wake_ups_are_one() {
    let mut bench = Setup::new([]).build();
    assert!(!is_woken(&mut bench));
    for _ in 0..1_000 {
        bench.engine.wake();
    }
    assert!(is_woken(&mut bench));
    assert!(
        !is_woken(&mut bench),
        "there is nothing more to claim than at the first"
    );
    bench.engine.wake();
    assert!(is_woken(&mut bench));
}

//! Work out of the queue.

use uuid::Uuid;

use super::*;
use crate::generation::Lease;
use crate::id::AccountId;

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
        .withf(move |claim| (claim.worker, claim.timeout, claim.at_most) == (me(), TIMEOUT, asked))
        .once()
        .return_once(|_| Ok(numbers.into_iter().map(queued).collect()));
}

#[test]
fn as_much_is_claimed_as_there_are_free_slots_and_all_of_it_is_drawn() {
    let mut setup = Setup::new([slow(), slow(), one_image()]).settling();
    setup.workers = 3;
    claiming(&mut setup, 2, vec![10, 11]);
    claiming(&mut setup, 1, vec![]);
    claiming(&mut setup, 1, vec![12]);
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim(Mode::Live).await),
        Ok(2)
    );
    assert_eq!(bench.log.count("generate"), 2);
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim(Mode::Live).await),
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
fn an_account_with_half_of_the_slots_gets_more_only_when_no_other_waits() {
    let of = |account: AccountId, number: u128| {
        let mut queued = queued(number);
        queued.generation.account = account;
        queued
    };
    let (ann, bob) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
    let mut setup = Setup::new([slow(), slow(), slow(), slow()]).settling();
    setup.workers = 4;
    setup.generations.expect_dispatch().returning(|_| Ok(()));
    for (at_most, except, claimed) in [
        (2, vec![], vec![of(ann, 10), of(ann, 11)]),
        (2, vec![ann], vec![of(bob, 12)]),
        (1, vec![ann], vec![]),
        (1, vec![], vec![of(ann, 13)]),
    ] {
        for claimed in &claimed {
            let mut rows = setup.rows.lock().unwrap();
            rows.insert(claimed.generation.id, claimed.generation.clone());
        }
        setup
            .generations
            .expect_claim()
            .withf(move |claim| claim.at_most == at_most && claim.except == except)
            .once()
            .return_once(|_| Ok(claimed));
    }
    let mut bench = setup.build();
    for count in [2, 1, 1, 0] {
        let claimed = at_once(&mut bench, async |engine| engine.claim(Mode::Live).await);
        assert_eq!(claimed, Ok(count));
    }
    assert_eq!(bench.log.count("generate"), 4);
}

#[test]
fn test_work_takes_no_slot_of_live_work() {
    let mut setup = Setup::new([slow()]).settling();
    setup.workers = 1;
    let mut test = queued(10);
    test.generation.mode = Mode::Test;
    setup
        .rows
        .lock()
        .unwrap()
        .insert(id(10), test.generation.clone());
    setup.generations.expect_dispatch().returning(|_| Ok(()));
    setup
        .generations
        .expect_claim()
        .withf(|claim| claim.mode == Mode::Test)
        .once()
        .return_once(|_| Ok(vec![test]));
    setup
        .generations
        .expect_claim()
        .withf(|claim| claim.mode == Mode::Live && claim.at_most == 1)
        .once()
        .return_once(|_| Ok(vec![]));
    let mut bench = setup.build();
    for (mode, count) in [(Mode::Test, 1), (Mode::Test, 0), (Mode::Live, 0)] {
        let claimed = at_once(&mut bench, async move |engine| engine.claim(mode).await);
        assert_eq!(claimed, Ok(count));
    }
    assert_eq!(bench.engine.in_flight(Mode::Test), 1);
    assert_eq!(bench.engine.in_flight(Mode::Live), 0);
}

#[test]
fn without_free_slots_the_database_is_not_asked() {
    let mut setup = Setup::new([]);
    setup.workers = 0;
    setup.generations.expect_claim().never();
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim(Mode::Live).await),
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
        at_once(&mut bench, async |engine| engine.claim(Mode::Live).await),
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
        at_once(&mut bench, async |engine| engine.claim(Mode::Live).await),
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
        .returning(|_| Err(away()));
    let mut bench = setup.build();
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim(Mode::Live).await),
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
        .returning(|_| Ok(vec![queued(10)]));
    let mut bench = setup.build();
    let mut end = bench.engine.watch(id(10));
    assert_eq!(
        at_once(&mut bench, async |engine| engine.claim(Mode::Live).await),
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

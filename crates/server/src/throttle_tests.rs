use std::time::Duration;

use governor::clock::FakeRelativeClock;

use super::*;

const ANN: &str = "ann@example.com";

fn throttle() -> (MemoryThrottle<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (MemoryThrottle::over(&clock), clock)
}

/// An address of the network 10.0.0.0/8 by its number.
#[allow(clippy::unnecessary_wraps)] // as the port takes it
fn address(number: u32) -> Option<IpAddr> {
    Some(IpAddr::from((0x0a00_0000 + number).to_be_bytes()))
}

/// How many tries in a row are admitted, and how long the next one would have to wait.
fn tries(mut admit: impl FnMut(u32) -> Result<(), Wait>) -> (u32, Duration) {
    for count in 0..10_000 {
        if let Err(Wait(time)) = admit(count) {
            return (count, time);
        }
    }
    panic!("nothing is refused");
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn an_address_has_5_tries_at_an_account_and_then_one_a_minute() {
    let (throttle, clock) = throttle();
    let admit = |_| throttle.admit_sign_in(address(1), ANN, false);
    assert_eq!(tries(admit), (5, seconds(60)));
    clock.advance(seconds(59));
    assert_eq!(tries(admit), (0, seconds(1)));
    clock.advance(seconds(1));
    assert_eq!(tries(admit), (1, seconds(60)));
    // However it is written, it is the same account.
    assert!(
        throttle
            .admit_sign_in(address(1), " Ann@Example.COM ", false)
            .is_err()
    );
    assert_eq!(
        throttle.admit_sign_in(address(1), "bob@example.com", false),
        Ok(())
    );
    assert_eq!(throttle.admit_sign_in(address(2), ANN, false), Ok(()));
}

#[test]
fn an_address_has_20_tries_at_all_accounts() {
    let (throttle, clock) = throttle();
    let admit = |count| {
        let email = format!("{count}@example.com");
        throttle.admit_sign_in(address(1), &email, false)
    };
    assert_eq!(tries(admit), (20, seconds(15)));
    clock.advance(seconds(15));
    assert_eq!(tries(|count| admit(count + 100)), (1, seconds(15)));
}

#[test]
fn an_account_has_50_tries_from_all_strangers_beyond_the_first_2_of_each() {
    let (throttle, clock) = throttle();
    let admit = |count| throttle.admit_sign_in(address(count / 5), ANN, false);
    // Of each address 2 first ones and 3 others: 16 addresses, and 2 and 2 of the next.
    assert_eq!(tries(admit), (16 * 5 + 4, seconds(30)));
    clock.advance(seconds(30));
    // Of an address that comes anew 2 first ones, and the one that has come back.
    assert_eq!(tries(|count| admit(85 + count)), (3, seconds(30)));
}

#[test]
fn no_stranger_takes_the_first_tries_of_another_address_away() {
    let (throttle, clock) = throttle();
    let from = |number| throttle.admit_sign_in(address(number), ANN, false);
    let crowd = || {
        for count in 0..1_000 {
            let _ = from(count % 100);
        }
    };
    crowd();
    let (owner, elsewhere) = (1_000, 2_000);
    assert_eq!(tries(|_| from(owner)).0, 2);
    assert_eq!(tries(|_| from(elsewhere)).0, 2);
    clock.advance(seconds(600));
    crowd();
    assert_eq!(tries(|_| from(owner)).0, 1);
}

#[test]
fn no_stranger_locks_a_known_device_out() {
    let (throttle, _) = throttle();
    for count in 0..1_000 {
        let _ = throttle.admit_sign_in(address(count % 100), ANN, false);
    }
    // Not even one with the same address, as behind one router or one proxy.
    assert!(throttle.admit_sign_in(address(7), ANN, false).is_err());
    let known = |_| throttle.admit_sign_in(address(7), ANN, true);
    assert_eq!(tries(known), (20, seconds(15)));
}

#[test]
fn an_address_makes_20_accounts_and_then_one_a_minute() {
    let (throttle, _) = throttle();
    let admit = |_| throttle.admit_sign_up(address(1));
    assert_eq!(tries(admit), (20, seconds(60)));
    assert_eq!(throttle.admit_sign_up(address(2)), Ok(()));
    assert_eq!(tries(|_| throttle.admit_sign_up(None)).0, 20);
}

#[test]
fn a_network_is_what_one_customer_has() {
    let network = |text: &str| super::network(Some(text.parse().unwrap()));
    assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:ff::"));
    assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:102::"));
    assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    assert_ne!(network("192.0.2.2"), network("192.0.2.1"));
    assert_eq!(super::network(None), None);
}

#[test]
fn memory_is_bounded_and_what_has_waited_enough_is_forgotten() {
    let clock = FakeRelativeClock::default();
    let count = Count::over(quota(1, 1), clock.clone());
    let beyond = MOST as u64 + 50_000;
    for key in 0..beyond {
        let _ = count.admit(key << 20);
    }
    assert!(count.limiter.len() <= MOST + usize::try_from(CROWD).unwrap());
    assert!(
        count.admit(1 << 20).is_err(),
        "whoever was counted still is"
    );
    clock.advance(seconds(121)); // a minute for its try to be forgiven, and one more
    for _ in 0..FORGET_EVERY {
        let _ = count.admit(7);
    }
    assert!(count.limiter.len() <= 2, "{}", count.limiter.len());
}

use super::*;

/// One lot that paid 10 at the start.
fn paid(expires: Option<i64>, is_refund_lot: bool) -> [Payment; 1] {
    [Payment {
        part: part(1, 10),
        expires_at: expires.map(hour),
        lot_created_at: hour(-100),
        is_refund_lot,
    }]
}

fn refund_at(payments: &[Payment], at: Timestamp) -> Refund {
    let refunds = plan_refund(payments, credits(10), start(), at);
    assert_eq!(refunds.len(), 1);
    refunds[0]
}

fn new_lot(expires: i64) -> Refund {
    Refund::ToNewLot {
        source: part(1, 10),
        expires_at: hour(expires),
    }
}

#[test]
fn credits_go_back_to_the_lot_they_came_from() {
    assert_eq!(
        refund_at(&paid(Some(100), false), hour(1)),
        Refund::ToSource(part(1, 10))
    );
}

#[test]
fn a_never_expiring_lot_always_takes_its_credits_back() {
    for is_refund_lot in [false, true] {
        for at in [0, 1, 100_000] {
            assert_eq!(
                refund_at(&paid(None, is_refund_lot), hour(at)),
                Refund::ToSource(part(1, 10))
            );
        }
    }
}

#[test]
fn exactly_a_day_left_is_enough_and_a_microsecond_less_is_not() {
    let payments = paid(Some(30), false);
    assert_eq!(refund_at(&payments, hour(6)), Refund::ToSource(part(1, 10)));
    let later = hour(6).plus(Duration::from_micros(1));
    let Refund::ToNewLot { source, expires_at } = refund_at(&payments, later) else {
        panic!("under a day was left");
    };
    assert_eq!(source, part(1, 10));
    // 30 hours were left when it was charged, and they do not pass while the credits are held.
    assert_eq!(expires_at, later.plus(Duration::from_hours(30)));
}

#[test]
fn a_refund_of_an_expired_lot_lives_as_long_as_the_lot_had_left_when_charged() {
    assert_eq!(
        refund_at(&paid(Some(72), false), hour(72)),
        new_lot(72 + 72)
    );
    assert_eq!(
        refund_at(&paid(Some(72), false), hour(80)),
        new_lot(80 + 72)
    );
}

#[test]
fn a_new_lot_lives_at_least_a_day() {
    // One hour was left when it was charged.
    assert_eq!(refund_at(&paid(Some(1), false), start()), new_lot(24));
    assert_eq!(refund_at(&paid(Some(1), false), hour(5)), new_lot(5 + 24));
}

#[test]
fn a_refund_lot_gets_no_second_extension() {
    // A day left: back to where it was.
    assert_eq!(
        refund_at(&paid(Some(24), true), hour(0)),
        Refund::ToSource(part(1, 10))
    );
    // Less, or expired while held: what was left when it was charged, and no day's grace.
    assert_eq!(refund_at(&paid(Some(3), true), hour(1)), new_lot(1 + 3));
    assert_eq!(refund_at(&paid(Some(1), true), hour(1)), new_lot(1 + 1));
    assert_eq!(refund_at(&paid(Some(3), true), hour(10)), new_lot(10 + 3));
}

#[test]
fn the_last_lot_spent_is_the_first_to_get_its_credits_back() {
    let lots = [
        lot(1, 10, -1, None),
        lot(2, 10, -1, Some(500)),
        lot(3, 10, -3, Some(900)),
        lot(4, 10, -2, Some(900)),
    ];
    let parts = plan_spend(&lots, credits(40), start()).unwrap();
    assert_eq!(
        parts.iter().map(|part| part.lot).collect::<Vec<_>>(),
        [id(2), id(3), id(4), id(1)]
    );
    // In whatever order the rows come.
    for rotation in 0..4 {
        let mut payments = payments(&lots, &parts, &[]);
        payments.rotate_left(rotation);
        assert_eq!(
            plan_refund(&payments, credits(25), start(), hour(1)),
            [
                Refund::ToSource(part(1, 10)),
                Refund::ToSource(part(4, 10)),
                Refund::ToSource(part(3, 5)),
            ]
        );
    }
}

#[test]
fn each_part_goes_its_own_way() {
    let lots = [
        lot(1, 4, -1, Some(2)),
        lot(2, 4, -1, Some(200)),
        lot(3, 4, -1, None),
    ];
    let parts = plan_spend(&lots, credits(12), start()).unwrap();
    let refunds = plan_refund(&payments(&lots, &parts, &[]), credits(12), start(), hour(3));
    assert_eq!(
        refunds,
        [
            Refund::ToSource(part(3, 4)),
            Refund::ToSource(part(2, 4)),
            Refund::ToNewLot {
                source: part(1, 4),
                expires_at: hour(3 + 24)
            },
        ]
    );
}

#[test]
fn no_more_comes_back_than_was_paid_and_nothing_for_nothing() {
    let payments = paid(None, false);
    assert_eq!(
        plan_refund(&payments, credits(11), start(), start()),
        [Refund::ToSource(part(1, 10))]
    );
    assert_eq!(plan_refund(&payments, Credits::ZERO, start(), start()), []);
    assert_eq!(plan_refund(&[], credits(5), start(), start()), []);
}

#[test]
fn a_part_knows_what_it_gives_back() {
    assert_eq!(Refund::ToSource(part(1, 7)).credits(), credits(7));
    assert_eq!(new_lot(1).credits(), credits(10));
}

use super::*;
use crate::testing::{hour, start, uuid};

#[path = "lots_tests/properties.rs"]
mod properties;
#[path = "lots_tests/refunds.rs"]
mod refunds;

fn credits(amount: u32) -> Credits {
    Credits::from_u32(amount)
}

fn id(number: u128) -> LotId {
    LotId(uuid(number))
}

fn part(lot: u128, amount: u32) -> Part {
    Part {
        lot: id(lot),
        credits: credits(amount),
    }
}

/// A lot that was added so many hours after the start and expires so many hours after it.
fn lot(number: u128, remaining: u32, created: i64, expires: Option<i64>) -> Lot {
    Lot {
        id: id(number),
        remaining: credits(remaining),
        expires_at: expires.map(hour),
        created_at: hour(created),
    }
}

/// What a plan of spending is remembered as.
fn payments(lots: &[Lot], parts: &[Part], refund_lots: &[LotId]) -> Vec<Payment> {
    let of = |part: &Part| {
        let lot = lots.iter().find(|lot| lot.id == part.lot).unwrap();
        Payment {
            part: *part,
            expires_at: lot.expires_at,
            lot_created_at: lot.created_at,
            is_refund_lot: refund_lots.contains(&lot.id),
        }
    };
    parts.iter().map(of).collect()
}

#[test]
fn the_soonest_expiring_lot_pays_first_and_never_expiring_ones_last() {
    let lots = [
        lot(1, 10, -9, None),
        lot(2, 10, -1, Some(50)),
        lot(3, 10, -5, Some(90)),
        lot(4, 10, -1, Some(40)),
    ];
    let parts = plan_spend(&lots, credits(35), start()).unwrap();
    assert_eq!(parts, [part(4, 10), part(2, 10), part(3, 10), part(1, 5)]);
}

#[test]
fn the_oldest_pays_first_among_equal_expiries() {
    let lots = [
        lot(1, 10, -1, Some(50)),
        lot(2, 10, -3, Some(50)),
        lot(3, 10, -2, Some(50)),
    ];
    let parts = plan_spend(&lots, credits(30), start()).unwrap();
    assert_eq!(parts, [part(2, 10), part(3, 10), part(1, 10)]);

    let lots = [lot(1, 10, -1, None), lot(2, 10, -3, None)];
    let parts = plan_spend(&lots, credits(11), start()).unwrap();
    assert_eq!(parts, [part(2, 10), part(1, 1)]);
}

#[test]
fn lots_added_at_one_instant_pay_in_the_order_of_their_ids() {
    let lots = [lot(2, 10, 0, None), lot(1, 10, 0, None)];
    let parts = plan_spend(&lots, credits(12), start()).unwrap();
    assert_eq!(parts, [part(1, 10), part(2, 2)]);
}

#[test]
fn a_lot_is_worth_nothing_from_its_instant_of_expiry_on() {
    let expiring = lot(1, 10, -1, Some(1));
    let instant_before = Timestamp::from_micros(hour(1).as_micros() - 1);
    assert!(expiring.is_live(instant_before));
    assert!(!expiring.is_live(hour(1)));
    let lots = [expiring, lot(2, 10, -1, None)];
    assert_eq!(
        plan_spend(&lots, credits(10), instant_before).unwrap(),
        [part(1, 10)]
    );
    assert_eq!(
        plan_spend(&lots, credits(10), hour(1)).unwrap(),
        [part(2, 10)]
    );
}

#[test]
fn an_empty_lot_is_not_live_and_pays_nothing() {
    let lots = [lot(1, 0, -1, Some(5)), lot(2, 3, -1, None)];
    assert!(!lots[0].is_live(start()));
    assert_eq!(
        plan_spend(&lots, credits(3), start()).unwrap(),
        [part(2, 3)]
    );
}

#[test]
fn nothing_is_planned_for_nothing() {
    assert_eq!(plan_spend(&[], Credits::ZERO, start()), Ok(Vec::new()));
    let lots = [lot(1, 5, -1, None)];
    assert_eq!(plan_spend(&lots, Credits::ZERO, start()), Ok(Vec::new()));
}

#[test]
fn what_is_missing_is_said_in_figures_of_live_credits() {
    let lots = [
        lot(1, 5, -1, None),
        lot(2, 100, -9, Some(0)),
        lot(3, 2, -1, Some(1)),
    ];
    let insufficient = plan_spend(&lots, credits(8), start()).unwrap_err();
    assert_eq!(
        insufficient,
        InsufficientCredits {
            required: credits(8),
            available: credits(7)
        }
    );
    assert_eq!(
        insufficient.to_string(),
        "8 credits are needed and 7 are available"
    );
    assert!(plan_spend(&lots, credits(7), start()).is_ok());
}

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

/// Up to a dozen lots whose times lie close together, so that equal ones and expired ones are common.
fn lots() -> impl Strategy<Value = Vec<Lot>> {
    let lot = (0_u32..20, -4_i64..4, option::of(-3_i64..60));
    vec(lot, 0..12).prop_map(|lots| {
        let lots = lots.into_iter().enumerate();
        lots.map(|(number, (remaining, created, expires))| {
            lot_of(number, remaining, created, expires)
        })
        .collect()
    })
}

fn lot_of(number: usize, remaining: u32, created: i64, expires: Option<i64>) -> Lot {
    // Ids against the order of the list, so that no order is right by accident.
    lot(1_000 - number as u128, remaining, created, expires)
}

fn live_sum(lots: &[Lot], at: Timestamp) -> Credits {
    lots.iter()
        .filter(|lot| lot.is_live(at))
        .map(|lot| lot.remaining)
        .sum()
}

fn by_lot(lots: &[Lot]) -> BTreeMap<LotId, Credits> {
    lots.iter().map(|lot| (lot.id, lot.remaining)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_charge_is_paid_exactly_or_not_at_all(lots in lots(), amount in 0_u32..150) {
        let amount = credits(amount);
        let available = live_sum(&lots, start());
        match plan_spend(&lots, amount, start()) {
            Err(insufficient) => {
                prop_assert!(available < amount);
                prop_assert_eq!(insufficient, InsufficientCredits { required: amount, available });
            }
            Ok(parts) => {
                prop_assert!(available >= amount);
                prop_assert_eq!(parts.iter().map(|part| part.credits).sum::<Credits>(), amount);
            }
        }
    }

    #[test]
    fn lots_pay_once_what_they_have_and_only_while_they_live(lots in lots(), amount in 0_u32..150) {
        let parts = plan_spend(&lots, credits(amount), start()).unwrap_or_default();
        let mut seen = Vec::new();
        for part in parts {
            let lot = lots.iter().find(|lot| lot.id == part.lot).unwrap();
            prop_assert!(lot.is_live(start()));
            prop_assert!(!part.credits.is_zero());
            prop_assert!(part.credits <= lot.remaining);
            prop_assert!(!seen.contains(&lot.id));
            seen.push(lot.id);
        }
    }

    #[test]
    fn no_lot_is_touched_while_an_earlier_one_has_a_rest(lots in lots(), amount in 0_u32..150) {
        let parts = plan_spend(&lots, credits(amount), start()).unwrap_or_default();
        let spent: BTreeMap<LotId, Credits> = parts.iter().map(|part| (part.lot, part.credits)).collect();
        let far = Timestamp::from_micros(i64::MAX);
        let order = |lot: &Lot| (lot.expires_at.unwrap_or(far), lot.created_at);
        for earlier in lots.iter().filter(|lot| lot.is_live(start())) {
            let has_rest = spent.get(&earlier.id).is_none_or(|&part| part < earlier.remaining);
            for later in &lots {
                if has_rest && order(earlier) < order(later) {
                    prop_assert!(!spent.contains_key(&later.id), "{earlier:?} before {later:?}");
                }
            }
        }
        // And the plan lists them in that order.
        let listed: Vec<_> = parts.iter().map(|part| order(lots.iter().find(|lot| lot.id == part.lot).unwrap())).collect();
        prop_assert!(listed.is_sorted());
    }

    #[test]
    fn a_refund_gives_back_the_least_of_what_was_asked_and_paid(
        lots in lots(), amount in 0_u32..150, back in 0_u32..200, held in 0_i64..100,
    ) {
        let parts = plan_spend(&lots, credits(amount), start()).unwrap_or_default();
        let paid: BTreeMap<LotId, Credits> = parts.iter().map(|part| (part.lot, part.credits)).collect();
        let refunds = plan_refund(&payments(&lots, &parts, &[]), credits(back), start(), hour(held));
        let total: Credits = refunds.iter().map(Refund::credits).sum();
        prop_assert_eq!(total, credits(back).min(paid.values().copied().sum()));
        let mut seen = Vec::new();
        for refund in refunds {
            let (Refund::ToSource(part) | Refund::ToNewLot { source: part, .. }) = refund;
            prop_assert!(part.credits <= paid[&part.lot]);
            prop_assert!(!part.credits.is_zero());
            prop_assert!(!seen.contains(&part.lot));
            seen.push(part.lot);
            if let Refund::ToNewLot { expires_at, .. } = refund {
                prop_assert!(expires_at.since(hour(held)) >= REFUND_LIFE);
            }
        }
    }

    #[test]
    fn spending_and_refunding_all_restores_every_lot(lots in lots(), amount in 0_u32..150) {
        let parts = plan_spend(&lots, credits(amount), start()).unwrap_or_default();
        let mut rest = by_lot(&lots);
        for part in &parts {
            let left = rest.get_mut(&part.lot).unwrap();
            *left = left.minus(part.credits);
        }
        for refund in plan_refund(&payments(&lots, &parts, &[]), credits(amount), start(), start()) {
            let (Refund::ToSource(part) | Refund::ToNewLot { source: part, .. }) = refund;
            let left = rest.get_mut(&part.lot).unwrap();
            *left = left.plus(part.credits);
        }
        prop_assert_eq!(rest, by_lot(&lots));
    }

    #[test]
    fn a_partial_refund_leaves_what_a_smaller_charge_would_have_taken(
        lots in lots(), amount in 0_u32..150, back in 0_u32..150,
    ) {
        let back = back.min(amount);
        let Ok(parts) = plan_spend(&lots, credits(amount), start()) else { return Ok(()) };
        let mut taken: BTreeMap<LotId, Credits> = parts.iter().map(|part| (part.lot, part.credits)).collect();
        for refund in plan_refund(&payments(&lots, &parts, &[]), credits(back), start(), start()) {
            let (Refund::ToSource(part) | Refund::ToNewLot { source: part, .. }) = refund;
            let left = taken.get_mut(&part.lot).unwrap();
            *left = left.minus(part.credits);
        }
        taken.retain(|_, left| !left.is_zero());
        let smaller = plan_spend(&lots, credits(amount - back), start()).unwrap();
        let smaller: BTreeMap<LotId, Credits> = smaller.iter().map(|part| (part.lot, part.credits)).collect();
        prop_assert_eq!(taken, smaller);
    }

    /// Somebody spends and is refunded again and again: the time in which the credits could be spent never grows beyond
    /// the one extension, however long they were held in between.
    #[test]
    fn no_cycle_of_refunds_makes_credits_immortal(
        life in 1_u64..4_000, cycles in vec((0_u64..2_000, 0_u64..4_000), 1..40),
    ) {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let mut now = start();
        let mut expires_at = now.plus(minutes(life));
        let mut is_refund_lot = false;
        let mut spendable = Duration::ZERO;
        for (idle, held) in cycles {
            now = now.plus(minutes(idle));
            if now >= expires_at {
                break;
            }
            spendable += minutes(idle);
            let charged_at = now;
            let left_at_charge = expires_at.since(charged_at);
            now = now.plus(minutes(held));
            let payment = Payment { part: part(1, 1), expires_at: Some(expires_at), lot_created_at: start(), is_refund_lot };
            let refunds = plan_refund(&[payment], credits(1), charged_at, now);
            prop_assert_eq!(refunds.len(), 1);
            if let Refund::ToNewLot { expires_at: new, .. } = refunds[0] {
                expires_at = new;
                let life = new.since(now);
                let most = if is_refund_lot { left_at_charge } else { left_at_charge.max(REFUND_LIFE) };
                prop_assert_eq!(life, most);
                is_refund_lot = true;
            }
            // Whatever became of it, it was not lost by being held.
            prop_assert!(now < expires_at);
        }
        prop_assert!(spendable < minutes(life) + REFUND_LIFE);
    }
}

//! Which lots pay for a generation and which get a refund: for an account of three lots, and for one of a thousand.

#![allow(missing_docs)] // what the macros of Criterion make

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use gih_domain::credits::Credits;
use gih_domain::lots::{Lot, Payment, plan_refund, plan_spend};
use gih_domain::time::Timestamp;
use std::hint::black_box;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_micros(1_764_500_000_000_000);
const CREDITS_OF_A_LOT: u32 = 5;

fn lots(count: u32) -> Vec<Lot> {
    (1..=count)
        .map(|number| Lot {
            id: format!("lot_{number:032x}").parse().expect("an id"),
            remaining: Credits::from_u32(CREDITS_OF_A_LOT),
            // In no order: the plan has to sort.
            expires_at: Some(NOW.plus(Duration::from_hours(u64::from(number * 7919 % 1009 + 1)))),
            created_at: NOW.minus(Duration::from_hours(u64::from(number))),
        })
        .collect()
}

fn lot_planning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lot planning");
    for count in [3, 1000] {
        let lots = lots(count);
        // Every lot pays a part.
        let price = Credits::from_u32(count * CREDITS_OF_A_LOT);
        group.bench_with_input(BenchmarkId::new("spend", count), &lots, |bencher, lots| {
            bencher.iter(|| plan_spend(black_box(lots), price, NOW));
        });
        let parts = plan_spend(&lots, price, NOW).expect("enough credits");
        let payments: Vec<Payment> = parts
            .into_iter()
            .map(|part| Payment {
                part,
                expires_at: Some(NOW.plus(Duration::from_hours(48))),
                lot_created_at: NOW,
                is_refund_lot: false,
            })
            .collect();
        let later = NOW.plus(Duration::from_mins(1));
        group.bench_with_input(
            BenchmarkId::new("refund", count),
            &payments,
            |bencher, payments| {
                bencher.iter(|| plan_refund(black_box(payments), price, NOW, later));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, lot_planning);
criterion_main!(benches);

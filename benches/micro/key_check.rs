//! What every request does before its first query: the form and the checksum of the key, and the digest to look up.

#![allow(missing_docs)] // what the macros of Criterion make

use criterion::{Criterion, criterion_group, criterion_main};
use gih_domain::api_key::Secret;
use gih_domain::mode::Mode;
use std::hint::black_box;

fn key_check(criterion: &mut Criterion) {
    let secret = Secret::generate(Mode::Live, &[42; Secret::RANDOM_BYTES]);
    let text = secret.reveal();
    criterion.bench_function("key check: parse", |bencher| {
        bencher.iter(|| Secret::parse(black_box(text)));
    });
    criterion.bench_function("key check: digest", |bencher| {
        bencher.iter(|| black_box(&secret).digest());
    });
    criterion.bench_function("key check: both", |bencher| {
        bencher.iter(|| Secret::parse(black_box(text)).map(|secret| secret.digest()));
    });
}

criterion_group!(benches, key_check);
criterion_main!(benches);

//! How fast an image's base64 is decoded, in the pieces that the scanner cuts off.

#![allow(missing_docs)] // what the macros of Criterion make

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gih_openai::testing::decode;

/// The base64 of a 12 MB image.
const TEXT_BYTES: usize = 16_000_000;
/// Pieces that do not end with a group of four characters, as nearly none does.
const PIECE_BYTES: usize = 64 * 1024 - 3;

fn base64(criterion: &mut Criterion) {
    let text = Bytes::from("iVBORw0KGgoA".repeat(TEXT_BYTES / 12));
    let length = text.len();
    let pieces: Vec<Bytes> = (0..length)
        .step_by(PIECE_BYTES)
        .map(|from| text.slice(from..length.min(from + PIECE_BYTES)))
        .collect();
    let mut group = criterion.benchmark_group("base64");
    group.throughput(Throughput::Bytes(length as u64));
    group.sample_size(20);
    group.bench_function("12 MB image", |bencher| bencher.iter(|| decode(&pieces)));
    group.finish();
}

criterion_group!(benches, base64);
criterion_main!(benches);

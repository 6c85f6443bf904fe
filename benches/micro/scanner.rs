//! How fast images are found in an answer: 12 MB of PNG as base64, in the pieces that a connection delivers.

#![allow(missing_docs)] // what the macros of Criterion make

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gih_openai::testing::scan;

/// The base64 of a 12 MB image.
const TEXT_BYTES: usize = 16_000_000;
/// What one read of a socket brings.
const PIECE_BYTES: usize = 64 * 1024;

fn scanner(criterion: &mut Criterion) {
    let text = "iVBORw0KGgoA".repeat(TEXT_BYTES / 12);
    let answer = Bytes::from(format!(
        r#"{{"created":1764500000,"data":[{{"b64_json":"{text}"}}],"usage":{{"total_tokens":1}}}}"#
    ));
    let length = answer.len();
    let pieces: Vec<Bytes> = (0..length)
        .step_by(PIECE_BYTES)
        .map(|from| answer.slice(from..length.min(from + PIECE_BYTES)))
        .collect();
    let mut group = criterion.benchmark_group("scanner");
    group.throughput(Throughput::Bytes(length as u64));
    group.sample_size(20);
    group.bench_function("answer with a 12 MB image", |bencher| {
        bencher.iter(|| scan(&pieces));
    });
    group.finish();
}

criterion_group!(benches, scanner);
criterion_main!(benches);

//! Milliseconds from a long source to a verified module, step by step.
//!
//! `cargo bench -p tests --bench compile`. The control reads the same text in native code: its hash. Each step
//! contains the ones before it.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dsl::compile::compile;
use dsl::history::History;
use dsl::source::Source;
use harness::long_source::long_source;

const LINES: usize = 10_000;

fn source() -> Source {
    Source::new("shop.cam", long_source(LINES)).expect("it is below the limit")
}

fn front(criterion: &mut Criterion) {
    let source = source();
    let text = source.text().to_owned();
    let history = History::new();
    let mut group = criterion.benchmark_group(format!("{} lines", text.lines().count()));
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| dsl::parse::module(black_box(&source)));
    });
    group.bench_function("compile", |bencher| {
        bencher.iter(|| {
            let compiled = compile(black_box(&source), &history);
            compiled.unwrap_or_else(|problems| unreachable!("{}", problems.render(&source, false)))
        });
    });
    group.bench_function("control: hash", |bencher| {
        bencher.iter(|| blake3::hash(black_box(text.as_bytes())));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = front
}
criterion_main!(benches);

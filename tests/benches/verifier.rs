//! Nanoseconds a byte from untrusted bytes to verified code, on the shapes that cost most.
//!
//! `cargo bench -p tests --bench verifier`. Throughput is in bytes; `decode+verify` is what a node does
//! with a stranger's module, `verify` is the pass over the decoded module alone. The controls read the
//! same bytes in native code: their hash, and their plain sum. A clock on the wall tells other people's
//! work too: on a busy machine only the ratios to the controls say something.

use std::hint::black_box;

use cam::limits::MODULE_BYTES_MAX;
use cam::{decode, verify};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use dsl::history::History;
use dsl::source::Source;
use harness::shapes::{Shape, shapes};
use harness::tree;

/// The whole way of a stranger's module: a machine if it has a schema, else a migration.
fn verified(bytes: &[u8]) -> bool {
    let bytecode = decode::module(bytes).expect("the shape is canonical");
    judged(bytecode)
}

fn judged(bytecode: cam::bytecode::Bytecode) -> bool {
    if bytecode.schema.is_some() {
        verify::machine(bytecode).is_ok()
    } else {
        verify::migration(bytecode).is_ok()
    }
}

/// What a person writes: an example of the repository.
fn example() -> Shape {
    let text = tree::read("examples/ledger/src/ledger.cam");
    let source = Source::new("ledger.cam", text).expect("an example is short");
    let compiled = dsl::compile::compile(&source, &History::default());
    let compiled = compiled.unwrap_or_else(|_| unreachable!("the examples compile"));
    Shape {
        name: "ledger-example",
        bytes: compiled.program().bytes(),
    }
}

fn verifier(criterion: &mut Criterion) {
    let mut all = shapes(MODULE_BYTES_MAX);
    all.push(example());
    for Shape { name, bytes } in all {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function("decode+verify", |bencher| {
            bencher.iter(|| assert!(verified(black_box(&bytes))));
        });
        let bytecode = decode::module(&bytes).expect("the shape is canonical");
        group.bench_function("verify", |bencher| {
            let fresh = || bytecode.clone();
            bencher.iter_batched(fresh, |one| assert!(judged(one)), BatchSize::LargeInput);
        });
        group.bench_function("control: hash", |bencher| {
            bencher.iter(|| blake3::hash(black_box(&bytes)));
        });
        group.bench_function("control: sum", |bencher| {
            let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
            bencher.iter(|| sum(black_box(&bytes)));
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(600));
    targets = verifier
}
criterion_main!(benches);

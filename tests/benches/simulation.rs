//! Steps a second of `cam test`: inputs drawn at random, stepped, and held to all claims.
//!
//! `cargo bench -p tests --bench simulation`. The examples are measured as they stand, claims, history and all, so half
//! of the runs of a machine with a history go through its migration. `bare` is the counter without a claim.

use std::sync::Arc;

use cam::decode;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dsl::compile::{Compiled, compile};
use dsl::history::History;
use dsl::simulate::{Plan, run};
use dsl::source::Source;
use harness::tree;

const PLAN: Plan = Plan {
    seed: 0x5eed,
    runs: 100,
    steps: 60,
};

const BARE: &str = "machine Counter version 1 {
  input  Incr | Read
  output Ok | Sum(Int)
  state  { count: Int }
  init   { count: 0 }
  on Incr => { set count = count + 1 Ok }
  on Read => Sum(count)
}";

fn compiled(name: &str, text: String, history: &History) -> Compiled {
    let source = Source::new(name, text).expect("an example is short");
    let compiled = compile(&source, history);
    compiled.unwrap_or_else(|_| unreachable!("the examples compile"))
}

fn example(name: &str) -> Compiled {
    let mut history = History::new();
    if name == "counter" {
        let path = tree::root().join("examples/counter/history/counter@1.camb");
        let bytes = std::fs::read(path).expect("it was released");
        let released = decode::module(&bytes).expect("it was released");
        let program = cam::verify::machine(released).expect("it was released");
        history.release(Arc::new(program));
    }
    compiled(
        name,
        tree::read(&format!("examples/{name}/src/{name}.cam")),
        &history,
    )
}

fn simulation(criterion: &mut Criterion) {
    let bare = compiled("bare", BARE.to_owned(), &History::new());
    let examples = ["counter", "counter-pointfree", "door", "ledger"];
    let machines = examples.map(|name| (name, example(name)));
    let mut group = criterion.benchmark_group("simulation");
    group.throughput(Throughput::Elements(PLAN.runs * PLAN.steps));
    for (name, machine) in std::iter::once(("bare", bare)).chain(machines) {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let simulation = run(&machine, PLAN, &mut |_| true);
                assert!(simulation.found.is_empty(), "{:?}", simulation.found);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, simulation);
criterion_main!(benches);

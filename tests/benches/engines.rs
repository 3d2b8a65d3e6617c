//! How fast engines are: each workload with its native control in the same run, and the ratios at the end.
//!
//! `cargo bench -p tests --bench engines`; a word after `--` chooses, for example `-- W3`. Nothing here is
//! asserted: times depend on the machine and on who else uses it, ratios to the control less so. That all
//! columns compute the same is the business of the test `workloads`.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cam::encode;
use cam::instance::{Context, Instance};
use cam::value::Value;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use harness::workload::{Compute, Counter, Ledger, Order, Tokens, Workload, context, instance};

/// Inputs a batch cycles through: more than a branch predictor learns by heart.
const INPUTS: usize = 4096;

/// The inputs of a workload, made before the clock starts, in the form that each column takes.
struct Inputs<W: Workload> {
    native: Vec<W::Input>,
    values: Vec<Value>,
    bytes: Vec<Vec<u8>>,
}

impl<W: Workload> Inputs<W> {
    fn new() -> Inputs<W> {
        let native = W::inputs(INPUTS);
        let values: Vec<Value> = native.iter().map(W::input).collect();
        let bytes = values.iter().map(encode::value).collect();
        Inputs {
            native,
            values,
            bytes,
        }
    }
}

/// A column: something that steps through a workload.
trait Engine<W: Workload> {
    const NAME: &'static str;
    fn start() -> Self;
    /// One step on input `at`.
    fn step(&mut self, inputs: &Inputs<W>, at: usize);
}

/// The control: by hand in Rust.
struct Control<W>(W);

impl<W: Workload> Engine<W> for Control<W> {
    const NAME: &'static str = CONTROL;

    fn start() -> Self {
        Control(W::start())
    }

    fn step(&mut self, inputs: &Inputs<W>, at: usize) {
        black_box(self.0.step(black_box(&inputs.native[at])));
    }
}

const CONTROL: &str = "native";

/// An interpreter, from value to value.
struct Interpreter<const REGISTER: bool> {
    instance: Instance,
    context: Context,
    output: Vec<u8>,
}

/// The same as a node uses it, from bytes to bytes.
struct OnBytes<const REGISTER: bool>(Interpreter<REGISTER>);

impl<W: Workload, const REGISTER: bool> Engine<W> for Interpreter<REGISTER> {
    const NAME: &'static str = if REGISTER { "register" } else { "reference" };

    fn start() -> Self {
        let engine = match REGISTER {
            true => cam::instance::Engine::Register,
            false => cam::instance::Engine::Reference,
        };
        let instance = instance::<W>(engine).unwrap_or_else(|problems| unreachable!("{problems}"));
        assert_eq!(instance.engine(), engine);
        Interpreter {
            instance,
            context: context(),
            output: Vec::new(),
        }
    }

    fn step(&mut self, inputs: &Inputs<W>, at: usize) {
        let input = black_box(&inputs.values[at]).clone();
        black_box(self.instance.step(&self.context, input)).expect("the control went through");
    }
}

impl<W: Workload, const REGISTER: bool> Engine<W> for OnBytes<REGISTER> {
    const NAME: &'static str = if REGISTER {
        "register, bytes"
    } else {
        "reference, bytes"
    };

    fn start() -> Self {
        OnBytes(<Interpreter<REGISTER> as Engine<W>>::start())
    }

    fn step(&mut self, inputs: &Inputs<W>, at: usize) {
        let Interpreter {
            instance,
            context,
            output,
        } = &mut self.0;
        let pending = instance.attempt_encoded(context, black_box(&inputs.bytes[at]));
        let pending = pending.expect("the control went through");
        output.clear();
        pending.encode_output(output);
        pending.commit();
        black_box(&*output);
    }
}

/// What was measured: workload, unit, engine, nanoseconds a unit.
struct Figure {
    workload: &'static str,
    unit: &'static str,
    engine: &'static str,
    nanoseconds: f64,
}

thread_local! {
    static FIGURES: RefCell<Vec<Figure>> = const { RefCell::new(Vec::new()) };
}

/// Measures one column of one workload.
fn column<W: Workload, E: Engine<W>>(criterion: &mut Criterion, inputs: &Inputs<W>) {
    let mut engine = E::start();
    let (mut at, mut batches) = (0, Vec::new());
    let mut group = criterion.benchmark_group(W::NAME);
    group.bench_function(BenchmarkId::from_parameter(E::NAME), |bencher| {
        bencher.iter_custom(|count| {
            let start = Instant::now();
            for _ in 0..count {
                engine.step(inputs, at);
                at = (at + 1) % inputs.native.len();
            }
            let taken = start.elapsed();
            batches.push((count, taken));
            taken
        });
    });
    group.finish();
    if let Some(per_step) = median(&batches) {
        let figure = Figure {
            workload: W::NAME,
            unit: W::UNIT.name,
            engine: E::NAME,
            nanoseconds: per_step / f64::from(W::UNIT.per_step),
        };
        FIGURES.with_borrow_mut(|figures| figures.push(figure));
    }
}

/// Nanoseconds a step in the middle one of the batches, those that only warm up or are short left out.
fn median(batches: &[(u64, Duration)]) -> Option<f64> {
    let longest = batches.iter().map(|(_, taken)| *taken).max()?;
    let long = batches.iter().filter(|(_, taken)| *taken * 4 >= longest);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let mut each: Vec<f64> = long
        .map(|(count, taken)| taken.as_nanos() as f64 / *count as f64)
        .collect();
    each.sort_by(f64::total_cmp);
    each.get(each.len() / 2).copied()
}

/// Measures every column of one workload.
fn workload<W: Workload>(criterion: &mut Criterion) {
    let inputs = Inputs::<W>::new();
    column::<W, Control<W>>(criterion, &inputs);
    column::<W, OnBytes<true>>(criterion, &inputs);
    column::<W, Interpreter<true>>(criterion, &inputs);
    column::<W, OnBytes<false>>(criterion, &inputs);
    column::<W, Interpreter<false>>(criterion, &inputs);
}

fn workloads(criterion: &mut Criterion) {
    workload::<Counter>(criterion);
    workload::<Ledger<i64>>(criterion);
    workload::<Ledger<Arc<str>>>(criterion);
    workload::<Order>(criterion);
    workload::<Compute>(criterion);
    workload::<Tokens>(criterion);
    FIGURES.with_borrow(|figures| report(figures));
}

/// Every figure beside the control of its workload.
fn report(figures: &[Figure]) {
    println!(
        "\n{:12} {:10} {:18} {:>10} {:>9}",
        "workload", "unit", "engine", "ns a unit", "ratio"
    );
    for figure in figures {
        let control = figures
            .iter()
            .find(|other| other.workload == figure.workload && other.engine == CONTROL);
        let ratio = control.map_or(String::from("-"), |control| {
            format!("{:.2} x", figure.nanoseconds / control.nanoseconds)
        });
        println!(
            "{:12} {:10} {:18} {:>10.2} {ratio:>9}",
            figure.workload, figure.unit, figure.engine, figure.nanoseconds
        );
    }
}

criterion_group! {
    name = engines;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = workloads
}
criterion_main!(engines);

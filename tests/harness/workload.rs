//! The workloads that engines are measured on: each a machine in the language, and the same by hand in Rust.
//!
//! A control is what a good programmer would write without the machine: state in a struct that is changed in
//! place, native types, checked arithmetic, the machine's own persistent map where there is a map. It shares no
//! code with the machine, and a test holds the two to the same answers.

mod compute;
mod counter;
mod ledger;
mod order;
mod tokens;

use std::sync::Arc;

use cam::instance::{Context, Engine, Instance};
use cam::value::Value;
use dsl::compile::{Compiled, compile};
use dsl::history::History;
use dsl::source::Source;

pub use compute::Compute;
pub use counter::Counter;
pub use ledger::{Key, Ledger};
pub use order::Order;
pub use tokens::Tokens;

/// What the time of a step is divided by in a report.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// What it is called.
    pub name: &'static str,
    /// How many a step has.
    pub per_step: u32,
}

/// One unit a step: the step.
pub const STEP: Unit = Unit {
    name: "step",
    per_step: 1,
};

/// A machine, and the same by hand: the implementing type is the control with its state.
pub trait Workload: Sized {
    /// What reports call it.
    const NAME: &'static str;
    /// What is counted in it.
    const UNIT: Unit;
    /// An input of the control.
    type Input;
    /// An answer of the control.
    type Output;

    /// The machine in the language.
    fn source() -> String;
    /// The control in the state where measuring starts.
    fn start() -> Self;
    /// Inputs that can be given again and again from the first to the last: the state grows nowhere.
    fn inputs(count: usize) -> Vec<Self::Input>;
    /// One step by hand; `None` where the machine's step would stop.
    fn step(&mut self, input: &Self::Input) -> Option<Self::Output>;
    /// The control's state as the machine's.
    fn state(&self) -> Value;
    /// The control's input as the machine's.
    fn input(input: &Self::Input) -> Value;
    /// The control's answer as the machine's.
    fn output(output: &Self::Output) -> Value;
}

/// Compiles the machine of a workload.
///
/// # Errors
/// The problems, rendered.
pub fn compiled<W: Workload>() -> Result<Compiled, String> {
    let source = Source::new(W::NAME, W::source()).map_err(|error| error.to_string())?;
    compile(&source, &History::new()).map_err(|problems| problems.render(&source, false))
}

/// The machine of a workload in the state where its control starts.
///
/// # Errors
/// Why there is none.
pub fn instance<W: Workload>(engine: Engine) -> Result<Instance, String> {
    let program = Arc::clone(compiled::<W>()?.program());
    Instance::resume_on(engine, program, W::start().state()).map_err(|error| error.to_string())
}

/// What the machines of workloads are not asked for.
#[must_use]
pub fn context() -> Context {
    Context {
        at_ms: 0,
        from: "".into(),
        sequence: 0,
    }
}

/// Constructor `tag` of a record.
fn record(tag: u8, fields: Vec<Value>) -> Value {
    Value::sum(tag, Value::product(fields))
}

/// Constructor `tag` of a number.
fn number(tag: u8, number: i64) -> Value {
    Value::sum(tag, Value::Int(number))
}

//! W1: a counter, incremented and read in turn. Nearly all of a step is the engine's own.

use cam::value::Value;

use super::{STEP, Unit, Workload, number};

/// The counter by hand.
pub struct Counter {
    count: i64,
}

/// What a counter is asked.
#[derive(Clone, Copy)]
pub enum Input {
    /// Count one more.
    Incr,
    /// Say the count.
    Read,
}

/// What a counter answers.
pub enum Output {
    /// Counted.
    Ok,
    /// The count.
    Sum(i64),
}

impl Workload for Counter {
    const NAME: &'static str = "W1 counter";
    const UNIT: Unit = STEP;
    type Input = Input;
    type Output = Output;

    fn source() -> String {
        include_str!("../../workloads/counter.cam").to_owned()
    }

    fn start() -> Counter {
        Counter { count: 0 }
    }

    fn inputs(count: usize) -> Vec<Input> {
        [Input::Incr, Input::Read]
            .into_iter()
            .cycle()
            .take(count)
            .collect()
    }

    fn step(&mut self, input: &Input) -> Option<Output> {
        Some(match input {
            Input::Incr => {
                self.count = self.count.checked_add(1)?;
                Output::Ok
            }
            Input::Read => Output::Sum(self.count),
        })
    }

    fn state(&self) -> Value {
        Value::product(vec![Value::Int(self.count)])
    }

    fn input(input: &Input) -> Value {
        Value::constructor(match input {
            Input::Incr => 0,
            Input::Read => 1,
        })
    }

    fn output(output: &Output) -> Value {
        match output {
            Output::Ok => Value::constructor(0),
            Output::Sum(count) => number(1, *count),
        }
    }
}

//! An instance: a program and its current state. A step is all or nothing.

use std::sync::Arc;

use crate::combinator::FunctionId;
use crate::limits::{
    INPUT_WEIGHT_MAX, MIGRATION_FUEL, OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX, STEP_FUEL,
};
use crate::machine::{Fuel, run};
use crate::schema::Stamp;
use crate::trap::{Trap, TrapReason};
use crate::value::Value;
use crate::verify::{Migration, Program};

/// A running machine.
#[derive(Clone, Debug)]
pub struct Instance {
    program: Arc<Program>,
    state: Value,
}

/// What the node knows of an input besides its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Context {
    /// Milliseconds since 1970; the caller sees to it that it never decreases.
    pub at_ms: i64,
    /// The authenticated sender's name.
    pub from: Arc<str>,
    /// The number of the step.
    pub sequence: i64,
}

/// What a step answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The output.
    pub output: Value,
    /// What it cost.
    pub fuel_used: u64,
}

/// A step that was worked out and not yet taken. Its state is of the program's state type, because only
/// a step of the program made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition {
    state: Value,
    answer: Answer,
}

impl Transition {
    /// The state it leads to.
    #[must_use]
    pub fn state(&self) -> &Value {
        &self.state
    }

    /// What it answers.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.answer
    }
}

/// A value that is not of the type it was given for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StrangeState;

impl std::fmt::Display for StrangeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the value is not of the program's state type")
    }
}

impl std::error::Error for StrangeState {}

impl Instance {
    /// Starts a program in its first state.
    ///
    /// # Errors
    /// A [`Trap`] if `init` stops.
    pub fn start(program: Arc<Program>) -> Result<Instance, Trap> {
        let mut fuel = Fuel::new(STEP_FUEL);
        let state = run(program.code(), program.init(), Value::unit(), &mut fuel)?;
        if state.weight() > STATE_WEIGHT_MAX {
            return Err(too_heavy(program.init()));
        }
        Ok(Instance { program, state })
    }

    /// Takes up a state that was kept: from a store, or from a migration.
    ///
    /// # Errors
    /// [`StrangeState`] if the value is not of the program's state type.
    pub fn resume(program: Arc<Program>, state: Value) -> Result<Instance, StrangeState> {
        if state.inhabits(program.types(), program.state_type()) {
            Ok(Instance { program, state })
        } else {
            Err(StrangeState)
        }
    }

    /// The program that runs.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The current state.
    #[must_use]
    pub fn state(&self) -> &Value {
        &self.state
    }

    /// One transition. The input must be of the program's input type, without stamps.
    ///
    /// # Errors
    /// A [`Trap`]; the state is what it was then.
    pub fn step(&mut self, context: &Context, input: Value) -> Result<Answer, Trap> {
        let transition = self.peek(context, input)?;
        Ok(self.take(transition))
    }

    /// Takes a transition that was worked out on this instance before.
    pub fn take(&mut self, transition: Transition) -> Answer {
        self.state = transition.state;
        transition.answer
    }

    /// Works out a step; nothing changes.
    ///
    /// # Errors
    /// The [`Trap`] with which the step would stop.
    pub fn peek(&self, context: &Context, input: Value) -> Result<Transition, Trap> {
        let stamped = self.stamped(context, input);
        let argument = Value::product(vec![stamped, self.state.clone()]);
        let mut fuel = Fuel::new(STEP_FUEL);
        let function = self.program.step();
        let result = run(self.program.code(), function, argument, &mut fuel)?;
        let Value::Product(parts) = result else {
            unreachable!("verified: a step ends in state and output")
        };
        let (state, output) = (parts[0].clone(), parts[1].clone());
        if state.weight() > STATE_WEIGHT_MAX || output.weight() > OUTPUT_WEIGHT_MAX {
            return Err(too_heavy(function));
        }
        let answer = Answer {
            output,
            fuel_used: STEP_FUEL - fuel.remaining(),
        };
        Ok(Transition { state, answer })
    }

    fn stamped(&self, context: &Context, input: Value) -> Value {
        let stamps = &self.program.schema().stamps;
        if stamps.is_empty() {
            return input;
        }
        let fields = stamps.iter().map(|stamp| match stamp {
            Stamp::At => Value::Int(context.at_ms),
            Stamp::From => Value::Text(Arc::clone(&context.from)),
            Stamp::Sequence => Value::Int(context.sequence),
        });
        Value::product(vec![Value::product(fields.collect()), input])
    }
}

impl Migration {
    /// The old state in its new form. The caller has checked that the migration fits.
    ///
    /// # Errors
    /// A [`Trap`]; a new state above the limit is one.
    pub fn migrate_state(&self, state: Value) -> Result<Value, Trap> {
        let (fuel, weight_max) = (MIGRATION_FUEL, STATE_WEIGHT_MAX);
        self.converted(self.migrate(), state, fuel, weight_max)
    }

    /// An old client's input as the new machine understands it; nothing without adapters.
    ///
    /// # Errors
    /// A [`Trap`]; `abort` is how an adapter says that an input is retired. An input above the limit is
    /// one too.
    pub fn adapt_input(&self, input: Value) -> Option<Result<Value, Trap>> {
        let (function, _) = self.adapters()?;
        Some(self.converted(function, input, STEP_FUEL, INPUT_WEIGHT_MAX))
    }

    /// A new output as an old client understands it; nothing without adapters.
    ///
    /// # Errors
    /// A [`Trap`]; an output above the limit is one.
    pub fn adapt_output(&self, output: Value) -> Option<Result<Value, Trap>> {
        let (_, function) = self.adapters()?;
        Some(self.converted(function, output, STEP_FUEL, OUTPUT_WEIGHT_MAX))
    }

    /// The new state in its old form; nothing without a way back.
    ///
    /// # Errors
    /// A [`Trap`]; an old state above the limit is one.
    pub fn restore_state(&self, state: Value) -> Option<Result<Value, Trap>> {
        let function = self.back()?;
        Some(self.converted(function, state, MIGRATION_FUEL, STATE_WEIGHT_MAX))
    }

    /// What comes out is measured before anybody writes it: parts are shared, so a value that took little
    /// fuel and memory to make may be written in more bytes than there are.
    fn converted(
        &self,
        function: FunctionId,
        value: Value,
        fuel: u64,
        weight_max: u64,
    ) -> Result<Value, Trap> {
        let converted = run(self.code(), function, value, &mut Fuel::new(fuel))?;
        if converted.weight() > weight_max {
            return Err(too_heavy(function));
        }
        Ok(converted)
    }
}

/// The result of a whole function is too heavy: no one instruction is at fault.
fn too_heavy(function: FunctionId) -> Trap {
    Trap {
        reason: TrapReason::SizeLimit,
        function,
        instruction: 0,
    }
}

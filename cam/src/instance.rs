//! An instance: a program and its current state. A step is all or nothing.
//!
//! Two engines can run it. The register interpreter is the default; the reference interpreter is the
//! judge: it says why a step stops, and where the two disagree its word is taken and the instance stays
//! with it.

use std::sync::Arc;

use crate::decode;
pub use crate::decode::Malformed;
use crate::limits::{INPUT_WEIGHT_MAX, OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX, STEP_FUEL};
use crate::machine::{self, Fuel};
pub use crate::pending::Pending;
use crate::register::machine::{Input, Machine, Stamps};
use crate::register::{self, Stopped};
use crate::schema::Stamp;
use crate::trap::{Trap, TrapReason};
use crate::value::Value;
use crate::verify::Program;

/// A running machine.
#[derive(Clone, Debug)]
pub struct Instance {
    program: Arc<Program>,
    running: Running,
}

/// Which interpreter runs a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// The register interpreter.
    Register,
    /// The abstract machine as the paper has it.
    Reference,
}

/// The state, where its engine has it.
#[derive(Clone, Debug)]
pub(crate) enum Running {
    Register(Box<Machine>),
    Reference(Value),
}

/// What the node knows of an input, or of an upgrade, besides its content.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
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

/// A step that was worked out aside: what would come of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition {
    /// The state it would lead to.
    pub state: Value,
    /// What it would answer.
    pub answer: Answer,
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

/// An encoded input that made no step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoStep {
    /// The bytes are no input of the program.
    Malformed(Malformed),
    /// The step stopped.
    Trap(Trap),
}

impl Instance {
    /// Starts a program in its first state, on the default engine.
    ///
    /// # Errors
    /// A [`Trap`] if `init` stops.
    pub fn start(program: Arc<Program>) -> Result<Instance, Trap> {
        Instance::start_on(Engine::Register, program)
    }

    /// Starts a program on an engine of choice.
    ///
    /// # Errors
    /// As [`Instance::start`].
    pub fn start_on(engine: Engine, program: Arc<Program>) -> Result<Instance, Trap> {
        let mut fuel = Fuel::new(STEP_FUEL);
        let init = program.init();
        let state = machine::run(program.code(), init, Value::unit(), &mut fuel)?;
        if state.weight() > STATE_WEIGHT_MAX {
            return Err(Trap::too_heavy(init));
        }
        Ok(Instance::on(engine, program, state))
    }

    /// Takes up a state that was kept: from a store, or from a migration.
    ///
    /// # Errors
    /// [`StrangeState`] if the value is not of the program's state type.
    pub fn resume(program: Arc<Program>, state: Value) -> Result<Instance, StrangeState> {
        Instance::resume_on(Engine::Register, program, state)
    }

    /// Takes up a state on an engine of choice.
    ///
    /// # Errors
    /// As [`Instance::resume`].
    pub fn resume_on(
        engine: Engine,
        program: Arc<Program>,
        state: Value,
    ) -> Result<Instance, StrangeState> {
        if state.inhabits(program.types(), program.state_type()) {
            Ok(Instance::on(engine, program, state))
        } else {
            Err(StrangeState)
        }
    }

    /// On an engine, in a state that is of the program's state type.
    pub(crate) fn on(engine: Engine, program: Arc<Program>, state: Value) -> Instance {
        let registers = match engine {
            Engine::Register => Machine::new(&program, &state),
            Engine::Reference => None,
        };
        let running = match registers {
            Some(machine) => Running::Register(Box::new(machine)),
            None => Running::Reference(state),
        };
        Instance { program, running }
    }

    /// The program that runs.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The engine that runs it. A program too large for the register interpreter is on the other one.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.running {
            Running::Register(_) => Engine::Register,
            Running::Reference(_) => Engine::Reference,
        }
    }

    /// The current state. Containers are shared, not copied.
    #[must_use]
    pub fn state(&self) -> Value {
        match &self.running {
            Running::Register(machine) => machine.state().expect("a state lies in its registers"),
            Running::Reference(state) => state.clone(),
        }
    }

    /// One transition. The input must be of the program's input type, without stamps.
    ///
    /// # Errors
    /// A [`Trap`]; the state is what it was then.
    pub fn step(&mut self, context: &Context, input: Value) -> Result<Answer, Trap> {
        let pending = self.attempt(context, input)?;
        let answer = pending.answer();
        pending.commit();
        Ok(answer)
    }

    /// Works a step out in place. Nothing has happened until it is committed; what is dropped is undone.
    ///
    /// # Errors
    /// The [`Trap`] with which the step stops.
    pub fn attempt(&mut self, context: &Context, input: Value) -> Result<Pending<'_>, Trap> {
        let mut fuel = Fuel::new(STEP_FUEL);
        if let Running::Register(machine) = &mut self.running {
            let worked = machine.work_out(&context.stamps(), &Input::Value(&input), &mut fuel);
            if worked.is_ok() {
                return Ok(Pending::in_registers(self, STEP_FUEL - fuel.remaining()));
            }
        }
        self.judged(context, input)
    }

    /// As [`Instance::attempt`], from the canonical bytes of the input: no value is built on the way.
    ///
    /// # Errors
    /// [`NoStep`]; the state is what it was then.
    pub fn attempt_encoded(
        &mut self,
        context: &Context,
        input: &[u8],
    ) -> Result<Pending<'_>, NoStep> {
        let mut fuel = Fuel::new(STEP_FUEL);
        if let Running::Register(machine) = &mut self.running {
            let worked = machine.work_out(&context.stamps(), &Input::Bytes(input), &mut fuel);
            if worked.is_ok() {
                return Ok(Pending::in_registers(self, STEP_FUEL - fuel.remaining()));
            }
            // A prefix of the bytes may have been read into the table.
            machine.go_back().expect("what a step did can be undone");
        }
        let program = &self.program;
        let decoded = decode::value(
            program.types(),
            program.input_type(),
            input,
            INPUT_WEIGHT_MAX,
        );
        let input = decoded.map_err(NoStep::Malformed)?;
        self.attempt(context, input).map_err(NoStep::Trap)
    }

    /// The reference interpreter's word on a step.
    fn judged(&mut self, context: &Context, input: Value) -> Result<Pending<'_>, Trap> {
        if let Running::Register(machine) = &mut self.running {
            machine.go_back().expect("what a step did can be undone");
        }
        let state = self.state();
        let transition = self.reference(context, input, state.clone())?;
        // Here the register interpreter has stopped where the reference does not: it is not asked again.
        self.running = Running::Reference(state);
        Ok(Pending::aside(self, transition))
    }

    /// Works a step out aside; the instance is as it was, whatever comes of it.
    ///
    /// # Errors
    /// The [`Trap`] with which the step would stop.
    pub fn peek(&self, context: &Context, input: Value) -> Result<Transition, Trap> {
        let state = self.state();
        if let Running::Register(_) = self.running
            && let Ok(transition) = self.registers(context, input.clone(), state.clone())
        {
            return Ok(transition);
        }
        self.reference(context, input, state)
    }

    fn registers(
        &self,
        context: &Context,
        input: Value,
        state: Value,
    ) -> Result<Transition, Stopped> {
        let mut fuel = Fuel::new(STEP_FUEL);
        let argument = Value::product(vec![self.stamped(context, input), state]);
        let step = self.program.step();
        let result = register::machine::run(self.program.code(), step, argument, &mut fuel)?;
        transition(result, fuel).ok_or(Stopped)
    }

    fn reference(&self, context: &Context, input: Value, state: Value) -> Result<Transition, Trap> {
        let mut fuel = Fuel::new(STEP_FUEL);
        let argument = Value::product(vec![self.stamped(context, input), state]);
        let step = self.program.step();
        let result = machine::run(self.program.code(), step, argument, &mut fuel)?;
        transition(result, fuel).ok_or(Trap::too_heavy(step))
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

    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    pub(crate) fn running_mut(&mut self) -> &mut Running {
        &mut self.running
    }
}

impl Context {
    fn stamps(&self) -> Stamps<'_> {
        Stamps {
            at_ms: self.at_ms,
            from: &self.from,
            sequence: self.sequence,
        }
    }
}

/// The result of a step, if it is within the limits.
fn transition(result: Value, fuel: Fuel) -> Option<Transition> {
    let Value::Product(parts) = result else {
        unreachable!("verified: a step ends in state and output")
    };
    let (state, output) = (parts[0].clone(), parts[1].clone());
    let answer = Answer {
        output,
        fuel_used: STEP_FUEL - fuel.remaining(),
    };
    let fits = state.weight() <= STATE_WEIGHT_MAX && answer.output.weight() <= OUTPUT_WEIGHT_MAX;
    fits.then_some(Transition { state, answer })
}

impl Trap {
    /// The result of a whole function is too heavy: no one instruction is at fault.
    pub(crate) fn too_heavy(function: crate::combinator::FunctionId) -> Trap {
        Trap {
            reason: TrapReason::SizeLimit,
            function,
            instruction: 0,
        }
    }
}

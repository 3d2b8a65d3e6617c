//! Two engines, one program: whatever the judge says of a run, the other must say too.
//!
//! The judge is the reference interpreter, called by its own function. The other engines are called as the
//! product calls them. What is compared: result or reason to stop, fuel, the new state, and after a stop
//! the old one.

use std::fmt::{self, Debug, Write};
use std::sync::Arc;

use cam::combinator::FunctionId;
use cam::instance::{Context, Instance};
use cam::limits::{OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX, STEP_FUEL};
use cam::machine::{self, Fuel};
use cam::schema::Stamp;
use cam::trap::{Trap, TrapReason};
use cam::value::Value;
use cam::verify::{Invalid, Migration, Program, Verified};
use cam::{decode, encode, verify};

use crate::generate::{Choices, any_value};

/// What a run came to: a value or a reason, and the fuel that was left.
pub type Outcome = (Result<Value, TrapReason>, u64);

/// A way to run one function of verified code.
pub type Engine = fn(&Verified, FunctionId, Value, u64) -> Outcome;

/// The reference interpreter.
pub fn judge(code: &Verified, function: FunctionId, argument: Value, fuel: u64) -> Outcome {
    let mut fuel = Fuel::new(fuel);
    let result = machine::run(code, function, argument, &mut fuel);
    (result.map_err(|trap| trap.reason), fuel.remaining())
}

/// The engines that are held to the judge, function by function. Machines are held to it through
/// [`Instance`] besides, step by step, with whatever engine that has.
pub const ENGINES: &[(&str, Engine)] = &[("register", register)];

/// Fuel of one contested run. A mutant may loop for as long as its fuel lasts; more would only be longer.
pub const FUEL: u64 = 20_000;

/// Values above this weight are not compared part by part: parts are shared, and a value may weigh more
/// than any memory.
const COMPARED_WEIGHT_MAX: u64 = 1 << 20;

/// A module that the verifier has accepted.
pub enum Accepted {
    /// A machine.
    Machine(Arc<Program>),
    /// A migration.
    Migration(Box<Migration>),
}

/// A module that was refused: at which stage, and the name of the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// `malformed` or `invalid`.
    pub stage: &'static str,
    /// The reason's name.
    pub reason: String,
}

/// What came of the runs of one module.
#[derive(Clone, Copy, Default, Debug)]
pub struct Runs {
    /// Runs that ended in a value.
    pub ended: u64,
    /// Runs that stopped, by the number of the reason on the wire.
    pub stopped: [u64; 6],
}

/// Takes bytes as a node does: decoded, verified, and written back as the very same bytes.
///
/// # Errors
/// Where and why they were refused.
///
/// # Panics
/// If two byte strings are one module.
pub fn judged(bytes: &[u8]) -> Result<Accepted, Refused> {
    let bytecode = decode::module(bytes).map_err(|malformed| Refused {
        stage: "malformed",
        reason: head(&malformed.reason),
    })?;
    assert_eq!(
        encode::module(&bytecode),
        bytes,
        "one module has one byte string"
    );
    let invalid = |invalid: Invalid| Refused {
        stage: "invalid",
        reason: head(&invalid.reason),
    };
    if bytecode.schema.is_some() {
        let program = verify::machine(bytecode).map_err(invalid)?;
        Ok(Accepted::Machine(Arc::new(program)))
    } else {
        let migration = verify::migration(bytecode).map_err(invalid)?;
        Ok(Accepted::Migration(Box::new(migration)))
    }
}

/// Runs an accepted module on all engines, on inputs and states drawn from `seed`.
///
/// # Errors
/// How an engine differs from the judge.
pub fn contested(accepted: &Accepted, seed: u64) -> Result<Runs, String> {
    let mut runs = Runs::default();
    let mut choices = Choices::seeded(seed, 80);
    match accepted {
        Accepted::Machine(program) => {
            walk(program, None, &mut choices, &mut runs)?;
            let state = any_value(program.types(), program.state_type(), &mut choices);
            walk(program, Some(state), &mut choices, &mut runs)?;
        }
        Accepted::Migration(migration) => {
            for (function, converted) in conversions(migration) {
                let code = migration.code();
                let (domain, _) = code.function_type(function);
                for _ in 0..INPUTS {
                    let input = any_value(code.types(), domain, &mut choices);
                    let exactly = choices.once_in(4);
                    runs.count(&conversion(code, function, &converted, &input, exactly)?);
                }
            }
        }
    }
    Ok(runs)
}

/// A function as the product calls it.
type Conversion<'a> = Box<dyn Fn(Value) -> Result<Value, Trap> + 'a>;

/// The functions of a migration, and each as the product calls it.
fn conversions(migration: &Migration) -> Vec<(FunctionId, Conversion<'_>)> {
    let state = |value| migration.migrate_state(value);
    let mut all: Vec<(FunctionId, Conversion<'_>)> = vec![(migration.migrate(), Box::new(state))];
    if let Some((input, output)) = migration.adapters() {
        let there = "a migration with adapters adapts";
        let adapted = |value| migration.adapt_input(value).expect(there);
        all.push((input, Box::new(adapted)));
        let adapted = |value| migration.adapt_output(value).expect(there);
        all.push((output, Box::new(adapted)));
    }
    if let Some(back) = migration.back() {
        let there = "a migration with a way back restores";
        let restored = |value| migration.restore_state(value).expect(there);
        all.push((back, Box::new(restored)));
    }
    all
}

/// Runs one function of a migration on all engines, and as the product does.
fn conversion(
    code: &Verified,
    function: FunctionId,
    converted: &dyn Fn(Value) -> Result<Value, Trap>,
    input: &Value,
    exactly: bool,
) -> Result<Result<Value, TrapReason>, String> {
    let (result, _) = agreed(code, function, input, exactly)?;
    let light = |value: &Value| value.weight() <= OUTPUT_WEIGHT_MAX;
    // The product has more fuel, and limits of its own to what comes out.
    if result
        .as_ref()
        .map_or_else(|reason| *reason != TrapReason::OutOfFuel, light)
    {
        let found = converted(input.clone()).map_err(|trap| trap.reason);
        if !same(&(found.clone(), 0), &(result.clone(), 0)) {
            return Err(format!(
                "{function:?} on {input:?}\n the judge: {}\n the product: {}",
                shown(&(result, 0)),
                shown(&(found, 0))
            ));
        }
    }
    Ok(result)
}

/// Runs of one function, and steps from one state.
const INPUTS: i64 = 3;

impl Runs {
    fn count(&mut self, result: &Result<Value, TrapReason>) {
        match result {
            Ok(_) => self.ended += 1,
            Err(reason) => self.stopped[usize::from(reason.code()).min(5)] += 1,
        }
    }
}

/// Runs one function on all engines, with fuel to spare; if it ends, at times with just enough and with
/// one unit less.
fn agreed(
    code: &Verified,
    function: FunctionId,
    argument: &Value,
    exactly: bool,
) -> Result<Outcome, String> {
    let meant = compared(code, function, argument, FUEL)?;
    let (Ok(value), left) = &meant else {
        return Ok(meant);
    };
    let (_, codomain) = code.function_type(function);
    if value.weight() < COMPARED_WEIGHT_MAX && !value.inhabits(code.types(), codomain) {
        return Err(format!(
            "{function:?} on {argument:?} ends in {value:?}, of another type"
        ));
    }
    let used = FUEL - left;
    if exactly && used > 0 {
        let enough = compared(code, function, argument, used)?;
        let less = compared(code, function, argument, used - 1)?;
        if enough.0.is_err() || less.0 != Err(TrapReason::OutOfFuel) {
            return Err(format!(
                "{function:?} on {argument:?} takes {used} units; with them: {}; with one less: {}",
                shown(&enough),
                shown(&less)
            ));
        }
    }
    Ok(meant)
}

/// Runs one function on all engines with so much fuel.
fn compared(
    code: &Verified,
    function: FunctionId,
    argument: &Value,
    fuel: u64,
) -> Result<Outcome, String> {
    let meant = judge(code, function, argument.clone(), fuel);
    for (name, engine) in ENGINES {
        let found = engine(code, function, argument.clone(), fuel);
        if !same(&found, &meant) {
            return Err(format!(
                "{function:?} on {argument:?} with {fuel} units of fuel\n the judge: {}\n {name}: {}",
                shown(&meant),
                shown(&found)
            ));
        }
    }
    Ok(meant)
}

/// The register interpreter. It says that a run stops, and the judge says why; where only the judge goes
/// on, the outcome is one that the judge never has.
fn register(code: &Verified, function: FunctionId, argument: Value, fuel: u64) -> Outcome {
    let mut left = Fuel::new(fuel);
    if let Ok(value) = cam::register::run(code, function, argument.clone(), &mut left) {
        return (Ok(value), left.remaining());
    }
    let meant = judge(code, function, argument, fuel);
    if meant.0.is_ok() && code.registers().is_some() {
        return (Err(TrapReason::Abort(ONLY_THE_JUDGE_GOES_ON)), 0);
    }
    meant
}

/// No generated program aborts with this number.
const ONLY_THE_JUDGE_GOES_ON: i64 = i64::MIN + 77;

/// Results and fuel. What was left of the fuel when a run stopped is not part of the promise.
#[must_use]
pub fn same(left: &Outcome, right: &Outcome) -> bool {
    match (left, right) {
        ((Ok(one), fuel), (Ok(other), left)) => fuel == left && equal(one, other),
        ((Err(one), _), (Err(other), _)) => one == other,
        _ => false,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    let weight = left.weight();
    weight == right.weight() && (weight > COMPARED_WEIGHT_MAX || left == right)
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        (Ok(value), _) if value.weight() > COMPARED_WEIGHT_MAX => {
            format!("a value of weight {}", value.weight())
        }
        (result, fuel) => format!("{result:?}, {fuel} fuel left"),
    }
}

/// Steps of an instance, from the first state or a drawn one, each beside the judge's.
fn walk(
    program: &Arc<Program>,
    state: Option<Value>,
    choices: &mut Choices,
    runs: &mut Runs,
) -> Result<(), String> {
    let mut instance = match state {
        Some(state) => Instance::resume(Arc::clone(program), state)
            .map_err(|strange| format!("a drawn state: {strange}"))?,
        None => match first(program, runs)? {
            Some(instance) => instance,
            None => return Ok(()),
        },
    };
    // An engine that stops where the judge goes on is replaced; that is a divergence too.
    let engine = instance.engine();
    for sequence in 0..INPUTS {
        let context = Context {
            at_ms: sequence * 1000,
            from: "someone".into(),
            sequence,
        };
        let input = any_value(program.types(), program.input_type(), choices);
        let before = instance.state();
        let stamped = stamped(program, &context, input.clone());
        let argument = Value::product(vec![stamped, before.clone()]);
        let exactly = choices.once_in(4);
        let (result, left) = agreed(program.code(), program.step(), &argument, exactly)?;
        runs.count(&result);
        if result == Err(TrapReason::OutOfFuel) {
            continue; // an instance has more fuel
        }
        let fuel = STEP_FUEL - (FUEL - left);
        let meant = within_limits(result);
        let answer = instance.step(&context, input.clone());
        let (answer, left) = match answer {
            Ok(answer) => (Ok(answer.output), STEP_FUEL - answer.fuel_used),
            Err(trap) => (Err(trap.reason), fuel),
        };
        let (after, output) = match meant {
            Ok((after, output)) => (after, Ok(output)),
            Err(reason) => (before, Err(reason)),
        };
        if !same(&(answer.clone(), left), &(output.clone(), fuel))
            || !equal(&after, &instance.state())
            || instance.engine() != engine
        {
            return Err(format!(
                "step {sequence} of the instance on {argument:?}\n the judge: {}, state {}\n the \
                 instance: {}, state {}",
                shown(&(output, fuel)),
                shown(&(Ok(after), 0)),
                shown(&(answer, left)),
                shown(&(Ok(instance.state()), 0)),
            ));
        }
    }
    Ok(())
}

/// The instance in its first state, if the judge has one.
fn first(program: &Arc<Program>, runs: &mut Runs) -> Result<Option<Instance>, String> {
    let (result, _) = agreed(program.code(), program.init(), &Value::unit(), true)?;
    runs.count(&result);
    let meant = match result {
        Ok(state) if state.weight() > STATE_WEIGHT_MAX => Err(TrapReason::SizeLimit),
        Err(TrapReason::OutOfFuel) => return Ok(None),
        result => result,
    };
    match (meant, Instance::start(Arc::clone(program))) {
        (Ok(state), Ok(instance)) if equal(&state, &instance.state()) => Ok(Some(instance)),
        (Err(reason), Err(trap)) if trap.reason == reason => Ok(None),
        (meant, started) => {
            let started = started.map(|instance| instance.state());
            Err(format!(
                "the first state\n the judge: {meant:?}\n the instance: {started:?}"
            ))
        }
    }
}

fn within_limits(result: Result<Value, TrapReason>) -> Result<(Value, Value), TrapReason> {
    let Value::Product(parts) = result? else {
        unreachable!("it is of the step's type")
    };
    let (state, output) = (parts[0].clone(), parts[1].clone());
    if state.weight() > STATE_WEIGHT_MAX || output.weight() > OUTPUT_WEIGHT_MAX {
        return Err(TrapReason::SizeLimit);
    }
    Ok((state, output))
}

/// The input as the step sees it.
#[must_use]
pub fn stamped(program: &Program, context: &Context, input: Value) -> Value {
    let stamps = &program.schema().stamps;
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

/// The name at the head of what `Debug` writes; the rest is not written.
fn head(reason: &impl Debug) -> String {
    struct Head(String);

    impl Write for Head {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = text.find(|letter: char| !letter.is_alphanumeric());
            self.0.push_str(&text[..end.unwrap_or(text.len())]);
            if end.is_some() {
                Err(fmt::Error)
            } else {
                Ok(())
            }
        }
    }

    let mut head = Head(String::new());
    // The error says that the head has ended, and is no error.
    let _ = write!(head, "{reason:?}");
    head.0
}

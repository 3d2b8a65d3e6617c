//! Two engines, one program: whatever the judge says of a run, the other must say too.
//!
//! The judge is the reference interpreter, called by its own function. The other engines are called as the
//! product calls them. What is compared: result or reason to stop, fuel, the new state, and after a stop
//! the old one.

mod steps;

use std::fmt::{self, Debug, Write};
use std::sync::Arc;

use cam::combinator::{FunctionId, Role};
use cam::instance::Context;
use cam::limits::OUTPUT_WEIGHT_MAX;
use cam::machine::{self, Fuel};
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
/// [`Instance`](cam::instance::Instance) besides, step by step, with whatever engine that has.
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
            steps::walk(program, None, &mut choices, &mut runs)?;
            let state = any_value(program.types(), program.state_type(), &mut choices);
            steps::walk(program, Some(state), &mut choices, &mut runs)?;
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
    let state = |value| {
        let (context, value) = apart(migration, Role::MigrateAt, value);
        migration.migrate_state(&context, value)
    };
    let mut all: Vec<(FunctionId, Conversion<'_>)> = vec![(migration.migrate(), Box::new(state))];
    if let Some((input, output)) = migration.adapters() {
        let there = "a migration with adapters adapts";
        let adapted = |value| {
            let (context, value) = apart(migration, Role::InputAt, value);
            migration.adapt_input(&context, value).expect(there)
        };
        all.push((input, Box::new(adapted)));
        let adapted = |value| {
            let (context, value) = apart(migration, Role::OutputAt, value);
            migration.adapt_output(&context, value).expect(there)
        };
        all.push((output, Box::new(adapted)));
    }
    if let Some(back) = migration.back() {
        let there = "a migration with a way back restores";
        let restored = |value| {
            let (context, value) = apart(migration, Role::BackAt, value);
            migration.restore_state(&context, value).expect(there)
        };
        all.push((back, Box::new(restored)));
    }
    all
}

/// What a conversion is told beside what it converts, if it has the role in which it is.
fn apart(migration: &Migration, told: Role, value: Value) -> (Context, Value) {
    let exports = &migration.code().bytecode().exports;
    let is_told = exports.iter().any(|(role, _)| *role == told);
    let Value::Product(parts) = &value else {
        return (Context::default(), value);
    };
    if let (true, [Value::Product(moment), own]) = (is_told, &**parts)
        && let [Value::Int(at_ms), Value::Text(from), Value::Int(sequence)] = &**moment
    {
        let context = Context {
            at_ms: *at_ms,
            from: Arc::clone(from),
            sequence: *sequence,
        };
        return (context, own.clone());
    }
    (Context::default(), value)
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
    let same_limits = result
        .as_ref()
        .map_or_else(|reason| *reason != TrapReason::OutOfFuel, light);
    if exactly && same_limits {
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
    preserved(code, function, value)?;
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

/// Types are preserved: what the function ends in is of its codomain.
fn preserved(code: &Verified, function: FunctionId, value: &Value) -> Result<(), String> {
    let (_, codomain) = code.function_type(function);
    if value.weight() > COMPARED_WEIGHT_MAX || value.inhabits(code.types(), codomain) {
        return Ok(());
    }
    Err(format!("{function:?} ends in {value:?}, of another type"))
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

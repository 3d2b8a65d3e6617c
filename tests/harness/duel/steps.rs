//! A machine's steps as the product takes them, each beside the judge's.
//!
//! A step is taken at once, or tried and dropped before, or read from the input's bytes; and at times a
//! snapshot is held meanwhile, whose state must stay what it was.

use std::sync::Arc;

use cam::encode;
use cam::instance::{Context, Instance, NoStep};
use cam::limits::{OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX, STEP_FUEL};
use cam::schema::Stamp;
use cam::trap::TrapReason;
use cam::value::Value;
use cam::verify::Program;

use super::{FUEL, INPUTS, Outcome, Runs, agreed, equal, judge, preserved, same, shown};
use crate::generate::{Choices, any_value};

/// Steps of an instance, from the first state or a drawn one.
pub(super) fn walk(
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
    for sequence in 0..INPUTS {
        let context = Context {
            at_ms: sequence * 1000,
            from: "someone".into(),
            sequence,
        };
        let input = any_value(program.types(), program.input_type(), choices);
        let stamped = stamped(program, &context, input.clone());
        let argument = Value::product(vec![stamped, instance.state()]);
        let (result, left) = judged(program, &argument, choices.once_in(4))?;
        runs.count(&result);
        if result == Err(TrapReason::OutOfFuel) {
            continue; // an instance has more fuel
        }
        let meant = Meant {
            step: within_limits(result),
            fuel: STEP_FUEL - (FUEL - left),
        };
        let stepped = step(&mut instance, &context, &input, &meant, choices);
        stepped.map_err(|what| format!("step {sequence} on {argument:?}: {what}"))?;
    }
    Ok(())
}

/// The judge's word on a step. At times the engines run it as a bare function, too; else the instance's step,
/// which comes next, is enough.
fn judged(program: &Program, argument: &Value, bare: bool) -> Result<Outcome, String> {
    let (code, step) = (program.code(), program.step());
    if !bare {
        let meant = judge(code, step, argument.clone(), FUEL);
        if let Ok(value) = &meant.0 {
            preserved(code, step, value)?;
        }
        if meant.0 != Err(TrapReason::OutOfFuel) {
            return Ok(meant);
        }
    }
    agreed(code, step, argument, bare)
}

/// What the judge says of a step: state and output or the reason, and the fuel that is left.
struct Meant {
    step: Result<(Value, Value), TrapReason>,
    fuel: u64,
}

impl Meant {
    /// The output, or the reason.
    fn outcome(&self) -> Outcome {
        let output = self.step.clone().map(|(_, output)| output);
        (output, self.fuel)
    }
}

fn step(
    instance: &mut Instance,
    context: &Context,
    input: &Value,
    meant: &Meant,
    choices: &mut Choices,
) -> Result<(), String> {
    // An engine that stops where the judge goes on is replaced; that is a divergence too.
    let (engine, before) = (instance.engine(), instance.state());
    let snapshot = choices.once_in(4).then(|| instance.clone());
    if choices.once_in(3) {
        let tried = outcome(instance, context, input, false, false, meant.fuel);
        held("tried and dropped", &tried, &meant.outcome())?;
        state_is("after it was dropped", &before, instance)?;
    }
    let encoded = choices.once_in(3);
    let taken = outcome(instance, context, input, encoded, true, meant.fuel);
    held("taken", &taken, &meant.outcome())?;
    let after = meant.step.as_ref().map_or(&before, |(state, _)| state);
    state_is("after it", after, instance)?;
    if let Some(snapshot) = snapshot {
        state_is("of the snapshot", &before, &snapshot)?;
    }
    if instance.engine() == engine {
        Ok(())
    } else {
        Err("the engine stopped where the judge goes on".to_owned())
    }
}

/// What a step comes to, taken or only tried. Fuel after a stop is no promise: it is taken from the judge.
fn outcome(
    instance: &mut Instance,
    context: &Context,
    input: &Value,
    encoded: bool,
    taken: bool,
    fuel: u64,
) -> Outcome {
    let pending = if encoded {
        let bytes = encode::value(input);
        match instance.attempt_encoded(context, &bytes) {
            Ok(pending) => Ok(pending),
            Err(NoStep::Trap(trap)) => Err(trap.reason),
            // An input that a client may not send at all; the judge has no such number.
            Err(NoStep::Malformed(_)) => Err(TrapReason::Abort(i64::MIN + 78)),
        }
    } else {
        let pending = instance.attempt(context, input.clone());
        pending.map_err(|trap| trap.reason)
    };
    match pending {
        Ok(pending) => {
            let answer = pending.answer();
            if taken {
                pending.commit();
            }
            (Ok(answer.output), STEP_FUEL - answer.fuel_used)
        }
        Err(reason) => (Err(reason), fuel),
    }
}

fn held(when: &str, found: &Outcome, meant: &Outcome) -> Result<(), String> {
    if same(found, meant) {
        return Ok(());
    }
    let (meant, found) = (shown(meant), shown(found));
    Err(format!(
        "{when}\n the judge: {meant}\n the instance: {found}"
    ))
}

fn state_is(when: &str, meant: &Value, instance: &Instance) -> Result<(), String> {
    let found = instance.state();
    if equal(meant, &found) {
        return Ok(());
    }
    let [meant, found] = [meant.clone(), found].map(|state| shown(&(Ok(state), 0)));
    Err(format!(
        "the state {when}\n the judge: {meant}\n the instance: {found}"
    ))
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
fn stamped(program: &Program, context: &Context, input: Value) -> Value {
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

//! Vectors that are made anew for each run: mutants of all modules that the other vectors have, with their
//! verdicts and, where they are accepted, what they do on inputs that nobody chose.

use cam::combinator::FunctionId;
use cam::machine::{Fuel, run};
use cam::trap::TrapReason;
use cam::verify::Verified;

use super::{Judged, encoded, hex, judged, line, proved, refusal, scripts};
use crate::generate::{Choices, any_value};
use crate::mutant::Nursery;
use crate::script;

/// Fuel of one run. Engines that are written to be read are slow.
const FUEL: u64 = 20_000;

/// Weight of a result that is written down: lists that are joined with themselves are soon vast.
const WEIGHT_MAX: u64 = 1 << 16;

/// Inputs of one function.
const INPUTS: usize = 2;

/// `count` mutants of `seed`, in the form of the other files, and how many of them were accepted.
///
/// # Errors
/// A script that is not true.
pub fn mutants(seed: u64, count: u64) -> Result<(String, u64), String> {
    let scripts = scripts()?;
    let written = scripts.iter().map(|script| script.shown.bytes.clone());
    let written = written.filter(|bytes| refusal(bytes).is_none());
    let generated = Nursery::new(60);
    let generated = generated.modules().map(<[u8]>::to_vec);
    let nursery = Nursery::of(written.chain(generated));
    let (mut out, mut accepted) = (String::new(), 0);
    for index in 0..count {
        let bytes = nursery.mutant(seed, index);
        if let Some(words) = refusal(&bytes) {
            line(&mut out, format_args!("{words} {}", hex(&bytes)));
            continue;
        }
        accepted += 1;
        line(&mut out, format_args!("module {}", hex(&bytes)));
        let judged = judged(&bytes)?;
        proved(&mut out, &judged);
        write_runs(&mut out, &judged, &mut Choices::seeded(index, 200));
    }
    Ok((out, accepted))
}

fn write_runs(out: &mut String, judged: &Judged, choices: &mut Choices) {
    let code = judged.code();
    let functions = (0..).map_while(|index| Some((index, code.function_at(index)?)));
    // A function that takes or gives a function can be run by a program only.
    let is_of_data = |function: FunctionId| {
        let (domain, codomain) = code.function_type(function);
        code.types().is_data(domain) && code.types().is_data(codomain)
    };
    for (index, function) in functions.filter(|(_, function)| is_of_data(*function)) {
        for _ in 0..INPUTS {
            write_run(out, code, (index, function), choices);
        }
    }
}

fn write_run(
    out: &mut String,
    code: &Verified,
    (index, function): (usize, FunctionId),
    choices: &mut Choices,
) {
    let input = any_value(code.types(), code.function_type(function).0, choices);
    let mut fuel = Fuel::new(FUEL);
    let argument = encoded(&input);
    match run(code, function, input, &mut fuel) {
        Ok(value) if value.weight() > WEIGHT_MAX => {}
        Ok(value) => {
            let (value, used) = (encoded(&value), FUEL - fuel.remaining());
            line(out, format_args!("run {index} {argument} {value} {used}"));
        }
        // With more fuel it might be another reason, and a vector gives all there is.
        Err(trap) if trap.reason == TrapReason::OutOfFuel => {}
        Err(trap) => {
            let reason = script::said(trap.reason);
            line(out, format_args!("trap {index} {argument} {reason}"));
        }
    }
}

//! Conformance vectors: what this implementation does, written down for implementations in other languages.
//!
//! Nothing is made up here. Modules, runs and refusals are those of the scripts in the specification and of
//! `vectors/cases.md`; values, types and spoilt bytes are listed in `vectors/value.rs`. Each line is what the
//! product says today, so a change of behaviour changes a committed file.

mod limit;
mod mutant;
mod value;

use std::collections::BTreeSet;
use std::fmt::Write;

use cam::bytecode::Bytecode;
use cam::decode::{self, Malformed};
use cam::digest::Digest;
use cam::encode;
use cam::instance::Instance;
use cam::limits::STEP_FUEL;
use cam::machine::{Fuel, run};
use cam::schema::Stamp;
use cam::trap::TrapReason;
use cam::value::Value;
use cam::verify::{self, Certificate, Invalid, Program, Verified};

use crate::bytes::from_hex;
use crate::script::{self, Fence, Shown, Witness, fences, name_of};
use crate::tree::{files, read};

pub use mutant::mutants;

/// Scripts that are too dull for a chapter.
const CASES: &str = "tests/harness/vectors/cases.md";

/// Scripts that are too long for a file.
const LIMITS: &str = "tests/harness/vectors/limit.rs";

/// Modules whose every bit is flipped: lists and constants; a whole machine.
const FLIPPED: [&str; 2] = ["spec/3-bytecode.md", "spec/10-front-ends.md"];

/// The files of vectors, each with its name and its text.
///
/// # Errors
/// A script that is not true.
pub fn all() -> Result<Vec<(&'static str, String)>, String> {
    let scripts = scripts()?;
    Ok(vec![
        ("values.txt", value::vectors()?),
        ("modules.txt", modules(&scripts)?),
        ("refused.txt", refused(&scripts)),
        ("flips.txt", flips()?),
    ])
}

/// The instructions of modules that were run, and those at which one was refused.
///
/// # Errors
/// A script that is not true.
pub fn instructions() -> Result<(BTreeSet<&'static str>, BTreeSet<&'static str>), String> {
    let scripts = scripts()?;
    let shown = || scripts.iter().map(|script| &script.shown);
    let ran = shown().flat_map(|shown| shown.accepted.clone()).collect();
    let refused = shown().flat_map(|shown| shown.refused.iter().map(|(mnemonic, _)| *mnemonic));
    Ok((ran, refused.collect()))
}

struct Script {
    place: String,
    shown: Shown,
}

fn scripts() -> Result<Vec<Script>, String> {
    let mut paths = files("spec", ".md");
    paths.push(CASES.to_owned());
    let blocks = paths.iter().flat_map(|path| fences(path, &read(path)));
    let blocks = blocks.filter(|block| block.language == "asm");
    let at_limits = limit::scripts().into_iter().map(|text| Fence {
        language: "asm".to_owned(),
        place: LIMITS.to_owned(),
        text,
    });
    blocks
        .chain(at_limits)
        .map(|Fence { place, text, .. }| {
            let shown = script::check(&text).map_err(|error| format!("{place}: {error}"))?;
            Ok(Script { place, shown })
        })
        .collect()
}

/// What a module is, verified.
enum Judged {
    Machine(Box<Program>),
    Migration(Verified),
}

impl Judged {
    fn code(&self) -> &Verified {
        match self {
            Judged::Machine(program) => program.code(),
            Judged::Migration(code) => code,
        }
    }
}

/// What an accepted module is.
fn judged(bytes: &[u8]) -> Result<Judged, String> {
    let bytecode = decode::module(bytes).map_err(|malformed| malformed.to_string())?;
    verified(bytecode).map_err(|invalid| invalid.to_string())
}

/// Why a module is refused, in words.
fn refusal(bytes: &[u8]) -> Option<String> {
    match decode::module(bytes).map(verified) {
        Err(malformed) => Some(malformed_words(&malformed)),
        Ok(Err(invalid)) => Some(invalid_words(&invalid)),
        Ok(Ok(_)) => None,
    }
}

fn verified(bytecode: Bytecode) -> Result<Judged, Invalid> {
    if bytecode.schema.is_some() {
        let program = verify::machine(bytecode)?;
        Ok(Judged::Machine(Box::new(program)))
    } else {
        let migration = verify::migration(bytecode)?;
        Ok(Judged::Migration(migration.code().clone()))
    }
}

fn modules(scripts: &[Script]) -> Result<String, String> {
    let mut out =
        String::from("# Modules that are accepted, what is proved of them, and what they do.\n");
    for Script { place, shown } in scripts {
        // Scripts of a refused module show nothing here.
        let Ok(judged) = judged(&shown.bytes) else {
            continue;
        };
        let file = place.split(':').next().unwrap_or_default();
        line(&mut out, format_args!("\n# {file}"));
        line(&mut out, format_args!("module {}", hex(&shown.bytes)));
        proved(&mut out, &judged);
        let mut seen: Vec<&Witness> = Vec::new();
        for witness in &shown.witnessed {
            let again = matches!(witness, Witness::Ran(..)) && seen.contains(&witness);
            if !again {
                witnessed(&mut out, &judged, witness)?;
            }
            seen.push(witness);
        }
    }
    Ok(out)
}

fn proved(out: &mut String, judged: &Judged) {
    let (digest, code) = match judged {
        Judged::Machine(program) => (program.digest(), program.code()),
        Judged::Migration(code) => {
            let bytes = encode::module(code.bytecode());
            (Digest::of_module(&bytes), code)
        }
    };
    line(out, format_args!("digest {digest}"));
    if let Judged::Machine(program) = judged {
        let schema = program.schema();
        let stamps: Vec<_> = schema
            .stamps
            .iter()
            .map(|stamp: &Stamp| stamp.word())
            .collect();
        line(
            out,
            format_args!(
                "machine {} {} {} {} {} {} {}",
                schema.machine,
                schema.version,
                if stamps.is_empty() {
                    "-".to_owned()
                } else {
                    stamps.join(",")
                },
                program.state_type().index(),
                program.input_type().index(),
                program.stamped_input_type().index(),
                program.output_type().index(),
            ),
        );
    }
    for index in 0..code.bytecode().functions.len() {
        let function = code.function_at(index).expect("the module has so many");
        let proved = code.certificate(function);
        line(
            out,
            format_args!(
                "function {index} {} {} {} {}",
                proved.stack,
                proved.height,
                proved.cost,
                bits(proved)
            ),
        );
    }
}

/// What a certificate says besides numbers.
fn bits(proved: &Certificate) -> String {
    let bits = [
        (proved.may_fail, "fails"),
        (proved.loops, "loops"),
        (proved.sized, "sized"),
    ];
    let set: Vec<&str> = bits
        .iter()
        .filter(|(bit, _)| *bit)
        .map(|(_, word)| *word)
        .collect();
    if set.is_empty() {
        "-".to_owned()
    } else {
        set.join(",")
    }
}

fn witnessed(out: &mut String, judged: &Judged, witness: &Witness) -> Result<(), String> {
    match witness {
        Witness::Ran(function, input, output, fuel) => {
            short_of_fuel(judged.code(), *function, input, *fuel)?;
            let (input, output) = (encoded(input), encoded(output));
            line(out, format_args!("run {function} {input} {output} {fuel}"));
        }
        Witness::Trapped(function, input, reason) => {
            let (input, reason) = (encoded(input), script::said(*reason));
            line(out, format_args!("trap {function} {input} {reason}"));
        }
        Witness::Started(state) => {
            let Judged::Machine(program) = judged else {
                return Err("a migration does not start".to_owned());
            };
            let started = Instance::start((**program).clone().into());
            started.map_err(|trap| trap.to_string())?;
            line(out, format_args!("start {}", encoded(state)));
        }
        Witness::Stepped(context, input, state, answer) => {
            let (at, from, number) = (context.at_ms, &context.from, context.sequence);
            let (input, state) = (encoded(input), encoded(state));
            let (output, fuel) = (encoded(&answer.output), answer.fuel_used);
            let from = hex(from.as_bytes());
            line(
                out,
                format_args!("step {at} {from} {number} {input} {state} {output} {fuel}"),
            );
        }
        Witness::Stopped(context, input, reason) => {
            let (at, from, number) = (context.at_ms, &context.from, context.sequence);
            let (input, reason) = (encoded(input), script::said(*reason));
            let from = hex(from.as_bytes());
            line(
                out,
                format_args!("stop {at} {from} {number} {input} {reason}"),
            );
        }
        Witness::Invalid(..) | Witness::Malformed(..) => {}
    }
    Ok(())
}

/// Those who read `run` are told that one unit less is not enough.
fn short_of_fuel(code: &Verified, index: usize, input: &Value, fuel: u64) -> Result<(), String> {
    let function = code.function_at(index).ok_or("no such function")?;
    let Some(less) = fuel.checked_sub(1) else {
        return Ok(());
    };
    match run(code, function, input.clone(), &mut Fuel::new(less)) {
        Err(trap) if trap.reason == TrapReason::OutOfFuel => Ok(()),
        other => Err(format!("with {less} of {STEP_FUEL} fuel: {other:?}")),
    }
}

fn refused(scripts: &[Script]) -> String {
    let mut lines = BTreeSet::new();
    for witness in scripts.iter().flat_map(|script| &script.shown.witnessed) {
        match witness {
            Witness::Invalid(bytes, invalid) => {
                lines.insert(format!("{} {}", invalid_words(invalid), hex(bytes)));
            }
            Witness::Malformed(bytes, malformed) => {
                lines.insert(format!("{} {}", malformed_words(malformed), hex(bytes)));
            }
            _ => {}
        }
    }
    let mut out = String::from("# Modules that are refused, why and where.\n\n");
    lines
        .iter()
        .for_each(|refused| line(&mut out, format_args!("{refused}")));
    out
}

fn malformed_words(malformed: &Malformed) -> String {
    let reason = name_of(&malformed.reason);
    format!("malformed {reason} {}", malformed.offset)
}

fn invalid_words(invalid: &Invalid) -> String {
    let reason = name_of(&invalid.reason);
    match invalid.at {
        None => format!("invalid {reason} - - -"),
        Some(place) => format!(
            "invalid {reason} {} {} {}",
            place.function, place.instruction, place.offset
        ),
    }
}

fn flips() -> Result<String, String> {
    let mut out = String::from("# One bit of a module is another: what becomes of it.\n");
    for path in FLIPPED {
        let blocks = fences(path, &read(path));
        let block = blocks.iter().find(|block| block.language == "bytes");
        let base = from_hex(&block.ok_or("the chapter has bytes")?.text)?;
        line(&mut out, format_args!("\n# {path}\nbase {}", hex(&base)));
        for offset in 0..base.len() {
            for bit in 0..8 {
                let mut flipped = base.clone();
                flipped[offset] ^= 1 << bit;
                let accepted = || format!("accepted {}", Digest::of_module(&flipped));
                let verdict = refusal(&flipped).unwrap_or_else(accepted);
                line(&mut out, format_args!("flip {offset} {bit} {verdict}"));
            }
        }
    }
    Ok(out)
}

fn encoded(value: &Value) -> String {
    hex(&encode::value(value))
}

/// Hexadecimal digits; a dash where there is nothing, so that a line keeps its words.
fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn line(out: &mut String, words: std::fmt::Arguments<'_>) {
    writeln!(out, "{words}").expect("a text takes all");
}

//! Scripts: a module in assembly, and what is true of it.
//!
//! ```text
//! run f INPUT = OUTPUT        f ends with this value
//! trap f INPUT = REASON       f stops for this reason (`abort 7` with its code)
//! cost f INPUT = FUEL         this much fuel is enough, and one unit less is not
//! stack f = VALUES            the verifier certifies this many values on f's stack
//! refuse f:1 CODE = REASON    with instruction 1 of f replaced by CODE, the verifier refuses
//!                             for this reason; `at f:2` when it is found at another place
//! valid                       the module is verified
//! refused REASON at f:2       the module itself is refused
//! malformed REASON            the module's bytes are malformed
//! ```

use std::fmt::Debug;

use cam::combinator::FunctionId;
use cam::machine::{Fuel, run};
use cam::trap::TrapReason;
use cam::value::Value;
use cam::verify::{Invalid, Verified};
use cam::{decode, verify};

use crate::assembly::Module;
use crate::notation;

/// A fenced block of a Markdown file.
#[derive(Clone, Debug)]
pub struct Fence {
    /// The word after the backticks.
    pub language: String,
    /// The file and the line of the first line inside.
    pub place: String,
    /// The lines inside.
    pub text: String,
}

/// All fenced blocks of `markdown`, which is the text of the file at `path`.
#[must_use]
pub fn fences(path: &str, markdown: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut open: Option<Fence> = None;
    for (index, line) in markdown.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Fence {
                    language: language.to_owned(),
                    place: format!("{path}:{}", index + 2),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(fence)) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// What a script has shown, for those who count.
#[derive(Clone, Default, Debug)]
pub struct Shown {
    /// The mnemonics of verified functions that were run.
    pub accepted: Vec<&'static str>,
    /// The mnemonics at which the verifier refused, and why.
    pub refused: Vec<(&'static str, String)>,
    /// The names of the traps that were seen.
    pub traps: Vec<&'static str>,
    /// The bytes of the module.
    pub bytes: Vec<u8>,
}

/// Runs a script.
///
/// # Errors
/// The line that is not true, or not understood, and what was found instead.
pub fn check(text: &str) -> Result<Shown, String> {
    let mut module = Module::default();
    let mut statements = Vec::new();
    for line in text.lines().map(without_comment) {
        if line.trim().is_empty() {
            continue;
        }
        if !module
            .line(line)
            .map_err(|error| format!("{line}: {error}"))?
        {
            statements.push(line);
        }
    }
    let mut bench = Bench {
        shown: Shown {
            bytes: module.assembled()?,
            ..Shown::default()
        },
        module,
    };
    for statement in statements {
        bench
            .statement(statement)
            .map_err(|error| format!("{statement}\n  {error}"))?;
    }
    Ok(bench.shown)
}

struct Bench {
    module: Module,
    shown: Shown,
}

impl Bench {
    fn statement(&mut self, statement: &str) -> Result<(), String> {
        if statement == "valid" {
            return self.verified().map(|_| ());
        }
        let (verb, rest) = statement
            .split_once(' ')
            .ok_or("a statement has two parts")?;
        match verb {
            "refused" => return self.refused(&self.module.clone(), rest.trim(), None),
            "malformed" => return self.malformed(rest.trim()),
            _ => {}
        }
        let (left, right) = rest.split_once(" = ").ok_or("a statement has a `=`")?;
        let (left, right) = (left.trim(), right.trim());
        if verb == "refuse" {
            return self.refuse(left, right);
        }
        let code = self.verified()?;
        let (name, input) = left.split_once(' ').unwrap_or((left, "()"));
        let function = function(&code, self.module.function(name)?)?;
        if verb == "stack" {
            return same(
                &right.to_owned(),
                &code.certificate(function).stack.to_string(),
            );
        }
        let input = notation::value(input)?;
        if !input.inhabits(code.types(), code.function_type(function).0) {
            return Err("the input is not of the function's domain".to_owned());
        }
        self.shown.accepted.extend(mnemonics(&code));
        match verb {
            "run" => same(
                &Ok(notation::value(right)?),
                &ran(&code, function, input, u64::MAX),
            ),
            "trap" => self.trap(&code, function, input, right),
            "cost" => {
                self.shown.traps.push(TrapReason::OutOfFuel.name());
                cost(&code, function, &input, right)
            }
            _ => Err(format!("`{verb}` is no statement")),
        }
    }

    fn trap(
        &mut self,
        code: &Verified,
        function: FunctionId,
        input: Value,
        expected: &str,
    ) -> Result<(), String> {
        let reason = match ran(code, function, input, u64::MAX) {
            Ok(value) => return Err(format!("it ends with {value:?}")),
            Err(reason) => reason,
        };
        self.shown.traps.push(reason.name());
        let found = match reason {
            TrapReason::Abort(code) => format!("abort {code}"),
            other => other.name().to_owned(),
        };
        same(&expected.to_owned(), &found)
    }

    fn verified(&self) -> Result<Verified, String> {
        let verified = verified(&self.module, &self.module.assembled()?)?;
        verified.map_err(|invalid| invalid.to_string())
    }

    fn malformed(&self, expected: &str) -> Result<(), String> {
        match decode::module(&self.module.assembled()?) {
            Ok(_) => Err("it is well-formed".to_owned()),
            Err(malformed) => same(&expected.to_owned(), &name_of(&malformed.reason)),
        }
    }

    fn refuse(&mut self, left: &str, right: &str) -> Result<(), String> {
        self.verified()?; // What is refused differs by one thing from what is accepted.
        let (place, code) = left.split_once(' ').ok_or("a place and code")?;
        let (function, instruction) = placed(&self.module, place)?;
        let mut edited = self.module.clone();
        let code = code.split(';').map(|one| one.trim().to_owned());
        let old = &mut edited.functions[function].code;
        if instruction >= old.len() {
            return Err("there is no such instruction".to_owned());
        }
        old.splice(instruction..=instruction, code);
        self.refused(&edited, right, Some((function, instruction)))
    }

    fn refused(
        &mut self,
        module: &Module,
        expected: &str,
        otherwise: Option<(usize, usize)>,
    ) -> Result<(), String> {
        let (reason, place) = match expected.split_once(" at ") {
            Some((reason, place)) => (reason, Some(placed(module, place)?)),
            None => (expected, otherwise),
        };
        let invalid = match verified(module, &module.assembled()?)? {
            Ok(_) => return Err("it is valid".to_owned()),
            Err(invalid) => invalid,
        };
        same(&reason.to_owned(), &name_of(&invalid.reason))?;
        let found = invalid.at.map(|place| (place.function, place.instruction));
        same(&place, &found)?;
        if let Some((function, instruction)) = found
            && let Some(code) = module.functions[function].code.get(instruction)
        {
            self.shown.refused.push((mnemonic(code), reason.to_owned()));
        }
        Ok(())
    }
}

/// The name of a variant, from its debug form.
#[must_use]
pub fn name_of(variant: &impl Debug) -> String {
    let shown = format!("{variant:?}");
    let end = shown.find(|letter: char| !letter.is_alphanumeric());
    shown[..end.unwrap_or(shown.len())].to_owned()
}

fn verified(module: &Module, bytes: &[u8]) -> Result<Result<Verified, Invalid>, String> {
    let bytecode = decode::module(bytes).map_err(|malformed| malformed.to_string())?;
    Ok(if module.is_machine() {
        verify::machine(bytecode).map(|program| program.code().clone())
    } else {
        verify::migration(bytecode).map(|migration| migration.code().clone())
    })
}

fn function(code: &Verified, index: usize) -> Result<FunctionId, String> {
    code.function_at(index)
        .ok_or_else(|| "the module has fewer functions".to_owned())
}

fn ran(
    code: &Verified,
    function: FunctionId,
    input: Value,
    fuel: u64,
) -> Result<Value, TrapReason> {
    run(code, function, input, &mut Fuel::new(fuel)).map_err(|trap| trap.reason)
}

fn cost(code: &Verified, function: FunctionId, input: &Value, right: &str) -> Result<(), String> {
    let mut fuel = Fuel::new(u64::MAX);
    run(code, function, input.clone(), &mut fuel).map_err(|trap| trap.to_string())?;
    let used = u64::MAX - fuel.remaining();
    same(&right.to_owned(), &used.to_string())?;
    let short = ran(code, function, input.clone(), used - 1);
    same(&Err(TrapReason::OutOfFuel), &short)
}

fn placed(module: &Module, place: &str) -> Result<(usize, usize), String> {
    let (name, instruction) = place
        .split_once(':')
        .ok_or("a place is `function:instruction`")?;
    let instruction = instruction
        .parse()
        .map_err(|_| format!("`{instruction}` is no number"))?;
    Ok((module.function(name)?, instruction))
}

fn mnemonics(code: &Verified) -> impl Iterator<Item = &'static str> {
    let bodies = code.bytecode().functions.iter();
    bodies.flat_map(|body| {
        body.code
            .iter()
            .map(|instruction| instruction.row().mnemonic)
    })
}

fn mnemonic(code: &str) -> &'static str {
    let word = code.split_whitespace().next().unwrap_or_default();
    let row = cam::instruction::TABLE
        .iter()
        .find(|row| row.mnemonic == word);
    row.expect("it was assembled").mnemonic
}

fn same<T: PartialEq + Debug>(expected: &T, found: &T) -> Result<(), String> {
    if expected == found {
        Ok(())
    } else {
        Err(format!("expected {expected:?}\n  found    {found:?}"))
    }
}

/// A `#` inside a text is not the start of a comment.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, letter) in line.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '#' if !quoted => return line[..at].trim_end(),
            _ => {}
        }
    }
    line.trim_end()
}

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
//! malformed REASON            the module would have malformed bytes
//! malformed REASON HEX        these bytes are malformed
//! start STATE                 the machine starts in this state
//! step (C, INPUT) = (OUTPUT, STATE)   the machine answers so and is in this state, where C is what the
//!                             node knows: `(MILLISECONDS, "SENDER", NUMBER)`
//! stop (C, INPUT) = REASON    the machine's step stops for this reason, and its state stays
//! ```

use std::fmt::Debug;

use cam::assembly::AssemblyReason;
use cam::combinator::FunctionId;
use cam::decode::Malformed;
use cam::instance::{Answer, Context, Instance};
use cam::machine::{Fuel, run};
use cam::trap::TrapReason;
use cam::value::Value;
use cam::verify::{Invalid, Verified};
use cam::{decode, verify};

use crate::assembly::Module;
use crate::bytes::from_hex;
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
    /// What was seen, for those who keep it.
    pub witnessed: Vec<Witness>,
}

/// One thing that was seen.
#[derive(Clone, PartialEq, Debug)]
pub enum Witness {
    /// A function ended with a value for so much fuel.
    Ran(usize, Value, Value, u64),
    /// A function stopped.
    Trapped(usize, Value, TrapReason),
    /// A well-formed module was refused.
    Invalid(Vec<u8>, Invalid),
    /// Bytes were refused.
    Malformed(Vec<u8>, Malformed),
    /// A machine started in this state.
    Started(Value),
    /// A machine took a step: what the node knew, the input, the next state and the answer.
    Stepped(Context, Value, Value, Answer),
    /// A machine's step stopped.
    Stopped(Context, Value, TrapReason),
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
            bytes: module.assembled().unwrap_or_default(),
            ..Shown::default()
        },
        module,
        instance: None,
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
    instance: Option<Instance>,
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
            "start" => return self.start(rest.trim()),
            _ => {}
        }
        let (left, right) = rest.split_once(" = ").ok_or("a statement has a `=`")?;
        let (left, right) = (left.trim(), right.trim());
        match verb {
            "refuse" => return self.refuse(left, right),
            "step" | "stop" => return self.step(left, right, verb == "stop"),
            _ => {}
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
        let number = self.module.function(name)?;
        if !input.inhabits(code.types(), code.function_type(function).0) {
            return Err("the input is not of the function's domain".to_owned());
        }
        self.shown.accepted.extend(mnemonics(&code));
        self.shown
            .witnessed
            .push(witness(&code, number, function, &input));
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
        same(&expected.to_owned(), &said(reason))
    }

    fn start(&mut self, state: &str) -> Result<(), String> {
        let bytecode = decode::module(&self.module.assembled()?).map_err(|e| e.to_string())?;
        let program = verify::machine(bytecode).map_err(|invalid| invalid.to_string())?;
        let instance = Instance::start(program.into()).map_err(|trap| trap.to_string())?;
        self.shown
            .witnessed
            .push(Witness::Started(instance.state().clone()));
        let found = instance.state().clone();
        self.instance = Some(instance);
        same(&notation::value(state)?, &found)
    }

    fn step(&mut self, left: &str, right: &str, stops: bool) -> Result<(), String> {
        let instance = self.instance.as_mut().ok_or("no machine has started")?;
        let (context, input) = stepped(&notation::value(left)?)?;
        let id = instance.program().input_type();
        if !input.inhabits(instance.program().types(), id) {
            return Err("the input is not of the machine's input type".to_owned());
        }
        let outcome = instance.step(&context, input.clone());
        let state = instance.state().clone();
        let (seen, shown) = match outcome {
            Ok(answer) => {
                let pair = Value::product(vec![answer.output.clone(), state.clone()]);
                let seen = Witness::Stepped(context, input, state, answer);
                (seen, Ok(pair))
            }
            Err(trap) => (
                Witness::Stopped(context, input, trap.reason),
                Err(said(trap.reason)),
            ),
        };
        self.shown.witnessed.push(seen);
        let expected = match stops {
            false => Ok(notation::value(right)?),
            true => Err(right.to_owned()),
        };
        same(&expected, &shown)
    }

    fn verified(&self) -> Result<Verified, String> {
        let verified = verified(&self.module, &self.module.assembled()?)?;
        verified.map_err(|invalid| invalid.to_string())
    }

    /// Of the module, or of bytes that no assembler would write.
    fn malformed(&mut self, expected: &str) -> Result<(), String> {
        let (expected, bytes) = expected.split_once(' ').unwrap_or((expected, ""));
        if bytes.is_empty() {
            return match self.module.parsed().map_err(|error| error.reason) {
                Ok(_) => Err("it is well-formed".to_owned()),
                Err(AssemblyReason::Malformed(reason)) => {
                    same(&expected.to_owned(), &name_of(&reason))
                }
                Err(reason) => Err(reason.to_string()),
            };
        }
        let bytes = from_hex(bytes)?;
        let Err(malformed) = decode::module(&bytes) else {
            return Err("it is well-formed".to_owned());
        };
        self.shown
            .witnessed
            .push(Witness::Malformed(bytes, malformed));
        same(&expected.to_owned(), &name_of(&malformed.reason))
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
        let bytes = module.assembled()?;
        let invalid = match verified(module, &bytes)? {
            Ok(_) => return Err("it is valid".to_owned()),
            Err(invalid) => invalid,
        };
        self.shown
            .witnessed
            .push(Witness::Invalid(bytes, invalid.clone()));
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

/// A reason to stop as scripts write it.
#[must_use]
pub fn said(reason: TrapReason) -> String {
    match reason {
        TrapReason::Abort(code) => format!("abort {code}"),
        other => other.name().to_owned(),
    }
}

/// What the node knows, and the input.
fn stepped(value: &Value) -> Result<(Context, Value), String> {
    let wrong = "a step is of `((MILLISECONDS, \"SENDER\", NUMBER), INPUT)`";
    let Value::Product(parts) = value else {
        return Err(wrong.to_owned());
    };
    let [Value::Product(known), input] = &parts[..] else {
        return Err(wrong.to_owned());
    };
    let [Value::Int(at_ms), Value::Text(from), Value::Int(sequence)] = &known[..] else {
        return Err(wrong.to_owned());
    };
    let context = Context {
        at_ms: *at_ms,
        from: from.clone(),
        sequence: *sequence,
    };
    Ok((context, input.clone()))
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

fn witness(code: &Verified, number: usize, function: FunctionId, input: &Value) -> Witness {
    let mut fuel = Fuel::new(u64::MAX);
    match run(code, function, input.clone(), &mut fuel) {
        Ok(value) => Witness::Ran(number, input.clone(), value, u64::MAX - fuel.remaining()),
        Err(trap) => Witness::Trapped(number, input.clone(), trap.reason),
    }
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

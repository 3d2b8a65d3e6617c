//! What the verifier certifies of a function, held against what the function is seen to do.
//!
//! Programs are generated and mutated, so that some are no compiler's; each runs on several inputs. Stack,
//! height and cost are computed a second time from the table alone, by recursion over the brackets.

use cam::combinator::FunctionId;
use cam::compile::compile;
use cam::encode;
use cam::instruction::Instruction;
use cam::machine::{Fuel, run};
use cam::trap::TrapReason;
use cam::types::Type;
use cam::verify::{Program, Verified};
use cam::{decode, verify};
use harness::bytes::mutated;
use harness::generate::{Choices, Mixer, Sample, any_value, machine};

const PROGRAMS: u64 = 300;
const MUTANTS: usize = 6000;
const INPUTS: usize = 6;
/// Enough for any small program on a small input.
const PLENTY: u64 = 200_000;

/// Verified code: what the compiler makes, and what mutation makes of that.
fn programs() -> Vec<Verified> {
    let mut modules = Vec::new();
    for seed in 0..PROGRAMS {
        let mut choices = Choices::seeded(seed, 80);
        let combinators = match seed % 3 {
            0 => machine(&mut choices).combinators,
            1 => Sample::pure(&mut choices).combinators(),
            _ => Sample::stateful(&mut choices).combinators(),
        };
        modules.push(encode::module(&compile(combinators).expect("small")));
    }
    let mut mixer = Mixer::new(11);
    let bases = modules.len();
    for _ in 0..MUTANTS {
        let (base, other) = (mixer.below(bases), mixer.below(bases));
        modules.push(mutated(&modules[base], &modules[other], &mut mixer));
    }
    modules.iter().filter_map(|bytes| judged(bytes)).collect()
}

fn judged(bytes: &[u8]) -> Option<Verified> {
    let bytecode = decode::module(bytes).ok()?;
    if bytecode.schema.is_some() {
        let program = verify::machine(bytecode).ok()?;
        Some(program.code().clone())
    } else {
        let migration = verify::migration(bytecode).ok()?;
        Some(migration.code().clone())
    }
}

/// The functions that can be run from outside: none is handed a function.
fn functions(code: &Verified) -> impl Iterator<Item = FunctionId> + '_ {
    let all = (0..code.bytecode().functions.len()).filter_map(|index| code.function_at(index));
    all.filter(|function| code.types().is_data(code.function_type(*function).0))
}

#[test]
fn what_is_certified_not_to_fail_is_never_seen_to_fail() {
    let (mut safe, mut failed) = (0, 0);
    for (seed, code) in (0..).zip(programs()) {
        let mut choices = Choices::seeded(seed, 200);
        for function in functions(&code) {
            let certificate = code.certificate(function);
            safe += usize::from(!certificate.may_fail);
            for _ in 0..INPUTS {
                let input = any_value(code.types(), code.function_type(function).0, &mut choices);
                let Err(trap) = run(&code, function, input, &mut Fuel::new(PLENTY)) else {
                    continue;
                };
                if matches!(trap.reason, TrapReason::OutOfFuel | TrapReason::SizeLimit) {
                    continue;
                }
                failed += 1;
                assert!(certificate.may_fail, "{trap} in {:?}", code.bytecode());
                let body = &code.bytecode().functions[trap.function.index()];
                let stopped = body
                    .code
                    .get(trap.instruction as usize)
                    .expect("it is there");
                assert!(stopped.row().manner.traps, "{trap} at {stopped:?}");
            }
        }
    }
    println!("{safe} functions are certified not to fail, {failed} runs of the others failed");
    assert!(
        safe > 100 && failed > 100,
        "a test of nothing: {safe}, {failed}"
    );
}

#[test]
fn a_certified_cost_is_enough_and_one_less_is_not() {
    let mut exact = 0;
    for (seed, code) in (0..).zip(programs()) {
        let mut choices = Choices::seeded(seed, 200);
        for function in functions(&code) {
            let certificate = code.certificate(function);
            let known = !certificate.loops && !certificate.sized;
            exact += usize::from(known);
            for _ in 0..INPUTS {
                let domain = code.function_type(function).0;
                let input = any_value(code.types(), domain, &mut choices);
                let with = |amount| {
                    let mut fuel = Fuel::new(amount);
                    let result = run(&code, function, input.clone(), &mut fuel);
                    let short = result
                        .as_ref()
                        .is_err_and(|trap| trap.reason == TrapReason::OutOfFuel);
                    (result.is_ok(), short, amount - fuel.remaining())
                };
                // A body of `end` alone costs nothing.
                let one_less = certificate.cost.checked_sub(1);
                assert!(
                    one_less.is_none_or(|amount| with(amount).1),
                    "one less is not enough"
                );
                if known {
                    let (_, short, used) = with(certificate.cost);
                    assert!(!short && used == certificate.cost);
                } else if let (true, _, used) = with(PLENTY) {
                    assert!(used >= certificate.cost, "a bound from below at least");
                }
            }
        }
    }
    println!("{exact} functions have a cost that is known before they run");
    assert!(exact > 100, "a test of nothing: {exact}");
}

#[test]
fn a_machine_whose_greatest_cost_is_known_never_wants_more() {
    let mut known = 0;
    for seed in 0..PROGRAMS {
        let mut choices = Choices::seeded(seed, 80);
        let compiled = compile(machine(&mut choices).combinators).expect("small");
        let program: Program = verify::machine(compiled).expect("the compiler's types are right");
        let Some(most) = program.max_cost() else {
            continue;
        };
        known += 1;
        let (domain, _) = program.code().function_type(program.step());
        for _ in 0..INPUTS {
            let input = any_value(program.types(), domain, &mut choices);
            let result = run(program.code(), program.step(), input, &mut Fuel::new(most));
            let reason = result.err().map(|trap| trap.reason);
            assert_ne!(reason, Some(TrapReason::OutOfFuel));
        }
    }
    println!("{known} of {PROGRAMS} machines have a step of known cost");
    assert!(known > 10, "a test of nothing: {known}");
}

#[test]
fn stack_height_and_cost_follow_from_the_table() {
    let (mut functions, mut priced) = (0, 0);
    for code in programs() {
        let mut earlier: Vec<Read> = Vec::new();
        for index in 0..code.bytecode().functions.len() {
            let function = code.function_at(index).expect("below the count");
            let read = Reading::of(&code, &earlier, index);
            let certificate = code.certificate(function);
            functions += 1;
            assert_eq!(i64::from(certificate.stack), read.stack);
            assert_eq!(certificate.height, read.height);
            if let Some(cost) = read.cost {
                priced += 1;
                assert_eq!(certificate.cost, cost);
            }
            earlier.push(read);
        }
    }
    println!("{functions} functions were read, {priced} of them priced by the table alone");
    assert!(priced > 100, "a test of nothing: {priced}");
}

/// What the table says of a function.
struct Read {
    stack: i64,
    height: u32,
    /// Unless an instruction is paid for by the width of its type as well.
    cost: Option<u64>,
}

struct Reading<'a> {
    code: &'a Verified,
    earlier: &'a [Read],
    body: &'a [Instruction],
    at: usize,
    read: Read,
}

impl Reading<'_> {
    fn of(code: &Verified, earlier: &[Read], index: usize) -> Read {
        let read = Read {
            stack: 0,
            height: 1,
            cost: Some(0),
        };
        let mut reading = Reading {
            code,
            earlier,
            body: &code.bytecode().functions[index].code.to_vec(),
            at: 0,
            read,
        };
        let (cost, _) = reading.arm(0);
        let cost = reading.read.cost.map(|_| cost);
        Read {
            cost,
            ..reading.read
        }
    }

    /// Reads up to and with an `else` or `end`. Gives the cost, and whether another arm follows.
    fn arm(&mut self, mut height: i64) -> (u64, bool) {
        let mut cost = 0;
        loop {
            let instruction = self.body[self.at];
            self.at += 1;
            cost += self.price(instruction);
            height += self.growth(instruction);
            self.read.stack = self.read.stack.max(height);
            match instruction {
                Instruction::Else() => return (cost, true),
                Instruction::End() => return (cost, false),
                Instruction::Case() => {
                    let mut dearest = 0;
                    let mut more = true;
                    while more {
                        let arm;
                        (arm, more) = self.arm(height);
                        dearest = dearest.max(arm);
                    }
                    cost += dearest;
                }
                _ => {}
            }
        }
    }

    fn price(&mut self, instruction: Instruction) -> u64 {
        let row = instruction.row();
        let by_width = row.code == 0x12 || (0x50..0x70).contains(&row.code);
        if by_width || row.manner.sized {
            self.read.cost = None;
        }
        let Some(callee) = instruction.callee() else {
            return row.cost;
        };
        let callee = &self.earlier[callee.index()];
        self.read.height = self.read.height.max(callee.height + 1);
        if row.mnemonic == "cur" {
            return row.cost; // it makes the closure and does not run it
        }
        if callee.cost.is_none() {
            self.read.cost = None;
        }
        row.cost + callee.cost.unwrap_or(0)
    }

    fn growth(&self, instruction: Instruction) -> i64 {
        match instruction {
            Instruction::Tuple(product) => match self.code.types().get(product) {
                Type::Product(parts) if !parts.is_empty() => {
                    let arity = i64::try_from(parts.len()).expect("255 at most");
                    1 - arity
                }
                _ => 0,
            },
            Instruction::Drop(count) => -i64::from(count),
            _ => i64::from(instruction.row().growth.expect("all others have one")),
        }
    }
}

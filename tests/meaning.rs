//! Two meanings agree: what combinators mean as functions, and what their compiled bytes do.
//!
//! Every program here is generated, well-typed and small; every run goes the whole street, combinators
//! to bytes to a verified program to a run. The seeds are fixed, so a failure is there tomorrow.

use std::collections::BTreeSet;
use std::sync::Arc;

use cam::bytecode::Bytecode;
use cam::combinator::{Combinator, Draft, Operation};
use cam::compile::compile;
use cam::instance::{Context, Instance};
use cam::instruction::{Instruction, TABLE};
use cam::limits::INPUT_WEIGHT_MAX;
use cam::machine::{Fuel, run};
use cam::trap::TrapReason;
use cam::types::INT;
use cam::value::Value;
use cam::{decode, encode, verify};
use harness::bytes::mutated;
use harness::duel::{ENGINES, judge};
use harness::generate::{Choices, Machine, Mixer, Sample, any_type, any_value, machine};
use harness::meaning::{belongs, evaluate, order, weight};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq};
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};

/// Runs `law` on drawn sequences of choices, one for the program and one for its inputs; what fails is
/// shrunk.
fn for_all(cases: u32, law: impl Fn(&mut Choices, &mut Choices) -> TestCaseResult) {
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(2),
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(
        &(vec(any::<u32>(), 0..200), vec(any::<u32>(), 100)),
        |(program, inputs)| law(&mut Choices::new(program), &mut Choices::new(inputs)),
    );
    assert!(outcome.is_ok(), "{}", outcome.expect_err("it failed"));
}

/// The street from combinators to a verified program, through bytes.
fn built(sample: &Sample) -> verify::Migration {
    let bytecode = compile(sample.combinators()).expect("small");
    let bytes = encode::module(&bytecode);
    let read = decode::module(&bytes).expect("what is written can be read");
    assert_eq!(read, bytecode, "decode . encode is the identity");
    let migration = verify::migration(read).expect("what is compiled is valid");
    assert_eq!(migration.bytes(), bytes);
    migration
}

fn ran(migration: &verify::Migration, input: Value) -> Result<Value, TrapReason> {
    let mut fuel = Fuel::new(u64::MAX);
    let result = run(migration.code(), migration.migrate(), input, &mut fuel);
    result.map_err(|trap| trap.reason)
}

const INPUTS: usize = 4;

/// What a migration may cost. A mutant may promise many items that take no bytes.
const FUEL: u64 = cam::limits::MIGRATION_FUEL;

#[test]
fn a_compiled_arrow_does_what_the_arrow_means() {
    for_all(800, |choices, inputs| {
        let sample = Sample::pure(choices);
        let migration = built(&sample);
        for _ in 0..INPUTS {
            let domain = sample.draft.domain(sample.arrow);
            let input = any_value(&sample.draft.types, domain, inputs);
            let meant = evaluate(&sample.draft, sample.arrow, &input, &mut Value::unit());
            prop_assert_eq!(ran(&migration, input), meant);
        }
        Ok(())
    });
}

/// Every pair of integers at an edge: equal ones, neighbours, signs, the ends of the range.
const EDGES: [i64; 13] = [
    i64::MIN,
    i64::MIN + 1,
    -(1 << 32),
    -7,
    -2,
    -1,
    0,
    1,
    2,
    7,
    1 << 32,
    i64::MAX - 1,
    i64::MAX,
];

#[test]
fn every_integer_operation_is_right_at_every_edge() {
    let operations = [
        Operation::Add,
        Operation::Subtract,
        Operation::Multiply,
        Operation::Divide,
        Operation::Remainder,
        Operation::AddWrapping,
        Operation::SubtractWrapping,
        Operation::MultiplyWrapping,
        Operation::And,
        Operation::Or,
        Operation::Xor,
        Operation::ShiftLeft,
        Operation::ShiftRight,
        Operation::ShiftRightUnsigned,
        Operation::Less,
        Operation::LessOrEqual,
        Operation::Equal(INT),
        Operation::Compare(INT),
    ];
    let pairs = EDGES
        .iter()
        .flat_map(|left| EDGES.map(|right| vec![*left, right]));
    let pairs: Vec<Vec<i64>> = pairs.collect();
    for operation in operations {
        is_right_for(operation, &pairs);
    }
    let triples = pairs
        .iter()
        .flat_map(|pair| EDGES.map(|third| [pair.as_slice(), &[third]].concat()));
    is_right_for(Operation::MultiplyDivide, &triples.collect::<Vec<_>>());
}

fn is_right_for(operation: Operation, operands: &[Vec<i64>]) {
    let mut draft = Draft::new();
    let arrow = draft.operation(operation).expect("it has a type");
    let sample = Sample {
        draft,
        arrow,
        stateful: None,
    };
    let migration = built(&sample);
    for numbers in operands {
        let input = Value::product(numbers.iter().copied().map(Value::Int).collect());
        let meant = evaluate(&sample.draft, arrow, &input, &mut Value::unit());
        assert_eq!(
            ran(&migration, input),
            meant,
            "{operation:?} of {numbers:?}"
        );
    }
}

/// The bytes of values, and bytes that nearly are: each is read as the value that it is the bytes of, or as none,
/// whoever reads it.
#[test]
fn bytes_are_read_as_the_value_whose_bytes_they_are_or_as_none() {
    const MUTANTS: usize = 8;
    let values = std::cell::Cell::new(0);
    for_all(400, |choices, inputs| {
        let mut draft = Draft::new();
        let content = any_type(&mut draft.types, choices, 3);
        let arrow = draft.operation(Operation::Decode(content)).expect("data");
        let sample = Sample {
            draft,
            arrow,
            stateful: None,
        };
        let migration = built(&sample);
        for _ in 0..INPUTS {
            let value = any_value(&sample.draft.types, content, inputs);
            let bytes = encode::value(&value);
            let read = ran(&migration, Value::Bytes(bytes.clone().into()));
            prop_assert_eq!(read, Ok(Value::option(Some(value))));
            let mut mixer = Mixer::new(inputs.pick(1 << 20) as u64);
            for _ in 0..MUTANTS {
                let mutant = mutated(&bytes, &[0xFF, 0, 1], &mut mixer);
                let input = Value::Bytes(mutant.clone().into());
                let meant = evaluate(&sample.draft, arrow, &input, &mut Value::unit());
                let outcome = judge(migration.code(), migration.migrate(), input.clone(), FUEL);
                prop_assert_eq!(&outcome.0, &meant);
                for (name, engine) in ENGINES {
                    let other = engine(migration.code(), migration.migrate(), input.clone(), FUEL);
                    prop_assert_eq!(&other, &outcome, "{}", name);
                }
                if let Ok(Value::Sum(1, value)) = &meant {
                    prop_assert_eq!(encode::value(value), mutant);
                    values.set(values.get() + 1);
                }
            }
        }
        Ok(())
    });
    assert!(values.get() > 1000, "{} mutants are values", values.get());
}

#[test]
fn a_threaded_arrow_does_what_the_stateful_arrow_means() {
    for_all(800, |choices, inputs| {
        let sample = Sample::stateful(choices);
        let migration = built(&sample);
        let (stateful, state) = sample.stateful.expect("it was made from a stateful arrow");
        for _ in 0..INPUTS {
            let before = any_value(&sample.draft.types, state, inputs);
            let domain = sample.draft.domain(stateful);
            let input = any_value(&sample.draft.types, domain, inputs);
            let pair = Value::product(vec![before.clone(), input.clone()]);
            let mut after = before;
            let output = evaluate(&sample.draft, stateful, &input, &mut after);
            let meant = output.map(|output| Value::product(vec![after, output]));
            let threaded = evaluate(&sample.draft, sample.arrow, &pair, &mut Value::unit());
            prop_assert_eq!(&threaded, &meant, "threading keeps the meaning");
            prop_assert_eq!(ran(&migration, pair), meant);
        }
        Ok(())
    });
}

#[test]
fn a_machine_steps_as_its_combinators_mean_and_keeps_its_state_when_it_stops() {
    for_all(500, |choices, inputs| {
        let Machine {
            combinators,
            step,
            input,
            first,
        } = machine(choices);
        let draft = combinators.draft.clone();
        let stamped = draft.domain(step) != input;
        let bytes = encode::module(&compile(combinators).expect("small"));
        let program = verify::machine(decode::module(&bytes).expect("canonical")).expect("valid");
        let schema = program.schema().clone();
        let mut instance = Instance::start(Arc::new(program)).expect("a constant does not stop");
        let mut state = first;
        prop_assert_eq!(&instance.state(), &state);
        for sequence in 0..6 {
            let context = Context {
                at_ms: sequence * 10,
                from: "someone".into(),
                sequence,
            };
            let input = any_value(&draft.types, input, inputs);
            let mut seen = input.clone();
            if stamped {
                let fields = schema.stamps.iter().map(|stamp| match stamp.word() {
                    "at" => Value::Int(context.at_ms),
                    "from" => Value::Text(Arc::clone(&context.from)),
                    _ => Value::Int(context.sequence),
                });
                seen = Value::product(vec![Value::product(fields.collect()), seen]);
            }
            let mut next = state.clone();
            let meant = evaluate(&draft, step, &seen, &mut next);
            let answer = instance.step(&context, input);
            if meant.is_ok() {
                state = next;
            }
            let output = answer.map(|answer| answer.output);
            prop_assert_eq!(output.map_err(|trap| trap.reason), meant);
            prop_assert_eq!(&instance.state(), &state);
        }
        Ok(())
    });
}

#[test]
fn every_value_reads_back_from_its_bytes_and_only_from_them() {
    for_all(400, |_, choices| {
        let mut types = cam::types::TypeTable::new();
        let id = any_type(&mut types, choices, 3);
        let value = any_value(&types, id, choices);
        let bytes = encode::value(&value);
        let read = |bytes: &[u8]| decode::value(&types, id, bytes, INPUT_WEIGHT_MAX);
        prop_assert_eq!(read(&bytes), Ok(value.clone()));
        let mut longer = bytes.clone();
        longer.push(0);
        prop_assert!(read(&longer).is_err(), "nothing may follow");
        for cut in 0..bytes.len() {
            prop_assert!(read(&bytes[..cut]).is_err(), "cut at {}", cut);
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = read(&flipped) {
                prop_assert!(other != value, "two byte strings for one value");
                prop_assert_eq!(encode::value(&other), flipped);
            }
        }
        Ok(())
    });
}

#[test]
fn values_know_their_type_their_weight_and_their_order() {
    for_all(400, |_, choices| {
        let mut types = cam::types::TypeTable::new();
        let [own, other] = [0; 2].map(|_| any_type(&mut types, choices, 3));
        let [left, right] = [0; 2].map(|_| any_value(&types, own, choices));
        prop_assert!(left.inhabits(&types, own));
        prop_assert_eq!(left.inhabits(&types, other), belongs(&left, &types, other));
        prop_assert_eq!(left.weight(), weight(&left));
        prop_assert_eq!(left.cmp(&right), order(&left, &right));
        prop_assert_eq!(left == right, encode::value(&left) == encode::value(&right));
        Ok(())
    });
}

#[test]
fn a_container_that_changes_keeps_the_weight_of_its_content() {
    for_all(500, |_, choices| {
        let mut types = cam::types::TypeTable::new();
        let [key, item] = [0; 2].map(|_| any_type(&mut types, choices, 1));
        let key = if types.is_key(key) { key } else { INT };
        let (mut map, mut list) = (cam::value::Map::default(), cam::value::List::default());
        for _ in 0..20 {
            let at = any_value(&types, key, choices);
            if choices.once_in(3) {
                map.remove(&at);
            } else {
                map.insert(at, any_value(&types, item, choices));
            }
            list.push(any_value(&types, item, choices));
            for whole in [Value::Map(map.clone()), Value::List(list.clone())] {
                prop_assert_eq!(whole.weight(), weight(&whole));
            }
        }
        Ok(())
    });
}

/// `push; int 4711; abort Int; pop` has a type wherever an instruction may stand. A run that stops
/// with this code has got there.
const PROBE: i64 = 4711;

fn probed(bytecode: &Bytecode, function: usize, instruction: usize) -> Bytecode {
    let mut probed = bytecode.clone();
    let probe = [
        Instruction::Push(),
        Instruction::Int(PROBE),
        Instruction::Abort(INT),
        Instruction::Pop(),
    ];
    let code = &mut probed.functions[function].code;
    let mut longer = code.to_vec();
    longer.splice(instruction..instruction, probe);
    *code = longer.into_iter().collect();
    probed
}

/// The same program with detours: `swap` and `pop` are never written by the compiler.
fn with_detours(bytecode: &Bytecode, mixer: &mut Mixer) -> Bytecode {
    let detours: [&[Instruction]; 4] = [
        &[Instruction::Push(), Instruction::Pop()],
        &[Instruction::Push(), Instruction::Swap(), Instruction::Pop()],
        &[Instruction::Push(), Instruction::Drop(1)],
        &[
            Instruction::Push(),
            Instruction::Int(0),
            Instruction::Swap(),
            Instruction::Drop(1),
        ],
    ];
    let mut longer = bytecode.clone();
    for body in &mut longer.functions {
        let code = body.code.iter().flat_map(|instruction| {
            let detour = (mixer.below(3) == 0).then(|| detours[mixer.below(detours.len())]);
            let detour = detour.unwrap_or_default().iter().copied();
            detour.chain([instruction])
        });
        body.code = code.collect();
    }
    longer
}

#[test]
fn detours_change_nothing() {
    for_all(100, |choices, inputs| {
        let sample = Sample::pure(choices);
        let plain = built(&sample);
        let longer = with_detours(plain.code().bytecode(), &mut Mixer::new(7));
        let longer = verify::migration(longer).expect("detours keep the types");
        let domain = sample.draft.domain(sample.arrow);
        let input = any_value(&sample.draft.types, domain, inputs);
        prop_assert_eq!(ran(&longer, input.clone()), ran(&plain, input));
        Ok(())
    });
}

/// The mnemonics of `bytecode` that a run on `input` is seen to reach.
fn reached(
    bytecode: &Bytecode,
    input: &Value,
    wanted: &BTreeSet<&'static str>,
) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for (function, body) in bytecode.functions.iter().enumerate() {
        for (at, instruction) in body.code.iter().enumerate() {
            let mnemonic = instruction.row().mnemonic;
            if !wanted.contains(mnemonic) || found.contains(mnemonic) {
                continue;
            }
            let probed = verify::migration(probed(bytecode, function, at)).expect("a probe types");
            if ran(&probed, input.clone()) == Err(TrapReason::Abort(PROBE)) {
                found.insert(mnemonic);
            }
        }
    }
    found
}

#[test]
fn the_generated_programs_run_every_instruction() {
    let mut missing: BTreeSet<&'static str> = TABLE.iter().map(|row| row.mnemonic).collect();
    let mut runs = 0;
    for seed in 0..2000 {
        if missing.is_empty() {
            break;
        }
        let mut choices = Choices::seeded(seed, 200);
        let mut inputs = Choices::seeded(!seed, 100);
        let sample = Sample::pure(&mut choices);
        let migration = built(&sample);
        let longer = with_detours(migration.code().bytecode(), &mut Mixer::new(seed));
        let domain = sample.draft.domain(sample.arrow);
        let input = any_value(&sample.draft.types, domain, &mut inputs);
        let found = reached(&longer, &input, &missing);
        missing.retain(|mnemonic| !found.contains(mnemonic));
        runs += 1;
    }
    println!("{} instructions reached in {runs} programs", TABLE.len());
    assert!(missing.is_empty(), "never run: {missing:?}");
}

#[test]
fn the_generated_programs_contain_every_combinator() {
    let mut missing: BTreeSet<String> = combinators_of_source();
    for seed in 0..2000 {
        let sample = Sample::stateful(&mut Choices::seeded(seed, 200));
        let (stateful, _) = sample.stateful.expect("it was made from a stateful arrow");
        for name in names_in(&sample.draft, stateful) {
            missing.remove(&name);
        }
    }
    assert!(missing.is_empty(), "never generated: {missing:?}");
}

/// The names of all combinators and operations that occur in `arrow` and in what it calls.
fn names_in(draft: &Draft, arrow: cam::combinator::Arrow) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut waiting = vec![arrow];
    waiting.extend(draft.functions().iter().map(|function| function.arrow));
    while let Some(next) = waiting.pop() {
        let combinator = &draft.node(next).combinator;
        let shown = match combinator {
            Combinator::Apply(operation) => format!("{operation:?}"),
            other => format!("{other:?}"),
        };
        let end = shown.find(|letter: char| !letter.is_alphanumeric());
        names.insert(shown[..end.unwrap_or(shown.len())].to_owned());
        match combinator {
            Combinator::Compose(f, g) => waiting.extend([*f, *g]),
            Combinator::Tuple(arrows) | Combinator::Case(arrows) => waiting.extend(arrows.iter()),
            _ => {}
        }
    }
    names
}

/// The variants of both enumerations, as the source text has them, so that a new one is missed here.
fn combinators_of_source() -> BTreeSet<String> {
    let source = harness::tree::read("cam/src/combinator.rs");
    let mut names = harness::tree::variants(&source, "Combinator");
    let source = harness::tree::read("cam/src/operation.rs");
    names.extend(harness::tree::variants(&source, "Operation"));
    names.remove("Apply");
    names
}

#[test]
fn a_generated_program_is_not_a_constant_in_disguise() {
    let (mut ended, mut stopped, mut depends) = (0, 0, 0);
    for seed in 0..200 {
        let mut choices = Choices::seeded(seed, 300);
        let mut inputs = Choices::seeded(!seed, 100);
        let sample = Sample::pure(&mut choices);
        let domain = sample.draft.domain(sample.arrow);
        let results: Vec<_> = (0..INPUTS)
            .map(|_| {
                let input = any_value(&sample.draft.types, domain, &mut inputs);
                evaluate(&sample.draft, sample.arrow, &input, &mut Value::unit())
            })
            .collect();
        ended += usize::from(results.iter().all(Result::is_ok));
        stopped += usize::from(results.iter().any(Result::is_err));
        depends += usize::from(results.windows(2).any(|pair| pair[0] != pair[1]));
    }
    println!("of 200 programs {ended} ended, {stopped} stopped, {depends} depend on their input");
    assert!(ended > 100 && stopped > 5 && depends > 30);
}

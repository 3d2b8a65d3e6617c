//! Bytes and programs made to hurt: mutants, cuts, towers and bombs, on a small stack.
//!
//! Whatever comes in, the decoder and the verifier answer; what they accept runs to a value of its type
//! or to a trap, and writes itself back as the very bytes that came in.

use std::thread;

use cam::assembly::AssemblyReason;
use cam::bytecode::{Body, Bytecode, Parts};
use cam::combinator::{Arrow, Combinators, Draft, IllTyped, Operation, Role};
use cam::compile::compile;
use cam::instruction::Instruction;
use cam::limits::{
    ARITY_MAX, ARROW_DEPTH_MAX, CALL_HEIGHT_MAX, MODULE_BYTES_MAX, STACK_MAX, TYPE_HEIGHT_MAX,
};
use cam::machine::{Fuel, run};
use cam::trap::TrapReason;
use cam::types::{INT, Type, TypeId, TypeTable, UNIT};
use cam::value::{List, Value};
use cam::verify::Verified;
use cam::{decode, encode, state, verify};
use harness::assembly::Module;
use harness::bytes::mutated;
use harness::generate::{Choices, Mixer, Sample, any_value, machine};
use harness::script;
use harness::shapes::shapes;

/// Threads of servers have small stacks; a test's own thread may not.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let small = thread::Builder::new().stack_size(2 << 20).spawn(test);
    let ended = small.expect("a thread can be started").join();
    assert!(ended.is_ok(), "the test on the small stack failed");
}

/// Modules of all kinds: machines with names, migrations, and the assembler's.
fn corpus() -> Vec<Vec<u8>> {
    let mut modules = Vec::new();
    for seed in 0..30 {
        let mut choices = Choices::seeded(seed, 120);
        let combinators = match seed % 3 {
            0 => machine(&mut choices).combinators,
            1 => Sample::pure(&mut choices).combinators(),
            _ => Sample::stateful(&mut choices).combinators(),
        };
        modules.push(encode::module(&compile(combinators).expect("small")));
    }
    modules
}

/// Decodes and verifies as a node would; the valid code, if it is that.
fn judged(bytes: &[u8]) -> Option<Verified> {
    let bytecode = decode::module(bytes).ok()?;
    assert_eq!(
        encode::module(&bytecode),
        bytes,
        "one module has one byte string"
    );
    let valid = if bytecode.schema.is_some() {
        verify::machine(bytecode).map(|program| program.code().clone())
    } else {
        verify::migration(bytecode).map(|migration| migration.code().clone())
    };
    valid.ok()
}

/// Runs every function of verified code on small inputs. Says how many runs ended in a value.
fn exercised(code: &Verified, choices: &mut Choices) -> usize {
    let mut ended = 0;
    for index in 0..code.bytecode().functions.len() {
        let function = code.function_at(index).expect("below the count");
        let (domain, codomain) = code.function_type(function);
        if !code.types().is_data(domain) {
            continue;
        }
        let input = any_value(code.types(), domain, choices);
        let mut fuel = Fuel::new(2000);
        if let Ok(value) = run(code, function, input, &mut fuel) {
            assert!(
                value.inhabits(code.types(), codomain),
                "types are preserved"
            );
            ended += 1;
        }
    }
    ended
}

const MUTANTS: usize = 30_000;

#[test]
fn mutants_are_refused_or_run_within_their_types() {
    on_a_small_stack(|| {
        let corpus = corpus();
        let mut mixer = Mixer::new(5);
        let (mut well_formed, mut accepted, mut ended) = (0, 0, 0);
        for _ in 0..MUTANTS {
            let (base, other) = (mixer.below(corpus.len()), mixer.below(corpus.len()));
            let mutant = mutated(&corpus[base], &corpus[other], &mut mixer);
            well_formed += usize::from(decode::module(&mutant).is_ok());
            if mutant == corpus[base] {
                continue;
            }
            if let Some(code) = judged(&mutant) {
                accepted += 1;
                ended += exercised(&code, &mut Choices::seeded(u64::from(mixer.next()), 60));
            }
        }
        println!(
            "of {MUTANTS} mutants {well_formed} were well-formed, {accepted} valid; {ended} runs ended"
        );
        assert!(
            accepted > 100 && ended > 100,
            "mutants that are only refused prove little"
        );
    });
}

#[test]
fn a_cut_module_is_refused_at_every_length() {
    on_a_small_stack(|| {
        for bytes in corpus() {
            for length in 0..bytes.len() {
                assert!(decode::module(&bytes[..length]).is_err(), "cut at {length}");
            }
        }
    });
}

/// The bytes of a module in text.
fn assembled(text: &str) -> Vec<u8> {
    let mut module = Module::default();
    for line in text.lines() {
        assert_eq!(module.line(line), Ok(true), "{line}");
    }
    module.assembled().expect("every name is known")
}

/// Why the decoder refuses the identity on type `id`.
fn malformed(types: TypeTable, id: TypeId) -> String {
    let body = Body {
        domain: id,
        codomain: id,
        code: [Instruction::End()].into_iter().collect(),
    };
    let module = Bytecode::from(Parts {
        types,
        pool: Vec::new(),
        functions: vec![body],
        exports: Vec::new(),
        schema: None,
    });
    let malformed = decode::module(&encode::module(&module)).expect_err("it is malformed");
    script::name_of(&malformed.reason)
}

/// The type that `level` makes of Int when it is applied `levels` times, and what the decoder says of it.
fn malformed_after(levels: u32, level: impl Fn(&mut TypeTable, TypeId) -> TypeId) -> String {
    let mut types = TypeTable::new();
    let id = (0..levels).fold(INT, |id, _| level(&mut types, id));
    malformed(types, id)
}

/// Why the assembler refuses a text.
fn unassembled(text: &str) -> String {
    let mut module = Module::default();
    for line in text.lines() {
        assert_eq!(module.line(line), Ok(true), "{line}");
    }
    match module.parsed().expect_err("it is malformed").reason {
        AssemblyReason::Malformed(reason) => script::name_of(&reason),
        reason => reason.to_string(),
    }
}

/// `t1 = t0 x t0, t2 = t1 x t1 ..`: a few bytes a level, twice the leaves.
fn doubling(levels: usize) -> String {
    let mut text = String::from("type T1 = prod Int Int\n");
    for level in 2..=levels {
        text.push_str(&format!("type T{level} = prod T{0} T{0}\n", level - 1));
    }
    text.push_str(&format!("fn f T{levels} -> T{levels}\n  end"));
    text
}

#[test]
fn types_that_double_are_refused_by_their_width() {
    on_a_small_stack(|| {
        assert!(
            judged(&assembled(&doubling(10))).is_some(),
            "1024 leaves are the limit"
        );
        for levels in [11, 100, 4000] {
            assert_eq!(unassembled(&doubling(levels as usize)), "TypeOutOfLimits");
            let double = |types: &mut TypeTable, id| types.product(&[id, id]);
            assert_eq!(malformed_after(levels, double), "TypeOutOfLimits");
        }
    });
}

/// `List (List (.. Int))`.
fn tower(levels: u32) -> String {
    let mut text = String::from("type T1 = list Int\n");
    for level in 2..=levels {
        text.push_str(&format!("type T{level} = list T{}\n", level - 1));
    }
    text.push_str(&format!("fn f T{levels} -> T{levels}\n  end"));
    text
}

#[test]
fn the_highest_type_has_values_that_every_walk_survives() {
    on_a_small_stack(|| {
        let code = judged(&assembled(&tower(TYPE_HEIGHT_MAX))).expect("the limit is allowed");
        assert_eq!(unassembled(&tower(TYPE_HEIGHT_MAX + 1)), "TypeOutOfLimits");
        let higher = malformed_after(TYPE_HEIGHT_MAX + 1, TypeTable::list);
        assert_eq!(higher, "TypeOutOfLimits");
        let mut value = Value::Int(7);
        for _ in 0..TYPE_HEIGHT_MAX {
            value = Value::List([value].into_iter().collect::<List>());
        }
        let (domain, _) = code.function_type(code.function_at(0).expect("it has one"));
        let bytes = encode::value(&value);
        let read = decode::value(code.types(), domain, &bytes, 1 << 20).expect("it is canonical");
        assert!(read.inhabits(code.types(), domain) && read == value && read.cmp(&value).is_eq());
        assert!(format!("{read:?}").contains('7'));
    });
}

#[test]
fn a_product_of_255_parts_is_made_and_taken_apart() {
    on_a_small_stack(|| {
        let wide = |arity: usize| {
            let parts = "Int ".repeat(arity);
            let pushes = "push; ".repeat(arity - 1);
            format!(
                "type P = prod {parts}\nfn f Int -> Int\n  {pushes}tuple P; proj {}; end",
                arity - 1
            )
        };
        let code = judged(&assembled(&wide(ARITY_MAX))).expect("the limit is allowed");
        assert_eq!(exercised(&code, &mut Choices::new(vec![])), 1);
        assert_eq!(unassembled(&wide(ARITY_MAX + 1)), "TooMany");
        let wider = malformed_after(1, |types, id| types.product(&[id; ARITY_MAX + 1]));
        assert_eq!(wider, "TooMany");
    });
}

#[test]
fn a_case_of_255_arms_runs_each_of_them() {
    on_a_small_stack(|| {
        let payloads = "Unit ".repeat(ARITY_MAX);
        let arms: Vec<String> = (0..ARITY_MAX).map(|arm| format!("int {arm}; ")).collect();
        let text = format!(
            "type S = sum {payloads}\nfn f S -> Int\n  case; {}end; end",
            arms.join("else; ")
        );
        let code = judged(&assembled(&text)).expect("the limit is allowed");
        let function = code.function_at(0).expect("it has one");
        for arm in 0..ARITY_MAX {
            let tag = u8::try_from(arm).expect("below 255");
            let result = run(
                &code,
                function,
                Value::constructor(tag),
                &mut Fuel::new(1000),
            );
            assert_eq!(result, Ok(Value::Int(i64::from(tag))));
        }
    });
}

/// Every function calls the one before twice: the static cost doubles, the code does not.
#[test]
fn cost_that_doubles_is_out_of_fuel_before_the_first_instruction() {
    on_a_small_stack(|| {
        let mut text = String::from("fn f0 Int -> Int\n  push; int 1; add; end\n");
        for index in 1..CALL_HEIGHT_MAX {
            text.push_str(&format!(
                "fn f{index} Int -> Int\n  call {0}; call {0}; end\n",
                index - 1
            ));
        }
        let code = judged(&assembled(text.trim_end())).expect("it is well-typed");
        let last = code
            .function_at(CALL_HEIGHT_MAX as usize - 1)
            .expect("it has as many");
        assert_eq!(
            code.certificate(last).cost,
            u64::MAX,
            "saturated, not wrapped"
        );
        let mut fuel = Fuel::new(u64::MAX - 1);
        assert!(run(&code, last, Value::Int(0), &mut fuel).is_err());
        assert_eq!(fuel.remaining(), u64::MAX - 1);
    });
}

/// A list that is pushed into itself level by level weighs more than any memory and shares its parts.
#[test]
fn values_that_share_their_parts_cost_their_parts() {
    on_a_small_stack(|| {
        let mut text = String::from("type L1 = list Int\n");
        for level in 2..=20 {
            text.push_str(&format!("type L{level} = list L{}\n", level - 1));
        }
        text.push_str("fn f Unit -> Bool\n  int 7; push; ");
        for level in 1..=20 {
            // (x; S) -> ([x, .., x]; S) with sixteen items
            let item = "push; acc 1; lpush; ".repeat(16);
            text.push_str(&format!("lnil L{level}; {item}drop 1; push; "));
        }
        text.push_str("push; acc 1; eq; drop 1; end");
        let code = judged(&assembled(&text)).expect("it is well-typed");
        let function = code.function_at(0).expect("it has one");
        let result = run(&code, function, Value::unit(), &mut Fuel::new(10_000_000));
        let trap = result.expect_err("16^20 integers are paid for before they are compared");
        assert_eq!(trap.reason, TrapReason::OutOfFuel);
    });
}

type Made = Result<Arrow, IllTyped>;

fn compiled(mut draft: Draft, arrow: Made) -> Option<Verified> {
    let main = draft.define("main", arrow.ok()?).ok()?;
    let bytecode = compile(Combinators {
        draft,
        exports: vec![(Role::Migrate, main)],
        schema: None,
    });
    judged(&encode::module(&bytecode.ok()?))
}

#[test]
fn a_line_of_ten_thousand_steps_compiles_however_it_is_bracketed() {
    on_a_small_stack(|| {
        for to_the_left in [true, false] {
            let mut draft = Draft::new();
            let increment = increment(&mut draft).expect("it is well-typed");
            let mut line = increment;
            for _ in 1..10_000 {
                let (f, g) = if to_the_left {
                    (line, increment)
                } else {
                    (increment, line)
                };
                line = draft.compose(f, g).expect("composition has no depth");
            }
            let code = compiled(draft, Ok(line)).expect("it fits");
            let main = code.function_at(0).expect("it has one");
            let result = run(&code, main, Value::Int(0), &mut Fuel::new(1 << 20));
            assert_eq!(result, Ok(Value::Int(10_000)));
        }
    });
}

fn increment(draft: &mut Draft) -> Made {
    let identity = draft.identity(INT)?;
    let one = draft.constant(INT, INT, Value::Int(1))?;
    let pair = draft.tuple(INT, &[identity, one])?;
    let add = draft.operation(Operation::Add)?;
    draft.compose(pair, add)
}

#[test]
fn the_deepest_arrows_are_threaded_and_compiled_or_refused() {
    on_a_small_stack(|| {
        let mut deepest = 0;
        for depth in [1, 100, 200, 220, 240, 250, 255, 256, 257, 300] {
            let mut draft = Draft::new();
            let Ok(nested) = nested(&mut draft, depth) else {
                assert!(depth >= ARROW_DEPTH_MAX, "refused at {depth}");
                continue;
            };
            deepest = depth;
            let threaded = state::thread(&mut draft, nested, INT);
            // Threading nests as well, so the last levels are refused; there is an answer in any case.
            if let Ok(threaded) = threaded {
                assert!(
                    compiled(draft, Ok(threaded)).is_some(),
                    "threaded, so it compiles"
                );
            }
        }
        assert!(deepest >= 250, "{deepest}");
    });
}

/// `<< .. <get, 1> ; fst .., 1> ; fst`, and in each second level a case around it.
fn nested(draft: &mut Draft, depth: u32) -> Made {
    let mut arrow = draft.get(INT, INT)?;
    for level in 1..depth {
        if level % 2 == 0 {
            let constant = draft.constant(INT, INT, Value::Int(1))?;
            let pair = draft.tuple(INT, &[arrow, constant])?;
            let product = draft.codomain(pair);
            let first = draft.project(product, 0)?;
            arrow = draft.compose(pair, first)?;
        } else {
            // INT -> INT x (Unit) -> case
            let start = draft.types.product(&[INT, UNIT]);
            let environment = draft.project(start, 0)?;
            let arm = draft.compose(environment, arrow)?;
            let one = draft.types.sum(&[UNIT]);
            let case = draft.case(INT, one, &[arm])?;
            let identity = draft.identity(INT)?;
            let scrutinee = draft.constant(INT, one, Value::constructor(0))?;
            let enter = draft.tuple(INT, &[identity, scrutinee])?;
            arrow = draft.compose(enter, case)?;
        }
    }
    Ok(arrow)
}

#[test]
fn a_table_of_doubling_types_is_imported_and_found_in_linear_time() {
    on_a_small_stack(|| {
        let mut left = TypeTable::new();
        let mut doubled = UNIT;
        for _ in 0..4000 {
            doubled = left.intern(Type::Product(Box::new([doubled, doubled])));
        }
        let mut right = TypeTable::new();
        assert_eq!(right.find_from(&left, doubled), None);
        let moved = right.import(&left, doubled);
        assert_eq!(right.find_from(&left, doubled), Some(moved));
        assert!(!right.within_limits(moved));
    });
}

#[test]
fn a_module_of_a_mebibyte_is_judged_and_a_longer_one_is_not_read() {
    on_a_small_stack(|| {
        // 15 functions of 65 536 instructions: as much code as fits.
        let line = format!("{}end", "push; drop 1; ".repeat(STACK_MAX * 21));
        let text: String = (0..15)
            .map(|f| format!("fn f{f} Int -> Int\n  {line}\n"))
            .collect();
        let mut module = Module::default();
        for line in text.lines() {
            assert_eq!(module.line(line), Ok(true));
        }
        let bytes = module.assembled().expect("every name is known");
        assert!(
            bytes.len() > 900_000 && bytes.len() < 1 << 20,
            "{}",
            bytes.len()
        );
        let bytecode = decode::module(&bytes).expect("it is within the limits");
        let refusal = verify::migration(bytecode).expect_err("fourteen functions are unused");
        assert_eq!(script::name_of(&refusal.reason), "Unused");
        let mut longer = bytes;
        longer.resize((1 << 20) + 1, 0);
        let refusal = decode::module(&longer).expect_err("it is too long");
        assert_eq!(script::name_of(&refusal.reason), "TooMany");
        assert_eq!(refusal.offset, 0);
    });
}

#[test]
fn the_dearest_shapes_of_a_mebibyte_are_valid() {
    on_a_small_stack(|| {
        for shape in shapes(MODULE_BYTES_MAX) {
            let length = shape.bytes.len();
            assert!(
                length > MODULE_BYTES_MAX * 9 / 10,
                "{} has {length} bytes",
                shape.name
            );
            let bytecode = decode::module(&shape.bytes);
            let valid = bytecode.map(verify::migration);
            assert!(matches!(valid, Ok(Ok(_))), "{}: {valid:.200?}", shape.name);
        }
    });
}

//! The counter, from combinators to steps: the whole street of this crate on its smallest machine.

use std::sync::Arc;

use cam::combinator::{Combinators, Draft, FunctionId, IllTyped, Operation, Role};
use cam::compile::compile;
use cam::instance::{Context, Instance};
use cam::schema::{Schema, Shape, Shapes, Stamp};
use cam::state::thread;
use cam::trap::TrapReason;
use cam::types::{INT, TypeId, UNIT};
use cam::value::Value;
use cam::{decode, encode, verify};

/// `step = case { Incr: get >>> succ >>> put >>> Ok, Read: get >>> Sum }`
fn step(draft: &mut Draft, input: TypeId, output: TypeId) -> Result<FunctionId, IllTyped> {
    let start = draft.types.product(&[UNIT, UNIT]);
    let get = draft.get(start, INT)?;
    let id = draft.identity(INT)?;
    let one = draft.constant(INT, INT, Value::Int(1))?;
    let pair = draft.tuple(INT, &[id, one])?;
    let add = draft.operation(Operation::Add)?;
    let succ = draft.compose(pair, add)?;
    let put = draft.put(INT)?;
    let ok = draft.inject(output, 0)?;
    let incr = draft.chain(start, &[get, succ, put, ok])?;
    let sum = draft.inject(output, 1)?;
    let read = draft.chain(start, &[get, sum])?;
    let case = draft.case(UNIT, input, &[incr, read])?;
    let unit = draft.tuple(input, &[])?;
    let itself = draft.identity(input)?;
    let enter = draft.tuple(input, &[unit, itself])?;
    let stateful = draft.compose(enter, case)?;
    // input x state -> state x input
    let threaded = thread(draft, stateful, INT)?;
    let argument = draft.types.product(&[input, INT]);
    let (first, second) = (draft.project(argument, 0)?, draft.project(argument, 1)?);
    let swapped = draft.tuple(argument, &[second, first])?;
    let step = draft.compose(swapped, threaded)?;
    draft.define("step", step)
}

fn counter() -> Combinators {
    let mut shapes = Shapes::default();
    let unit = shapes.intern(Shape::Tuple(Box::new([])));
    let int = shapes.intern(Shape::Int);
    let input = shapes.intern(Shape::Variant(
        "Input".into(),
        Box::new([("Incr".into(), unit), ("Read".into(), unit)]),
    ));
    let output = shapes.intern(Shape::Variant(
        "Output".into(),
        Box::new([("Ok".into(), unit), ("Sum".into(), int)]),
    ));
    let mut draft = Draft::new();
    let input_type = shapes.erase(input, &mut draft.types);
    let output_type = shapes.erase(output, &mut draft.types);
    let zero = draft
        .constant(UNIT, INT, Value::Int(0))
        .expect("well-typed");
    let init = draft.define("init", zero).expect("pure");
    let step = step(&mut draft, input_type, output_type).expect("well-typed");
    let schema = Schema {
        machine: "Counter".into(),
        version: 1,
        stamps: Vec::<Stamp>::new(),
        shapes,
        state: int,
        input,
        output,
    };
    Combinators {
        draft,
        exports: vec![(Role::Init, init), (Role::Step, step)],
        schema: Some(schema),
    }
}

#[test]
fn the_counter_counts() {
    let bytecode = compile(counter()).expect("small");
    for body in &bytecode.functions {
        println!("{:?}", body.code);
    }
    let bytes = encode::module(&bytecode);
    println!("{} bytes", bytes.len());
    assert_eq!(decode::module(&bytes).as_ref(), Ok(&bytecode));
    let program = Arc::new(verify::machine(bytecode).expect("valid"));
    assert_eq!(program.bytes(), bytes);
    let mut instance = Instance::start(program).expect("init does not stop");
    let context = Context {
        at_ms: 0,
        from: "nobody".into(),
        sequence: 1,
    };
    let (incr, read) = (Value::constructor(0), Value::constructor(1));
    for _ in 0..2 {
        let answer = instance.step(&context, incr.clone()).expect("no overflow");
        assert_eq!(answer.output, Value::constructor(0));
    }
    let answer = instance.step(&context, read).expect("no trap");
    assert_eq!(answer.output, Value::sum(1, Value::Int(2)));
    assert_eq!(instance.state(), Value::Int(2));
}

#[test]
fn an_overflow_leaves_the_state() {
    let program = verify::machine(compile(counter()).expect("small")).expect("valid");
    let mut instance =
        Instance::resume(Arc::new(program), Value::Int(i64::MAX)).expect("an integer");
    let context = Context {
        at_ms: 0,
        from: "nobody".into(),
        sequence: 1,
    };
    let trap = instance
        .step(&context, Value::constructor(0))
        .expect_err("overflow");
    assert_eq!(trap.reason, TrapReason::Overflow);
    assert_eq!(instance.state(), Value::Int(i64::MAX));
}

#[test]
fn every_bit_flip_and_cut_is_refused_or_another_program() {
    let bytecode = compile(counter()).expect("small");
    let digest = verify::machine(bytecode.clone()).expect("valid").digest();
    let bytes = encode::module(&bytecode);
    for cut in 0..bytes.len() {
        assert!(decode::module(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(Ok(program)) = decode::module(&flipped).map(verify::machine) {
            assert_ne!(program.digest(), digest, "bit {bit}");
            assert_eq!(program.bytes(), flipped, "bit {bit}");
        }
    }
}

//! Fuel bounds memory: what a unit of it buys, operation by operation. Alone in its program: it counts every
//! byte.
//!
//! Each operation is run again and again on operands that are held elsewhere as well, so that nothing is
//! changed in place, on the sizes at which trees get another node.

use std::alloc::System;

use cam::machine::{Fuel, run};
use cam::value::Value;
use cam::verify::Verified;
use cam::{decode, encode, verify};
use harness::assembly::Module;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes taken from the allocator for a unit of fuel, given back or not.
const BYTES_PER_FUEL: u64 = 100;

/// An operation and its operands.
struct Row {
    /// The types; the last but those of results is the product of the operands, called `T`.
    types: &'static str,
    /// The type of the result.
    result: &'static str,
    /// From the operands, which are parts of the product on top of the stack.
    code: &'static str,
    /// The operands, by size.
    operands: fn(usize) -> Vec<Value>,
}

const fn row(
    types: &'static str,
    result: &'static str,
    code: &'static str,
    operands: fn(usize) -> Vec<Value>,
) -> Row {
    Row {
        types,
        result,
        code,
        operands,
    }
}

const LIST_ROWS: &[Row] = &[
    row(
        "type T = prod Int; type L = list Int",
        "L",
        "lnil L",
        |_| vec![int(0)],
    ),
    row(
        "type L = list Int; type T = prod L Int",
        "L",
        "TWO lpush",
        |n| vec![list(n), int(7)],
    ),
    row(
        "type O = sum Unit Int; type L = list Int; type T = prod L Int",
        "O",
        "TWO lget O",
        |n| vec![list(n), int(n / 2)],
    ),
    row(
        "type L = list Int; type T = prod L Int Int; type O = sum Unit L",
        "O",
        "THREE lset O",
        |n| vec![list(n), int(n / 2), int(7)],
    ),
    row(
        "type L = list Int; type T = prod L L",
        "L",
        "TWO lcat",
        |n| vec![list(n), list(n)],
    ),
    row(
        "type L = list Int; type T = prod L L",
        "L",
        "TWO lcat",
        |n| vec![list(n), list(3)],
    ),
    row(
        "type L = list Int; type T = prod L L",
        "L",
        "TWO lcat",
        |n| vec![list(3), list(n)],
    ),
    row(
        "type L = list Int; type T = prod L L",
        "L",
        "TWO lcat",
        |n| vec![list(n / 60), list(n)],
    ),
    row(
        "type L = list Int; type T = prod L Int Int",
        "L",
        "THREE lsub",
        |n| vec![list(n), int(n / 3), int(n / 3)],
    ),
    row(
        "type L = list Int; type T = prod L Int Int",
        "L",
        "THREE lsub",
        |n| vec![list(n), int(1), int(n.saturating_sub(2))],
    ),
    row(
        "type L = list Int; type T = prod L Int Int",
        "L",
        "THREE lsub",
        |n| vec![list(n), int(n * 9 / 16), int(n * 3 / 8)],
    ),
];

const MAP_ROWS: &[Row] = &[
    row(
        "type T = prod Int; type M = map Int Int",
        "M",
        "mnil M",
        |_| vec![int(0)],
    ),
    row(
        "type M = map Int Int; type T = prod M Int Int",
        "M",
        "THREE mput",
        |n| vec![map(n), int(2 * n), int(7)],
    ),
    row(
        "type M = map Int Int; type T = prod M Int Int",
        "M",
        "THREE mput",
        |n| vec![map(n), int(n / 2 * 2), int(7)],
    ),
    row(
        "type M = map Int Int; type T = prod M Int Int",
        "M",
        "THREE mput",
        |n| vec![map(n), int(n / 2 * 2 + 1), int(7)],
    ),
    row(
        "type M = map Int Int; type T = prod M Int",
        "M",
        "TWO mdel",
        |n| vec![map(n), int(n / 2 * 2)],
    ),
    row(
        "type O = sum Unit Int; type M = map Int Int; type T = prod M Int",
        "O",
        "TWO mget O",
        |n| vec![map(n), int(n / 2 * 2)],
    ),
];

const TEXT_ROWS: &[Row] = &[
    row("type T = prod Text Text", "Text", "TWO tcat", |n| {
        vec![text(n), text(n)]
    }),
    row(
        "type T = prod Text Int Int; type O = sum Unit Text",
        "O",
        "THREE tsub O",
        |n| vec![text(n), int(0), int(n)],
    ),
    row(
        "type T = prod Text Text Int; type O = sum Unit Int",
        "O",
        "THREE tfind O",
        |n| vec![text(n), text(n / 2), int(0)],
    ),
    row("type T = prod Int", "Text", "ONE itot", |_| {
        vec![Value::Int(i64::MIN)]
    }),
    row(
        "type T = prod Text; type O = sum Unit Int",
        "O",
        "ONE ttoi O",
        |_| vec![text(5)],
    ),
    row("type T = prod Text", "Bytes", "ONE ttob", |n| vec![text(n)]),
    row(
        "type T = prod Bytes; type O = sum Unit Text",
        "O",
        "ONE btot O",
        |n| vec![bytes(n)],
    ),
    row("type T = prod Bytes Bytes", "Bytes", "TWO bcat", |n| {
        vec![bytes(n), bytes(n)]
    }),
    row(
        "type T = prod Bytes Int; type O = sum Unit Int",
        "O",
        "TWO bget O",
        |n| vec![bytes(n), int(0)],
    ),
    row(
        "type T = prod Bytes Int Int; type O = sum Unit Bytes",
        "O",
        "THREE bsub O",
        |n| vec![bytes(n), int(0), int(n)],
    ),
    row(
        "type T = prod Text Text; type L = list Text",
        "L",
        "TWO tsplit L",
        |n| vec![text(n), text(1)],
    ),
    row(
        "type L = list Text; type T = prod L Text",
        "Text",
        "TWO tjoin",
        |n| vec![several(n, text(0)), text(1)],
    ),
    row(
        "type T = prod Text; type L = list Int",
        "L",
        "ONE ttol L",
        |n| vec![text(n)],
    ),
    row(
        "type O = sum Unit Text; type L = list Int; type T = prod L",
        "O",
        "ONE ltot O",
        |n| vec![several(n, int(0x10_FFFF))],
    ),
    row(
        "type T = prod Bytes; type L = list Int",
        "L",
        "ONE btol L",
        |n| vec![bytes(n)],
    ),
    row(
        "type O = sum Unit Bytes; type L = list Int; type T = prod L",
        "O",
        "ONE ltob O",
        |n| vec![several(n, int(255))],
    ),
    row(
        "type L = list Int; type T = prod L",
        "Bytes",
        "ONE enc",
        |n| vec![several(n, Value::Int(i64::MIN))],
    ),
    row(
        "type L = list Text; type T = prod L",
        "Bytes",
        "ONE enc",
        |n| vec![several(n, text(9))],
    ),
    row(
        "type T = prod Bytes; type L = list Int; type O = sum Unit L",
        "O",
        "ONE dec O",
        |n| vec![written(&several(n, int(0)))],
    ),
    row(
        "type T = prod Bytes; type L = list Unit; type O = sum Unit L",
        "O",
        "ONE dec O",
        |n| vec![written(&several(n, Value::unit()))],
    ),
    row(
        "type T = prod Bytes; type P = prod Text Text; type L = list P; type O = sum Unit L",
        "O",
        "ONE dec O",
        |n| vec![written(&several(n, Value::product(vec![text(0), text(1)])))],
    ),
    row(
        "type T = prod Bytes; type M = map Text Int; type O = sum Unit M",
        "O",
        "ONE dec O",
        |n| vec![written(&entries(n))],
    ),
    row("type T = prod Bytes", "Bytes", "ONE hash", |n| {
        vec![bytes(n)]
    }),
];

const PART_ROWS: &[Row] = &[
    row(
        "type P = prod Int Int Int; type T = prod P",
        "T",
        "ONE tuple T",
        |_| vec![Value::product(vec![int(0), int(1), int(2)])],
    ),
    row("type T = prod Int Int", "T", "TWO tuple T", |_| {
        vec![int(0), int(1)]
    }),
    row(
        "type T = prod Int; type O = sum Unit Int",
        "O",
        "ONE inj O 1",
        |_| vec![int(0)],
    ),
    row(
        "type T = prod Int Int Int Int Int Int Int Int",
        "T",
        "acc 0; push; int 1; with 3",
        |_| (0..8).map(int).collect(),
    ),
];

const SIZES: [usize; 22] = [
    0, 1, 2, 3, 4, 5, 12, 15, 16, 17, 33, 64, 100, 192, 193, 300, 1000, 3000, 4097, 20_000, 50_000,
    100_000,
];

const TIMES: usize = 8;

#[test]
fn a_unit_of_fuel_buys_little_memory() {
    let mut wrong = Vec::new();
    for row in [LIST_ROWS, MAP_ROWS, TEXT_ROWS, PART_ROWS]
        .into_iter()
        .flatten()
    {
        let code = verified(row);
        let (dearest, size) = SIZES
            .iter()
            .map(|size| (bytes_per_fuel(&code, (row.operands)(*size)), *size))
            .max()
            .expect("there are sizes");
        println!("{dearest:4} bytes a unit, {} of size {size}", row.code);
        if dearest > BYTES_PER_FUEL {
            wrong.push(format!("{} of size {size}: {dearest} bytes", row.code));
        }
    }
    assert!(wrong.is_empty(), "for a unit of fuel\n{}", wrong.join("\n"));
}

fn verified(row: &Row) -> Verified {
    let operands = [
        ("ONE", "acc 0; proj 0;"),
        ("TWO", "acc 0; proj 0; push; acc 1; proj 1;"),
        (
            "THREE",
            "acc 0; proj 0; push; acc 1; proj 1; push; acc 2; proj 2;",
        ),
    ];
    let loaded = operands
        .iter()
        .fold(row.code.to_owned(), |code, (word, loads)| {
            code.replace(word, loads)
        });
    let types = row.types.replace("; ", "\n");
    let repeated = format!("{loaded}; ").repeat(TIMES);
    let text = format!(
        "{types}\nfn f T -> {}\n  push; {repeated}drop 1; end",
        row.result
    );
    let mut module = Module::default();
    for line in text.lines() {
        assert_eq!(module.line(line), Ok(true), "{line}");
    }
    let bytecode = decode::module(&module.assembled().expect("names")).expect("well-formed");
    let migration = verify::migration(bytecode).expect(row.code);
    migration.code().clone()
}

fn bytes_per_fuel(code: &Verified, operands: Vec<Value>) -> u64 {
    let function = code.function_at(0).expect("there is one");
    let input = Value::product(operands);
    let held = input.clone();
    let mut fuel = Fuel::new(u64::MAX);
    let region = Region::new(COUNTED);
    let result = run(code, function, input, &mut fuel);
    let taken = region.change().bytes_allocated as u64;
    assert!(result.is_ok(), "{result:?}");
    drop(held);
    taken.div_ceil(u64::MAX - fuel.remaining())
}

fn int(number: usize) -> Value {
    Value::Int(i64::try_from(number).expect("small"))
}

fn several(count: usize, item: Value) -> Value {
    Value::List(std::iter::repeat_n(item, count).collect())
}

fn list(count: usize) -> Value {
    Value::List((0..count).map(int).collect())
}

fn map(count: usize) -> Value {
    Value::Map((0..count).map(|n| (int(2 * n), int(n))).collect())
}

fn text(count: usize) -> Value {
    Value::text(&",".repeat(count))
}

fn written(value: &Value) -> Value {
    Value::Bytes(encode::value(value).into())
}

fn entries(count: usize) -> Value {
    let key = |number: usize| Value::text(&format!("{number:06}"));
    Value::Map((0..count).map(|n| (key(n), int(n))).collect())
}

fn bytes(count: usize) -> Value {
    Value::Bytes(vec![b','; count].into())
}

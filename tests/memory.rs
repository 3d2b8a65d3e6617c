//! Fuel bounds memory: what a run keeps and what it takes meanwhile, counted byte by byte. Alone in its program.

use std::alloc::System;
use std::sync::Mutex;

use cam::instance::Context;
use cam::instruction::TABLE;
use cam::machine::{Fuel, run};
use cam::types::{INT, TEXT};
use cam::value::Value;
use cam::verify::Migration;
use cam::{decode, verify};
use harness::mutant::anatomy::Anatomy;
use harness::mutant::anatomy::constructor::{LIST, PRODUCT};
use harness::mutant::hoard::{hoard, sized};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The counter counts for the whole program, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Bytes that are kept, and bytes that were taken in all, by what `work` leaves.
fn counted<T>(work: impl FnOnce() -> T) -> (T, usize, usize) {
    let region = Region::new(COUNTED);
    let result = work();
    let change = region.change();
    let kept = change
        .bytes_allocated
        .saturating_sub(change.bytes_deallocated);
    (result, kept, change.bytes_allocated)
}

/// Makes a type in a module.
type Element = fn(&mut Anatomy) -> usize;

/// What the variables in an instruction's words stand for.
const ELEMENTS: [(&str, Element); 4] = [
    ("Int", |_| INT.index()),
    ("Text", |_| TEXT.index()),
    ("List Int", |module| module.intern(LIST, &[INT.index()])),
    ("Int x ..", |module| {
        module.intern(PRODUCT, &[INT.index(); 64])
    }),
];

/// Rounds, and the size of the operands: many and small, few and large.
const SIZES: [(usize, usize); 3] = [(600, 1), (600, 40), (60, 3000)];

fn argument(migration: &Migration, rounds: usize, size: usize) -> Value {
    let code = migration.code();
    let (domain, _) = code.function_type(migration.migrate());
    let parts = code.types().get(domain).operands();
    let integers = (0..rounds).map(|_| Value::Int(1)).collect();
    Value::product(vec![
        sized(code.types(), parts[0], size),
        Value::List(integers),
    ])
}

/// Bytes that a unit of fuel may keep, and bytes it may take meanwhile, given back or not. The second is
/// larger because a round of a fold makes its argument anew.
const KEPT_MAX: usize = 100;
const TAKEN_MAX: usize = 256;

/// What every run takes, whatever it does: stacks, and the tables of an engine.
const ALWAYS: usize = 64 << 10;

/// The register file of a run, most of which is never touched.
const REGISTERS: usize = 8 << 16;

const FUEL: u64 = 50_000_000;

/// Holds one run to the fuel it used.
fn hold(name: &str, used: u64, always: usize, (kept, taken): (usize, usize)) {
    let used = usize::try_from(used).expect("it fits");
    let limits = [("kept", kept, KEPT_MAX), ("took", taken, TAKEN_MAX)];
    for (word, bytes, limit) in limits {
        assert!(
            bytes <= used * limit + always,
            "{name} {word} {bytes} bytes for {used} units of fuel"
        );
    }
}

/// The operands are there before and after, so what is counted is what the instruction makes.
#[test]
fn whatever_an_instruction_makes_is_paid_for() {
    let _turn = TURN.lock();
    let mut rows = 0;
    for (row, entry) in TABLE.iter().enumerate() {
        let hoards = ELEMENTS.iter().filter_map(|(element, make)| {
            let bytecode = decode::module(&hoard(row, make)?).ok()?; // a product of maps is no key
            let migration = verify::migration(bytecode);
            Some((element, migration.expect("it is well-typed")))
        });
        let hoards: Vec<_> = hoards.collect();
        rows += usize::from(!hoards.is_empty());
        for (element, migration) in hoards {
            for (rounds, size) in SIZES {
                let name = format!("{rounds} x {} of {size} {element}", entry.mnemonic);
                spend(&name, &migration, &argument(&migration, rounds, size));
            }
        }
    }
    assert!(rows > 20, "only {rows} instructions were tried");
}

/// Runs a migration on the reference interpreter, then as the product does.
fn spend(name: &str, migration: &Migration, argument: &Value) {
    let mut fuel = Fuel::new(FUEL);
    let (code, function) = (migration.code(), migration.migrate());
    let (_result, kept, taken) = counted(|| run(code, function, argument.clone(), &mut fuel));
    let used = FUEL - fuel.remaining();
    hold(name, used, ALWAYS, (kept, taken));
    let (_state, kept, taken) =
        counted(|| migration.migrate_state(&Context::default(), argument.clone()));
    hold(name, used, ALWAYS + REGISTERS, (kept, taken));
}

#[test]
fn the_counter_counts() {
    let _turn = TURN.lock();
    let (hoard, kept, taken) = counted(|| {
        drop(vec![0_u8; 1 << 20]);
        vec![0_u8; 1 << 20]
    });
    assert_eq!(hoard.len(), 1 << 20);
    // The harness's own thread gives a little back when it likes.
    let (least, most) = ((1 << 20) - ALWAYS, (1 << 20) + ALWAYS);
    assert!(
        (least..most).contains(&kept) && taken >= 2 * least,
        "{kept} {taken}"
    );
}

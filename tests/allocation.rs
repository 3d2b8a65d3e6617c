//! What hostile bytes make the decoder and the verifier allocate: little, and no more than in proportion.
//!
//! Alone in their program, and one at a time: they count every byte that anybody takes. Growth is held by
//! counts, never by time.

use std::alloc::System;
use std::sync::{Mutex, PoisonError};
use std::thread;

use cam::limits::{INPUT_WEIGHT_MAX, MODULE_BYTES_MAX, POOL_WEIGHT_MAX};
use cam::types::{BYTES, INT, TEXT, TypeId, TypeTable, UNIT};
use cam::{decode, verify};
use harness::bytes::number;
use harness::shapes::{Shape, shapes};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Room for what the test harness itself does meanwhile, and for an empty table of types.
const LITTLE: usize = 64 << 10;

/// Bytes that decoder and verifier take for a byte of a module, at most and in all, given back or not:
/// 16 for an instruction of one byte, 4 for its link, 8 for the start of an arm in a table that doubles,
/// and room. The schema's names are dearer: each is a string of its own.
const BYTES_FOR_A_BYTE: usize = 32;
const BYTES_FOR_A_BYTE_OF_NAMES: usize = 64;

static TURN: Mutex<()> = Mutex::new(());

/// Runs `test` on the stack of a server's thread, while no other test counts.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let small = thread::Builder::new().stack_size(2 << 20).spawn(test);
    let ended = small.expect("a thread can be started").join();
    assert!(ended.is_ok(), "the test on the small stack failed");
}

/// Bytes taken from the allocator while `work` runs, given back or not, and how often it was asked.
fn counted(work: impl FnOnce()) -> (usize, usize) {
    let region = Region::new(COUNTED);
    work();
    let change = region.change();
    let grown = usize::try_from(change.bytes_reallocated.max(0)).unwrap_or(usize::MAX);
    let asked = change.allocations + change.reallocations;
    (change.bytes_allocated + grown, asked)
}

fn allocated(work: impl FnOnce()) -> usize {
    counted(work).0
}

/// Counts in five bytes: 2^32 - 1, 2^35 - 1, and one that no reader takes.
const COUNTS: [[u8; 5]; 3] = [
    [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
    [0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
    [0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
];

#[test]
fn a_bomb_of_five_bytes_allocates_little() {
    on_a_small_stack(five_bytes);
}

fn five_bytes() {
    assert!(
        allocated(|| drop(vec![0_u8; 1 << 20])) >= 1 << 20,
        "the counter counts"
    );
    for count in COUNTS {
        let values = values_allocate(&count);
        assert!(
            values < LITTLE,
            "{values} bytes for the values of {count:x?}"
        );
        let modules = modules_allocate(&count);
        assert!(
            modules < LITTLE,
            "{modules} bytes for the modules of {count:x?}"
        );
    }
    // The heaviest value that an input may be: units in a list, of which each is charged 24.
    let mut types = TypeTable::new();
    let units = types.list(UNIT);
    let count = [0xA9, 0xD5, 0x0A]; // 174 761
    let most = allocated(|| {
        let value = decode::value(&types, units, &count, INPUT_WEIGHT_MAX);
        assert!(value.is_ok(), "{:?}", value.err());
    });
    println!("{most} bytes for the longest list of units");
    let limit = usize::try_from(INPUT_WEIGHT_MAX).expect("it fits") * 2;
    assert!(most < limit, "{most} bytes for the longest list of units");
}

fn values_allocate(count: &[u8]) -> usize {
    let mut types = TypeTable::new();
    let units = types.list(UNIT);
    let integers = types.list(INT);
    let map = types.map(UNIT, UNIT);
    let nested = types.list(units);
    let all: [TypeId; 6] = [TEXT, BYTES, units, integers, map, nested];
    allocated(|| {
        for id in all {
            assert!(decode::value(&types, id, count, INPUT_WEIGHT_MAX).is_err());
        }
    })
}

/// The count stands for every length of a module in turn; what comes before is the least that leads there.
fn modules_allocate(count: &[u8]) -> usize {
    const BEFORE: [&[u8]; 13] = [
        &[],                             // types
        &[1, 1],                         // parts of a product
        &[1, 2],                         // payloads of a sum
        &[0],                            // constants
        &[0, 1, 4],                      // bytes of a text
        &[0, 1, 5],                      // bytes of a byte string
        &[1, 6, 0, 1, 6],                // units in a list
        &[1, 7, 0, 0, 1, 6],             // entries of a map
        &[0, 0, 1],                      // bytes of a machine's name
        &[0, 0, 1, 1, b'A', 1, 0],       // shapes
        &[0, 0, 1, 1, b'A', 1, 0, 1, 6], // fields of a record
        &[0, 0, 0],                      // functions
        &[0, 0, 0, 1, 3, 3],             // instructions
    ];
    allocated(|| {
        for before in BEFORE {
            let bytes = [b"\x7FCAM\x01\x01", before, count].concat();
            let refusal = decode::module(&bytes).expect_err("it is a bomb");
            let reached = refusal.offset >= bytes.len() - count.len();
            assert!(reached || refusal.offset == 0, "{before:?}: {refusal}");
        }
    })
}

/// Decodes and verifies, whatever comes of it.
fn judged(bytes: &[u8]) -> bool {
    decode::module(bytes).is_ok_and(|bytecode| verify::migration(bytecode).is_ok())
}

#[test]
fn the_dearest_shapes_take_memory_in_proportion_to_their_bytes() {
    on_a_small_stack(|| {
        let (half, whole) = (MODULE_BYTES_MAX / 4, MODULE_BYTES_MAX / 2);
        for (short, long) in shapes(half).into_iter().zip(shapes(whole)) {
            let cost = |shape: &Shape| counted(|| assert!(judged(&shape.bytes), "{}", shape.name));
            let (short_bytes, short_asked) = cost(&short);
            let (long_bytes, long_asked) = cost(&long);
            let (name, length) = (long.name, long.bytes.len());
            let each = long_bytes as f64 / length as f64;
            println!("{name}: {each:.1} bytes a byte, asked for {long_asked} times");
            assert!(
                long_bytes < length * BYTES_FOR_A_BYTE + LITTLE,
                "{name}: {each}"
            );
            // Twice the bytes: a tenth more than twice the memory is what a table that doubles may add.
            assert!(
                long_bytes * 10 < short_bytes * 21 + LITTLE * 10,
                "{name}: {short_bytes} bytes, then {long_bytes}"
            );
            assert!(
                long_asked * 10 < short_asked * 21 + 1000,
                "{name}: asked for {short_asked} times, then {long_asked}"
            );
            assert!(
                long_asked < length / 100,
                "{name}: asked for memory {long_asked} times, as if for each instruction"
            );
        }
    });
}

#[test]
fn a_refusal_takes_no_more_than_an_acceptance() {
    on_a_small_stack(|| {
        for Shape { name, bytes } in shapes(MODULE_BYTES_MAX / 8) {
            let cut = &bytes[..bytes.len() - 1];
            let trailing = [&bytes, &[0_u8][..]].concat();
            let mut unended = bytes.clone();
            let last = unended.len() - 4 - usize::from(name == "many-functions");
            unended[last] = 0x01; // the last `end` is a `push`
            for (what, spoiled) in [("cut", cut), ("longer", &trailing), ("unended", &unended)] {
                let taken = allocated(|| assert!(!judged(spoiled), "{name} {what}"));
                let limit = bytes.len() * BYTES_FOR_A_BYTE * 3 / 2 + LITTLE;
                assert!(taken < limit, "{name} {what}: {taken} for {}", bytes.len());
            }
        }
    });
}

#[test]
fn bombs_that_fit_their_counts_are_held_by_the_limits() {
    on_a_small_stack(|| {
        // Each pair doubles the one before; refused at the eleventh, whatever follows.
        let mut doubling = b"\x7FCAM\x01\x01".to_vec();
        number(&mut doubling, 4090);
        for id in 5..4095_u64 {
            let part = if id == 5 { 3 } else { id };
            doubling.extend([1, 2]);
            number(&mut doubling, part);
            number(&mut doubling, part);
        }
        let taken = allocated(|| assert!(!judged(&doubling)));
        assert!(taken < LITTLE, "{taken} bytes for types that double");

        // Lists of units weigh more than all constants may together, in a few bytes.
        let mut heavy = b"\x7FCAM\x01\x01\x01\x06\x00".to_vec();
        number(&mut heavy, 100);
        for index in 0..100_u64 {
            heavy.push(6);
            number(&mut heavy, 20_000 + index);
        }
        heavy.extend([0, 0, 0]);
        let taken = allocated(|| assert!(!judged(&heavy)));
        let limit = usize::try_from(POOL_WEIGHT_MAX).expect("it fits") * 2;
        assert!(taken < limit, "{taken} bytes for constants");
    });
}

#[test]
fn a_schema_of_names_takes_memory_in_proportion_to_its_bytes() {
    on_a_small_stack(|| {
        let cost = |records| {
            let bytes = named(records);
            let (taken, asked) = counted(|| {
                // It is well-formed up to the functions, which are not there.
                let refusal = decode::module(&bytes).expect_err("it ends early");
                assert_eq!(refusal.offset, bytes.len());
            });
            (bytes.len(), taken, asked)
        };
        let (_, short, short_asked) = cost(200);
        let (length, long, long_asked) = cost(400);
        let each = long as f64 / length as f64;
        println!("names: {each:.1} bytes a byte, asked for {long_asked} times");
        assert!(long < length * BYTES_FOR_A_BYTE_OF_NAMES + LITTLE, "{each}");
        assert!(long * 10 < short * 21 + LITTLE * 10, "{short}, then {long}");
        assert!(
            long_asked * 10 < short_asked * 21,
            "{short_asked}, then {long_asked}"
        );
    });
}

/// A schema of records of 250 fields with names of two letters, each record's last field another.
fn named(records: usize) -> Vec<u8> {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut out = b"\x7FCAM\x01\x01\x00\x00\x01\x01A\x01\x00".to_vec();
    number(&mut out, 1 + records as u64);
    out.push(1); // shape 0: integers
    for record in 0..records {
        out.push(6);
        number(&mut out, 250);
        for field in 0..249 {
            out.extend([2, letters[field / 26], letters[field % 26], 0]);
        }
        let digits = [record / 26, record % 26].map(|digit| letters[digit]);
        out.extend([3, b'a', digits[0], digits[1], 0]);
    }
    out
}

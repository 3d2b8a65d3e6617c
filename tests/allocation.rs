//! A few hostile bytes make the decoder allocate little. Alone in its program: it counts every byte.

use std::alloc::System;

use cam::decode;
use cam::limits::INPUT_WEIGHT_MAX;
use cam::types::{BYTES, INT, TEXT, TypeId, TypeTable, UNIT};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Room for what the test harness itself does meanwhile, and for an empty table of types.
const LITTLE: usize = 64 << 10;

/// Bytes taken from the allocator while `work` runs, given back or not.
fn allocated(work: impl FnOnce()) -> usize {
    let region = Region::new(COUNTED);
    work();
    let change = region.change();
    change.bytes_allocated + usize::try_from(change.bytes_reallocated.max(0)).unwrap_or(usize::MAX)
}

/// Counts in five bytes: 2^32 - 1, 2^35 - 1, and one that no reader takes.
const COUNTS: [[u8; 5]; 3] = [
    [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
    [0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
    [0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
];

#[test]
fn a_bomb_of_five_bytes_allocates_little() {
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

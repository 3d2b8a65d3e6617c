//! What weight bounds: memory, the time to read a value back, and what adapters may hand on.

use cam::combinator::{Arrow, Combinators, Draft, IllTyped, Operation, Role};
use cam::compile::compile;
use cam::instance::Context;
use cam::limits::{INPUT_WEIGHT_MAX, OUTPUT_WEIGHT_MAX};
use cam::trap::TrapReason;
use cam::types::{BOOL, BYTES, INT, TEXT, TypeTable, UNIT};
use cam::value::Value;
use cam::{decode, encode, verify};

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

#[test]
fn a_value_is_read_back_within_its_own_weight_and_not_below() {
    let mut types = TypeTable::new();
    let units = types.product(&[UNIT; 255]);
    let wide = types.product(&[units; 4]);
    let (wides, ints) = (types.list(wide), types.list(INT));
    let map = types.map(TEXT, BOOL);
    let record = types.product(&[INT, TEXT, BYTES]);
    let wide_value = Value::product(vec![Value::product(vec![Value::unit(); 255]); 4]);
    let entry = (Value::text("key"), Value::bool(true));
    let bytes = Value::Bytes([1, 2].as_slice().into());
    let rows = [
        (UNIT, Value::unit()),
        (INT, Value::Int(-1)),
        (BOOL, Value::bool(true)),
        (ints, list((0..100).map(Value::Int))),
        (wide, wide_value.clone()),
        (wides, list(vec![wide_value; 100])),
        (map, Value::Map([entry].into_iter().collect())),
        (
            record,
            Value::product(vec![Value::Int(1), Value::text("x"), bytes]),
        ),
    ];
    for (id, value) in rows {
        let (bytes, weight) = (encode::value(&value), value.weight());
        assert_eq!(decode::value(&types, id, &bytes, weight), Ok(value));
        assert!(decode::value(&types, id, &bytes, weight - 1).is_err());
    }
}

#[test]
fn a_value_takes_memory_in_proportion_to_its_weight() {
    // Every part of a product takes a slot, also one that says nothing.
    assert!(size_of::<Value>() <= 24, "{} bytes", size_of::<Value>());
    assert!(size_of::<Value>() as u64 <= 3 * Value::unit().weight());
}

/// `Unit -> List(..List(Unit)..)`: each level holds the one before eight times, so that a value of a few
/// hundred parts would be written in 8^12 bytes.
fn tower(draft: &mut Draft) -> Result<Arrow, IllTyped> {
    let mut arrow = draft.constant(UNIT, UNIT, Value::unit())?;
    for _ in 0..12 {
        let item = draft.codomain(arrow);
        let whole = draft.types.list(item);
        let push = draft.operation(Operation::ListPush(whole))?;
        let here = draft.identity(item)?;
        let mut grown = draft.constant(item, whole, list([]))?;
        for _ in 0..8 {
            let pair = draft.tuple(item, &[grown, here])?;
            grown = draft.compose(pair, push)?;
        }
        let body = draft.define("level", grown)?;
        let level = draft.call(body)?;
        arrow = draft.compose(arrow, level)?;
    }
    Ok(arrow)
}

#[test]
fn what_an_adapter_makes_is_within_the_limits_of_what_it_adapts() {
    let mut draft = Draft::new();
    let arrow = tower(&mut draft).expect("well-typed");
    let function = draft.define("tower", arrow).expect("pure");
    let roles = [Role::Migrate, Role::Input, Role::Output, Role::Back];
    let program = Combinators {
        draft,
        exports: roles.map(|role| (role, function)).to_vec(),
        schema: None,
    };
    let migration = verify::migration(compile(program).expect("small")).expect("valid");
    assert!(INPUT_WEIGHT_MAX < 8_u64.pow(12) && OUTPUT_WEIGHT_MAX < 8_u64.pow(12));
    let results = [
        Some(migration.migrate_state(&Context::default(), Value::unit())),
        migration.adapt_input(&Context::default(), Value::unit()),
        migration.adapt_output(&Context::default(), Value::unit()),
        migration.restore_state(&Context::default(), Value::unit()),
    ];
    for (role, result) in roles.into_iter().zip(results) {
        let reason = result.map(|result| result.map(drop).map_err(|trap| trap.reason));
        assert_eq!(reason, Some(Err(TrapReason::SizeLimit)), "{role:?}");
    }
}

//! Maps: what stands under a key, and how many entries there are.

use super::{WEIGHT_PER_FUEL, count, levels, map, pop};
use crate::fuel::Fuel;
use crate::trap::TrapReason;
use crate::value::{Map, Value};

pub(super) fn length(value: &Value) -> Value {
    match value {
        Value::Map(map) => count(map.len()),
        _ => unreachable!("verified: the operand is a map"),
    }
}

pub(super) fn get(
    stack: &mut Vec<Value>,
    key: &Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let map = map(pop(stack));
    charge_search(fuel, &map, key)?;
    Ok(Value::option(map.get(key)))
}

/// The first entry, or the first above a key.
pub(super) fn next(
    stack: &mut Vec<Value>,
    after: &Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let map = map(pop(stack));
    let after = match after {
        Value::Sum(0, _) => None,
        Value::Sum(_, key) => Some(&**key),
        _ => unreachable!("verified: the operand is an option"),
    };
    if let Some(key) = after {
        charge_search(fuel, &map, key)?;
    }
    let entry = map.next(after);
    Ok(Value::option(
        entry.map(|(key, value)| Value::product(vec![key, value])),
    ))
}

pub(super) fn put(
    stack: &mut Vec<Value>,
    value: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let key = pop(stack);
    let mut map = map(pop(stack));
    charge_change(fuel, &map, &key)?;
    map.insert(key, value);
    Ok(Value::Map(map))
}

pub(super) fn delete(
    stack: &mut Vec<Value>,
    key: &Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let mut map = map(pop(stack));
    charge_change(fuel, &map, key)?;
    map.remove(key);
    Ok(Value::Map(map))
}

/// Pays for comparing a key with those on the way to its place. No number is heavy enough to cost anything.
pub(crate) fn charge_search(fuel: &mut Fuel, map: &Map, key: &Value) -> Result<(), TrapReason> {
    let comparison = key.weight() / WEIGHT_PER_FUEL;
    if comparison == 0 {
        return Ok(());
    }
    fuel.charge(comparison.saturating_mul(levels(map.len())))
}

/// Pays for a search and for copying the nodes on the way.
pub(crate) fn charge_change(fuel: &mut Fuel, map: &Map, key: &Value) -> Result<(), TrapReason> {
    charge_search(fuel, map, key)?;
    charge_number_change(fuel, map)
}

/// The same for a key that is a number.
#[inline]
pub(crate) fn charge_number_change(fuel: &mut Fuel, map: &Map) -> Result<(), TrapReason> {
    fuel.charge(levels(map.len()).saturating_mul(COPIED))
}

/// What copying the nodes of a level costs, in which a map keeps up to 16 entries.
const COPIED: u64 = 2;

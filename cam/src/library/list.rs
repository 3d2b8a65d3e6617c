//! Lists: items by number, joined and cut.
//!
//! A change copies the nodes on the way to it unless nobody else holds them. Who holds them is no matter of
//! the program's, so the copies are always paid for.

use super::{count, integer, levels, list, pop};
use crate::fuel::Fuel;
use crate::limits::LIST_ITEMS_MAX;
use crate::trap::TrapReason;
use crate::value::{List, Value};

pub(super) fn push(
    stack: &mut Vec<Value>,
    item: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let mut list = list(pop(stack));
    charge_change(fuel, &list)?;
    list.push(item);
    Ok(Value::List(list))
}

pub(super) fn length(value: &Value) -> Value {
    match value {
        Value::List(list) => count(list.len()),
        _ => unreachable!("verified: the operand is a list"),
    }
}

pub(super) fn get(stack: &mut Vec<Value>, index: &Value) -> Value {
    let list = list(pop(stack));
    let index = usize::try_from(integer(index)).ok();
    Value::option(index.and_then(|index| list.get(index)).cloned())
}

pub(super) fn set(
    stack: &mut Vec<Value>,
    item: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let index = usize::try_from(integer(&pop(stack))).ok();
    let mut list = list(pop(stack));
    charge_change(fuel, &list)?;
    let replaced = index.and_then(|index| list.set(index, item));
    Ok(Value::option(replaced.map(|_| Value::List(list))))
}

pub(super) fn concat(
    stack: &mut Vec<Value>,
    right: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let (mut left, right) = (list(pop(stack)), list(right));
    let nodes = levels(left.len()).saturating_add(levels(right.len()));
    fuel.charge(nodes.saturating_mul(JOINED))?;
    if left.len().saturating_add(right.len()) > LIST_ITEMS_MAX {
        return Err(TrapReason::SizeLimit);
    }
    left.concat(right);
    Ok(Value::List(left))
}

pub(super) fn slice(
    stack: &mut Vec<Value>,
    length: &Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let offset = clamped(integer(&pop(stack)));
    let mut list = list(pop(stack));
    fuel.charge(levels(list.len()).saturating_mul(CUT))?;
    list.slice(offset, clamped(integer(length)));
    Ok(Value::List(list))
}

/// Pays for copying the nodes on the way to an item that is appended or replaced.
pub(crate) fn charge_change(fuel: &mut Fuel, list: &List) -> Result<(), TrapReason> {
    fuel.charge(levels(list.len()))
}

/// Nodes of a level that joining two lists copies, and that cutting a part out copies.
const JOINED: u64 = 2;
const CUT: u64 = 5;

fn clamped(number: i64) -> usize {
    usize::try_from(number.max(0)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_doubled_again_and_again_stops_the_run() {
        let mut fuel = Fuel::new(u64::MAX);
        let mut doubled = Value::List([Value::Int(7)].into_iter().collect());
        for _ in 0..24 {
            let mut stack = vec![doubled.clone()];
            doubled = concat(&mut stack, doubled, &mut fuel).expect("within the limit");
        }
        assert_eq!(length(&doubled), Value::Int(1 << 24));
        let stopped = concat(&mut vec![doubled.clone()], doubled, &mut fuel);
        assert_eq!(stopped, Err(TrapReason::SizeLimit));
        assert!(u64::MAX - fuel.remaining() < 3000, "it costs little");
    }
}

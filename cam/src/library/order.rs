//! Equality and order of values of any one type.

use std::cmp::Ordering;

use super::{WEIGHT_PER_FUEL, pop};
use crate::fuel::Fuel;
use crate::trap::TrapReason;
use crate::value::Value;

pub(super) fn equal(
    stack: &mut Vec<Value>,
    right: &Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let left = compared(stack, right, fuel)?;
    Ok(Value::bool(left == *right))
}

pub(super) fn compare(
    stack: &mut Vec<Value>,
    right: &Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let left = compared(stack, right, fuel)?;
    let tag = match left.cmp(right) {
        Ordering::Less => 0,
        Ordering::Equal => 1,
        Ordering::Greater => 2,
    };
    Ok(Value::constructor(tag))
}

/// The left operand, after the comparison has been paid for. It goes word by word, and ends with the
/// lighter operand.
fn compared(stack: &mut Vec<Value>, right: &Value, fuel: &mut Fuel) -> Result<Value, TrapReason> {
    let left = pop(stack);
    fuel.charge(left.weight().min(right.weight()) / WEIGHT_PER_FUEL)?;
    Ok(left)
}

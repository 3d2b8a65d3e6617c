//! Numbers: checked arithmetic and their order.

use super::{integer, pop};
use crate::trap::TrapReason;
use crate::value::Value;

/// An operation whose result may not fit.
pub(super) fn checked(
    stack: &mut Vec<Value>,
    register: &Value,
    f: impl Fn(i64, i64) -> Option<i64>,
) -> Result<Value, TrapReason> {
    let left = integer(&pop(stack));
    f(left, integer(register))
        .map(Value::Int)
        .ok_or(TrapReason::Overflow)
}

/// As `checked`, where the right operand divides.
pub(super) fn divided(
    stack: &mut Vec<Value>,
    register: &Value,
    f: impl Fn(i64, i64) -> Option<i64>,
) -> Result<Value, TrapReason> {
    if integer(register) == 0 {
        return Err(TrapReason::DivisionByZero);
    }
    checked(stack, register, f)
}

/// Whether the operands are so related.
pub(super) fn related(
    stack: &mut Vec<Value>,
    register: &Value,
    f: impl Fn(i64, i64) -> bool,
) -> Value {
    let left = integer(&pop(stack));
    Value::bool(f(left, integer(register)))
}

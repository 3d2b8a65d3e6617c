//! Numbers: checked and wrapping arithmetic, bits, order.

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

/// `a * b / c`, where the product may be of any size: the usual way to scale by a fraction.
pub(super) fn multiply_divide(
    stack: &mut Vec<Value>,
    register: &Value,
) -> Result<Value, TrapReason> {
    let right = integer(&pop(stack));
    scaled(integer(&pop(stack)), right, integer(register)).map(Value::Int)
}

/// `left * right / divisor`, with a middle of 128 bits. Most products fit in 64, where division is fast.
pub(crate) fn scaled(left: i64, right: i64, divisor: i64) -> Result<i64, TrapReason> {
    if divisor == 0 {
        return Err(TrapReason::DivisionByZero);
    }
    if let Some(product) = left.checked_mul(right) {
        return product
            .checked_div_euclid(divisor)
            .ok_or(TrapReason::Overflow);
    }
    // Neither can overflow: the product of two 64-bit numbers is at most 2^126.
    let quotient = (i128::from(left) * i128::from(right)).div_euclid(i128::from(divisor));
    i64::try_from(quotient).map_err(|_| TrapReason::Overflow)
}

/// An operation that has a result for all operands.
pub(super) fn total(
    stack: &mut Vec<Value>,
    register: &Value,
    f: impl Fn(i64, i64) -> i64,
) -> Value {
    let left = integer(&pop(stack));
    Value::Int(f(left, integer(register)))
}

/// A shift by the right operand modulo 64: a negative amount is one from the other end.
pub(super) fn shifted(
    stack: &mut Vec<Value>,
    register: &Value,
    f: impl Fn(i64, u32) -> i64,
) -> Value {
    total(stack, register, |left, right| {
        let amount = u32::try_from(right.rem_euclid(64)).expect("below 64");
        f(left, amount)
    })
}

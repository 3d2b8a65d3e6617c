//! What the operations on bits mean, bit by bit.

use cam::combinator::Operation;
use cam::trap::TrapReason;
use cam::value::Value;

use super::{integer, operands};

/// Nothing for the operations of other rooms.
pub(super) fn meant(operation: Operation, input: &Value) -> Option<Result<Value, TrapReason>> {
    Some(Ok(match operation {
        Operation::MultiplyDivide => return Some(multiplied_and_divided(input)),
        Operation::AddWrapping => wrapped(input, |left, right| left + right),
        Operation::SubtractWrapping => wrapped(input, |left, right| left - right),
        Operation::MultiplyWrapping => wrapped(input, |left, right| left * right),
        Operation::And => bitwise(input, |left, right| left && right),
        Operation::Or => bitwise(input, |left, right| left || right),
        Operation::Xor => bitwise(input, |left, right| left != right),
        Operation::ShiftLeft => shifted(input, |at, amount, _| at.checked_sub(amount)),
        Operation::ShiftRight => shifted(input, |at, amount, _| Some((at + amount).min(63))),
        Operation::ShiftRightUnsigned => shifted(input, |at, amount, width| {
            (at + amount < width).then_some(at + amount)
        }),
        _ => return None,
    }))
}

fn multiplied_and_divided(input: &Value) -> Result<Value, TrapReason> {
    let [left, right, divisor] = operands(input).map(|value| i128::from(integer(&value)));
    if divisor == 0 {
        return Err(TrapReason::DivisionByZero);
    }
    let (product, size) = (left * right, divisor.abs());
    let remainder = ((product % size) + size) % size;
    let quotient = (product - remainder) / divisor;
    let quotient = i64::try_from(quotient).map_err(|_| TrapReason::Overflow)?;
    Ok(Value::Int(quotient))
}

/// The number of 64 bits, from minus 2^63 on, that differs from the true one by a multiple of 2^64.
fn wrapped(input: &Value, f: impl Fn(i128, i128) -> i128) -> Value {
    let [left, right] = operands(input).map(|value| i128::from(integer(&value)));
    let low = f(left, right).rem_euclid(1 << 64);
    let signed = if low < 1 << 63 { low } else { low - (1 << 64) };
    Value::Int(i64::try_from(signed).expect("it is in the range"))
}

/// The bits of a number, the lowest first; the last one is the sign.
fn bits(value: &Value) -> Vec<bool> {
    let number = i128::from(integer(value)).rem_euclid(1 << 64);
    (0..64).map(|at| (number >> at) % 2 == 1).collect()
}

fn of_bits(bits: &[bool]) -> Value {
    let weights = (0..64).map(|at| if at == 63 { -(1 << 63) } else { 1_i128 << at });
    let set = weights.zip(bits).filter(|(_, bit)| **bit);
    let number: i128 = set.map(|(weight, _)| weight).sum();
    Value::Int(i64::try_from(number).expect("64 bits fit"))
}

fn bitwise(input: &Value, f: impl Fn(bool, bool) -> bool) -> Value {
    let [left, right] = operands(input).map(|value| bits(&value));
    let both = left.iter().zip(&right);
    of_bits(
        &both
            .map(|(left, right)| f(*left, *right))
            .collect::<Vec<_>>(),
    )
}

/// `source` says which bit comes to a place: `(place, amount, 64)`. None is a zero.
fn shifted(input: &Value, source: impl Fn(usize, usize, usize) -> Option<usize>) -> Value {
    let [left, right] = operands(input);
    let left = bits(&left);
    let amount = i128::from(integer(&right)).rem_euclid(64);
    let amount = usize::try_from(amount).expect("below 64");
    let moved = (0..64).map(|at| source(at, amount, 64).is_some_and(|from| left[from]));
    of_bits(&moved.collect::<Vec<_>>())
}

//! The operations on values, one library for every engine.
//!
//! What moves values (stack, tuples, sums) and what chooses the next instruction (cases, calls, folds)
//! belongs to an engine; what computes a value from values stands here, so engines cannot disagree about
//! a result, a trap or its fuel. Operands are owned: a container that nobody else holds is changed in
//! place.
//!
//! Fuel is charged before the work, by sizes that are known without looking into the operands.

mod bytes;
mod list;
mod map;
mod number;
mod order;
mod text;

use std::sync::Arc;

use crate::fuel::Fuel;
use crate::instruction::Instruction;
use crate::limits::TEXT_BYTES_MAX;
use crate::trap::TrapReason;
use crate::types::TypeTable;
use crate::value::{List, Map, Value};
pub(crate) use list::charge_change as charge_list_change;
pub(crate) use map::{charge_change as charge_map_change, charge_number_change, charge_search};
pub(crate) use number::scaled;

/// Weight that is looked at or made for a unit of fuel.
pub(crate) const WEIGHT_PER_FUEL: u64 = 16;

/// Bytes that become numbers of a list for a unit of fuel.
const LISTED_PER_FUEL: u64 = 2;

/// The result of an instruction that computes on values. The last operand is `register`, those before
/// it are taken from `stack`; what types the instruction names are in `types`.
///
/// # Errors
/// The reason to stop. The stack is then of no meaning.
pub(crate) fn apply(
    instruction: Instruction,
    types: &TypeTable,
    stack: &mut Vec<Value>,
    register: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    use Instruction as I;
    match instruction {
        I::Equal() => order::equal(stack, &register, fuel),
        I::Compare() => order::compare(stack, &register, fuel),
        I::TextConcat() => text::concat(stack, register, fuel),
        I::TextLength() => text::length(register, fuel),
        I::TextSlice(_) => text::slice(stack, &register, fuel),
        I::TextFind(_) => text::find(stack, &register, fuel),
        I::TextSplit(_) => text::split(stack, register, fuel),
        I::TextJoin() => text::join(stack, register, fuel),
        I::ListOfText(_) => text::to_list(register, fuel),
        I::TextOfList(_) => text::of_list(register, fuel),
        I::ListOfBytes(_) => bytes::to_list(register, fuel),
        I::BytesOfList(_) => bytes::of_list(register, fuel),
        I::TextOfInt() => Ok(text::of_integer(&register)),
        I::IntOfText(_) => Ok(text::to_integer(register)),
        I::BytesOfText() => Ok(bytes::of_text(register)),
        I::TextOfBytes(_) => text::of_bytes(register, fuel),
        I::BytesConcat() => bytes::concat(stack, register, fuel),
        I::BytesLength() => Ok(bytes::length(register)),
        I::BytesGet(_) => Ok(bytes::get(stack, &register)),
        I::BytesSlice(_) => bytes::slice(stack, &register, fuel),
        I::Encode() => bytes::encoded(&register, fuel),
        I::Decode(option) => bytes::decoded(types, option, register, fuel),
        I::Hash() => bytes::hash(register, fuel),
        I::ListEmpty(_) => Ok(Value::List(List::default())),
        I::ListPush() => list::push(stack, register, fuel),
        I::ListGet(_) => Ok(list::get(stack, &register)),
        I::ListSet(_) => list::set(stack, register, fuel),
        I::ListConcat() => list::concat(stack, register, fuel),
        I::ListSlice() => list::slice(stack, &register, fuel),
        I::ListLength() => Ok(list::length(&register)),
        I::MapEmpty(_) => Ok(Value::Map(Map::default())),
        I::MapLength() => Ok(map::length(&register)),
        I::MapGet(_) => map::get(stack, &register, fuel),
        I::MapNext(_) => map::next(stack, &register, fuel),
        I::MapPut() => map::put(stack, register, fuel),
        I::MapDelete() => map::delete(stack, &register, fuel),
        _ => arithmetic(instruction, stack, &register),
    }
}

/// What takes numbers and gives one.
fn arithmetic(
    instruction: Instruction,
    stack: &mut Vec<Value>,
    register: &Value,
) -> Result<Value, TrapReason> {
    use Instruction as I;
    match instruction {
        I::Add() => number::checked(stack, register, i64::checked_add),
        I::Subtract() => number::checked(stack, register, i64::checked_sub),
        I::Multiply() => number::checked(stack, register, i64::checked_mul),
        I::Divide() => number::divided(stack, register, i64::checked_div_euclid),
        // Remainder 0, although the division itself would overflow.
        I::Remainder() => number::divided(stack, register, |left, right| {
            Some(left.wrapping_rem_euclid(right))
        }),
        I::MultiplyDivide() => number::multiply_divide(stack, register),
        I::AddWrapping() => Ok(number::total(stack, register, i64::wrapping_add)),
        I::SubtractWrapping() => Ok(number::total(stack, register, i64::wrapping_sub)),
        I::MultiplyWrapping() => Ok(number::total(stack, register, i64::wrapping_mul)),
        I::And() => Ok(number::total(stack, register, |left, right| left & right)),
        I::Or() => Ok(number::total(stack, register, |left, right| left | right)),
        I::Xor() => Ok(number::total(stack, register, |left, right| left ^ right)),
        I::ShiftLeft() => Ok(number::shifted(stack, register, i64::wrapping_shl)),
        I::ShiftRight() => Ok(number::shifted(stack, register, i64::wrapping_shr)),
        I::ShiftRightUnsigned() => Ok(number::shifted(stack, register, |left, amount| {
            left.cast_unsigned().wrapping_shr(amount).cast_signed()
        })),
        I::Less() => Ok(number::related(stack, register, |left, right| left < right)),
        I::LessOrEqual() => Ok(number::related(stack, register, |left, right| {
            left <= right
        })),
        _ => unreachable!("an engine runs what moves values and what chooses the next instruction"),
    }
}

fn pop(stack: &mut Vec<Value>) -> Value {
    stack.pop().expect("verified: the stack holds the operand")
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Int(integer) => *integer,
        _ => unreachable!("verified: the operand is an integer"),
    }
}

fn text(value: Value) -> Arc<str> {
    match value {
        Value::Text(text) => text,
        _ => unreachable!("verified: the operand is a text"),
    }
}

fn bytes(value: Value) -> Arc<[u8]> {
    match value {
        Value::Bytes(bytes) => bytes,
        _ => unreachable!("verified: the operand is a byte string"),
    }
}

fn list(value: Value) -> List {
    match value {
        Value::List(list) => list,
        _ => unreachable!("verified: the operand is a list"),
    }
}

fn map(value: Value) -> Map {
    match value {
        Value::Map(map) => map,
        _ => unreachable!("verified: the operand is a map"),
    }
}

/// How many comparisons a search among `length` entries takes, and how many nodes a change of a list of
/// so many items copies: one more than the binary logarithm of one more.
pub(crate) fn levels(length: usize) -> u64 {
    u64::from((length as u64).saturating_add(1).ilog2()) + 1
}

/// A length as a number of the machine.
fn count(length: usize) -> Value {
    Value::Int(i64::try_from(length).expect("memory is smaller than 2^63"))
}

/// A text or byte string of `length` bytes may be made.
fn within_limit(length: usize) -> Result<(), TrapReason> {
    if length > TEXT_BYTES_MAX {
        Err(TrapReason::SizeLimit)
    } else {
        Ok(())
    }
}

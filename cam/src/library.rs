//! The operations on values, one library for every engine.
//!
//! What moves values (stack, tuples, sums) and what chooses the next instruction (cases, calls, folds)
//! belongs to an engine; what computes a value from values stands here, so engines cannot disagree about
//! a result, a trap or its fuel. Operands are owned: a container that nobody else holds is changed in
//! place.
//!
//! Fuel is charged before the work, by sizes that are known without looking into the operands.

mod list;
mod map;
mod number;
mod order;

use crate::fuel::Fuel;
use crate::instruction::Instruction;
use crate::trap::TrapReason;
use crate::value::{List, Map, Value};

/// Weight that is looked at or made for a unit of fuel.
pub(crate) const WEIGHT_PER_FUEL: u64 = 16;

/// The result of an instruction that computes on values. The last operand is `register`, those before
/// it are taken from `stack`.
///
/// # Errors
/// The reason to stop. The stack is then of no meaning.
pub(crate) fn apply(
    instruction: Instruction,
    stack: &mut Vec<Value>,
    register: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    use Instruction as I;
    match instruction {
        I::Add() => number::checked(stack, &register, i64::checked_add),
        I::Subtract() => number::checked(stack, &register, i64::checked_sub),
        I::Multiply() => number::checked(stack, &register, i64::checked_mul),
        I::Divide() => number::divided(stack, &register, i64::checked_div_euclid),
        // Remainder 0, although the division itself would overflow.
        I::Remainder() => number::divided(stack, &register, |left, right| {
            Some(left.wrapping_rem_euclid(right))
        }),
        I::Less() => Ok(number::related(stack, &register, |left, right| {
            left < right
        })),
        I::LessOrEqual() => Ok(number::related(stack, &register, |left, right| {
            left <= right
        })),
        I::Equal() => order::equal(stack, &register, fuel),
        I::Compare() => order::compare(stack, &register, fuel),
        I::ListEmpty(_) => Ok(Value::List(List::default())),
        I::ListPush() => Ok(list::push(stack, register)),
        I::ListLength() => Ok(list::length(&register)),
        I::MapEmpty(_) => Ok(Value::Map(Map::default())),
        I::MapLength() => Ok(map::length(&register)),
        I::MapGet(_) => map::get(stack, &register, fuel),
        I::MapPut() => map::put(stack, register, fuel),
        I::MapDelete() => map::delete(stack, &register, fuel),
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

/// A length as a number of the machine.
fn count(length: usize) -> Value {
    Value::Int(i64::try_from(length).expect("memory is smaller than 2^63"))
}

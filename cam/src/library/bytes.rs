//! Byte strings, the bytes of any value, and hashes.

use super::{
    LISTED_PER_FUEL, WEIGHT_PER_FUEL, bytes, count, integer, list, pop, text, within_limit,
};
use crate::fuel::Fuel;
use crate::limits::STATE_WEIGHT_MAX;
use crate::trap::TrapReason;
use crate::types::{Type, TypeId, TypeTable};
use crate::value::Value;
use crate::{decode, encode};

pub(super) fn concat(
    stack: &mut Vec<Value>,
    right: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let (left, right) = (bytes(pop(stack)), bytes(right));
    let weights = [&left, &right].map(|bytes| Value::weight_of_bytes(bytes.len()));
    fuel.charge(weights.iter().sum::<u64>() / WEIGHT_PER_FUEL)?;
    within_limit(left.len().saturating_add(right.len()))?;
    Ok(Value::Bytes([&*left, &*right].concat().into()))
}

pub(super) fn length(value: Value) -> Value {
    count(bytes(value).len())
}

pub(super) fn get(stack: &mut Vec<Value>, index: &Value) -> Value {
    let bytes = bytes(pop(stack));
    let index = usize::try_from(integer(index)).ok();
    let byte = index.and_then(|index| bytes.get(index));
    Value::option(byte.map(|byte| Value::Int(i64::from(*byte))))
}

pub(super) fn slice(
    stack: &mut Vec<Value>,
    length: &Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let offset = pop(stack);
    let bytes = bytes(pop(stack));
    let Some(part) = range(&bytes, integer(&offset), integer(length)) else {
        return Ok(Value::option(None));
    };
    fuel.charge(part.len() as u64 / WEIGHT_PER_FUEL)?;
    Ok(Value::option(Some(Value::Bytes(part.into()))))
}

/// No copy: a text is its bytes.
pub(super) fn of_text(value: Value) -> Value {
    Value::Bytes(text(value).into())
}

pub(super) fn to_list(value: Value, fuel: &mut Fuel) -> Result<Value, TrapReason> {
    let bytes = bytes(value);
    fuel.charge(bytes.len() as u64 / LISTED_PER_FUEL)?;
    let numbers = bytes.iter().map(|byte| Value::Int(i64::from(*byte)));
    Ok(Value::List(numbers.collect()))
}

/// Numbers that are no bytes come before a length that is too large: then nothing would be made.
pub(super) fn of_list(value: Value, fuel: &mut Fuel) -> Result<Value, TrapReason> {
    fuel.charge(value.weight() / WEIGHT_PER_FUEL)?;
    let list = list(value);
    let byte = |item| u8::try_from(integer(item)).ok();
    if list.iter().any(|item| byte(item).is_none()) {
        return Ok(Value::option(None));
    }
    within_limit(list.len())?;
    let bytes: Option<Vec<u8>> = list.iter().map(byte).collect();
    Ok(Value::option(bytes.map(|bytes| Value::Bytes(bytes.into()))))
}

/// The canonical bytes of a value, which are at most a quarter more than its weight.
pub(super) fn encoded(value: &Value, fuel: &mut Fuel) -> Result<Value, TrapReason> {
    fuel.charge(value.weight() / WEIGHT_PER_FUEL)?;
    let bytes = encode::value(value);
    within_limit(bytes.len())?;
    Ok(Value::Bytes(bytes.into()))
}

/// The value whose bytes they are, which pays for its weight as it grows. Any other bytes are no value, and have
/// paid for the values that they began with. The bytes are paid for first: a long text that turns out to be none
/// weighs nothing.
pub(super) fn decoded(
    types: &TypeTable,
    option: TypeId,
    register: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let bytes = bytes(register);
    fuel.charge(bytes.len() as u64 / WEIGHT_PER_FUEL)?;
    let Type::Sum(payloads) = types.get(option) else {
        unreachable!("verified: an option")
    };
    let paid = fuel.remaining().saturating_mul(WEIGHT_PER_FUEL);
    let paid = paid.saturating_add(WEIGHT_PER_FUEL - 1);
    let weight_max = STATE_WEIGHT_MAX.min(paid);
    let read = decode::weighed(types, payloads[1], &bytes, weight_max);
    if read.wanted > weight_max && read.wanted <= STATE_WEIGHT_MAX {
        return Err(TrapReason::OutOfFuel);
    }
    fuel.charge(read.weight / WEIGHT_PER_FUEL)?;
    Ok(Value::option(read.value))
}

pub(super) fn hash(value: Value, fuel: &mut Fuel) -> Result<Value, TrapReason> {
    let bytes = bytes(value);
    fuel.charge(bytes.len() as u64 / WEIGHT_PER_FUEL)?;
    let hash = blake3::hash(&bytes);
    Ok(Value::Bytes(hash.as_bytes().as_slice().into()))
}

fn range(bytes: &[u8], offset: i64, length: i64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let length = usize::try_from(length).ok()?;
    bytes.get(start..)?.get(..length)
}

//! Texts, counted and cut in Unicode scalar values.
//!
//! A text is kept as UTF-8, so whatever asks for a position walks the text from its start and pays for
//! all of it: its length in bytes is known, its length in scalar values is not.

use std::sync::Arc;

use super::{WEIGHT_PER_FUEL, bytes, count, integer, pop, text, within_limit};
use crate::fuel::Fuel;
use crate::trap::TrapReason;
use crate::value::Value;

pub(super) fn concat(
    stack: &mut Vec<Value>,
    right: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let (left, right) = (text(pop(stack)), text(right));
    charge(fuel, &[&left, &right])?;
    within_limit(left.len().saturating_add(right.len()))?;
    Ok(Value::Text([&*left, &*right].concat().into()))
}

pub(super) fn length(value: Value, fuel: &mut Fuel) -> Result<Value, TrapReason> {
    let text = text(value);
    charge(fuel, &[&text])?;
    Ok(count(text.chars().count()))
}

pub(super) fn slice(
    stack: &mut Vec<Value>,
    length: &Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let offset = pop(stack);
    let text = text(pop(stack));
    charge(fuel, &[&text])?;
    let part = scalars(&text, integer(&offset), integer(length));
    Ok(Value::option(part.map(Value::text)))
}

/// Where the needle is in the text for the first time, not before a position.
pub(super) fn find(
    stack: &mut Vec<Value>,
    from: &Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let needle = text(pop(stack));
    let text = text(pop(stack));
    charge(fuel, &[&text, &needle])?;
    Ok(Value::option(
        first(&text, &needle, integer(from)).map(count),
    ))
}

pub(super) fn of_integer(value: &Value) -> Value {
    Value::Text(integer(value).to_string().into())
}

/// Only what `of_integer` writes: two spellings of a number would be two keys of a map.
pub(super) fn to_integer(value: Value) -> Value {
    const LONGEST: usize = "-9223372036854775808".len();
    let text = text(value);
    let integer = (text.len() <= LONGEST)
        .then(|| text.parse::<i64>().ok())
        .flatten();
    let canonical = integer.filter(|integer| *text == integer.to_string());
    Value::option(canonical.map(Value::Int))
}

pub(super) fn of_bytes(value: Value, fuel: &mut Fuel) -> Result<Value, TrapReason> {
    let bytes = bytes(value);
    fuel.charge(bytes.len() as u64 / WEIGHT_PER_FUEL)?;
    Ok(Value::option(
        std::str::from_utf8(&bytes).ok().map(Value::text),
    ))
}

/// A unit for each 16 of the texts' weight.
fn charge(fuel: &mut Fuel, texts: &[&Arc<str>]) -> Result<(), TrapReason> {
    let weights = texts.iter().map(|text| Value::weight_of_bytes(text.len()));
    fuel.charge(weights.sum::<u64>() / WEIGHT_PER_FUEL)
}

fn scalars(text: &str, offset: i64, length: i64) -> Option<&str> {
    let start = boundary(text, usize::try_from(offset).ok()?)?;
    let end = boundary(&text[start..], usize::try_from(length).ok()?)?;
    Some(&text[start..start + end])
}

fn first(text: &str, needle: &str, from: i64) -> Option<usize> {
    let from = usize::try_from(from.max(0)).ok()?;
    let start = boundary(text, from)?;
    let found = text[start..].find(needle)?;
    Some(from + text[start..start + found].chars().count())
}

/// The byte at which scalar value `position` starts, or the end.
fn boundary(text: &str, position: usize) -> Option<usize> {
    let starts = text.char_indices().map(|(at, _)| at);
    starts.chain([text.len()]).nth(position)
}

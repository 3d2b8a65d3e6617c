//! Texts, counted and cut in Unicode scalar values.
//!
//! A text is kept as UTF-8, so whatever asks for a position walks the text from its start and pays for
//! all of it: its length in bytes is known, its length in scalar values is not.

use std::sync::Arc;

use super::{
    LISTED_PER_FUEL, WEIGHT_PER_FUEL, bytes, count, integer, list, pop, text, within_limit,
};
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

/// What is between the separators. An empty separator is nowhere, and the text stays whole.
pub(super) fn split(
    stack: &mut Vec<Value>,
    separator: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let (text, separator) = (text(pop(stack)), text(separator));
    charge(fuel, &[&text, &separator])?;
    if separator.is_empty() {
        fuel.charge(1)?;
        return Ok(Value::List([Value::Text(text)].into_iter().collect()));
    }
    let between = text.matches(&*separator).count();
    fuel.charge((between as u64).saturating_add(1))?;
    let pieces = text.split(&*separator).map(Value::text);
    Ok(Value::List(pieces.collect()))
}

pub(super) fn join(
    stack: &mut Vec<Value>,
    separator: Value,
    fuel: &mut Fuel,
) -> Result<Value, TrapReason> {
    let (pieces, separator) = (pop(stack), text(separator));
    let weight = pieces.weight();
    let pieces = list(pieces);
    let between = Value::weight_of_bytes(separator.len()).saturating_mul(pieces.len() as u64);
    fuel.charge(weight.saturating_add(between) / WEIGHT_PER_FUEL)?;
    let lengths = pieces.iter().map(|piece| as_text(piece).len());
    let between = separator
        .len()
        .saturating_mul(pieces.len().saturating_sub(1));
    let length = lengths.fold(between, usize::saturating_add);
    within_limit(length)?;
    let mut joined = String::with_capacity(length);
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(as_text(piece));
    }
    Ok(Value::Text(joined.into()))
}

pub(super) fn to_list(value: Value, fuel: &mut Fuel) -> Result<Value, TrapReason> {
    let text = text(value);
    charge(fuel, &[&text])?;
    fuel.charge(text.len() as u64 / LISTED_PER_FUEL)?;
    let numbers = text
        .chars()
        .map(|scalar| Value::Int(u32::from(scalar).into()));
    Ok(Value::List(numbers.collect()))
}

pub(super) fn of_list(value: Value, fuel: &mut Fuel) -> Result<Value, TrapReason> {
    fuel.charge(value.weight() / WEIGHT_PER_FUEL)?;
    let list = list(value);
    let scalar = |item| char::from_u32(u32::try_from(integer(item)).ok()?);
    let lengths = list.iter().map(|item| scalar(item).map(char::len_utf8));
    let Some(length) = lengths.sum::<Option<usize>>() else {
        return Ok(Value::option(None));
    };
    within_limit(length)?;
    let text: Option<String> = list.iter().map(scalar).collect();
    Ok(Value::option(text.map(|text| Value::Text(text.into()))))
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

fn as_text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => unreachable!("verified: the items are texts"),
    }
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

//! Lists: what is pushed on them, and how long they are.

use super::{count, list, pop};
use crate::value::Value;

pub(super) fn push(stack: &mut Vec<Value>, item: Value) -> Value {
    let mut list = list(pop(stack));
    list.push(item);
    Value::List(list)
}

pub(super) fn length(value: &Value) -> Value {
    match value {
        Value::List(list) => count(list.len()),
        _ => unreachable!("verified: the operand is a list"),
    }
}

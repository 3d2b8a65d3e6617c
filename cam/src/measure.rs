//! How many bytes a value is written in, without writing them, and again after a change.
//!
//! A large state is measured once, aside; where it has gone on since, only what is different is looked at.

use std::convert::Infallible;
use std::sync::Arc;

use crate::value::Value;

/// A value with the number of its canonical bytes.
#[derive(Clone, Debug)]
pub struct Measured {
    value: Value,
    bytes: u64,
}

impl Measured {
    /// Measures all of a value.
    #[must_use]
    pub fn of(value: Value) -> Measured {
        let bytes = length(&value);
        Measured { value, bytes }
    }

    /// The value's canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Goes on to another value of the same type. Takes time of the difference in its maps; what is
    /// different outside maps is measured whole.
    pub fn follow(&mut self, newer: &Value) {
        let grown = growth(&self.value, newer);
        self.bytes = self.bytes.saturating_add_signed(grown);
        self.value.clone_from(newer);
    }
}

/// The number of bytes that [`encode::value`](crate::encode::value) writes.
#[must_use]
pub fn length(value: &Value) -> u64 {
    match value {
        Value::Int(integer) => {
            number_length((integer.cast_unsigned() << 1) ^ (integer >> 63).cast_unsigned())
        }
        Value::Text(text) => counted(text.len()).saturating_add(text.len() as u64),
        Value::Bytes(bytes) => counted(bytes.len()).saturating_add(bytes.len() as u64),
        Value::Product(parts) => sum(parts.iter().map(length)),
        Value::Sum(_, payload) => length(payload).saturating_add(1),
        Value::List(list) => counted(list.len()).saturating_add(sum(list.iter().map(length))),
        Value::Map(map) => {
            let entries = map.iter();
            let entries = entries.map(|(key, value)| length(&key).saturating_add(length(&value)));
            counted(map.len()).saturating_add(sum(entries))
        }
        Value::Closure(_) => unreachable!("closures stand in the machine, never in data"),
    }
}

fn sum(lengths: impl Iterator<Item = u64>) -> u64 {
    lengths.fold(0, u64::saturating_add)
}

fn counted(count: usize) -> u64 {
    number_length(count as u64)
}

/// Bytes of a number in LEB128: seven bits in each.
fn number_length(number: u64) -> u64 {
    u64::from((number | 1).ilog2()) / 7 + 1
}

fn difference(old: u64, new: u64) -> i64 {
    let limited = |length| i64::try_from(length).unwrap_or(i64::MAX);
    limited(new).saturating_sub(limited(old))
}

/// How many bytes more the newer one takes. Recursion is bounded by the height of their type.
fn growth(old: &Value, new: &Value) -> i64 {
    let whole = || difference(length(old), length(new));
    match (old, new) {
        (Value::Product(old), Value::Product(new)) if Arc::ptr_eq(old, new) => 0,
        (Value::Product(old), Value::Product(new)) if old.len() == new.len() => {
            let parts = old.iter().zip(new.iter());
            parts.fold(0, |sum, (old, new)| sum.saturating_add(growth(old, new)))
        }
        (Value::Sum(tag, old), Value::Sum(own, new)) if tag == own => growth(old, new),
        (Value::List(old), Value::List(new)) if old.is(new) => 0,
        (Value::Map(old), Value::Map(new)) => {
            let mut grown = difference(counted(old.len()), counted(new.len()));
            let compared = old.changes(new, |change| {
                let more = match (&change.old, &change.new) {
                    (Some(old), Some(new)) => growth(old, new),
                    (old, new) => {
                        let key = length(&change.key);
                        let entry = |value: &Value| key.saturating_add(length(value));
                        difference(old.as_ref().map_or(0, entry), new.as_ref().map_or(0, entry))
                    }
                };
                grown = grown.saturating_add(more);
                Ok::<(), Infallible>(())
            });
            let Ok(compared) = compared;
            if compared { grown } else { whole() }
        }
        _ => whole(),
    }
}

//! Values of the machine, and when a value inhabits a type.
//!
//! A value is immutable and shared: a step works on the old state's structure and the old state stays
//! whole, so an abort costs nothing. Lists and maps know their weight, so the size of a new state is
//! checked in time of its width and not of its content.

pub mod list;
pub mod map;

use std::sync::{Arc, LazyLock};

use crate::closure::Closure;
use crate::combinator::FunctionId;
use crate::types::{Type, TypeId, TypeTable};
pub use list::List;
pub use map::Map;

/// A value. Which type it has is known from outside; a value carries no type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Value {
    /// An integer.
    Int(i64),
    /// A text.
    Text(Arc<str>),
    /// A byte string.
    Bytes(Arc<[u8]>),
    /// A tuple or record, its parts in the type's order.
    Product(Arc<[Value]>),
    /// A constructor's position and its payload.
    Sum(u8, Arc<Value>),
    /// A list.
    List(List),
    /// A map.
    Map(Map),
    /// A function of the program with its environment. It stands in the register, on the stack and in
    /// tuples there; it is no data, so no container, state or message holds one.
    Closure(Arc<Closure>),
}

static UNIT: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(Value::Product(Arc::new([]))));

impl Value {
    /// The empty tuple.
    #[must_use]
    pub fn unit() -> Value {
        Value::clone(&UNIT)
    }

    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// A tuple or record.
    #[must_use]
    pub fn product(parts: Vec<Value>) -> Value {
        if parts.is_empty() {
            Value::unit()
        } else {
            Value::Product(parts.into())
        }
    }

    /// Constructor `tag` applied to `payload`.
    #[must_use]
    pub fn sum(tag: u8, payload: Value) -> Value {
        Value::Sum(tag, Arc::new(payload))
    }

    /// Constructor `tag` without payload.
    #[must_use]
    pub fn constructor(tag: u8) -> Value {
        Value::Sum(tag, Arc::clone(&UNIT))
    }

    /// A boolean: constructor 0 is false, 1 is true.
    #[must_use]
    pub fn bool(truth: bool) -> Value {
        Value::constructor(u8::from(truth))
    }

    /// An option: constructor 0 is none, 1 is some.
    #[must_use]
    pub fn option(content: Option<Value>) -> Value {
        match content {
            None => Value::constructor(0),
            Some(value) => Value::sum(1, value),
        }
    }

    /// A closure of `function` over `environment`.
    #[must_use]
    pub fn closure(function: FunctionId, environment: Value) -> Value {
        Value::Closure(Arc::new(Closure {
            function,
            environment,
        }))
    }

    /// Structural weight in bytes of an idealised layout: 8 an integer, 8 and the parts a product, 8 and
    /// the payload a sum, 16 and the length a text, 32 and the content and 16 an entry a container.
    /// Everything weighs something: a part without weight would take memory that no limit sees.
    /// Takes time of the value's width: containers know their own.
    #[must_use]
    pub fn weight(&self) -> u64 {
        match self {
            Value::Int(_) => 8,
            Value::Text(text) => Value::weight_of_bytes(text.len()),
            Value::Bytes(bytes) => Value::weight_of_bytes(bytes.len()),
            Value::Product(parts) => parts.iter().fold(PRODUCT_WEIGHT, |sum, part| {
                sum.saturating_add(part.weight())
            }),
            Value::Sum(_, payload) => payload.weight().saturating_add(SUM_WEIGHT),
            Value::List(list) => list.weight(),
            Value::Map(map) => map.weight(),
            Value::Closure(_) => unreachable!("only data is weighed"),
        }
    }

    /// The weight of a text or byte string of so many bytes.
    pub(crate) fn weight_of_bytes(length: usize) -> u64 {
        BYTES_WEIGHT + length as u64
    }

    /// Whether the value is one of type `id`. Recursion is bounded by the type's height.
    #[must_use]
    pub fn inhabits(&self, types: &TypeTable, id: TypeId) -> bool {
        match (self, types.get(id)) {
            (Value::Int(_), Type::Int)
            | (Value::Text(_), Type::Text)
            | (Value::Bytes(_), Type::Bytes) => true,
            (Value::Product(values), Type::Product(parts)) => {
                values.len() == parts.len()
                    && values
                        .iter()
                        .zip(parts)
                        .all(|(value, part)| value.inhabits(types, *part))
            }
            (Value::Sum(tag, payload), Type::Sum(payloads)) => payloads
                .get(usize::from(*tag))
                .is_some_and(|payload_type| payload.inhabits(types, *payload_type)),
            (Value::List(list), Type::List(item)) => {
                list.iter().all(|value| value.inhabits(types, *item))
            }
            (Value::Map(map), Type::Map(key, value)) => map
                .iter()
                .all(|(k, v)| k.inhabits(types, *key) && v.inhabits(types, *value)),
            // Of which type it is, the verifier knows: no closure comes from outside.
            (Value::Closure(_), Type::Function(..)) => true,
            _ => false,
        }
    }
}

const BYTES_WEIGHT: u64 = 16;
pub(crate) const PRODUCT_WEIGHT: u64 = 8;
pub(crate) const SUM_WEIGHT: u64 = 8;
pub(crate) const CONTAINER_WEIGHT: u64 = 32;
pub(crate) const ENTRY_WEIGHT: u64 = 16;

/// A weight that does not fit in 64 bits stays at the end of the range, and so does what it is taken
/// from: a value may share its parts, so such weights cost little to build, and a container that forgot
/// one would be lighter than its content and escape the limits.
fn less(whole: u64, removed: u64) -> u64 {
    if whole == u64::MAX {
        whole
    } else {
        whole.saturating_sub(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{BOOL, INT, TEXT};

    #[test]
    fn inhabitants_and_strangers() {
        let mut types = TypeTable::new();
        let map = types.map(TEXT, INT);
        let pair = types.product(&[BOOL, map]);
        let entries: Map = [(Value::text("a"), Value::Int(1))].into_iter().collect();
        let good = Value::product(vec![Value::bool(true), Value::Map(entries)]);
        assert!(good.inhabits(&types, pair));
        assert!(!good.inhabits(&types, map));
        assert!(!Value::constructor(2).inhabits(&types, BOOL));
        assert!(!Value::unit().inhabits(&types, pair));
    }
}

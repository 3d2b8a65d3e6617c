//! The value whose bytes they are, by the definition: bytes are read without asking whether they are canonical,
//! and what was read counts if its own bytes are those.

use cam::limits::{STATE_WEIGHT_MAX, TEXT_BYTES_MAX};
use cam::types::{Type, TypeId, TypeTable};
use cam::value::Value;

use super::text::{bytes_of, encoded};
use super::weight;

/// The value of type `id` that `input` is the bytes of.
pub(super) fn meant(types: &TypeTable, id: TypeId, input: &Value) -> Value {
    let bytes = bytes_of(input);
    let read = Reading {
        types,
        rest: &bytes,
    }
    .value(id);
    Value::option(read.filter(|read| weight(read) <= STATE_WEIGHT_MAX && encoded(read) == bytes))
}

struct Reading<'a> {
    types: &'a TypeTable,
    rest: &'a [u8],
}

impl Reading<'_> {
    fn value(&mut self, id: TypeId) -> Option<Value> {
        let types = self.types;
        Some(match types.get(id) {
            Type::Int => Value::Int(self.integer()?),
            Type::Text => Value::text(&String::from_utf8(self.sized()?).ok()?),
            Type::Bytes => Value::Bytes(self.sized()?.into()),
            Type::Product(parts) => {
                let mut read = Vec::new();
                for part in parts {
                    read.push(self.value(*part)?);
                }
                Value::product(read)
            }
            Type::Sum(payloads) => {
                let tag = self.byte()?;
                Value::sum(tag, self.value(*payloads.get(usize::from(tag))?)?)
            }
            Type::List(item) => {
                let mut items = Vec::new();
                for _ in 0..self.count()? {
                    items.push(self.value(*item)?);
                }
                Value::List(items.into_iter().collect())
            }
            Type::Map(key, value) => {
                let mut entries = Vec::new();
                for _ in 0..self.count()? {
                    entries.push((self.value(*key)?, self.value(*value)?));
                }
                Value::Map(entries.into_iter().collect())
            }
            Type::Function(..) => unreachable!("well-typed: data"),
        })
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number: u128 = 0;
        for place in 0..10 {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7F) << (7 * place);
            if byte < 0x80 {
                return u64::try_from(number).ok();
            }
        }
        None
    }

    /// Even numbers are not negative.
    fn integer(&mut self) -> Option<i64> {
        let number = i128::from(self.number()?);
        let integer = match number % 2 {
            0 => number / 2,
            _ => -(number + 1) / 2,
        };
        i64::try_from(integer).ok()
    }

    fn sized(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.number()?).ok()?;
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        (length <= TEXT_BYTES_MAX).then(|| taken.to_vec())
    }

    /// A list of so many is too heavy, whatever is in it.
    fn count(&mut self) -> Option<u64> {
        let count = self.number()?;
        (count <= STATE_WEIGHT_MAX / 16).then_some(count)
    }
}

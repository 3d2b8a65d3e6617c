//! Values of the machine, and when a value inhabits a type.
//!
//! A value is immutable and shared: a step works on the old state's structure and the old state stays
//! whole, so an abort costs nothing. Lists and maps know their weight, so the size of a new state is
//! checked in time of its width and not of its content.

pub mod list;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::ops::Bound;
use std::sync::{Arc, LazyLock};

use imbl::OrdMap;

use crate::closure::Closure;
use crate::combinator::FunctionId;
use crate::types::{Type, TypeId, TypeTable};
pub use list::List;

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
            Value::Map(map) => map.weight,
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
                .entries
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

/// A finite map, ordered by key, that knows its weight. Its entries stand behind a pointer, because a
/// value, which may be an integer, takes as much room as its largest form.
#[derive(Clone, Debug)]
pub struct Map {
    entries: Arc<OrdMap<Value, Value>>,
    weight: u64,
}

impl Default for Map {
    fn default() -> Map {
        Map {
            entries: Arc::default(),
            weight: CONTAINER_WEIGHT,
        }
    }
}

impl Map {
    /// Entries in the map.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the map has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value stored under `key`.
    #[must_use]
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.entries.get(key)
    }

    /// The greatest key.
    #[must_use]
    pub fn last_key(&self) -> Option<&Value> {
        self.entries.get_max().map(|(key, _)| key)
    }

    /// The entry with the least key, or with the least key above `after`.
    #[must_use]
    pub fn next(&self, after: Option<&Value>) -> Option<(&Value, &Value)> {
        match after {
            None => self.entries.get_min().map(|(key, value)| (key, value)),
            Some(key) => {
                let above: (Bound<&Value>, Bound<&Value>) =
                    (Bound::Excluded(key), Bound::Unbounded);
                self.entries.range::<_, Value>(above).next()
            }
        }
    }

    /// Stores `value` under `key`; gives what stood there.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        let key_weight = key.weight();
        let entry = |value: &Value| {
            value
                .weight()
                .saturating_add(key_weight)
                .saturating_add(ENTRY_WEIGHT)
        };
        let added = entry(&value);
        let old = Arc::make_mut(&mut self.entries).insert(key, value);
        let removed = old.as_ref().map_or(0, entry);
        self.weight = less(self.weight, removed).saturating_add(added);
        old
    }

    /// Removes the entry under `key`; gives its value.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        let (key, value) = Arc::make_mut(&mut self.entries).remove_with_key(key)?;
        let removed = key
            .weight()
            .saturating_add(value.weight())
            .saturating_add(ENTRY_WEIGHT);
        self.weight = less(self.weight, removed);
        Some(value)
    }

    /// The entries in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.entries.iter()
    }
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = <OrdMap<Value, Value> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.entries).into_iter()
    }
}

impl FromIterator<(Value, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(entries: I) -> Map {
        let mut map = Map::default();
        entries
            .into_iter()
            .for_each(|(key, value)| drop(map.insert(key, value)));
        map
    }
}

/// Maps are compared by their entries; the weight follows from them.
impl PartialEq for Map {
    fn eq(&self, other: &Map) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Map {}

impl PartialOrd for Map {
    fn partial_cmp(&self, other: &Map) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Map {
    fn cmp(&self, other: &Map) -> Ordering {
        self.entries.cmp(&other.entries)
    }
}

impl Hash for Map {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entries.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{BOOL, INT, TEXT};

    #[test]
    fn a_map_keeps_its_weight() {
        let mut map = Map::default();
        let empty = Value::Map(map.clone()).weight();
        map.insert(Value::text("a"), Value::Int(1));
        let one = Value::Map(map.clone()).weight();
        map.insert(Value::text("a"), Value::Int(2));
        assert_eq!(Value::Map(map.clone()).weight(), one);
        map.remove(&Value::text("b"));
        assert_eq!(Value::Map(map.clone()).weight(), one);
        map.remove(&Value::text("a"));
        assert_eq!(Value::Map(map).weight(), empty);
    }

    #[test]
    fn a_weight_beyond_the_range_is_not_forgotten() {
        let mut heavy = Value::List(List::default());
        for _ in 0..9 {
            heavy = Value::List(std::iter::repeat_n(heavy, 1000).collect());
        }
        assert_eq!(heavy.weight(), u64::MAX);
        let mut map: Map = [(Value::Int(1), Value::Int(1))].into_iter().collect();
        let light = map.clone();
        map.insert(Value::Int(2), heavy);
        map.remove(&Value::Int(2));
        assert_eq!(map, light);
        assert!(Value::Map(map).weight() >= Value::Map(light).weight());
    }

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

//! States from which later runs go on: those that look like no state before them.
//!
//! A machine that wants five right inputs in a row is rarely given them by chance, and is if each that was found is
//! kept. Coverage-guided fuzzers live by this; what a state looks like stands here for coverage.

use std::collections::BTreeSet;

use cam::instance::Context;
use cam::schema::{Schema, Shape, ShapeId, Shapes};
use cam::value::Value;

use super::random::Random;
use super::script::Script;

/// A place to go on from.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// How it was reached.
    pub(super) script: Script,
    pub(super) state: Value,
    pub(super) context: Context,
    /// Whether the version of the source runs there.
    pub(super) is_own: bool,
}

/// The places of a simulation.
#[derive(Default, Debug)]
pub(super) struct Frontier {
    looks: BTreeSet<(bool, u64)>,
    /// Before an upgrade that is still to come, and where the version of the source runs.
    old: Vec<Place>,
    own: Vec<Place>,
}

/// Places of one kind; a new one takes the place of another.
const PLACES_MAX: usize = 128;

/// Looks that are remembered. A machine with more is somewhere new all the time.
const LOOKS_MAX: usize = 4_096;

/// Parts of a container that are looked at.
const ITEMS_MAX: usize = 3;

impl Frontier {
    /// Whether a state looks like none before it.
    pub(super) fn is_new(&mut self, schema: &Schema, is_own: bool, state: &Value) -> bool {
        let mut look = Look(0xcbf2_9ce4_8422_2325);
        look.value(&schema.shapes, schema.state, state);
        self.looks.len() < LOOKS_MAX && self.looks.insert((is_own, look.0))
    }

    pub(super) fn add(&mut self, place: Place, random: &mut Random) {
        let places = if place.is_own {
            &mut self.own
        } else {
            &mut self.old
        };
        if places.len() < PLACES_MAX {
            places.push(place);
        } else {
            places[random.below(PLACES_MAX)] = place;
        }
    }

    /// One of the places, in either version.
    pub(super) fn pick(&self, is_own: bool, random: &mut Random) -> Option<&Place> {
        random.pick(if is_own { &self.own } else { &self.old })
    }
}

/// What a value looks like: its constructors, how many items there are, whether numbers are below or above nothing. By
/// the hash of Fowler, Noll and Vo.
struct Look(u64);

impl Look {
    fn see(&mut self, what: u64) {
        self.0 = (self.0 ^ what).wrapping_mul(0x0100_0000_01b3);
    }

    /// Recursion is bounded by the height of the shape, and its breadth by that of containers.
    fn value(&mut self, shapes: &Shapes, shape: ShapeId, value: &Value) {
        match (shapes.get(shape), value) {
            (Shape::Int, Value::Int(number)) => self.see(number.signum().cast_unsigned()),
            (Shape::Text, Value::Text(text)) => self.see(u64::from(text.is_empty())),
            (Shape::Bytes, Value::Bytes(bytes)) => self.see(u64::from(bytes.is_empty())),
            (Shape::Bool, Value::Sum(tag, _)) => self.see(u64::from(*tag)),
            (Shape::Tuple(parts), Value::Product(values)) => {
                for (part, value) in parts.iter().zip(values.iter()) {
                    self.value(shapes, *part, value);
                }
            }
            (Shape::Record(fields), Value::Product(values)) => {
                for ((_, part), value) in fields.iter().zip(values.iter()) {
                    self.value(shapes, *part, value);
                }
            }
            (Shape::Variant(_, constructors), Value::Sum(tag, payload)) => {
                self.see(u64::from(*tag));
                if let Some((_, part)) = constructors.get(usize::from(*tag)) {
                    self.value(shapes, *part, payload);
                }
            }
            (Shape::Option(item), Value::Sum(tag, payload)) => {
                self.see(u64::from(*tag));
                if *tag == 1 {
                    self.value(shapes, *item, payload);
                }
            }
            (Shape::List(item), Value::List(list)) => {
                self.size(list.len());
                for value in list.iter().take(ITEMS_MAX) {
                    self.value(shapes, *item, value);
                }
            }
            (Shape::Map(_, content), Value::Map(map)) => {
                self.size(map.len());
                for (_, value) in map.iter().take(ITEMS_MAX) {
                    self.value(shapes, *content, &value);
                }
            }
            _ => {}
        }
    }

    fn size(&mut self, items: usize) {
        self.see(u64::try_from(items.min(ITEMS_MAX + 1)).unwrap_or(0));
    }
}

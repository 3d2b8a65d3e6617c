//! Values at random, by their shape.

use std::sync::Arc;

use cam::schema::{Shape, ShapeId, Shapes};
use cam::value::{List, Map, Value};

use super::pool::{Constants, Seen};
use super::random::Random;

/// Where values are drawn from.
pub(super) struct Source<'a> {
    pub(super) constants: &'a Constants,
    pub(super) seen: &'a Seen,
    /// Whether the shapes that were seen are those of the values that are drawn.
    pub(super) is_same_version: bool,
    pub(super) random: &'a mut Random,
}

/// Parts of one value that come from containers. A list of lists of lists would have no end otherwise.
const ITEMS_MAX: usize = 48;

/// Names for texts where neither the source nor the state has one.
pub(crate) const NAMES: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];

/// Characters that are handled wrongly most often: cut in the middle, escaped, joined, ordered otherwise.
const CHARACTERS: [char; 12] = [
    'a',
    'b',
    'z',
    'A',
    '0',
    ' ',
    '"',
    '\\',
    '\n',
    'é',
    '\u{301}',
    '\u{1f600}',
];

/// Numbers at which arithmetic changes its mind.
const EDGES: [i64; 8] = [
    i64::MIN,
    i64::MIN + 1,
    i64::MAX,
    i64::MAX - 1,
    -1,
    0,
    1,
    1 << 32,
];

impl Source<'_> {
    /// A value of the shape.
    pub(super) fn value(&mut self, shapes: &Shapes, shape: ShapeId) -> Value {
        let mut left = ITEMS_MAX;
        self.fresh(shapes, shape, &mut left)
    }

    /// A value whose constructor is drawn by weights; one of another type has none.
    pub(super) fn weighed(&mut self, shapes: &Shapes, shape: ShapeId, weights: &[usize]) -> Value {
        let Shape::Variant(_, constructors) = shapes.get(shape) else {
            return self.value(shapes, shape);
        };
        let mut place = self.random.below(weights.iter().sum());
        let chosen = weights.iter().position(|weight| {
            let is_here = place < *weight;
            place = place.saturating_sub(*weight);
            is_here
        });
        match chosen.and_then(|tag| Some((tag, constructors.get(tag)?))) {
            Some((tag, (_, part))) => {
                let mut left = ITEMS_MAX;
                sum(tag, self.part(shapes, *part, &mut left))
            }
            None => self.value(shapes, shape),
        }
    }

    /// One that was seen, or a fresh one.
    fn part(&mut self, shapes: &Shapes, shape: ShapeId, left: &mut usize) -> Value {
        let is_whole = matches!(
            shapes.get(shape),
            Shape::Tuple(_) | Shape::Record(_) | Shape::Variant(..)
        );
        if is_whole && self.is_same_version && self.random.sixteenths(5) {
            let found = self.random.pick(&self.seen.wholes);
            if let Some((_, value)) = found.filter(|(own, _)| *own == shape) {
                return value.clone();
            }
        }
        self.fresh(shapes, shape, left)
    }

    /// Recursion is bounded by the height of the shape.
    fn fresh(&mut self, shapes: &Shapes, shape: ShapeId, left: &mut usize) -> Value {
        match shapes.get(shape) {
            Shape::Int => Value::Int(self.number()),
            Shape::Text => Value::Text(self.text()),
            Shape::Bytes => Value::Bytes(self.bytes()),
            Shape::Bool => Value::bool(self.random.sixteenths(8)),
            Shape::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.part(shapes, *part, left));
                Value::product(parts.collect())
            }
            Shape::Record(fields) => {
                let parts = fields
                    .iter()
                    .map(|(_, part)| self.part(shapes, *part, left));
                Value::product(parts.collect())
            }
            Shape::Variant(_, constructors) => {
                let tag = self.random.below(constructors.len());
                let payload = constructors
                    .get(tag)
                    .map_or_else(Value::unit, |(_, part)| self.part(shapes, *part, left));
                sum(tag, payload)
            }
            Shape::Option(item) => {
                let is_there = self.random.sixteenths(11);
                Value::option(is_there.then(|| self.part(shapes, *item, left)))
            }
            Shape::List(item) => {
                let items = (0..self.length(left)).map(|_| self.part(shapes, *item, left));
                Value::List(items.collect::<Vec<_>>().into_iter().collect::<List>())
            }
            Shape::Map(key, content) => {
                let mut map = Map::default();
                for _ in 0..self.length(left) {
                    let key = self.part(shapes, *key, left);
                    map.insert(key, self.part(shapes, *content, left));
                }
                Value::Map(map)
            }
        }
    }

    /// How many items: mostly few.
    fn length(&mut self, left: &mut usize) -> usize {
        let length = if self.random.sixteenths(14) {
            self.random.below(4)
        } else {
            self.random.below(16)
        };
        let length = length.min(*left);
        *left -= length;
        length
    }

    /// A number: seen, written in the source, one beside such a number, small, an edge, or any.
    pub(super) fn number(&mut self) -> i64 {
        match self.random.below(16) {
            0..=4 => match self.random.pick(&self.seen.numbers).copied() {
                Some(number) => self.near(number),
                None => self.small(),
            },
            5..=8 => match self.random.pick(&self.constants.numbers).copied() {
                Some(number) => self.near(number),
                None => self.small(),
            },
            9..=13 => self.small(),
            14 => self.random.pick(&EDGES).copied().unwrap_or(0),
            _ => {
                let shift = u32::try_from(self.random.below(64)).unwrap_or(0);
                self.random.next().cast_signed() >> shift
            }
        }
    }

    fn small(&mut self) -> i64 {
        let number = i64::try_from(self.random.below(20)).unwrap_or(0);
        if self.random.sixteenths(2) {
            -number
        } else {
            number
        }
    }

    /// The number itself, mostly, or one beside it.
    fn near(&mut self, number: i64) -> i64 {
        match self.random.below(8) {
            0 => number.wrapping_add(1),
            1 => number.wrapping_sub(1),
            _ => number,
        }
    }

    pub(super) fn text(&mut self) -> Arc<str> {
        let found = match self.random.below(16) {
            0..=6 => self.random.pick(&self.seen.texts).cloned(),
            7..=11 => self.random.pick(&self.constants.texts).cloned(),
            12 | 13 => None,
            _ => {
                let length = self.random.below(6);
                let characters = (0..length).filter_map(|_| self.random.pick(&CHARACTERS));
                return characters.collect::<String>().into();
            }
        };
        found.unwrap_or_else(|| self.name())
    }

    /// A sender: one who is known to the state, if there is one.
    pub(super) fn sender(&mut self) -> Arc<str> {
        if self.random.sixteenths(8) {
            let found = self.random.pick(&self.seen.texts);
            if let Some(sender) = found.filter(|name| !name.is_empty()) {
                return Arc::clone(sender);
            }
        }
        self.name()
    }

    fn name(&mut self) -> Arc<str> {
        self.random.pick(&NAMES).copied().unwrap_or("alice").into()
    }

    fn bytes(&mut self) -> Arc<[u8]> {
        if self.random.sixteenths(8)
            && let Some(bytes) = self.random.pick(&self.seen.bytes)
        {
            return Arc::clone(bytes);
        }
        let length = self.random.below(9);
        (0..length)
            .map(|_| u8::try_from(self.random.below(256)).unwrap_or(0))
            .collect()
    }

    /// How much later the next input is: not at all, a little, or about a time that the source speaks of.
    pub(super) fn pause(&mut self) -> i64 {
        match self.random.below(16) {
            0..=3 => 0,
            4..=7 => 1 + i64::try_from(self.random.below(10)).unwrap_or(0),
            8..=10 => i64::try_from(self.random.below(100_000)).unwrap_or(0),
            _ => {
                let found = self.random.pick(&self.constants.numbers).copied();
                let pause = self.near(found.unwrap_or(1_000));
                if (0..=PAUSE_MAX).contains(&pause) {
                    pause
                } else {
                    1_000
                }
            }
        }
    }
}

/// Weights for the constructors of a type: in half of the runs all are alike, in the others some are frequent and some
/// never come. What has to happen often, or undisturbed, happens in those, after Groce and others, "Swarm testing"
/// (2012).
pub(super) fn weights(shapes: &Shapes, shape: ShapeId, random: &mut Random) -> Vec<usize> {
    let Shape::Variant(_, constructors) = shapes.get(shape) else {
        return Vec::new();
    };
    let alike = vec![1; constructors.len()];
    if random.sixteenths(8) {
        return alike;
    }
    let drawn = constructors.iter().map(|_| random.pick(&[0, 1, 1, 2, 8]));
    let drawn: Vec<usize> = drawn.map(|weight| weight.copied().unwrap_or(1)).collect();
    if drawn.iter().all(|weight| *weight == 0) {
        return alike;
    }
    drawn
}

/// A year: longer pauses would bring the time near its end within one run.
const PAUSE_MAX: i64 = 366 * 24 * 3_600_000;

fn sum(tag: usize, payload: Value) -> Value {
    let tag = u8::try_from(tag).expect("a variant has at most 255 constructors");
    if payload == Value::unit() {
        Value::constructor(tag)
    } else {
        Value::sum(tag, payload)
    }
}

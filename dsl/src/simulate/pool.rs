//! What values are drawn from besides chance: the constants of the source, and what was seen in states and answers.
//!
//! Chance alone rarely meets a key that is stored, a limit that is written down, or a sender who has an account.

use std::collections::BTreeSet;
use std::sync::Arc;

use cam::schema::{Shape, ShapeId, Shapes};
use cam::value::Value;

use super::random::Random;
use crate::typed::{ExprKind, PatternKind, Terms};

/// The constants of a source.
#[derive(Clone, Default, Debug)]
pub(crate) struct Constants {
    pub(crate) numbers: Vec<i64>,
    pub(crate) texts: Vec<Arc<str>>,
}

/// Constants of one kind that are kept. A source with more is a table, of which a part is as good.
const CONSTANTS_MAX: usize = 256;

/// Values of one kind that are remembered; newer ones take the places of older ones.
const SEEN_MAX: usize = 64;

/// Leaves that are looked at in one value.
const LOOK_MAX: usize = 24;

impl Constants {
    pub(crate) fn of(terms: &Terms) -> Constants {
        let (mut numbers, mut texts) = (BTreeSet::new(), BTreeSet::new());
        for expr in &terms.exprs {
            match &expr.kind {
                ExprKind::Int(number) => drop(numbers.insert(*number)),
                ExprKind::Text(text) => drop(texts.insert(Arc::clone(text))),
                _ => {}
            }
        }
        for pattern in &terms.patterns {
            match &pattern.kind {
                PatternKind::Int(number) => drop(numbers.insert(*number)),
                PatternKind::Text(text) => drop(texts.insert(Arc::clone(text))),
                _ => {}
            }
        }
        Constants {
            numbers: numbers.into_iter().take(CONSTANTS_MAX).collect(),
            texts: texts.into_iter().take(CONSTANTS_MAX).collect(),
        }
    }
}

/// What was seen in one run.
#[derive(Clone, Default, Debug)]
pub(super) struct Seen {
    pub(super) numbers: Vec<i64>,
    pub(super) texts: Vec<Arc<str>>,
    pub(super) bytes: Vec<Arc<[u8]>>,
    /// Records, tuples and constructors, by their shape in the schema of the version that runs.
    pub(super) wholes: Vec<(ShapeId, Value)>,
}

impl Seen {
    /// The shapes mean something else from here on.
    pub(super) fn forget_shapes(&mut self) {
        self.wholes.clear();
    }

    /// Remembers parts of a value.
    pub(super) fn look(
        &mut self,
        shapes: &Shapes,
        shape: ShapeId,
        value: &Value,
        random: &mut Random,
    ) {
        let mut left = LOOK_MAX;
        self.part(shapes, shape, value, random, &mut left);
    }

    /// Recursion is bounded by the height of the shape.
    fn part(
        &mut self,
        shapes: &Shapes,
        shape: ShapeId,
        value: &Value,
        random: &mut Random,
        left: &mut usize,
    ) {
        if *left == 0 {
            return;
        }
        *left -= 1;
        match (shapes.get(shape), value) {
            (Shape::Int, Value::Int(number)) => remember(&mut self.numbers, *number, random),
            (Shape::Text, Value::Text(text)) => {
                remember(&mut self.texts, Arc::clone(text), random);
            }
            (Shape::Bytes, Value::Bytes(bytes)) => {
                remember(&mut self.bytes, Arc::clone(bytes), random);
            }
            (Shape::Tuple(parts), Value::Product(values)) => {
                self.whole(shape, value, random);
                for (part, value) in parts.iter().zip(values.iter()) {
                    self.part(shapes, *part, value, random, left);
                }
            }
            (Shape::Record(fields), Value::Product(values)) => {
                self.whole(shape, value, random);
                for ((_, part), value) in fields.iter().zip(values.iter()) {
                    self.part(shapes, *part, value, random, left);
                }
            }
            (Shape::Variant(_, constructors), Value::Sum(tag, payload)) => {
                self.whole(shape, value, random);
                if let Some((_, part)) = constructors.get(usize::from(*tag)) {
                    self.part(shapes, *part, payload, random, left);
                }
            }
            (Shape::Option(item), Value::Sum(1, payload)) => {
                self.part(shapes, *item, payload, random, left);
            }
            (Shape::List(item), Value::List(list)) => {
                for _ in 0..list.len().min(4) {
                    if let Some(value) = list.get(random.below(list.len())) {
                        self.part(shapes, *item, value, random, left);
                    }
                }
            }
            (Shape::Map(key, content), Value::Map(map)) => {
                let start = random.below(map.len());
                // Far into a long map it would be the walk that takes the time.
                for (k, v) in map.iter().skip(start.min(64)).take(4) {
                    self.part(shapes, *key, &k, random, left);
                    self.part(shapes, *content, &v, random, left);
                }
            }
            _ => {}
        }
    }

    fn whole(&mut self, shape: ShapeId, value: &Value, random: &mut Random) {
        remember(&mut self.wholes, (shape, value.clone()), random);
    }
}

fn remember<T: PartialEq>(seen: &mut Vec<T>, value: T, random: &mut Random) {
    if seen.last() == Some(&value) {
        return;
    }
    if seen.len() < SEEN_MAX {
        seen.push(value);
    } else {
        seen[random.below(SEEN_MAX)] = value;
    }
}

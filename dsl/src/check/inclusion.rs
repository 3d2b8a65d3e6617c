//! Inclusion of types: the only conversion the language makes by itself.

use std::collections::BTreeMap;

use cam::schema::{Name, Shape, ShapeId, Shapes};

/// Whether every value of one shape is, by its names, also a value of another: the same fields, and perhaps more
/// constructors, at any depth. Each pair of shapes is compared once.
pub(super) struct Inclusion<'a> {
    shapes: &'a Shapes,
    known: BTreeMap<(ShapeId, ShapeId), bool>,
}

impl Inclusion<'_> {
    pub(super) fn new(shapes: &Shapes) -> Inclusion<'_> {
        Inclusion {
            shapes,
            known: BTreeMap::new(),
        }
    }

    pub(super) fn holds(&mut self, from: ShapeId, to: ShapeId) -> bool {
        if from == to {
            return true;
        }
        if let Some(known) = self.known.get(&(from, to)) {
            return *known;
        }
        let holds = match (self.shapes.get(from).clone(), self.shapes.get(to).clone()) {
            (Shape::Option(a), Shape::Option(b)) | (Shape::List(a), Shape::List(b)) => {
                self.holds(a, b)
            }
            (Shape::Map(key, a), Shape::Map(other, b)) => key == other && self.holds(a, b),
            (Shape::Tuple(a), Shape::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| self.holds(*a, *b))
            }
            (Shape::Record(a), Shape::Record(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(&b)
                        .all(|((x, a), (y, b))| x == y && self.holds(*a, *b))
            }
            (Shape::Variant(_, a), Shape::Variant(_, b)) => a.iter().all(|(name, payload)| {
                payload_of(&b, name).is_some_and(|to| self.holds(*payload, to))
            }),
            _ => false,
        };
        self.known.insert((from, to), holds);
        holds
    }
}

/// What the constructor of a name carries.
pub(super) fn payload_of(constructors: &[(Name, ShapeId)], name: &str) -> Option<ShapeId> {
    constructors
        .iter()
        .find(|(own, _)| **own == *name)
        .map(|(_, payload)| *payload)
}

//! Leaves of values by their paths: what is at one, and the same value with something else there.

use cam::schema::{Shape, ShapeId, Shapes};
use cam::types::{BOOL, Type, TypeId, TypeTable};
use cam::value::Value;

use crate::generate::{Choices, any_value};

/// A value with the names of its parts.
#[derive(Clone)]
pub struct Named<'a> {
    /// The names.
    pub shapes: &'a Shapes,
    /// Those of this value.
    pub shape: ShapeId,
    /// The value.
    pub value: Value,
}

impl<'a> Named<'a> {
    /// The parts directly below, with the last step to each.
    fn below(&self) -> Vec<(String, Named<'a>)> {
        let shapes = self.shapes;
        let named = |shape: &ShapeId, value: &Value| Named {
            shapes,
            shape: *shape,
            value: value.clone(),
        };
        match (shapes.get(self.shape), &self.value) {
            (Shape::Tuple(parts), Value::Product(values)) => {
                let parts = parts.iter().zip(values.iter()).enumerate();
                let parts = parts.map(|(at, (part, value))| (format!(".{at}"), named(part, value)));
                parts.collect()
            }
            (Shape::Record(fields), Value::Product(values)) => {
                let fields = fields.iter().zip(values.iter());
                let fields =
                    fields.map(|((name, part), value)| (format!(".{name}"), named(part, value)));
                fields.collect()
            }
            (Shape::Variant(_, constructors), Value::Sum(tag, payload)) => {
                let (name, part) = &constructors[usize::from(*tag)];
                vec![(format!(".{name}"), named(part, payload))]
            }
            (Shape::Option(content), Value::Sum(1, payload)) => {
                vec![(".Some".to_owned(), named(content, payload))]
            }
            (Shape::List(item), Value::List(items)) => {
                let items = items
                    .iter()
                    .map(|value| ("[]".to_owned(), named(item, value)));
                items.collect()
            }
            (Shape::Map(key, item), Value::Map(entries)) => {
                let entries = entries.iter().flat_map(|(own, value)| {
                    let key = ("[key]".to_owned(), named(key, &own));
                    [key, ("[]".to_owned(), named(item, &value))]
                });
                entries.collect()
            }
            _ => Vec::new(),
        }
    }

    /// Everything in it, in words; `deep` also below it.
    #[must_use]
    pub fn words(&self, deep: bool) -> String {
        let own = match (self.shapes.get(self.shape), &self.value) {
            (Shape::Variant(_, constructors), Value::Sum(tag, _)) => {
                constructors[usize::from(*tag)].0.to_string()
            }
            (_, Value::Sum(tag, _)) => format!("#{tag}"),
            (_, Value::List(items)) => format!("{} items", items.len()),
            (_, Value::Map(entries)) => format!("{} entries", entries.len()),
            (_, Value::Product(_)) => String::new(),
            (_, value) => format!("{value:?}"),
        };
        let below = self.below().into_iter();
        // A tuple of nothing can be one thing only, however it is put together.
        let below = below.filter(|(_, part)| part.can_differ());
        let below = below.map(|(step, part)| format!("{step} {}", part.words(true)));
        match deep {
            true => format!("{own} ({})", below.collect::<Vec<_>>().join(", ")),
            false => own,
        }
    }

    /// Whether it can be one thing or another.
    fn can_differ(&self) -> bool {
        can_differ(self.shapes, vec![self.shape])
    }

    /// Whether there is something below that can be one thing or another.
    #[must_use]
    pub fn has_parts_that_differ(&self) -> bool {
        can_differ(self.shapes, self.shapes.get(self.shape).operands())
    }

    /// What is at a path, in the order of the value: as often as there is such a part.
    #[must_use]
    pub fn at(self, path: &str) -> Vec<Named<'a>> {
        let mut found = Vec::new();
        self.find("", path, &mut found);
        found
    }

    fn find(self, here: &str, path: &str, found: &mut Vec<Named<'a>>) {
        if is_path(here, path) {
            return found.push(self);
        }
        for (step, part) in self.below() {
            part.find(&format!("{here}{step}"), path, found);
        }
    }
}

/// Whether one of these shapes has more than one value.
fn can_differ(shapes: &Shapes, mut any: Vec<ShapeId>) -> bool {
    while let Some(shape) = any.pop() {
        match shapes.get(shape) {
            Shape::Tuple(parts) => any.extend(parts),
            Shape::Record(fields) => any.extend(fields.iter().map(|field| field.1)),
            Shape::Variant(_, only) if only.len() == 1 => any.push(only[0].1),
            _ => return true,
        }
    }
    false
}

fn is_path(here: &str, path: &str) -> bool {
    match here {
        "" => path == cam::provenance::WHOLE,
        _ => here.strip_prefix('.').unwrap_or(here) == path,
    }
}

/// The same value with other parts at a path.
#[must_use]
pub fn changed(
    (types, shapes): (&mut TypeTable, &Shapes),
    shape: ShapeId,
    value: &Value,
    path: &str,
    choices: &mut Choices,
) -> Value {
    change((types, shapes), shape, value, ("", path), choices)
}

fn change(
    (types, shapes): (&mut TypeTable, &Shapes),
    shape: ShapeId,
    value: &Value,
    (here, path): (&str, &str),
    choices: &mut Choices,
) -> Value {
    if is_path(here, path) {
        let id = shapes.erase(shape, types);
        return any_value(types, id, choices);
    }
    let mut part = |shape: &ShapeId, value: &Value, step: &str| {
        let here = format!("{here}{step}");
        change((types, shapes), *shape, value, (&here, path), choices)
    };
    match (shapes.get(shape), value) {
        (Shape::Tuple(parts), Value::Product(values)) => {
            let parts = parts.iter().zip(values.iter()).enumerate();
            let parts = parts.map(|(at, (shape, value))| part(shape, value, &format!(".{at}")));
            Value::product(parts.collect())
        }
        (Shape::Record(fields), Value::Product(values)) => {
            let fields = fields.iter().zip(values.iter());
            let fields =
                fields.map(|((name, shape), value)| part(shape, value, &format!(".{name}")));
            Value::product(fields.collect())
        }
        (Shape::Variant(_, constructors), Value::Sum(tag, payload)) => {
            let (name, shape) = &constructors[usize::from(*tag)];
            Value::sum(*tag, part(shape, payload, &format!(".{name}")))
        }
        (Shape::Option(content), Value::Sum(1, payload)) => {
            Value::sum(1, part(content, payload, ".Some"))
        }
        (Shape::List(item), Value::List(items)) => {
            Value::List(items.iter().map(|value| part(item, value, "[]")).collect())
        }
        (Shape::Map(_, item), Value::Map(entries)) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| (key.into_owned(), part(item, &value, "[]")));
            Value::Map(entries.collect())
        }
        _ => value.clone(),
    }
}

/// Names for a type: `a`, `b` for the parts of products, `A`, `B` for constructors. Recursion is bounded by the
/// height of the type.
pub fn named(types: &TypeTable, id: TypeId, shapes: &mut Shapes) -> ShapeId {
    let letters = |first: u8, parts: &[TypeId], shapes: &mut Shapes| {
        let parts = parts.iter().zip(first..);
        let parts = parts.map(|(part, letter)| {
            let name = char::from(letter).to_string();
            (name.as_str().into(), named(types, *part, shapes))
        });
        parts.collect()
    };
    let shape = match types.get(id) {
        _ if id == BOOL => Shape::Bool,
        Type::Int => Shape::Int,
        Type::Text => Shape::Text,
        Type::Bytes => Shape::Bytes,
        Type::Product(parts) if parts.is_empty() => Shape::Tuple(Box::default()),
        Type::Product(parts) => Shape::Record(letters(b'a', parts, shapes)),
        Type::Sum(payloads) => Shape::Variant("T".into(), letters(b'A', payloads, shapes)),
        Type::List(item) => Shape::List(named(types, *item, shapes)),
        Type::Map(key, value) => {
            let key = named(types, *key, shapes);
            Shape::Map(key, named(types, *value, shapes))
        }
        Type::Function(..) => unreachable!("no state holds a function"),
    };
    shapes.intern(shape)
}

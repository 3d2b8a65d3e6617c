//! Values as people write them: the language's own syntax, both ways.
//!
//! What is printed parses back to the same value, so a line of a transcript can be sent again, and a
//! trace can be written from what a machine answered.

mod literal;
mod parse;

use std::fmt::Write;

use cam::schema::{Name, Shape, ShapeId, Shapes};
use cam::value::Value;

use literal::evaluate;
pub use literal::literal;
pub use parse::parse;

/// `value` as it is written in the language, on one line.
///
/// A part that is not of its shape prints as `?`: a message about a wrong value must not fail itself.
#[must_use]
pub fn print(shapes: &Shapes, shape: ShapeId, value: &Value) -> String {
    let mut text = String::new();
    Printer {
        shapes,
        text: &mut text,
    }
    .value(shape, value);
    text
}

/// Recursion is bounded by the height of the shape.
struct Printer<'a> {
    shapes: &'a Shapes,
    text: &'a mut String,
}

impl Printer<'_> {
    fn value(&mut self, shape: ShapeId, value: &Value) {
        match (self.shapes.get(shape), value) {
            (Shape::Int, Value::Int(number)) => self.text.push_str(&number.to_string()),
            (Shape::Text, Value::Text(content)) => quote(self.text, content),
            (Shape::Bytes, Value::Bytes(bytes)) => hex(self.text, bytes),
            (Shape::Bool, Value::Sum(tag, _)) => {
                self.text.push_str(if *tag == 0 { "false" } else { "true" });
            }
            (Shape::Tuple(shapes), Value::Product(parts)) => self.tuple(shapes, parts),
            (Shape::Record(fields), Value::Product(parts)) => self.record(fields, parts),
            (Shape::Variant(_, constructors), Value::Sum(tag, payload)) => {
                match constructors.get(usize::from(*tag)) {
                    Some((name, shape)) => self.constructor(name, *shape, payload),
                    None => self.text.push('?'),
                }
            }
            (Shape::Option(_), Value::Sum(0, _)) => self.text.push_str("None"),
            (Shape::Option(item), Value::Sum(1, _)) if self.is_unit(*item) => {
                self.text.push_str("Some");
            }
            (Shape::Option(item), Value::Sum(1, payload)) => self.argument("Some", *item, payload),
            (Shape::List(item), Value::List(list)) => {
                self.between("[", list.iter(), "]", |printer, part| {
                    printer.value(*item, part);
                });
            }
            (Shape::Map(key, content), Value::Map(map)) if self.is_unit(*content) => {
                self.between("Set[", map.iter(), "]", |printer, (item, _)| {
                    printer.value(*key, &item);
                });
            }
            (Shape::Map(key, content), Value::Map(map)) => {
                self.between("Map[", map.iter(), "]", |printer, (k, v)| {
                    printer.value(*key, &k);
                    printer.text.push_str(": ");
                    printer.value(*content, &v);
                });
            }
            _ => self.text.push('?'),
        }
    }

    fn is_unit(&self, shape: ShapeId) -> bool {
        matches!(self.shapes.get(shape), Shape::Tuple(parts) if parts.is_empty())
    }

    fn tuple(&mut self, shapes: &[ShapeId], parts: &[Value]) {
        self.between(
            "(",
            shapes.iter().zip(parts),
            ")",
            |printer, (shape, part)| {
                printer.value(*shape, part);
            },
        );
    }

    fn record(&mut self, fields: &[(Name, ShapeId)], parts: &[Value]) {
        if fields.is_empty() {
            return self.text.push_str("{}");
        }
        self.between(
            "{ ",
            fields.iter().zip(parts),
            " }",
            |printer, ((name, shape), part)| {
                printer.text.push_str(name);
                printer.text.push_str(": ");
                printer.value(*shape, part);
            },
        );
    }

    fn constructor(&mut self, name: &str, shape: ShapeId, payload: &Value) {
        match self.shapes.get(shape) {
            Shape::Tuple(parts) if parts.is_empty() => self.text.push_str(name),
            Shape::Tuple(_) => {
                self.text.push_str(name);
                self.value(shape, payload);
            }
            Shape::Record(_) => {
                self.text.push_str(name);
                self.text.push(' ');
                self.value(shape, payload);
            }
            _ => self.argument(name, shape, payload),
        }
    }

    fn argument(&mut self, name: &str, shape: ShapeId, payload: &Value) {
        self.text.push_str(name);
        self.text.push('(');
        self.value(shape, payload);
        self.text.push(')');
    }

    fn between<T>(
        &mut self,
        open: &str,
        parts: impl Iterator<Item = T>,
        close: &str,
        print: impl Fn(&mut Self, T),
    ) {
        self.text.push_str(open);
        for (index, part) in parts.enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            print(self, part);
        }
        self.text.push_str(close);
    }
}

/// `content` as a text literal.
pub fn quote(text: &mut String, content: &str) {
    text.push('"');
    for character in content.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\0' => text.push_str("\\0"),
            hidden if hides(hidden) => {
                write!(text, "\\u{{{:x}}}", u32::from(hidden)).expect("a string takes all");
            }
            shown => text.push(shown),
        }
    }
    text.push('"');
}

/// Whether a terminal would act on the character, show nothing, or show others in another order.
/// Text comes from strangers: printed raw, it could forge the rest of the line.
fn hides(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn hex(text: &mut String, bytes: &[u8]) {
    text.push_str("x\"");
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes all");
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> (Shapes, Vec<ShapeId>) {
        let mut shapes = Shapes::default();
        let unit = shapes.intern(Shape::Tuple(Box::new([])));
        let int = shapes.intern(Shape::Int);
        let text = shapes.intern(Shape::Text);
        let pair = shapes.intern(Shape::Tuple(Box::new([int, text])));
        let record = shapes.intern(Shape::Record(Box::new([
            ("amount".into(), int),
            ("to".into(), text),
        ])));
        let variant = shapes.intern(Shape::Variant(
            "Input".into(),
            Box::new([
                ("Both".into(), pair),
                ("Open".into(), unit),
                ("Some_".into(), int),
                ("Transfer".into(), record),
            ]),
        ));
        let option = shapes.intern(Shape::Option(int));
        let map = shapes.intern(Shape::Map(text, option));
        (shapes, vec![unit, int, text, pair, record, variant, map])
    }

    #[test]
    fn values_print_as_they_are_written() {
        let (shapes, ids) = shapes();
        let [unit, int, text, pair, record, variant, map] = ids[..] else {
            panic!("seven shapes");
        };
        let transfer = Value::product(vec![Value::Int(250), Value::text("savings")]);
        let both = Value::product(vec![Value::Int(1), Value::text("a")]);
        let entries = [
            (Value::text("b"), Value::option(None)),
            (Value::text("a"), Value::option(Some(Value::Int(3)))),
        ];
        let table = [
            (unit, Value::unit(), "()"),
            (int, Value::Int(i64::MIN), "-9223372036854775808"),
            (pair, both.clone(), "(1, \"a\")"),
            (record, transfer.clone(), "{ amount: 250, to: \"savings\" }"),
            (variant, Value::sum(0, both), "Both(1, \"a\")"),
            (variant, Value::constructor(1), "Open"),
            (variant, Value::sum(2, Value::Int(-1)), "Some_(-1)"),
            (
                variant,
                Value::sum(3, transfer),
                "Transfer { amount: 250, to: \"savings\" }",
            ),
            (
                map,
                Value::Map(entries.into_iter().collect()),
                "Map[\"a\": Some(3), \"b\": None]",
            ),
            (
                text,
                Value::text("a\"\\\n\u{7}\u{202e}é"),
                r#""a\"\\\n\u{7}\u{202e}é""#,
            ),
            (int, Value::unit(), "?"),
            (variant, Value::constructor(9), "?"),
        ];
        for (shape, value, expected) in table {
            assert_eq!(print(&shapes, shape, &value), expected);
        }
    }
}

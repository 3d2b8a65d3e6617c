//! Values as JSON: records are objects, `Sum(2)` is `{"Sum":2}`, `Ok` is `"Ok"`, a map is a list of pairs,
//! a set a list of its items.

use cam::schema::{Shape, ShapeId, Shapes};
use cam::value::Value;
use data_encoding::BASE64;
use serde_json::{Map, Value as Json, json};

/// `value` as JSON. A part that is not of its shape is `null`: values come from a checked decoder, and
/// a report must not fail itself. Recursion is bounded by the height of the shape.
pub(crate) fn of_value(shapes: &Shapes, shape: ShapeId, value: &Value) -> Json {
    let all = |shapes_of: &[ShapeId], parts: &[Value]| -> Vec<Json> {
        let pairs = shapes_of.iter().zip(parts);
        pairs
            .map(|(shape, part)| of_value(shapes, *shape, part))
            .collect()
    };
    match (shapes.get(shape), value) {
        (Shape::Int, Value::Int(number)) => json!(number),
        (Shape::Text, Value::Text(text)) => json!(&**text),
        (Shape::Bytes, Value::Bytes(bytes)) => json!(BASE64.encode(bytes)),
        (Shape::Bool, Value::Sum(tag, _)) => json!(*tag == 1),
        (Shape::Tuple(shapes), Value::Product(parts)) => json!(all(shapes, parts)),
        (Shape::Record(fields), Value::Product(parts)) => {
            let fields = fields.iter().zip(parts.iter());
            let fields = fields
                .map(|((name, shape), part)| (name.to_string(), of_value(shapes, *shape, part)));
            Json::Object(fields.collect())
        }
        (Shape::Variant(_, constructors), Value::Sum(tag, payload)) => {
            match constructors.get(usize::from(*tag)) {
                Some((name, shape)) => constructor(shapes, name, *shape, payload),
                None => Json::Null,
            }
        }
        (Shape::Option(_), Value::Sum(0, _)) => json!("None"),
        (Shape::Option(item), Value::Sum(1, payload)) => {
            json!({"Some": of_value(shapes, *item, payload)})
        }
        (Shape::List(item), Value::List(list)) => {
            let items = list.iter();
            items.map(|part| of_value(shapes, *item, part)).collect()
        }
        (Shape::Map(key, content), Value::Map(map)) if is_unit(shapes, *content) => {
            let items = map.iter();
            items
                .map(|(item, _)| of_value(shapes, *key, &item))
                .collect()
        }
        (Shape::Map(key, content), Value::Map(map)) => {
            let entries = map.iter();
            entries
                .map(|(k, v)| json!([of_value(shapes, *key, &k), of_value(shapes, *content, &v)]))
                .collect()
        }
        _ => Json::Null,
    }
}

fn is_unit(shapes: &Shapes, shape: ShapeId) -> bool {
    matches!(shapes.get(shape), Shape::Tuple(parts) if parts.is_empty())
}

fn constructor(shapes: &Shapes, name: &str, shape: ShapeId, payload: &Value) -> Json {
    match is_unit(shapes, shape) {
        true => json!(name),
        false => {
            let payload = of_value(shapes, shape, payload);
            Json::Object(Map::from_iter([(name.to_owned(), payload)]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_as_the_design_says() {
        let mut shapes = Shapes::default();
        let unit = shapes.intern(Shape::Tuple(Box::new([])));
        let int = shapes.intern(Shape::Int);
        let text = shapes.intern(Shape::Text);
        let truth = shapes.intern(Shape::Bool);
        let pair = shapes.intern(Shape::Tuple(Box::new([int, text])));
        let record = shapes.intern(Shape::Record(Box::new([
            ("a".into(), int),
            ("b".into(), truth),
        ])));
        let output = [("Ok".into(), unit), ("Sum".into(), int)];
        let variant = shapes.intern(Shape::Variant("Output".into(), Box::new(output)));
        let option = shapes.intern(Shape::Option(int));
        let map = shapes.intern(Shape::Map(text, option));
        let set = shapes.intern(Shape::Map(text, unit));
        let members = [(Value::text("a"), Value::unit())];
        let entries = [
            (Value::text("y"), Value::option(None)),
            (Value::text("x"), Value::option(Some(Value::Int(1)))),
        ];
        let table = [
            (int, Value::Int(i64::MIN), json!(i64::MIN)),
            (
                pair,
                Value::product(vec![Value::Int(1), Value::text("\"")]),
                json!([1, "\""]),
            ),
            (
                record,
                Value::product(vec![Value::Int(1), Value::bool(true)]),
                json!({"a": 1, "b": true}),
            ),
            (variant, Value::constructor(0), json!("Ok")),
            (variant, Value::sum(1, Value::Int(2)), json!({"Sum": 2})),
            (
                map,
                Value::Map(entries.into_iter().collect()),
                json!([["x", {"Some": 1}], ["y", "None"]]),
            ),
            (set, Value::Map(members.into_iter().collect()), json!(["a"])),
            (int, Value::unit(), Json::Null),
        ];
        for (shape, value, expected) in table {
            assert_eq!(of_value(&shapes, shape, &value), expected);
        }
    }
}

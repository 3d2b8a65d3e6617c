//! What is simpler than a value, most of it first.

use cam::schema::{Shape, ShapeId, Shapes};
use cam::value::{List, Map, Value};

/// Candidates for one value, and for each of its parts.
const CANDIDATES_MAX: usize = 64;

/// Items of a container that are looked at one by one.
const ITEMS_MAX: usize = 8;

/// Values of the same shape that are simpler, those that leave most out first. Each step is towards an end: no value is
/// simpler than itself over any number of steps. Recursion is bounded by the height of the shape.
pub(super) fn simpler(shapes: &Shapes, shape: ShapeId, value: &Value) -> Vec<Value> {
    let mut found = match (shapes.get(shape), value) {
        (Shape::Int, Value::Int(number)) => numbers(*number).map(Value::Int).collect(),
        (Shape::Text, Value::Text(text)) => {
            texts(text).iter().map(|one| Value::text(one)).collect()
        }
        (Shape::Bytes, Value::Bytes(bytes)) if !bytes.is_empty() => vec![
            Value::Bytes([].into()),
            Value::Bytes(bytes[..bytes.len() / 2].into()),
        ],
        (Shape::Bool, Value::Sum(1, _)) => vec![Value::bool(false)],
        (Shape::Tuple(parts), Value::Product(values)) => {
            products(shapes, parts.iter().copied(), values)
        }
        (Shape::Record(fields), Value::Product(values)) => {
            products(shapes, fields.iter().map(|(_, part)| *part), values)
        }
        (Shape::Variant(_, constructors), Value::Sum(tag, payload)) => {
            let part = constructors.get(usize::from(*tag)).map(|(_, part)| *part);
            let payloads = part.map_or_else(Vec::new, |part| simpler(shapes, part, payload));
            let simple = payloads
                .into_iter()
                .map(|payload| Value::sum(*tag, payload));
            simple.collect()
        }
        (Shape::Option(item), Value::Sum(1, payload)) => {
            let some = simpler(shapes, *item, payload).into_iter();
            let some = some.map(|payload| Value::option(Some(payload)));
            std::iter::once(Value::option(None)).chain(some).collect()
        }
        (Shape::List(item), Value::List(list)) => lists(shapes, *item, list),
        (Shape::Map(_, content), Value::Map(map)) => maps(shapes, *content, map),
        _ => Vec::new(),
    };
    found.truncate(CANDIDATES_MAX);
    found
}

/// Towards zero, by halves of what is left, so that a border is found in few steps wherever it is.
fn numbers(number: i64) -> impl Iterator<Item = i64> {
    let positive = (number < 0).then(|| number.checked_neg()).flatten();
    let zero = (number != 0).then_some(0);
    let cuts = (1..64).map(move |shift| number / (1_i64 << shift.min(62)));
    let nearer = cuts
        .take_while(|cut| *cut != 0)
        .map(move |cut| number - cut)
        .filter(move |near| *near != number);
    let last = (number != 0).then(|| number - number.signum());
    zero.into_iter().chain(positive).chain(nearer).chain(last)
}

fn texts(text: &str) -> Vec<String> {
    let count = text.chars().count();
    let cut = |length: usize| text.chars().take(length).collect::<String>();
    match count {
        0 => Vec::new(),
        1 => vec![String::new()],
        _ => vec![String::new(), cut(1), cut(count / 2), cut(count - 1)],
    }
}

fn products(shapes: &Shapes, parts: impl Iterator<Item = ShapeId>, values: &[Value]) -> Vec<Value> {
    let mut found = Vec::new();
    for (index, (part, value)) in parts.zip(values).enumerate() {
        for simple in simpler(shapes, part, value) {
            let mut values = values.to_vec();
            values[index] = simple;
            found.push(Value::product(values));
            if found.len() >= CANDIDATES_MAX {
                return found;
            }
        }
    }
    found
}

fn lists(shapes: &Shapes, item: ShapeId, list: &List) -> Vec<Value> {
    let items: Vec<Value> = list.iter().cloned().collect();
    let mut found = Vec::new();
    let mut keep = |items: Vec<Value>| found.push(Value::List(items.into_iter().collect::<List>()));
    if items.is_empty() {
        return found;
    }
    keep(Vec::new());
    keep(items[..items.len() / 2].to_vec());
    for index in 0..items.len().min(ITEMS_MAX) {
        let mut fewer = items.clone();
        fewer.remove(index);
        keep(fewer);
    }
    for index in 0..items.len().min(ITEMS_MAX) {
        for simple in simpler(shapes, item, &items[index]) {
            let mut other = items.clone();
            other[index] = simple;
            keep(other);
        }
    }
    found
}

fn maps(shapes: &Shapes, content: ShapeId, map: &Map) -> Vec<Value> {
    if map.is_empty() {
        return Vec::new();
    }
    let mut found = vec![Value::Map(Map::default())];
    for (key, value) in map.iter().take(ITEMS_MAX) {
        let mut fewer = map.clone();
        fewer.remove(&key);
        found.push(Value::Map(fewer));
        for simple in simpler(shapes, content, &value) {
            let mut other = map.clone();
            other.insert(key.clone().into_owned(), simple);
            found.push(Value::Map(other));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simpler_numbers_come_to_an_end_at_any_border() {
        for (start, border) in [
            (1_000_000, 101),
            (-77, -5),
            (i64::MAX, 1 << 40),
            (i64::MIN, i64::MIN),
        ] {
            let holds = |number: i64| {
                if border >= 0 {
                    number >= border
                } else {
                    number <= border
                }
            };
            let mut number = start;
            let mut steps = 0;
            while let Some(next) = numbers(number).find(|next| holds(*next)) {
                number = next;
                steps += 1;
                assert!(steps < 500, "{start} is stuck at {number}");
            }
            assert_eq!(number, border);
        }
    }

    #[test]
    fn simpler_values_come_to_an_end() {
        let mut shapes = Shapes::default();
        let int = shapes.intern(Shape::Int);
        let text = shapes.intern(Shape::Text);
        let pair = shapes.intern(Shape::Tuple(Box::new([int, text])));
        let map = shapes.intern(Shape::Map(text, pair));
        let option = shapes.intern(Shape::Option(map));
        let list = shapes.intern(Shape::List(option));
        let one = Value::product(vec![Value::Int(-3), Value::text("äbc")]);
        let entries = [(Value::text("k"), one)].into_iter().collect();
        let items = vec![Value::option(Some(Value::Map(entries))); 3];
        let mut value = Value::List(items.into_iter().collect());
        let mut steps = 0;
        // The last candidate leaves least out: the longest way down.
        while let Some(next) = simpler(&shapes, list, &value).pop() {
            assert!(next != value);
            value = next;
            steps += 1;
            assert!(steps < 1_000);
        }
        assert_eq!(value, Value::List(List::default()));
    }
}

//! What is printed parses back to the same value, whatever its shape.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use cam::schema::{Shape, ShapeId, Shapes};
use cam::value::Value;
use dsl::source::Source;
use dsl::value;
use proptest::prelude::*;

/// Decisions of a generator, each a byte; when they run out every decision is the first.
struct Choices(Vec<u8>);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.pop().unwrap_or(0)) % count
    }

    fn number(&mut self) -> i64 {
        let numbers = [0, 1, -1, i64::MAX, i64::MIN, 1_000, -42];
        numbers[self.below(numbers.len())]
    }

    fn text(&mut self) -> String {
        let characters = [
            'a',
            ' ',
            '"',
            '\\',
            '\n',
            '\t',
            '\r',
            '\0',
            '\u{7}',
            '\u{1b}',
            'é',
            '\u{202e}',
            '\u{2066}',
            '\u{200b}',
            '\u{feff}',
            '\u{e0041}',
            '\u{85}',
            '\u{ad}',
            '文',
            '🙂',
            '\u{301}',
            '{',
            '}',
            '\'',
            '\u{2028}',
            '\u{61c}',
            '\u{10ffff}',
        ];
        (0..self.below(6))
            .map(|_| characters[self.below(characters.len())])
            .collect()
    }
}

const CONSTRUCTORS: [&str; 4] = ["Alpha", "Beta", "None_", "Zed9"];
const FIELDS: [&str; 4] = ["amount", "from", "state", "to_2"];

/// Shapes without bytes: the language has no literal for them yet.
fn shape(choices: &mut Choices, shapes: &mut Shapes, height: usize) -> ShapeId {
    let below = |choices: &mut Choices, shapes: &mut Shapes| shape(choices, shapes, height - 1);
    let made = match choices.below(if height == 0 { 4 } else { 9 }) {
        0 => Shape::Int,
        1 => Shape::Text,
        2 => Shape::Bool,
        3 => Shape::Tuple(Box::new([])),
        4 => {
            let parts = (0..choices.below(2) + 2).map(|_| below(choices, shapes));
            Shape::Tuple(parts.collect())
        }
        5 => {
            let fields = FIELDS[..choices.below(4) + 1].iter();
            let fields = fields.map(|name| ((*name).into(), below(choices, shapes)));
            Shape::Record(fields.collect())
        }
        6 => {
            let names = CONSTRUCTORS[..choices.below(4) + 1].iter();
            let constructors = names.map(|name| ((*name).into(), below(choices, shapes)));
            let constructors = constructors.collect();
            Shape::Variant(["Thing", "Other"][choices.below(2)].into(), constructors)
        }
        7 => Shape::Option(below(choices, shapes)),
        _ if choices.below(2) == 0 => Shape::List(below(choices, shapes)),
        _ => {
            let mut key = below(choices, shapes);
            if has_map(shapes, key) {
                key = shapes.intern(Shape::Text);
            }
            Shape::Map(key, below(choices, shapes))
        }
    };
    shapes.intern(made)
}

fn has_map(shapes: &Shapes, shape: ShapeId) -> bool {
    match shapes.get(shape) {
        Shape::Map(..) => true,
        other => other.operands().iter().any(|part| has_map(shapes, *part)),
    }
}

fn any_value(choices: &mut Choices, shapes: &Shapes, shape: ShapeId) -> Value {
    match shapes.get(shape) {
        Shape::Int => Value::Int(choices.number()),
        Shape::Text => Value::text(&choices.text()),
        Shape::Bool => Value::bool(choices.below(2) == 1),
        Shape::Option(_) if choices.below(3) == 0 => Value::option(None),
        Shape::Option(item) => Value::option(Some(any_value(choices, shapes, *item))),
        Shape::Variant(_, constructors) => {
            let tag = choices.below(constructors.len());
            let payload = any_value(choices, shapes, constructors[tag].1);
            Value::sum(u8::try_from(tag).unwrap(), payload)
        }
        Shape::List(item) => {
            let items = (0..choices.below(4)).map(|_| any_value(choices, shapes, *item));
            Value::List(items.collect())
        }
        Shape::Map(key, value) => {
            let count = choices.below(4);
            let mut entry = || {
                let key = any_value(choices, shapes, *key);
                (key, any_value(choices, shapes, *value))
            };
            Value::Map((0..count).map(|_| entry()).collect())
        }
        shape => {
            let parts = shape.operands();
            let parts = parts.iter().map(|part| any_value(choices, shapes, *part));
            Value::product(parts.collect())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_parses_back(entropy in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut choices = Choices(entropy);
        let mut shapes = Shapes::default();
        let shape = shape(&mut choices, &mut shapes, 4);
        let value = any_value(&mut choices, &shapes, shape);
        let text = value::print(&shapes, shape, &value);
        let source = Source::new("value", text.clone()).unwrap();
        match value::parse(&source, &shapes, shape) {
            Ok(parsed) => prop_assert_eq!(parsed, value),
            Err(problems) => prop_assert!(false, "{}", problems.render(&source, false)),
        }
        prop_assert!(text.chars().all(|character| !character.is_control()), "{}", text);
    }
}

#[test]
fn what_is_no_value_of_the_shape_is_refused() {
    let mut shapes = Shapes::default();
    let int = shapes.intern(Shape::Int);
    let text = shapes.intern(Shape::Text);
    let transfer = shapes.intern(Shape::Record(Box::new([
        ("amount".into(), int),
        ("to".into(), text),
    ])));
    let input = shapes.intern(Shape::Variant(
        "Input".into(),
        Box::new([("Deposit".into(), int), ("Transfer".into(), transfer)]),
    ));
    let good = "Transfer { to: \"savings\", amount: 250 }";
    let source = Source::new("input", good).unwrap();
    assert!(value::parse(&source, &shapes, input).is_ok());
    for (wrong, code) in [
        ("", "P010"),
        ("Transfer", "T117"),
        ("Transfer { to: \"savings\" }", "T107"),
        ("Transfer { to: \"savings\", amount: \"250\" }", "T100"),
        ("Transfer { to: \"savings\", amount: 250, more: 1 }", "T106"),
        ("Withdraw(5)", "T104"),
        ("Deposit(1 + 2)", "V001"),
        ("Deposit(1) Deposit(2)", "P010"),
        ("Deposit(9223372036854775808)", "P005"),
        ("state", "T102"),
        ("{ let x = 1  Deposit(x) }", "V001"),
        ("Deposit(1 < 2 < 3)", "P015"),
        ("Deposit(1) ; ", "P028"),
        ("deposit(1)", "T102"),
    ] {
        let source = Source::new("input", wrong).unwrap();
        let problems = value::parse(&source, &shapes, input).unwrap_err();
        let found: Vec<&str> = problems.iter().map(|problem| problem.code.name).collect();
        assert_eq!(found, [code], "`{wrong}`");
    }
}

//! The meaning of matches, against the rule that defines them: the first row that fits.

use std::collections::BTreeMap;

use cam::instance::Context;
use cam::schema::{Shape, ShapeId, Shapes};
use cam::value::Value;
use proptest::prelude::*;

use super::expression;
use crate::source::Span;
use crate::typed::{
    Arm, Claims, Expr, ExprId, ExprKind, Local, Machine, Operator, Pattern, PatternId, PatternKind,
    Step, Terms,
};

mod decisions;

/// Decisions of a generator, each a byte; when they run out every decision is the first.
struct Choices(Vec<u8>);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.pop().unwrap_or(0)) % count
    }
}

/// A match under construction, in an arena of its own.
#[derive(Default)]
struct Sketch {
    shapes: Shapes,
    terms: Terms,
    locals: u32,
}

impl Sketch {
    fn expr(&mut self, shape: ShapeId, kind: ExprKind) -> ExprId {
        let id = ExprId(u32::try_from(self.terms.exprs.len()).unwrap());
        let span = Span::default();
        self.terms.exprs.push(Expr { kind, shape, span });
        id
    }

    fn pattern(&mut self, shape: ShapeId, kind: PatternKind) -> PatternId {
        let id = PatternId(u32::try_from(self.terms.patterns.len()).unwrap());
        let span = Span::default();
        self.terms.patterns.push(Pattern { kind, shape, span });
        id
    }

    fn shape(&mut self, choices: &mut Choices, height: usize) -> ShapeId {
        let shape = match choices.below(if height == 0 { 3 } else { 6 }) {
            0 => Shape::Int,
            1 => Shape::Bool,
            2 => Shape::Text,
            3 => {
                let parts = (0..choices.below(3) + 1).map(|_| self.shape(choices, height - 1));
                Shape::Tuple(parts.collect())
            }
            4 => Shape::Option(self.shape(choices, height - 1)),
            _ => {
                let names = ["A", "B", "C"];
                let count = choices.below(3) + 1;
                let constructors = names[..count]
                    .iter()
                    .map(|name| ((*name).into(), self.shape(choices, height - 1)));
                Shape::Variant("V".into(), constructors.collect())
            }
        };
        self.shapes.intern(shape)
    }

    fn value(&self, choices: &mut Choices, shape: ShapeId) -> Value {
        match self.shapes.get(shape) {
            Shape::Int => Value::Int(i64::try_from(choices.below(3)).unwrap()),
            Shape::Bool => Value::bool(choices.below(2) == 1),
            Shape::Text => Value::text(["", "a"][choices.below(2)]),
            Shape::Option(item) => match choices.below(3) {
                0 => Value::option(None),
                _ => Value::option(Some(self.value(choices, *item))),
            },
            Shape::Variant(_, constructors) => {
                let tag = choices.below(constructors.len());
                let payload = self.value(choices, constructors[tag].1);
                Value::sum(u8::try_from(tag).unwrap(), payload)
            }
            Shape::List(item) => {
                let items = (0..choices.below(4)).map(|_| self.value(choices, *item));
                Value::List(items.collect())
            }
            Shape::Map(key, content) => {
                let entry = |_| {
                    let key = self.value(choices, *key);
                    (key, self.value(choices, *content))
                };
                Value::Map((0..2).map(entry).collect())
            }
            shape => {
                let parts = shape.operands();
                let parts = parts.iter().map(|part| self.value(choices, *part));
                Value::product(parts.collect())
            }
        }
    }

    /// A shape, and one that includes it: of the same form, with more constructors here and there.
    fn widened(&mut self, choices: &mut Choices, height: usize) -> (ShapeId, ShapeId) {
        let below =
            |sketch: &mut Sketch, choices: &mut Choices| sketch.widened(choices, height - 1);
        let (old, new) = match choices.below(if height == 0 { 2 } else { 8 }) {
            0 => (Shape::Int, Shape::Int),
            1 => (Shape::Bool, Shape::Bool),
            2 => {
                let (a, b) = (below(self, choices), below(self, choices));
                (
                    Shape::Tuple(Box::new([a.0, b.0])),
                    Shape::Tuple(Box::new([a.1, b.1])),
                )
            }
            3 => {
                let (a, b) = (below(self, choices), below(self, choices));
                (
                    Shape::Record(Box::new([("x".into(), a.0), ("y".into(), b.0)])),
                    Shape::Record(Box::new([("x".into(), a.1), ("y".into(), b.1)])),
                )
            }
            4 => {
                let (old, new) = below(self, choices);
                (Shape::Option(old), Shape::Option(new))
            }
            5 => {
                let (old, new) = below(self, choices);
                (Shape::List(old), Shape::List(new))
            }
            6 => {
                let key = self.shapes.intern(Shape::Text);
                let (old, new) = below(self, choices);
                (Shape::Map(key, old), Shape::Map(key, new))
            }
            _ => {
                let (mut old, mut new) = (Vec::new(), Vec::new());
                for name in ["A", "B", "C", "D"] {
                    let (one, other) = below(self, choices);
                    let is_old = choices.below(2) == 0 || (name == "D" && old.is_empty());
                    if is_old {
                        old.push((name.into(), one));
                    }
                    if is_old || choices.below(2) == 0 {
                        new.push((name.into(), other));
                    }
                }
                (
                    Shape::Variant("Old".into(), old.into()),
                    Shape::Variant("New".into(), new.into()),
                )
            }
        };
        (self.shapes.intern(old), self.shapes.intern(new))
    }

    /// The expression of a value; nothing of it is known to the translator as a literal but its leaves.
    fn written(&mut self, shape: ShapeId, value: &Value) -> ExprId {
        let form = self.shapes.get(shape).clone();
        let kind = match (form, value) {
            (Shape::Int, Value::Int(number)) => ExprKind::Int(*number),
            (Shape::Text, Value::Text(text)) => ExprKind::Text(text.clone()),
            (Shape::Bool, Value::Sum(tag, _)) => ExprKind::Bool(*tag == 1),
            (Shape::Tuple(shapes), Value::Product(parts)) => {
                let parts = shapes.iter().zip(parts.iter());
                ExprKind::Tuple(parts.map(|(s, v)| self.written(*s, v)).collect())
            }
            (form, Value::Sum(tag, payload)) => {
                let constructor = usize::from(*tag);
                let payload_shape = match &form {
                    Shape::Option(item) if *tag == 1 => *item,
                    Shape::Option(_) => self.shapes.intern(Shape::Tuple(Box::new([]))),
                    form => form.operands()[constructor],
                };
                let payload = self.written(payload_shape, payload);
                ExprKind::Inject {
                    constructor,
                    payload,
                }
            }
            other => panic!("no such value: {other:?}"),
        };
        self.expr(shape, kind)
    }

    /// A pattern; names go to `names` unless it is inside alternatives.
    fn row(
        &mut self,
        choices: &mut Choices,
        shape: ShapeId,
        names: &mut Option<Vec<(Local, ShapeId)>>,
    ) -> PatternId {
        match choices.below(6) {
            0 => return self.pattern(shape, PatternKind::Any),
            1 if names.is_some() => {
                self.locals += 1;
                let local = Local(self.locals);
                names.as_mut().unwrap().push((local, shape));
                return self.pattern(shape, PatternKind::Bind(local));
            }
            2 => {
                let parts = (0..2).map(|_| self.row(choices, shape, &mut None));
                let parts = parts.collect();
                return self.pattern(shape, PatternKind::Alternatives(parts));
            }
            _ => {}
        }
        let kind = match self.shapes.get(shape).clone() {
            Shape::Int => PatternKind::Int(i64::try_from(choices.below(3)).unwrap()),
            Shape::Bool => PatternKind::Bool(choices.below(2) == 1),
            Shape::Text => PatternKind::Text(["", "a"][choices.below(2)].into()),
            Shape::Option(item) => match choices.below(2) {
                0 => {
                    let unit = self.shapes.intern(Shape::Tuple(Box::new([])));
                    let payload = self.pattern(unit, PatternKind::Any);
                    let constructor = 0;
                    PatternKind::Constructor {
                        constructor,
                        payload,
                    }
                }
                constructor => {
                    let payload = self.row(choices, item, names);
                    PatternKind::Constructor {
                        constructor,
                        payload,
                    }
                }
            },
            Shape::Variant(_, constructors) => {
                let constructor = choices.below(constructors.len());
                let payload = self.row(choices, constructors[constructor].1, names);
                PatternKind::Constructor {
                    constructor,
                    payload,
                }
            }
            form => {
                let parts = form.operands();
                let parts = parts.iter().map(|part| self.row(choices, *part, names));
                PatternKind::Product(parts.collect())
            }
        };
        self.pattern(shape, kind)
    }

    /// The definition: whether the pattern fits, and what its names then are.
    fn fits(&self, pattern: PatternId, value: &Value, names: &mut BTreeMap<Local, Value>) -> bool {
        match (&self.terms.pattern(pattern).kind, value) {
            (PatternKind::Any, _) => true,
            (PatternKind::Bind(local), value) => {
                names.insert(*local, value.clone());
                true
            }
            (PatternKind::Int(wanted), value) => *value == Value::Int(*wanted),
            (PatternKind::Text(wanted), value) => *value == Value::text(wanted),
            (PatternKind::Bool(wanted), value) => *value == Value::bool(*wanted),
            (PatternKind::Product(parts), Value::Product(values)) => parts
                .iter()
                .zip(values.iter())
                .all(|(part, value)| self.fits(*part, value, names)),
            (
                PatternKind::Constructor {
                    constructor,
                    payload,
                },
                Value::Sum(tag, value),
            ) => *constructor == usize::from(*tag) && self.fits(*payload, value, names),
            (PatternKind::Alternatives(parts), value) => {
                parts.iter().any(|part| self.fits(*part, value, names))
            }
            other => panic!("no such pattern: {other:?}"),
        }
    }

    fn machine(self) -> Machine {
        let mut shapes = self.shapes;
        let unit = shapes.intern(Shape::Tuple(Box::new([])));
        Machine {
            name: "Sketch".into(),
            version: 1,
            stamps: Vec::new(),
            shapes,
            state: unit,
            input: unit,
            output: unit,
            terms: self.terms,
            functions: Vec::new(),
            init: ExprId(0),
            step: Step::Clauses(Vec::new()),
            migrations: Vec::new(),
            backs: Vec::new(),
            accepts: Vec::new(),
            replies: Vec::new(),
            claims: Claims {
                input: Local(u32::MAX),
                before: Local(u32::MAX),
                state: Local(u32::MAX),
                reply: Local(u32::MAX),
                list: Vec::new(),
            },
            traces: Vec::new(),
        }
    }
}

/// A row as the definition reads it: its pattern, the local its guard compares with 1, the local it gives.
struct Row {
    pattern: PatternId,
    guard: Option<Local>,
    gives: Option<Local>,
}

/// The match of at most so many rows; row `n` gives `1000 * n`, and the first number it names on top.
fn sketched(
    sketch: &mut Sketch,
    choices: &mut Choices,
    (shape, most): (ShapeId, usize),
    subject: ExprId,
) -> (ExprId, Vec<Row>) {
    let int = sketch.shapes.intern(Shape::Int);
    let truth = sketch.shapes.intern(Shape::Bool);
    let mut arms = Vec::new();
    let mut rows = Vec::new();
    for index in 0..choices.below(most) + 1 {
        let mut names = Some(Vec::new());
        let pattern = sketch.row(choices, shape, &mut names);
        let numbers: Vec<Local> = names
            .unwrap()
            .into_iter()
            .filter(|(_, shape)| *shape == int)
            .map(|(local, _)| local)
            .collect();
        let guard = numbers.last().copied().filter(|_| choices.below(2) == 1);
        let gives = numbers.first().copied();
        let guard_expr = guard.map(|local| {
            let left = sketch.expr(int, ExprKind::Local(local));
            let right = sketch.expr(int, ExprKind::Int(1));
            let operator = Operator::Equal;
            sketch.expr(
                truth,
                ExprKind::Binary {
                    operator,
                    left,
                    right,
                },
            )
        });
        let base = sketch.expr(int, ExprKind::Int(1000 * i64::try_from(index).unwrap()));
        let body = match gives {
            None => base,
            Some(local) => {
                let right = sketch.expr(int, ExprKind::Local(local));
                let (operator, left) = (Operator::Add, base);
                sketch.expr(
                    int,
                    ExprKind::Binary {
                        operator,
                        left,
                        right,
                    },
                )
            }
        };
        arms.push(Arm {
            pattern,
            guard: guard_expr,
            body,
        });
        rows.push(Row {
            pattern,
            guard,
            gives,
        });
    }
    let pattern = sketch.pattern(shape, PatternKind::Any);
    let body = sketch.expr(int, ExprKind::Int(-1));
    let guard = None;
    arms.push(Arm {
        pattern,
        guard,
        body,
    });
    (sketch.expr(int, ExprKind::Match { subject, arms }), rows)
}

fn defined(sketch: &Sketch, rows: &[Row], value: &Value) -> Value {
    for (index, row) in rows.iter().enumerate() {
        let mut names = BTreeMap::new();
        let fits = sketch.fits(row.pattern, value, &mut names);
        if fits && row.guard.is_none_or(|local| names[&local] == Value::Int(1)) {
            let number = row.gives.map_or(0, |local| match names[&local] {
                Value::Int(number) => number,
                _ => 0,
            });
            return Value::Int(1000 * i64::try_from(index).unwrap() + number);
        }
    }
    Value::Int(-1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_match_takes_the_first_row_that_fits(entropy in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut choices = Choices(entropy);
        let mut sketch = Sketch::default();
        let shape = sketch.shape(&mut choices, 3);
        let local = Local(0);
        let subject = sketch.expr(shape, ExprKind::Local(local));
        let (root, rows) = sketched(&mut sketch, &mut choices, (shape, 8), subject);
        let values: Vec<Value> = (0..4).map(|_| sketch.value(&mut choices, shape)).collect();
        let expected: Vec<Value> = values
            .iter()
            .map(|value| defined(&sketch, &rows, value))
            .collect();
        let written: Vec<ExprId> = values
            .iter()
            .map(|value| sketch.written(shape, value))
            .collect();
        let machine = sketch.machine();
        let combinators = expression(&machine, Some((local, shape)), root).unwrap();
        let bytecode = cam::compile::compile(combinators).unwrap();
        let program = cam::verify::migration(bytecode).unwrap();
        for ((value, expected), written) in values.into_iter().zip(expected).zip(written) {
            prop_assert_eq!(crate::value::literal(&machine.terms, written), Some(value.clone()));
            prop_assert_eq!(program.migrate_state(&Context::default(), value).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_carried_is_written_as_before(entropy in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut choices = Choices(entropy);
        let mut sketch = Sketch::default();
        let (old, new) = sketch.widened(&mut choices, 4);
        let values: Vec<Value> = (0..4).map(|_| sketch.value(&mut choices, old)).collect();
        let local = Local(0);
        let carried = sketch.expr(old, ExprKind::Local(local));
        let root = sketch.expr(new, ExprKind::Same(carried));
        let machine = sketch.machine();
        let combinators = expression(&machine, Some((local, old)), root).unwrap();
        let bytecode = cam::compile::compile(combinators).unwrap();
        let program = cam::verify::migration(bytecode).unwrap();
        for value in values {
            let before = crate::value::print(&machine.shapes, old, &value);
            let carried = program.migrate_state(&Context::default(), value).unwrap();
            prop_assert_eq!(crate::value::print(&machine.shapes, new, &carried), before);
        }
    }
}

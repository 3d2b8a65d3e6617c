//! Well-typed programs and values, made out of a sequence of choices.
//!
//! A sequence of numbers is what proptest draws and shrinks; the generators below read choices from it.
//! Number 0 is always the simplest choice and an exhausted sequence answers 0 for ever, so a shorter or
//! smaller sequence is a smaller program, and every sequence is some program.

mod arrow;
mod bodies;
pub mod migration;
pub mod strategies;

use cam::combinator::{Arrow, Combinators, Draft, FunctionId, Role};
use cam::schema::{Name, Schema, Shape, ShapeId, Shapes, Stamp};
use cam::state;
use cam::types::{BOOL, BYTES, INT, ORDERING, TEXT, Type, TypeId, TypeTable, UNIT};
use cam::value::Value;

pub use arrow::Generator;

/// A sequence of choices.
#[derive(Clone, Debug)]
pub struct Choices {
    numbers: Vec<u32>,
    position: usize,
}

impl Choices {
    /// Choices from numbers.
    #[must_use]
    pub fn new(numbers: Vec<u32>) -> Choices {
        Choices {
            numbers,
            position: 0,
        }
    }

    /// Choices without end from a seed, for runs that are counted and not shrunk.
    #[must_use]
    pub fn seeded(seed: u64, length: usize) -> Choices {
        let mut mixer = Mixer::new(seed);
        Choices::new((0..length).map(|_| mixer.next()).collect())
    }

    /// The low byte of each number.
    #[must_use]
    pub fn low_bytes(&self) -> Vec<u8> {
        let numbers = self.numbers.iter();
        numbers.map(|number| number.to_le_bytes()[0]).collect()
    }

    /// One of `count` things; the first when the numbers have run out.
    pub fn pick(&mut self, count: usize) -> usize {
        let number = self.numbers.get(self.position).copied().unwrap_or(0);
        self.position += 1;
        number as usize % count
    }

    /// Whether something happens that happens once in `count` times.
    pub fn once_in(&mut self, count: usize) -> bool {
        self.pick(count) == count - 1
    }

    fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.pick(things.len())]
    }
}

/// A small, fixed generator of numbers (splitmix64): the same seed gives the same tests on every day.
pub struct Mixer {
    state: u64,
}

impl Mixer {
    /// The sequence of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Mixer {
        Mixer { state: seed }
    }

    /// The next number.
    #[expect(
        clippy::should_implement_trait,
        reason = "it never ends, and is no iterator"
    )]
    pub fn next(&mut self) -> u32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from(mixed >> 32).expect("the upper half of 64 bits")
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        self.next() as usize % count
    }
}

/// A program of one arrow and what it calls, with the stateful arrow it was made from, if it was.
#[derive(Clone, Debug)]
pub struct Sample {
    /// All arrows.
    pub draft: Draft,
    /// The arrow that the program exports as its migration.
    pub arrow: Arrow,
    /// The stateful arrow `A -> B` and its state `S`, when `arrow` is its threaded form `S x A -> S x B`.
    pub stateful: Option<(Arrow, TypeId)>,
}

impl Sample {
    /// A pure arrow between two types.
    #[must_use]
    pub fn pure(choices: &mut Choices) -> Sample {
        let mut draft = Draft::new();
        let (from, to) = ends(&mut draft, choices);
        let mut generator = Generator::new(draft, choices, None);
        let arrow = generator.arrow(from, to, DEPTH);
        Sample {
            draft: generator.draft,
            arrow,
            stateful: None,
        }
    }

    /// An arrow that uses `get` and `put`, and its threaded form.
    #[must_use]
    pub fn stateful(choices: &mut Choices) -> Sample {
        let mut draft = Draft::new();
        let state = any_type(&mut draft.types, choices, 2);
        let (from, to) = ends(&mut draft, choices);
        let mut generator = Generator::new(draft, choices, Some(state));
        let stateful = generator.arrow(from, to, DEPTH);
        let mut draft = generator.draft;
        let arrow =
            state::thread(&mut draft, stateful, state).expect("every `get` is of the state");
        Sample {
            draft,
            arrow,
            stateful: Some((stateful, state)),
        }
    }

    /// The program whose migration is the arrow. Any arrow is some migration.
    #[must_use]
    pub fn combinators(&self) -> Combinators {
        let mut draft = self.draft.clone();
        let main = draft.define("main", self.arrow).expect("it is pure");
        Combinators {
            draft,
            exports: vec![(Role::Migrate, main)],
            schema: None,
        }
    }
}

/// Where an arrow starts and ends. Both have several parts, or little would depend on the input.
fn ends(draft: &mut Draft, choices: &mut Choices) -> (TypeId, TypeId) {
    let mut from = several(3, || any_type(&mut draft.types, choices, 2));
    from.push(INT);
    let from = draft.types.product(&from);
    let to = several(2, || any_type(&mut draft.types, choices, 2));
    (from, draft.types.product(&to))
}

/// A machine with names, and its parts for the judge.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The program.
    pub combinators: Combinators,
    /// `stamped input -> output`, stateful.
    pub step: Arrow,
    /// The type of the input without stamps.
    pub input: TypeId,
    /// The first state.
    pub first: Value,
}

const DEPTH: u32 = 5;

/// A whole machine: a schema, a first state and a step that uses `get` and `put`.
#[must_use]
pub fn machine(choices: &mut Choices) -> Machine {
    let mut shapes = Shapes::default();
    let [state, input, output] = [0; 3].map(|_| any_shape(&mut shapes, choices, 2));
    let stamps = Stamp::ALL
        .into_iter()
        .filter(|_| choices.once_in(3))
        .collect();
    let schema = Schema {
        machine: "Sample".into(),
        version: 1,
        stamps,
        shapes,
        state,
        input,
        output,
    };
    let mut draft = Draft::new();
    let state = schema.shapes.erase(schema.state, &mut draft.types);
    let input = schema.shapes.erase(schema.input, &mut draft.types);
    let output = schema.shapes.erase(schema.output, &mut draft.types);
    let stamped = schema.stamped_input(&mut draft.types);
    let first = any_value(&draft.types, state, choices);
    let mut generator = Generator::new(draft, choices, Some(state));
    let step = generator.arrow(stamped, output, DEPTH);
    let mut draft = generator.draft;
    let exports = machine_exports(&mut draft, step, stamped, state, &first);
    Machine {
        combinators: Combinators {
            draft,
            exports,
            schema: Some(schema),
        },
        step,
        input,
        first,
    }
}

fn machine_exports(
    draft: &mut Draft,
    step: Arrow,
    stamped: TypeId,
    state: TypeId,
    first: &Value,
) -> Vec<(Role, FunctionId)> {
    let made = "the step is well-typed";
    let init = draft.constant(UNIT, state, first.clone()).expect(made);
    let threaded = state::thread(draft, step, state).expect(made);
    let start = draft.types.product(&[stamped, state]);
    let input = draft.project(start, 0).expect(made);
    let current = draft.project(start, 1).expect(made);
    let turned = draft.tuple(start, &[current, input]).expect(made);
    let whole = draft.compose(turned, threaded).expect(made);
    let init = draft.define("init", init).expect(made);
    let step = draft.define("step", whole).expect(made);
    vec![(Role::Init, init), (Role::Step, step)]
}

/// A type of at most `height` levels.
pub fn any_type(types: &mut TypeTable, choices: &mut Choices, height: u32) -> TypeId {
    const FLAT: [TypeId; 6] = [INT, UNIT, BOOL, TEXT, ORDERING, BYTES];
    let forms = if height == 0 { 1 } else { 5 };
    match choices.pick(forms) {
        0 => choices.one_of(&FLAT),
        1 => {
            let count = choices.pick(4);
            let parts = several(count, || any_type(types, choices, height - 1));
            types.product(&parts)
        }
        2 if choices.once_in(2) => {
            let content = any_type(types, choices, height - 1);
            types.option(content)
        }
        2 => {
            let count = choices.pick(4) + 1;
            let payloads = several(count, || any_type(types, choices, height - 1));
            types.sum(&payloads)
        }
        3 => {
            let item = any_type(types, choices, height - 1);
            types.list(item)
        }
        _ => {
            let key = any_key(types, choices, height - 1);
            let value = any_type(types, choices, height - 1);
            types.map(key, value)
        }
    }
}

/// A type without maps inside.
pub fn any_key(types: &mut TypeTable, choices: &mut Choices, height: u32) -> TypeId {
    let id = any_type(types, choices, height);
    if types.is_key(id) { id } else { INT }
}

/// A shape of at most `height` levels, with names.
pub fn any_shape(shapes: &mut Shapes, choices: &mut Choices, height: u32) -> ShapeId {
    const FLAT: [Shape; 4] = [Shape::Int, Shape::Text, Shape::Bool, Shape::Bytes];
    let forms = if height == 0 { 1 } else { 7 };
    let shape = match choices.pick(forms) {
        0 => FLAT[choices.pick(FLAT.len())].clone(),
        1 => Shape::Record(named(shapes, choices, height, &["a", "b", "c"])),
        2 => Shape::Variant("T".into(), named(shapes, choices, height, &["A", "B", "C"])),
        3 => {
            let count = choices.pick(3);
            Shape::Tuple(several(count, || any_shape(shapes, choices, height - 1)).into())
        }
        4 => Shape::Option(any_shape(shapes, choices, height - 1)),
        5 => Shape::List(any_shape(shapes, choices, height - 1)),
        _ => {
            let key = shapes.intern(FLAT[choices.pick(FLAT.len())].clone());
            Shape::Map(key, any_shape(shapes, choices, height - 1))
        }
    };
    shapes.intern(shape)
}

fn named(
    shapes: &mut Shapes,
    choices: &mut Choices,
    height: u32,
    names: &[&str],
) -> Box<[(Name, ShapeId)]> {
    let count = choices.pick(names.len()) + 1;
    names[..count]
        .iter()
        .map(|name| (Name::from(*name), any_shape(shapes, choices, height - 1)))
        .collect()
}

/// A value of type `id`. Containers are short.
pub fn any_value(types: &TypeTable, id: TypeId, choices: &mut Choices) -> Value {
    const TEXTS: [&str; 12] = [
        "",
        "a",
        "b",
        "ab",
        "grüße",
        "\u{0}\u{10FFFF}",
        "abab,ab",
        "0",
        "-7",
        "-0",
        "9223372036854775807",
        "9223372036854775808",
    ];
    const BYTE_STRINGS: [&[u8]; 5] = [b"", b"\0", b"\xFF\xFE", b"abc", "ü".as_bytes()];
    match types.get(id) {
        Type::Int => Value::Int(any_integer(choices)),
        Type::Text => Value::text(choices.one_of(&TEXTS)),
        Type::Bytes => Value::Bytes(choices.one_of(&BYTE_STRINGS).into()),
        Type::Product(parts) => {
            let parts = parts.iter().map(|part| any_value(types, *part, choices));
            Value::product(parts.collect())
        }
        Type::Sum(payloads) => {
            let constructor = choices.pick(payloads.len());
            let payload = any_value(types, payloads[constructor], choices);
            Value::sum(u8::try_from(constructor).expect("below 255"), payload)
        }
        Type::List(item) => {
            let count = choices.pick(5);
            Value::List(
                several(count, || any_value(types, *item, choices))
                    .into_iter()
                    .collect(),
            )
        }
        Type::Function(..) => unreachable!("a closure is made by an arrow, and is no constant"),
        Type::Map(key, value) => {
            let count = choices.pick(5);
            let entries = several(count, || {
                let key = any_value(types, *key, choices);
                (key, any_value(types, *value, choices))
            });
            Value::Map(entries.into_iter().collect())
        }
    }
}

/// Mostly small, sometimes at the edge of what fits.
pub fn any_integer(choices: &mut Choices) -> i64 {
    const NEAR: [i64; 12] = [0, 1, 2, -1, 3, -2, 7, -7, 10, 63, 64, -65];
    const FAR: [i64; 6] = [
        i64::MAX,
        i64::MIN,
        i64::MAX - 1,
        i64::MIN + 1,
        1 << 32,
        -(1 << 62),
    ];
    if choices.once_in(8) {
        choices.one_of(&FAR)
    } else {
        choices.one_of(&NEAR)
    }
}

fn several<T>(count: usize, mut one: impl FnMut() -> T) -> Vec<T> {
    (0..count).map(|_| one()).collect()
}

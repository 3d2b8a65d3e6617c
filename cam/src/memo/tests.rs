//! A run with a memo against the full run, of random maps, changes, bodies and fuel.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::combinator::{Arrow, Combinators, Draft, Operation, Role};
use crate::compile::compile;
use crate::encode;
use crate::limits::MIGRATION_FUEL;
use crate::measure::{Measured, length};
use crate::types::{INT, TEXT, TypeId};
use crate::verify::{self, Migration};

/// What is done to each value.
#[derive(Clone, Copy, Debug)]
enum Body {
    /// Stops above the largest number.
    Add,
    /// Stops at 0.
    Divide,
    /// Costs more for a longer key.
    Join,
}

/// `{ map, env } -> { map with each value made anew, the entries whose value is below env }`
fn migration(key: TypeId, body: Body) -> Migration {
    let mut draft = Draft::new();
    let domain = draft.types.product(&[INT, key, INT]);
    let part = |draft: &mut Draft, index| draft.project(domain, index).unwrap();
    let of_two = |draft: &mut Draft, left: Arrow, right: Arrow, operation: Operation| {
        let both = draft.tuple(domain, &[left, right]).unwrap();
        let operation = draft.operation(operation).unwrap();
        draft.compose(both, operation).unwrap()
    };
    let [env, own, value] = [0, 1, 2].map(|index| part(&mut draft, index));
    let made = match body {
        Body::Add => of_two(&mut draft, env, value, Operation::Add),
        Body::Divide => of_two(&mut draft, env, value, Operation::Divide),
        Body::Join => {
            let own = match key {
                TEXT => own,
                _ => {
                    let text = draft.operation(Operation::TextOfInt).unwrap();
                    draft.compose(own, text).unwrap()
                }
            };
            let twice = of_two(&mut draft, own, own, Operation::TextConcat);
            let length = draft.operation(Operation::TextLength).unwrap();
            draft.compose(twice, length).unwrap()
        }
    };
    let made = draft.define("made", made).unwrap();
    let small = of_two(&mut draft, value, env, Operation::Less);
    let small = draft.define("small", small).unwrap();
    let map = draft.types.map(key, INT);
    let state = draft.types.product(&[map, INT]);
    let (over, env) = (
        draft.project(state, 0).unwrap(),
        draft.project(state, 1).unwrap(),
    );
    let operands = draft.tuple(state, &[env, over]).unwrap();
    let (made, small) = (
        draft.map_map(made).unwrap(),
        draft.filter_map(small).unwrap(),
    );
    let made = draft.compose(operands, made).unwrap();
    let small = draft.compose(operands, small).unwrap();
    let both = draft.tuple(state, &[made, small]).unwrap();
    let exports = vec![(Role::Migrate, draft.define("migrate", both).unwrap())];
    let module = compile(Combinators {
        draft,
        exports,
        schema: None,
    });
    verify::migration(module.unwrap()).unwrap()
}

fn key_of(key: TypeId, number: i64) -> Value {
    match key {
        TEXT => Value::text(&"key ".repeat(usize::try_from(number % 40).unwrap_or(0) + 1)),
        _ => Value::Int(number),
    }
}

/// A change of the state: of an entry, or of what all entries depend on.
#[derive(Clone, Copy, Debug)]
enum Step {
    Put(i64, i64),
    Delete(i64),
    Environment(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let value = || prop_oneof![9 => -3..20_i64, 1 => select(vec![0, i64::MAX])];
    prop_oneof![
        20 => (0..60_i64, value()).prop_map(|(key, value)| Step::Put(key, value)),
        6 => (0..60_i64).prop_map(Step::Delete),
        1 => (1..9_i64).prop_map(Step::Environment),
    ]
}

struct State {
    key: TypeId,
    map: Map,
    environment: i64,
}

impl State {
    fn take(&mut self, step: Step) {
        match step {
            Step::Put(key, value) => {
                self.map.insert(key_of(self.key, key), Value::Int(value));
            }
            Step::Delete(key) => drop(self.map.remove(&key_of(self.key, key))),
            Step::Environment(value) => self.environment = value,
        }
    }

    fn value(&self) -> Value {
        Value::product(vec![
            Value::Map(self.map.clone()),
            Value::Int(self.environment),
        ])
    }
}

fn full(migration: &Migration, state: Value, fuel: u64) -> (Result<Value, TrapReason>, u64) {
    let mut tank = Fuel::new(fuel);
    let function = migration.migrate();
    let result = machine::run(migration.code(), function, state, &mut tank);
    (result.map_err(|trap| trap.reason), fuel - tank.remaining())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 5_000 }))]

    #[test]
    fn a_run_with_a_memo_ends_as_a_full_run_does_or_says_nothing(
        body in select(vec![Body::Add, Body::Divide, Body::Join]),
        key in select(vec![INT, TEXT]),
        rounds in prop::collection::vec((prop::collection::vec(any_step(), 0..60), any::<bool>(), any::<u16>()), 1..6),
    ) {
        let migration = migration(key, body);
        let (code, function) = (migration.code(), migration.migrate());
        let mut state = State { key, map: Map::default(), environment: 5 };
        let mut memo = Memo::default();
        for (steps, is_short, short) in rounds {
            steps.into_iter().for_each(|step| state.take(step));
            let fuel = if is_short { u64::from(short) / 8 } else { MIGRATION_FUEL };
            let (expected, used) = full(&migration, state.value(), fuel);
            let mut tank = Fuel::new(fuel);
            match memo.run(code, function, state.value(), &mut tank) {
                Some(made) => {
                    prop_assert_eq!(Ok(made), expected);
                    prop_assert!(fuel - tank.remaining() >= used, "a bound below the bill");
                }
                // Only a run that is short of fuel may be cut off by the bound.
                None => prop_assert!(expected.is_err() || is_short, "{:?}", expected),
            }
        }
    }

    #[test]
    fn only_what_has_changed_is_made_again(
        key in select(vec![INT, TEXT]),
        before in prop::collection::vec(any_step(), 0..200),
        steps in prop::collection::vec((0..60_i64, 1..9_i64), 0..10),
    ) {
        let migration = migration(key, Body::Join);
        let (code, function) = (migration.code(), migration.migrate());
        let mut state = State { key, map: Map::default(), environment: 5 };
        before.into_iter().for_each(|step| state.take(step));
        let mut memo = Memo::default();
        let first = memo.run(code, function, state.value(), &mut Fuel::new(MIGRATION_FUEL));
        prop_assert!(first.is_some());
        prop_assert_eq!(memo.rounds(), 2 * state.map.len() as u64);
        let changes = steps.len() as u64;
        steps.into_iter().for_each(|(key, value)| state.take(Step::Put(key, value)));
        let again = memo.run(code, function, state.value(), &mut Fuel::new(MIGRATION_FUEL));
        prop_assert_eq!(again.map(Ok), Some(full(&migration, state.value(), MIGRATION_FUEL).0));
        prop_assert!(memo.rounds() <= 2 * changes, "{} rounds", memo.rounds());
    }

    #[test]
    fn a_value_that_goes_on_is_measured_as_it_is_written(
        key in select(vec![INT, TEXT]),
        rounds in prop::collection::vec(prop::collection::vec(any_step(), 0..60), 1..6),
    ) {
        let mut state = State { key, map: Map::default(), environment: 5 };
        let mut measured = Measured::of(state.value());
        for steps in rounds {
            steps.into_iter().for_each(|step| state.take(step));
            let written = encode::value(&state.value()).len() as u64;
            prop_assert_eq!(length(&state.value()), written);
            measured.follow(&state.value());
            prop_assert_eq!(measured.bytes(), written);
        }
    }
}

#[test]
fn a_memo_of_another_migration_is_not_taken() {
    let (one, other) = (migration(INT, Body::Add), migration(INT, Body::Join));
    let state = Value::product(vec![
        Value::Map([(Value::Int(3), Value::Int(1))].into_iter().collect()),
        Value::Int(5),
    ]);
    let mut memo = Memo::default();
    for migration in [&one, &other, &one] {
        let (code, function) = (migration.code(), migration.migrate());
        let mut fuel = Fuel::new(MIGRATION_FUEL);
        let made = memo.run(code, function, state.clone(), &mut fuel);
        assert_eq!(
            made.map(Ok),
            Some(full(migration, state.clone(), MIGRATION_FUEL).0)
        );
        assert_eq!(memo.rounds(), 2);
    }
}

#[test]
fn a_stop_names_the_entry() {
    let migration = migration(TEXT, Body::Divide);
    let entries = [("ann", 2), ("bob", 0), ("eve", 0)];
    let entries = entries.map(|(key, value)| (Value::text(key), Value::Int(value)));
    let state = Value::product(vec![
        Value::Map(entries.into_iter().collect()),
        Value::Int(5),
    ]);
    let (code, function) = (migration.code(), migration.migrate());
    let stop = machine::run_to_entry(code, function, state, &mut Fuel::new(MIGRATION_FUEL));
    let shown = stop.unwrap_err().to_string();
    assert!(shown.starts_with("a division by zero"), "{shown}");
    assert!(shown.ends_with(", at the entry `\"bob\"`"), "{shown}");
}

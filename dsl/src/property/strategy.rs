//! Strategies for values by their shape. They shrink as proptest shrinks: towards the first constructor, zero and
//! nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use cam::schema::{Shape, ShapeId, Shapes};
use cam::value::{List, Map, Value};
use proptest::collection::vec;
use proptest::num::i64::BinarySearch;
use proptest::option;
use proptest::prelude::any;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Just, NewTree, Strategy, Union, ValueTree};
use proptest::test_runner::TestRunner;

use crate::compile::Compiled;
use crate::simulate::{Constants, NAMES};

/// Strategies that know the constants of a source.
pub(super) struct Strategies {
    constants: Constants,
}

/// Items of a container, and of one that containers are in: a list of lists of lists would have no end otherwise.
const ITEMS: usize = 5;
const NESTED_ITEMS: usize = 2;

impl Strategies {
    pub(super) fn of(compiled: &Compiled) -> Strategies {
        Strategies {
            constants: Constants::of(&compiled.machine().terms),
        }
    }

    /// Values of a shape. Each shape is looked at once, however often it is used.
    pub(super) fn value(&self, shapes: &Shapes, shape: ShapeId) -> BoxedStrategy<Value> {
        let mut made = BTreeMap::new();
        self.made(shapes, shape, &mut made).0
    }

    /// The strategy of a shape, and how many containers are inside each other in it.
    fn made(
        &self,
        shapes: &Shapes,
        shape: ShapeId,
        made: &mut BTreeMap<ShapeId, (BoxedStrategy<Value>, usize)>,
    ) -> (BoxedStrategy<Value>, usize) {
        if let Some(known) = made.get(&shape) {
            return known.clone();
        }
        let parts: Vec<(BoxedStrategy<Value>, usize)> = shapes
            .get(shape)
            .operands()
            .iter()
            .map(|part| self.made(shapes, *part, made))
            .collect();
        let depth = parts.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
        let items = if depth > 1 { NESTED_ITEMS } else { ITEMS };
        let parts: Vec<BoxedStrategy<Value>> = parts.into_iter().map(|(part, _)| part).collect();
        let is_container = matches!(shapes.get(shape), Shape::List(_) | Shape::Map(..));
        let strategy = self.strategy(shapes.get(shape), parts, items);
        let found = (strategy, depth + usize::from(is_container));
        made.insert(shape, found.clone());
        found
    }

    fn strategy(
        &self,
        shape: &Shape,
        mut parts: Vec<BoxedStrategy<Value>>,
        items: usize,
    ) -> BoxedStrategy<Value> {
        match shape {
            Shape::Int => self.number().prop_map(Value::Int).boxed(),
            Shape::Text => self.text().prop_map(Value::Text).boxed(),
            Shape::Bytes => vec(any::<u8>(), 0..9)
                .prop_map(|bytes| Value::Bytes(bytes.into()))
                .boxed(),
            Shape::Bool => any::<bool>().prop_map(Value::bool).boxed(),
            Shape::Tuple(_) | Shape::Record(_) => parts.prop_map(Value::product).boxed(),
            Shape::Variant(..) => {
                let constructors = parts.into_iter().zip(0_u8..);
                let constructors = constructors.map(|(part, tag)| {
                    part.prop_map(move |payload| Value::sum(tag, payload))
                        .boxed()
                });
                Union::new(constructors).boxed()
            }
            Shape::Option(_) => match parts.pop() {
                Some(item) => option::of(item).prop_map(Value::option).boxed(),
                None => Just(Value::option(None)).boxed(),
            },
            Shape::List(_) => match parts.pop() {
                Some(item) => vec(item, 0..items)
                    .prop_map(|items| Value::List(items.into_iter().collect::<List>()))
                    .boxed(),
                None => Just(Value::List(List::default())).boxed(),
            },
            Shape::Map(..) => match (parts.pop(), parts.pop()) {
                (Some(content), Some(key)) => vec((key, content), 0..items)
                    .prop_map(|entries| Value::Map(entries.into_iter().collect::<Map>()))
                    .boxed(),
                _ => Just(Value::Map(Map::default())).boxed(),
            },
        }
    }

    fn number(&self) -> BoxedStrategy<i64> {
        let mut choices = vec![
            (5, (-20_i64..=20).boxed()),
            (1, any::<i64>().boxed()),
            (1, select(vec![i64::MIN, i64::MAX, i64::MAX - 1]).boxed()),
        ];
        let near = |number: &i64| [*number, number.saturating_sub(1), number.saturating_add(1)];
        let constants: Vec<i64> = self.constants.numbers.iter().flat_map(near).collect();
        if !constants.is_empty() {
            choices.push((4, select(constants).boxed()));
        }
        Halved(Union::new_weighted(choices)).boxed()
    }

    fn text(&self) -> BoxedStrategy<Arc<str>> {
        let characters = vec(any::<char>(), 0..6);
        let any_text = characters.prop_map(|characters| characters.into_iter().collect::<String>());
        let mut choices = vec![
            (4, self.sender()),
            (1, any_text.prop_map(|text| text.as_str().into()).boxed()),
        ];
        if !self.constants.texts.is_empty() {
            choices.push((4, select(self.constants.texts.clone()).boxed()));
        }
        Union::new_weighted(choices).boxed()
    }

    /// Who sends: few, so that they come again.
    pub(super) fn sender(&self) -> BoxedStrategy<Arc<str>> {
        select(NAMES.to_vec()).prop_map(Arc::from).boxed()
    }

    /// Milliseconds between two inputs.
    pub(super) fn pause(&self) -> BoxedStrategy<i64> {
        let is_time = |number: &&i64| (1..=PAUSE_MAX).contains(*number);
        let times: Vec<i64> = self
            .constants
            .numbers
            .iter()
            .filter(is_time)
            .copied()
            .collect();
        let mut choices = vec![(4, (0_i64..10).boxed()), (2, (0_i64..100_000).boxed())];
        if !times.is_empty() {
            choices.push((4, select(times).boxed()));
        }
        Union::new_weighted(choices).boxed()
    }
}

/// A year: longer pauses would bring the time near its end within one session.
const PAUSE_MAX: i64 = 366 * 24 * 3_600_000;

/// Numbers that shrink by halves towards zero, wherever they come from. A choice alone would shrink towards its first
/// item, so that a case found with the smallest number of all would be shown with that number.
#[derive(Debug)]
struct Halved<S>(S);

impl<S: Strategy<Value = i64>> Strategy for Halved<S> {
    type Tree = BinarySearch;
    type Value = i64;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let number = self.0.new_tree(runner)?.current();
        Ok(BinarySearch::new(number))
    }
}

//! Arrows made of functions: calls, folds and other rounds, loops, closures.

use cam::combinator::{Arrow, FunctionId, Operation};
use cam::types::{BOOL, INT, Type, TypeId};
use cam::value::Value;

use super::any_type;
use super::arrow::{Generator, made, made_function};

impl Generator<'_> {
    /// The closure of a new function over all or a part of the start.
    pub(super) fn closed(&mut self, a: TypeId, from: TypeId, to: TypeId, depth: u32) -> Arrow {
        let environment = match self.parts(a) {
            Some(parts) if !parts.is_empty() && self.choices.once_in(2) => {
                parts[self.choices.pick(parts.len())]
            }
            _ => a,
        };
        let start = self.draft.types.product(&[environment, from]);
        let body = self.function(start, to, depth.saturating_sub(1));
        let curry = made(self.draft.curry(body));
        if environment == a {
            return curry;
        }
        let held = self.simple(a, environment);
        made(self.draft.compose(held, curry))
    }

    /// A function that is at hand, or a new one, applied to something.
    pub(super) fn evaluated(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let mut fitting = self.at_hand(a);
        fitting.retain(
            |(_, id)| matches!(self.draft.types.get(*id), Type::Function(_, to) if *to == b),
        );
        let function = if fitting.is_empty() || self.choices.once_in(4) {
            let from = any_type(&mut self.draft.types, self.choices, 1);
            self.draft.types.function(from, b)
        } else {
            fitting[self.choices.pick(fitting.len())].1
        };
        let evaluate = made(self.draft.evaluate(function));
        self.applied(a, evaluate, depth)
    }

    /// Goes on with a function beside the start, directly or in a function that is called.
    pub(super) fn through_closure(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let from = any_type(&mut self.draft.types, self.choices, 1);
        let function = self.draft.types.function(from, b);
        let closure = self.closed(a, from, b, depth);
        let identity = made(self.draft.identity(a));
        let both = made(self.draft.tuple(a, &[closure, identity]));
        let wider = self.draft.types.product(&[function, a]);
        let rest = if self.choices.once_in(2) {
            let callee = self.function(wider, b, depth);
            made(self.draft.call(callee))
        } else {
            self.arrow(wider, b, depth)
        };
        made(self.draft.compose(both, rest))
    }

    /// A loop, and what is made of its last element or of what stopped it.
    pub(super) fn iterated(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let environment = any_type(&mut self.draft.types, self.choices, 1);
        let [element, stop] = [0; 2].map(|_| any_type(&mut self.draft.types, self.choices, 1));
        let sum = self.draft.types.sum(&[element, stop]);
        let start = self.draft.types.product(&[environment, element, INT]);
        let body = self.function(start, sum, depth);
        let iterate = made(self.draft.iterate(body));
        let environment = self.arrow(a, environment, depth);
        let first = self.arrow(a, element, depth);
        // The count is a small one; nobody waits for 2^63 rounds.
        let count = i64::try_from(self.choices.pick(6)).expect("small") - 1;
        let count = made(self.draft.constant(a, INT, Value::Int(count)));
        let operands = made(self.draft.tuple(a, &[environment, first, count]));
        let result = made(self.draft.compose(operands, iterate));
        self.beside(a, result, b, depth)
    }

    pub(super) fn mapped_list(&mut self, a: TypeId, item: TypeId, depth: u32) -> Arrow {
        let environment = any_type(&mut self.draft.types, self.choices, 1);
        let list = self.chosen_list(a);
        let from = self.draft.types.get(list).operands()[0];
        let start = self.draft.types.product(&[environment, from]);
        let body = self.function(start, item, depth);
        let map = made(self.draft.map_list(body));
        self.applied(a, map, depth)
    }

    /// A map made from another with the same keys, or what is left of one.
    pub(super) fn mapped_map(
        &mut self,
        a: TypeId,
        key: TypeId,
        value: TypeId,
        depth: u32,
    ) -> Arrow {
        let environment = any_type(&mut self.draft.types, self.choices, 1);
        let filters = self.choices.once_in(2);
        let from = match filters {
            true => value,
            false => any_type(&mut self.draft.types, self.choices, 1),
        };
        let start = self.draft.types.product(&[environment, key, from]);
        let whole = if filters {
            let body = self.function(start, BOOL, depth);
            made(self.draft.filter_map(body))
        } else {
            let body = self.function(start, value, depth);
            made(self.draft.map_map(body))
        };
        self.applied(a, whole, depth)
    }

    /// What is made of the next entry of a map, if there is one.
    pub(super) fn sought(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let map = self.chosen_map(a, None);
        let entry = self.operated(a, Operation::MapNext(map), depth);
        self.beside(a, entry, b, depth)
    }

    /// Goes on with a result and the start.
    pub(super) fn beside(&mut self, a: TypeId, result: Arrow, b: TypeId, depth: u32) -> Arrow {
        let identity = made(self.draft.identity(a));
        let both = made(self.draft.tuple(a, &[identity, result]));
        let wider = self.draft.codomain(both);
        let rest = self.arrow(wider, b, depth);
        made(self.draft.compose(both, rest))
    }

    pub(super) fn folded_list(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let environment = any_type(&mut self.draft.types, self.choices, 1);
        let list = self.chosen_list(a);
        let item = self.draft.types.get(list).operands()[0];
        let start = self.draft.types.product(&[environment, b, item]);
        let body = self.function(start, b, depth);
        let fold = made(self.draft.fold_list(body));
        self.applied(a, fold, depth)
    }

    pub(super) fn folded_map(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let environment = any_type(&mut self.draft.types, self.choices, 1);
        let map = self.chosen_map(a, None);
        let entry = self.draft.types.get(map).operands();
        let start = self
            .draft
            .types
            .product(&[environment, b, entry[0], entry[1]]);
        let body = self.function(start, b, depth);
        let fold = made(self.draft.fold_map(body));
        self.applied(a, fold, depth)
    }

    /// A call of a function that there is, or of a new one.
    pub(super) fn called(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let known = (0..self.draft.functions().len())
            .find(|index| self.draft.codomain(self.draft.functions()[*index].arrow) == b);
        let call = match known {
            Some(index) if !self.choices.once_in(2) => {
                let arrow = self.draft.functions()[index].arrow;
                let name = self.draft.functions()[index].name.clone();
                // A second name for one body: ids are given by `define` alone.
                let again = made_function(self.draft.define(&name, arrow));
                made(self.draft.call(again))
            }
            _ => {
                let from = any_type(&mut self.draft.types, self.choices, 2);
                let function = self.function(from, b, depth);
                made(self.draft.call(function))
            }
        };
        self.applied(a, call, depth)
    }

    /// A new function. Functions are pure.
    pub(super) fn function(&mut self, a: TypeId, b: TypeId, depth: u32) -> FunctionId {
        let state = self.state.take();
        let arrow = self.arrow(a, b, depth);
        self.state = state;
        let name = format!("f{}", self.draft.functions().len());
        made_function(self.draft.define(&name, arrow))
    }
}

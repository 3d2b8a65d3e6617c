//! `each f`: an arrow on all that is in a list or map. A pure one is the machine's own walk; one that uses the state
//! is a fold that carries the state along, so that each item sees what those before it left.

use cam::combinator::{Arrow, Operation};
use cam::schema::{Shape, ShapeId};
use cam::state;
use cam::types::TypeId;

use super::free::{Term, free};
use super::scope::{Place, Variable};
use super::{Translated, Translator};
use crate::typed::ArrowId;

/// A walk of an arrow over a collection.
struct Walk {
    inside: ArrowId,
    needs: Vec<Variable>,
    /// What the needs are, as one product.
    captured: TypeId,
    /// Whether the collection is a map.
    is_map: bool,
    /// The type of the result.
    result: TypeId,
    /// What the arrow gives for one item.
    item: TypeId,
}

impl Translator<'_> {
    /// `Γ -> List B` for the `List A` at `argument`; likewise of maps.
    pub(super) fn on_each(
        &mut self,
        inside: ArrowId,
        argument: &Place,
        from: ShapeId,
        to: ShapeId,
    ) -> Translated<Arrow> {
        let needs: Vec<Variable> = free(self.terms, [Term::Arrow(inside)])
            .into_iter()
            .collect();
        let captured = self.capture(&needs)?;
        let parts = self.item_parts(from);
        let walk = Walk {
            inside,
            needs,
            captured: self.draft.codomain(captured),
            is_map: matches!(self.shapes.get(from), Shape::Map(..)),
            result: self.type_of(to),
            item: self.type_of(self.terms.arrow(inside).codomain),
        };
        if self.terms.arrow(inside).stateful {
            return self.each_with_state(&walk, captured, argument, &parts);
        }
        let mut domain = vec![walk.captured];
        domain.extend(parts);
        let domain = self.draft.types.product(&domain);
        let function = self.function("each", domain, |translator| {
            let whole = Place::argument();
            translator.bind_captured(&walk.needs, &whole);
            let item = whole.part(1 + usize::from(walk.is_map));
            translator.arrow(walk.inside, &item)
        })?;
        let operands = [captured, self.look(argument)?];
        let operands = self.draft.tuple(self.scope.gamma(), &operands)?;
        let each = match walk.is_map {
            true => self.draft.map_map(function)?,
            false => self.draft.map_list(function)?,
        };
        self.draft.compose(operands, each)
    }

    /// `get`, the fold of `(state, results so far)`, `put`.
    fn each_with_state(
        &mut self,
        walk: &Walk,
        captured: Arrow,
        argument: &Place,
        parts: &[TypeId],
    ) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let carried = self.draft.types.product(&[self.state, walk.result]);
        let mut domain = vec![walk.captured, carried];
        domain.extend(parts);
        let domain = self.draft.types.product(&domain);
        let round = self.function("each", domain, |translator| {
            translator.round_with_state(walk, domain)
        })?;
        let unit = self.unit()?;
        let empty = match walk.is_map {
            true => Operation::MapEmpty(walk.result),
            false => Operation::ListEmpty(walk.result),
        };
        let empty = self.operate(empty, &[unit])?;
        let state = self.draft.get(gamma, self.state)?;
        let start = self.draft.tuple(gamma, &[state, empty])?;
        let operands = [captured, start, self.look(argument)?];
        let operands = self.draft.tuple(gamma, &operands)?;
        let fold = match walk.is_map {
            true => self.draft.fold_map(round)?,
            false => self.draft.fold_list(round)?,
        };
        let state = self.draft.project(carried, 0)?;
        let put = self.draft.put(self.state)?;
        let put = self.draft.compose(state, put)?;
        let results = self.draft.project(carried, 1)?;
        let both = self.draft.tuple(carried, &[put, results])?;
        let last = self.draft.project(self.draft.codomain(both), 1)?;
        self.draft.chain(gamma, &[operands, fold, both, last])
    }

    /// `(captured, (state, results), item)` to the state after the item and the results with its own.
    fn round_with_state(&mut self, walk: &Walk, domain: TypeId) -> Translated<Arrow> {
        let whole = Place::argument();
        self.bind_captured(&walk.needs, &whole);
        let item = whole.part(2 + usize::from(walk.is_map));
        let arrow = self.arrow(walk.inside, &item)?;
        let threaded = state::thread(&mut self.draft, arrow, self.state)?;
        let before = self.look(&whole.parts(&[1, 0]))?;
        let identity = self.draft.identity(domain)?;
        let start = self.draft.tuple(domain, &[before, identity])?;
        let run = self.draft.compose(start, threaded)?;
        let (extended, after) = self.scope.extend(&mut self.draft, run)?;
        let mut operands = vec![self.look(&whole.parts(&[1, 1]))?];
        if walk.is_map {
            operands.push(self.look(&whole.part(2))?);
        }
        operands.push(self.look(&after.part(1))?);
        debug_assert_eq!(self.draft.codomain(operands[operands.len() - 1]), walk.item);
        let add = match walk.is_map {
            true => Operation::MapPut(walk.result),
            false => Operation::ListPush(walk.result),
        };
        let results = self.operate(add, &operands)?;
        let parts = [self.look(&after.part(0))?, results];
        let parts = self.draft.tuple(self.scope.gamma(), &parts)?;
        self.draft.compose(extended, parts)
    }
}

//! Folds: every collection function of the language is one. Over a list or map it is the machine's fold, over a
//! range the machine's loop.

use std::collections::BTreeSet;

use cam::combinator::{Arrow, Draft, FunctionId};
use cam::schema::{Shape, ShapeId};
use cam::types::TypeId;

use super::free::{Term, free};
use super::scope::{Place, Variable};
use super::{Branch, Outcome, Translated, Translator};
use crate::typed::{Arm, ExprId, ExprKind, PatternId};

/// What a round of a fold does.
#[derive(Clone, Copy)]
pub(super) struct Round<'m> {
    pub(super) accumulator: PatternId,
    pub(super) item: PatternId,
    pub(super) body: ExprId,
    pub(super) until: Option<&'m Arm>,
}

impl<'m> Round<'m> {
    /// What it needs from outside.
    pub(super) fn needs(self, translator: &Translator<'m>) -> Vec<Variable> {
        let until = self.until.into_iter();
        let terms = until.flat_map(|arm| [Term::Pattern(arm.pattern), Term::Expr(arm.body)]);
        let own = [
            Term::Pattern(self.accumulator),
            Term::Pattern(self.item),
            Term::Expr(self.body),
        ];
        let needs: BTreeSet<Variable> = free(translator.terms, own.into_iter().chain(terms));
        needs.into_iter().collect()
    }

    /// The rows that a match on what there is so far and an item has. `outcome` is given a value and whether it
    /// is the last one.
    pub(super) fn rows(
        self,
        outcome: impl Fn(ExprId, bool) -> Outcome<'m>,
    ) -> Vec<(Vec<PatternId>, Branch<'m>)> {
        let branch = |value, is_last| Branch {
            guard: None,
            outcome: outcome(value, is_last),
        };
        let until = self.until.into_iter();
        let mut rows: Vec<_> = until
            .map(|arm| (vec![arm.pattern], branch(arm.body, true)))
            .collect();
        let patterns = vec![self.accumulator, self.item];
        rows.push((patterns, branch(self.body, false)));
        rows
    }
}

impl<'m> Translator<'m> {
    /// The body becomes a function of what it needs, what there is so far, and an item.
    pub(super) fn fold(&mut self, id: ExprId, result: TypeId) -> Translated<Arrow> {
        let terms = self.terms;
        let ExprKind::Fold {
            over,
            start,
            accumulator,
            item,
            body,
            ref until,
        } = terms.expr(id).kind
        else {
            return self.expression(id);
        };
        let round = Round {
            accumulator,
            item,
            body,
            until: until.as_ref(),
        };
        if let ExprKind::Range { from, to, most } = terms.expr(over).kind {
            return self.counted((from, to, most), start, round, result);
        }
        let collection = terms.expr(over).shape;
        let (captured, function) = self.fold_body(collection, round, result)?;
        self.with(over, |translator, over| {
            let captured = translator.capture(&captured)?;
            let start = translator.expression(start)?;
            let over = translator.look(&over)?;
            let gamma = translator.scope.gamma();
            let operands = translator.draft.tuple(gamma, &[captured, start, over])?;
            let fold = match translator.shapes.get(collection) {
                Shape::Map(..) => translator.draft.fold_map(function)?,
                _ => translator.draft.fold_list(function)?,
            };
            translator.draft.compose(operands, fold)
        })
    }

    /// What the machine's own walk makes of a list or map, each item through the body.
    pub(super) fn walk(
        &mut self,
        over: ExprId,
        item: PatternId,
        body: ExprId,
        walk: impl FnOnce(&mut Draft, FunctionId, bool) -> Translated<Arrow>,
    ) -> Translated<Arrow> {
        let terms = self.terms;
        let needs = free(terms, [Term::Pattern(item), Term::Expr(body)]);
        let needs: Vec<Variable> = needs.into_iter().collect();
        let captured = self.capture(&needs)?;
        let result = self.type_of(terms.expr(body).shape);
        let mut parts = vec![self.draft.codomain(captured)];
        parts.extend(self.item_parts(terms.expr(over).shape));
        let argument = self.draft.types.product(&parts);
        let function = self.function("each", argument, |translator| {
            let whole = Place::argument();
            translator.bind_captured(&needs, &whole);
            let branch = Branch {
                guard: None,
                outcome: Outcome::Value(body),
            };
            translator.on_item(argument, &whole, 1, |translator, item_place| {
                translator.matched(&[item_place], &[(vec![item], branch)], result)
            })
        })?;
        let over = self.expression(over)?;
        let operands = self.draft.tuple(self.scope.gamma(), &[captured, over])?;
        let walk = walk(&mut self.draft, function, parts.len() == 3)?;
        self.draft.compose(operands, walk)
    }

    /// What a body is given of an item: the item of a list, the key and the value of a map.
    pub(super) fn item_parts(&mut self, collection: ShapeId) -> Vec<TypeId> {
        match *self.shapes.get(collection) {
            Shape::Map(key, value) => vec![self.type_of(key), self.type_of(value)],
            Shape::List(item) => vec![self.type_of(item)],
            _ => Vec::new(),
        }
    }

    /// Goes on with the place of the item, whose parts stand in the argument from `first` on: key and value of a
    /// map are put together.
    fn on_item(
        &mut self,
        argument: TypeId,
        whole: &Place,
        first: usize,
        body: impl FnOnce(&mut Self, Place) -> Translated<Arrow>,
    ) -> Translated<Arrow> {
        if self.draft.types.get(argument).operands().len() == first + 1 {
            return body(self, whole.part(first));
        }
        let entry = [
            self.look(&whole.part(first))?,
            self.look(&whole.part(first + 1))?,
        ];
        let entry = self.draft.tuple(argument, &entry)?;
        let (extended, entry) = self.scope.extend(&mut self.draft, entry)?;
        let body = body(self, entry)?;
        self.draft.compose(extended, body)
    }

    fn fold_body(
        &mut self,
        collection: ShapeId,
        round: Round<'m>,
        result: TypeId,
    ) -> Translated<(Vec<Variable>, FunctionId)> {
        let needs = round.needs(self);
        let captured = self.capture(&needs)?;
        let mut parts = vec![self.draft.codomain(captured), result];
        parts.extend(self.item_parts(collection));
        let argument = self.draft.types.product(&parts);
        let function = self.function("fold", argument, |translator| {
            let whole = Place::argument();
            translator.bind_captured(&needs, &whole);
            let rows = round.rows(|value, _| Outcome::Value(value));
            translator.on_item(argument, &whole, 2, |translator, item| {
                translator.matched(&[whole.part(1), item], &rows, result)
            })
        })?;
        Ok((needs, function))
    }

    /// In a function whose argument's first part holds what was captured.
    pub(super) fn bind_captured(&mut self, needs: &[Variable], argument: &Place) {
        for (index, variable) in needs.iter().enumerate() {
            self.scope.bind(*variable, argument.parts(&[0, index]));
        }
    }
}

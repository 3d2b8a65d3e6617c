//! Folds: every collection function of the language is one. Over a list or map it is the machine's fold, over a
//! range the machine's loop.

use std::collections::BTreeSet;

use cam::combinator::{Arrow, FunctionId};
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

    /// A list of what the body gives for each item.
    pub(super) fn each(
        &mut self,
        over: ExprId,
        item: PatternId,
        body: ExprId,
    ) -> Translated<Arrow> {
        let terms = self.terms;
        let needs = free(terms, [Term::Pattern(item), Term::Expr(body)]);
        let needs: Vec<Variable> = needs.into_iter().collect();
        let captured = self.capture(&needs)?;
        let Shape::List(item_shape) = *self.shapes.get(terms.expr(over).shape) else {
            return self.expression(over);
        };
        let parts = [self.draft.codomain(captured), self.type_of(item_shape)];
        let argument = self.draft.types.product(&parts);
        let result = self.type_of(terms.expr(body).shape);
        let function = self.function("each", argument, |translator| {
            let whole = Place::argument();
            translator.bind_captured(&needs, &whole);
            let branch = Branch {
                guard: None,
                outcome: Outcome::Value(body),
            };
            translator.matched(&[whole.part(1)], &[(vec![item], branch)], result)
        })?;
        let over = self.expression(over)?;
        let operands = self.draft.tuple(self.scope.gamma(), &[captured, over])?;
        let each = self.draft.map_list(function)?;
        self.draft.compose(operands, each)
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
        match *self.shapes.get(collection) {
            Shape::Map(key, value) => parts.extend([self.type_of(key), self.type_of(value)]),
            Shape::List(item) => parts.push(self.type_of(item)),
            _ => {}
        }
        let argument = self.draft.types.product(&parts);
        let function = self.function("fold", argument, |translator| {
            let whole = Place::argument();
            translator.bind_captured(&needs, &whole);
            let rows = round.rows(|value, _| Outcome::Value(value));
            if parts.len() == 3 {
                return translator.matched(&[whole.part(1), whole.part(2)], &rows, result);
            }
            let entry = [whole.part(2), whole.part(3)];
            let entry = [translator.look(&entry[0])?, translator.look(&entry[1])?];
            let entry = translator.draft.tuple(argument, &entry)?;
            let (extended, entry) = translator.scope.extend(&mut translator.draft, entry)?;
            let body = translator.matched(&[whole.part(1), entry], &rows, result)?;
            translator.draft.compose(extended, body)
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

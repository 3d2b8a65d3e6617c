//! Folds: the one loop there is. Every collection function of the language is one.

use std::collections::BTreeSet;

use cam::combinator::{Arrow, FunctionId};
use cam::schema::{Shape, ShapeId};
use cam::types::TypeId;

use super::free::{Term, free};
use super::scope::{Place, Variable};
use super::{Branch, Outcome, Translated, Translator};
use crate::typed::{ExprId, ExprKind, PatternId};

impl Translator<'_> {
    /// The body becomes a function of what it needs, what there is so far, and an item.
    pub(super) fn fold(&mut self, id: ExprId, result: TypeId) -> Translated<Arrow> {
        let terms = self.terms;
        let ExprKind::Fold {
            over,
            start,
            accumulator,
            item,
            body,
        } = terms.expr(id).kind
        else {
            return self.expression(id);
        };
        let patterns = [accumulator, item];
        let needs = free(
            terms,
            [Term::Expr(body)]
                .into_iter()
                .chain(patterns.map(Term::Pattern)),
        );
        let collection = terms.expr(over).shape;
        let (captured, function) = self.fold_body(collection, needs, patterns, body, result)?;
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

    fn fold_body(
        &mut self,
        collection: ShapeId,
        needs: BTreeSet<Variable>,
        patterns: [PatternId; 2],
        body: ExprId,
        result: TypeId,
    ) -> Translated<(Vec<Variable>, FunctionId)> {
        let needs: Vec<Variable> = needs.into_iter().collect();
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
            for (index, variable) in needs.iter().enumerate() {
                translator.scope.bind(*variable, whole.parts(&[0, index]));
            }
            let branch = Branch {
                guard: None,
                outcome: Outcome::Value(body),
            };
            let row = [(patterns.to_vec(), branch)];
            if parts.len() == 3 {
                return translator.matched(&[whole.part(1), whole.part(2)], &row, result);
            }
            let entry = [whole.part(2), whole.part(3)];
            let entry = [translator.look(&entry[0])?, translator.look(&entry[1])?];
            let entry = translator.draft.tuple(argument, &entry)?;
            let (extended, entry) = translator.scope.extend(&mut translator.draft, entry)?;
            let body = translator.matched(&[whole.part(1), entry], &row, result)?;
            translator.draft.compose(extended, body)
        })?;
        Ok((needs, function))
    }
}

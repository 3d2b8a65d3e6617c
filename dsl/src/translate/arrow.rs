//! Point-free arrows, read at a place: what `f : A -> B` gives for the `A` that stands there.
//!
//! Reading an arrow at a place instead of denoting it on its own gives it Γ for nothing: a stamp deep
//! inside a chain is looked up like any name. `get` and `put` stay what they are here; the pass in
//! `cam::state` turns an arrow that has them into one from `S x Γ` to `S x B`.

use cam::combinator::Arrow;
use cam::types::Type;

use super::free::{Term, free};
use super::scope::{Place, Variable};
use super::{Branch, Outcome, Translated, Translator};
use crate::typed::{ArrowId, ArrowKind};

impl Translator<'_> {
    /// `Γ -> B`, the arrow applied to what stands at `argument`; stateful if the arrow is. From its place
    /// in the source.
    pub(super) fn arrow(&mut self, id: ArrowId, argument: &Place) -> Translated<Arrow> {
        let outside = self.draft.enter(Some(self.terms.arrow(id).span.into()));
        let arrow = self.applied(id, argument)?;
        self.draft.enter(outside);
        Ok(arrow)
    }

    fn applied(&mut self, id: ArrowId, argument: &Place) -> Translated<Arrow> {
        let terms = self.terms;
        match &terms.arrow(id).kind {
            ArrowKind::Identity => self.look(argument),
            ArrowKind::Compose(parts) => self.one_after_the_other(parts, argument),
            ArrowKind::Fanout(parts) => {
                let arrows = parts.iter().map(|part| self.arrow(*part, argument));
                let arrows = arrows.collect::<Translated<Vec<Arrow>>>()?;
                self.draft.tuple(self.scope.gamma(), &arrows)
            }
            ArrowKind::Parallel(parts) => {
                let arrows = parts
                    .iter()
                    .enumerate()
                    .map(|(index, part)| self.arrow(*part, &argument.part(index)));
                let arrows = arrows.collect::<Translated<Vec<Arrow>>>()?;
                self.draft.tuple(self.scope.gamma(), &arrows)
            }
            ArrowKind::Record(fields) => self.fields(fields, argument),
            ArrowKind::Project(index) => self.look(&argument.part(*index)),
            ArrowKind::Inject(constructor) => {
                let sum = self.type_of(terms.arrow(id).codomain);
                let payload = self.look(argument)?;
                let inject = self.draft.inject(sum, *constructor)?;
                self.draft.compose(payload, inject)
            }
            ArrowKind::Case(_) | ArrowKind::Choose { .. } => self.chosen(id, argument),
            ArrowKind::Curry(inside) => self.closure(id, *inside, argument),
            ArrowKind::Apply => self.applied_closure(argument),
            ArrowKind::Each(inside) => {
                let (from, to) = (terms.arrow(id).domain, terms.arrow(id).codomain);
                self.on_each(*inside, argument, from, to)
            }
            ArrowKind::Constant(value) => self.expression(*value),
            ArrowKind::Function(function) => {
                let found = self.look(argument)?;
                let function = self.called(*function)?;
                let call = self.draft.call(function)?;
                self.draft.compose(found, call)
            }
            ArrowKind::Lambda { parameter, body } => {
                let result = self.type_of(terms.arrow(id).codomain);
                let branch = Branch {
                    guard: None,
                    outcome: Outcome::Value(*body),
                };
                self.matched(
                    std::slice::from_ref(argument),
                    &[(vec![*parameter], branch)],
                    result,
                )
            }
            ArrowKind::Stamp(stamp) => {
                let place = self.scope.place(Variable::Stamp(*stamp));
                self.look(&place)
            }
            ArrowKind::Get => {
                let state = self.type_of(terms.arrow(id).codomain);
                self.draft.get(self.scope.gamma(), state)
            }
            ArrowKind::Put => {
                let state = self.type_of(terms.arrow(id).domain);
                let found = self.look(argument)?;
                let put = self.draft.put(state)?;
                self.draft.compose(found, put)
            }
        }
    }

    /// One of several arrows, by what is found.
    fn chosen(&mut self, id: ArrowId, argument: &Place) -> Translated<Arrow> {
        let terms = self.terms;
        match &terms.arrow(id).kind {
            ArrowKind::Case(parts) => {
                let subject = self.look(argument)?;
                self.case(
                    subject,
                    &mut |translator, constructor, payload| {
                        translator.arrow(parts[constructor], &payload)
                    },
                    parts.len(),
                )
            }
            ArrowKind::Choose { test, yes, no } => {
                let test = self.arrow(*test, argument)?;
                self.case(
                    test,
                    &mut |translator, constructor, _| {
                        let next = if constructor == 1 { yes } else { no };
                        translator.arrow(*next, argument)
                    },
                    2,
                )
            }
            _ => self.look(argument),
        }
    }

    /// The function of the second part of what an arrow takes, with the first part and the stamps it was made in.
    fn closure(&mut self, id: ArrowId, inside: ArrowId, argument: &Place) -> Translated<Arrow> {
        let needs: Vec<Variable> = free(self.terms, [Term::Arrow(inside)])
            .into_iter()
            .collect();
        let mut parts = Vec::with_capacity(needs.len() + 1);
        for variable in &needs {
            let place = self.scope.place(*variable);
            parts.push(self.look(&place)?);
        }
        parts.push(self.look(argument)?);
        let environment = self.draft.tuple(self.scope.gamma(), &parts)?;
        let function = self.type_of(self.terms.arrow(id).codomain);
        let Type::Function(given, _) = *self.draft.types.get(function) else {
            return self.look(argument);
        };
        let parts = [self.draft.codomain(environment), given];
        let domain = self.draft.types.product(&parts);
        let body = self.function("curry", domain, |translator| {
            let whole = Place::argument();
            translator.bind_captured(&needs, &whole);
            let first = translator.look(&whole.parts(&[0, needs.len()]))?;
            let pair = [first, translator.look(&whole.part(1))?];
            let pair = translator.draft.tuple(domain, &pair)?;
            let (extended, pair) = translator.scope.extend(&mut translator.draft, pair)?;
            let arrow = translator.arrow(inside, &pair)?;
            translator.draft.compose(extended, arrow)
        })?;
        let curry = self.draft.curry(body)?;
        self.draft.compose(environment, curry)
    }

    /// A function and its argument stand at a place.
    fn applied_closure(&mut self, argument: &Place) -> Translated<Arrow> {
        let function = self.look(&argument.part(0))?;
        let function = self.draft.codomain(function);
        let both = self.look(argument)?;
        let evaluate = self.draft.evaluate(function)?;
        self.draft.compose(both, evaluate)
    }

    fn one_after_the_other(&mut self, parts: &[ArrowId], argument: &Place) -> Translated<Arrow> {
        let (last, before) = parts.split_last().expect("a chain has two arrows");
        let gamma = self.scope.gamma();
        let mark = self.scope.mark();
        let mut line = Vec::with_capacity(parts.len());
        let mut place = argument.clone();
        for part in before {
            let value = self.arrow(*part, &place)?;
            let (extended, found) = self.scope.extend(&mut self.draft, value)?;
            line.push(extended);
            place = found;
        }
        line.push(self.arrow(*last, &place)?);
        self.scope.restore(mark);
        self.draft.chain(gamma, &line)
    }

    /// Fields in the order they are written; the record then takes them in name order.
    fn fields(&mut self, fields: &[(usize, ArrowId)], argument: &Place) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let mark = self.scope.mark();
        let mut line = Vec::with_capacity(fields.len() + 1);
        let mut places: Vec<(usize, Place)> = Vec::with_capacity(fields.len());
        for (index, arrow) in fields {
            let value = self.arrow(*arrow, argument)?;
            let (extended, place) = self.scope.extend(&mut self.draft, value)?;
            line.push(extended);
            places.push((*index, place));
        }
        places.sort_by_key(|(index, _)| *index);
        let parts = places.iter().map(|(_, place)| self.look(place));
        let parts = parts.collect::<Translated<Vec<Arrow>>>()?;
        line.push(self.draft.tuple(self.scope.gamma(), &parts)?);
        self.scope.restore(mark);
        self.draft.chain(gamma, &line)
    }
}

//! Ranges: the machine's loop counts, so a fold over a range makes no list.
//!
//! A round gives constructor 0 of `E + E` to go on and constructor 1 to stop, and both carry what there is so far.

use cam::combinator::{Arrow, FunctionId, Operation};
use cam::types::{INT, TypeId};
use cam::value::Value;

use super::fold::Round;
use super::scope::{Place, Variable};
use super::{Outcome, Translated, Translator};
use crate::fault::Fault;
use crate::typed::{ExprId, ExprKind, FunctionBody};

/// From a number to the one before another, with a limit for how many.
type Bounds = (ExprId, ExprId, Option<i64>);

/// The first number of a range.
#[derive(Clone)]
enum First {
    Known(i64),
    At(Place),
}

/// A range whose bounds are worked out: the lines of Γ that hold them, and how many numbers it has.
struct Counted {
    line: Vec<Arrow>,
    first: First,
    count: Arrow,
}

impl<'m> Translator<'m> {
    /// A fold over a range.
    pub(super) fn counted(
        &mut self,
        bounds: Bounds,
        start: ExprId,
        round: Round<'m>,
        result: TypeId,
    ) -> Translated<Arrow> {
        let needs = round.needs(self);
        let start = |translator: &mut Self| translator.expression(start);
        self.rounds(bounds, &needs, result, start, |translator, so_far, item| {
            let step = translator.draft.types.sum(&[result, result]);
            let rows = round.rows(|value, is_last| Outcome::Round {
                constructor: usize::from(is_last),
                value,
            });
            translator.matched(&[so_far, item], &rows, step)
        })
    }

    /// The numbers of a range as a list.
    pub(super) fn range(&mut self, bounds: Bounds, list: TypeId) -> Translated<Arrow> {
        let start = |translator: &mut Self| {
            let unit = translator.unit()?;
            translator.operate(Operation::ListEmpty(list), &[unit])
        };
        self.rounds(bounds, &[], list, start, |translator, so_far, item| {
            let step = translator.draft.types.sum(&[list, list]);
            let operands = [translator.look(&so_far)?, translator.look(&item)?];
            let longer = translator.operate(Operation::ListPush(list), &operands)?;
            let go_on = translator.draft.inject(step, 0)?;
            translator.draft.compose(longer, go_on)
        })
    }

    /// `⟨id, bounds⟩ ; ⟨⟨captured, start, count⟩⟩ ; LOOP ; CASE{0: snd, 1: snd}`. The body is made in a function
    /// of its own, with the places of what there is so far and of the number.
    fn rounds(
        &mut self,
        bounds: Bounds,
        needs: &[Variable],
        result: TypeId,
        start: impl FnOnce(&mut Self) -> Translated<Arrow>,
        body: impl FnOnce(&mut Self, Place, Place) -> Translated<Arrow>,
    ) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let mark = self.scope.mark();
        let Counted {
            mut line,
            first,
            count,
        } = self.count(bounds)?;
        let (extended, count) = self.scope.extend(&mut self.draft, count)?;
        line.push(extended);
        let captured = self.captured_with(needs, &first)?;
        let start = start(self)?;
        let function = self.round(needs, &first, self.draft.codomain(captured), result, body)?;
        let operands = [captured, start, self.look(&count)?];
        let operands = self.draft.tuple(self.scope.gamma(), &operands)?;
        let iterate = self.draft.iterate(function)?;
        let end = self.draft.compose(operands, iterate)?;
        line.push(self.case(end, &mut |translator, _, last| translator.look(&last), 2)?);
        self.scope.restore(mark);
        self.draft.chain(gamma, &line)
    }

    /// What a body needs, and the first number after it where that is not known.
    fn captured_with(&mut self, needs: &[Variable], first: &First) -> Translated<Arrow> {
        let mut places: Vec<Place> = needs
            .iter()
            .map(|variable| self.scope.place(*variable))
            .collect();
        if let First::At(place) = first {
            places.push(place.clone());
        }
        let parts = places.iter().map(|place| self.look(place));
        let parts = parts.collect::<Translated<Vec<Arrow>>>()?;
        self.draft.tuple(self.scope.gamma(), &parts)
    }

    fn round(
        &mut self,
        needs: &[Variable],
        first: &First,
        captured: TypeId,
        result: TypeId,
        body: impl FnOnce(&mut Self, Place, Place) -> Translated<Arrow>,
    ) -> Translated<FunctionId> {
        let argument = self.draft.types.product(&[captured, result, INT]);
        self.function("range", argument, |translator| {
            let whole = Place::argument();
            translator.bind_captured(needs, &whole);
            let so_far = whole.part(1);
            let first = match first {
                First::Known(0) => return body(translator, so_far, whole.part(2)),
                First::Known(number) => {
                    translator
                        .draft
                        .constant(argument, INT, Value::Int(*number))?
                }
                First::At(_) => translator.look(&whole.parts(&[0, needs.len()]))?,
            };
            let operands = [first, translator.look(&whole.part(2))?];
            let item = translator.operate(Operation::Add, &operands)?;
            let (extended, item) = translator.scope.extend(&mut translator.draft, item)?;
            let body = body(translator, so_far, item)?;
            translator.draft.compose(extended, body)
        })
    }

    /// How many numbers a range has; its bounds stay in Γ if they had to be worked out.
    fn count(&mut self, (from, to, most): Bounds) -> Translated<Counted> {
        let (from_known, to_known) = (self.known_number(from), self.known_number(to));
        if let (Some(first), Some(end), None) = (from_known, to_known, most) {
            let count = Value::Int(end.saturating_sub(first));
            return Ok(Counted {
                line: Vec::new(),
                first: First::Known(first),
                count: self.draft.constant(self.scope.gamma(), INT, count)?,
            });
        }
        let mut line = Vec::new();
        let mut places = Vec::new();
        for bound in [from, to] {
            let bound = self.expression(bound)?;
            let (extended, place) = self.scope.extend(&mut self.draft, bound)?;
            line.push(extended);
            places.push(place);
        }
        let count = self.difference(&places[0], &places[1], most)?;
        let first = from_known.map_or_else(|| First::At(places[0].clone()), First::Known);
        Ok(Counted { line, first, count })
    }

    /// The number of a literal, or of a constant that is one.
    fn known_number(&self, id: ExprId) -> Option<i64> {
        match &self.terms.expr(id).kind {
            ExprKind::Int(number) => Some(*number),
            ExprKind::Call { function, .. } => match self.functions[function.index()].body {
                FunctionBody::Expr {
                    ref parameters,
                    body,
                } if parameters.is_empty() => match self.terms.expr(body).kind {
                    ExprKind::Int(number) => Some(number),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// None if the second number is not the greater one, else their difference; the step stops if that is more
    /// than allowed.
    fn difference(&mut self, from: &Place, to: &Place, most: Option<i64>) -> Translated<Arrow> {
        let operands = [self.look(from)?, self.look(to)?];
        let is_less = self.operate(Operation::Less, &operands)?;
        self.case(
            is_less,
            &mut |translator, constructor, _| {
                if constructor == 0 {
                    return translator.number(0);
                }
                let operands = [translator.look(to)?, translator.look(from)?];
                let difference = translator.operate(Operation::Subtract, &operands)?;
                match most {
                    Some(most) => translator.limited(difference, most),
                    None => Ok(difference),
                }
            },
            2,
        )
    }

    fn limited(&mut self, count: Arrow, most: i64) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let mark = self.scope.mark();
        let (extended, count) = self.scope.extend(&mut self.draft, count)?;
        let operands = [self.look(&count)?, self.number(most)?];
        let fits = self.operate(Operation::LessOrEqual, &operands)?;
        let limited = self.case(
            fits,
            &mut |translator, constructor, _| match constructor {
                0 => translator.abort(Fault::LongRange, INT),
                _ => translator.look(&count),
            },
            2,
        )?;
        self.scope.restore(mark);
        self.draft.chain(gamma, &[extended, limited])
    }
}

//! `⟦e⟧ : Γ -> A`: what an expression evaluates to.

use cam::combinator::{Arrow, Operation};
use cam::schema::Shape;
use cam::types::TypeId;

use super::scope::{Place, Variable};
use super::{Outcome, Translated, Translator};
use crate::fault::Fault;
use crate::typed::{ExprId, ExprKind, FunctionBody, FunctionIndex, Local};
use crate::value::literal;

impl Translator<'_> {
    /// `⟦e⟧ : Γ -> A`, from its place in the source.
    pub(super) fn expression(&mut self, id: ExprId) -> Translated<Arrow> {
        let outside = self.draft.enter(Some(self.terms.expr(id).span.into()));
        let arrow = self.evaluated(id)?;
        self.draft.enter(outside);
        Ok(arrow)
    }

    fn evaluated(&mut self, id: ExprId) -> Translated<Arrow> {
        let terms = self.terms;
        let expr = terms.expr(id);
        let result = self.type_of(expr.shape);
        if let Some(value) = literal(terms, id) {
            return self.draft.constant(self.scope.gamma(), result, value);
        }
        match &expr.kind {
            ExprKind::Local(local) => self.local(*local),
            ExprKind::Stamp(stamp) => {
                let place = self.scope.place(Variable::Stamp(*stamp));
                self.look(&place)
            }
            ExprKind::Tuple(parts) | ExprKind::Record(parts) => {
                let parts = self.expressions(parts)?;
                self.draft.tuple(self.scope.gamma(), &parts)
            }
            ExprKind::Update { record, fields } => self.update(*record, fields),
            ExprKind::Project { product, index } => {
                let product = self.expression(*product)?;
                let project = self.draft.project(self.draft.codomain(product), *index)?;
                self.draft.compose(product, project)
            }
            ExprKind::Inject {
                constructor,
                payload,
            } => {
                let payload = self.expression(*payload)?;
                let inject = self.draft.inject(result, *constructor)?;
                self.draft.compose(payload, inject)
            }
            ExprKind::List(items) => {
                let rows: Vec<Vec<ExprId>> = items.iter().map(|item| vec![*item]).collect();
                let (empty, push) = (Operation::ListEmpty(result), Operation::ListPush(result));
                self.gathered(empty, push, &rows)
            }
            ExprKind::Map(entries) => {
                let rows: Vec<Vec<ExprId>> = entries.iter().map(|(k, v)| vec![*k, *v]).collect();
                let (empty, put) = (Operation::MapEmpty(result), Operation::MapPut(result));
                self.gathered(empty, put, &rows)
            }
            ExprKind::Call {
                function,
                arguments,
            } => self.call(*function, arguments),
            _ => self.control(id, result),
        }
    }

    /// Forms that choose, repeat, bind or stop.
    fn control(&mut self, id: ExprId, result: TypeId) -> Translated<Arrow> {
        let terms = self.terms;
        match &terms.expr(id).kind {
            ExprKind::Apply { arrow, argument } => {
                let arrow = *arrow;
                self.with(*argument, |translator, place| {
                    translator.arrow(arrow, &place)
                })
            }
            ExprKind::Primitive {
                primitive,
                arguments,
            } => self.primitive(*primitive, arguments, result),
            ExprKind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, *left, *right),
            ExprKind::Let { .. } => self.lets(id, result),
            ExprKind::If { condition, yes, no } => {
                let (yes, no) = (Outcome::Value(*yes), Outcome::Value(*no));
                self.branch(*condition, yes, no, result)
            }
            ExprKind::Match { subject, arms } => self.arms(*subject, arms, result),
            ExprKind::Fold { .. } => self.fold(id, result),
            ExprKind::Each { over, item, body } => self.walk(
                *over,
                *item,
                *body,
                |draft, function, is_map| match is_map {
                    true => draft.map_map(function),
                    false => draft.map_list(function),
                },
            ),
            ExprKind::Keep { over, item, body } => {
                self.walk(*over, *item, *body, |draft, function, _| {
                    draft.filter_map(function)
                })
            }
            ExprKind::Range { from, to, most } => self.range((*from, *to, *most), result),
            ExprKind::Same(value) => {
                let from = terms.expr(*value).shape;
                let value = self.expression(*value)?;
                self.carry(value, from, terms.expr(id).shape)
            }
            ExprKind::Refuse => self.abort(Fault::Retired, result),
            ExprKind::MissingKey => self.abort(Fault::MissingKey, result),
            _ => unreachable!("`expression` has the other forms"),
        }
    }

    /// The value a local stands for.
    pub(super) fn local(&mut self, local: Local) -> Translated<Arrow> {
        let place = self.scope.place(Variable::Local(local));
        self.look(&place)
    }

    pub(super) fn expressions(&mut self, ids: &[ExprId]) -> Translated<Vec<Arrow>> {
        ids.iter().map(|id| self.expression(*id)).collect()
    }

    /// `⟨id, ⟦value⟧⟩ ; body`, where the body knows the place of the value.
    pub(super) fn with(
        &mut self,
        value: ExprId,
        body: impl FnOnce(&mut Self, Place) -> Translated<Arrow>,
    ) -> Translated<Arrow> {
        let mark = self.scope.mark();
        let value = self.expression(value)?;
        let (extended, place) = self.scope.extend(&mut self.draft, value)?;
        let body = body(self, place)?;
        self.scope.restore(mark);
        self.draft.compose(extended, body)
    }

    /// The record is rebuilt from its parts: the compiler keeps such a product virtual, so of a line of
    /// `set`s only the last state is ever built.
    fn update(&mut self, record: ExprId, fields: &[(usize, ExprId)]) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let mark = self.scope.mark();
        let width = match self.shapes.get(self.terms.expr(record).shape) {
            Shape::Record(parts) => parts.len(),
            _ => 0,
        };
        let record = self.expression(record)?;
        let (extended, record) = self.scope.extend(&mut self.draft, record)?;
        let mut line = vec![extended];
        let mut places: Vec<Place> = (0..width).map(|index| record.part(index)).collect();
        for (index, value) in fields {
            let value = self.expression(*value)?;
            let (extended, place) = self.scope.extend(&mut self.draft, value)?;
            line.push(extended);
            places[*index] = place;
        }
        let parts = places.iter().map(|place| self.look(place));
        let parts = parts.collect::<Translated<Vec<Arrow>>>()?;
        line.push(self.draft.tuple(self.scope.gamma(), &parts)?);
        self.scope.restore(mark);
        self.draft.chain(gamma, &line)
    }

    /// A list or map from its rows, one operation each: a line `Γ x L -> Γ x L` and not a nest, so that
    /// a long literal is not a deep one.
    fn gathered(
        &mut self,
        empty: Operation,
        add: Operation,
        rows: &[Vec<ExprId>],
    ) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let mark = self.scope.mark();
        let unit = self.unit()?;
        let empty = self.operate(empty, &[unit])?;
        let (extended, so_far) = self.scope.extend(&mut self.draft, empty)?;
        let mut line = vec![extended];
        let extended = self.scope.gamma();
        let outside = self.draft.project(extended, 0)?;
        let so_far = self.look(&so_far)?;
        for row in rows {
            let mut operands = vec![so_far];
            operands.extend(self.expressions(row)?);
            let more = self.operate(add, &operands)?;
            line.push(self.draft.tuple(extended, &[outside, more])?);
        }
        line.push(so_far);
        self.scope.restore(mark);
        self.draft.chain(gamma, &line)
    }

    fn call(&mut self, function: FunctionIndex, arguments: &[ExprId]) -> Translated<Arrow> {
        let source = &self.functions[function.index()];
        if let FunctionBody::Expr { parameters, body } = &source.body
            && parameters.is_empty()
            && let Some(value) = literal(self.terms, *body)
        {
            let result = self.type_of(source.codomain);
            return self.draft.constant(self.scope.gamma(), result, value);
        }
        let arguments = self.expressions(arguments)?;
        let argument = match &*arguments {
            [only] => *only,
            several => self.draft.tuple(self.scope.gamma(), several)?,
        };
        let function = self.called(function)?;
        let call = self.draft.call(function)?;
        self.draft.compose(argument, call)
    }
}

//! `𝓗⟦h⟧ : Γ -> S x O`: what a handler leaves behind and answers.
//!
//! `set` and `become` are names for a new state by the time they come here, so a handler is a tree of
//! straight lines and its state is whatever its `Finish` names.

use cam::combinator::{Arrow, FunctionId};
use cam::schema::Schema;
use cam::types::TypeId;

use super::matching::Matcher;
use super::scope::{Place, Variable};
use super::{Branch, Outcome, Translated, Translator};
use crate::typed::{ArrowId, Clause, ExprId, Handler, Local, Machine, Statement, Step};

impl<'m> Translator<'m> {
    /// `step : I x S -> S x O`
    pub(super) fn step(&mut self, machine: &'m Machine, schema: &Schema) -> Translated<FunctionId> {
        let input = schema.stamped_input(&mut self.draft.types);
        let state = self.type_of(machine.state);
        let output = self.type_of(machine.output);
        let argument = self.draft.types.product(&[input, state]);
        let result = self.draft.types.product(&[state, output]);
        self.function("step", argument, |translator| {
            let (stamped, state) = (Place::argument().part(0), Place::argument().part(1));
            let input = if machine.stamps.is_empty() {
                stamped
            } else {
                for (index, stamp) in machine.stamps.iter().enumerate() {
                    let place = stamped.parts(&[0, index]);
                    translator.scope.bind(Variable::Stamp(*stamp), place);
                }
                stamped.part(1)
            };
            match &machine.step {
                Step::Arrow(arrow) => translator.stepping(*arrow, &input, &state),
                Step::Clauses(clauses) => translator.clauses(clauses, input, state, result),
            }
        })
    }

    /// The first clause whose patterns match the input, then the state, and whose guard holds.
    fn clauses(
        &mut self,
        clauses: &'m [Clause],
        input: Place,
        state: Place,
        result: TypeId,
    ) -> Translated<Arrow> {
        let subjects = [self.fresh.next(), self.fresh.next()];
        let mut rows = Vec::with_capacity(clauses.len());
        let mut branches = Vec::with_capacity(clauses.len());
        let matcher = Matcher::new(self.terms, self.shapes, &mut self.fresh);
        for (index, clause) in clauses.iter().enumerate() {
            let patterns = subjects.into_iter().zip([clause.input, clause.state]);
            rows.push(matcher.row(index, clause.guard.is_some(), patterns));
            branches.push(Branch {
                guard: clause.guard,
                outcome: Outcome::Handler(&clause.body),
            });
            self.scope
                .bind(Variable::Local(clause.entry), state.clone());
        }
        let decision = matcher.decide(rows)?;
        for (subject, place) in subjects.into_iter().zip([input, state]) {
            self.scope.bind(Variable::Subject(subject), place);
        }
        self.decision(&decision, &branches, result)
    }

    /// A handler in scope of the locals it names; `result` is `S x O`.
    pub(super) fn handler(&mut self, handler: &'m Handler, result: TypeId) -> Translated<Arrow> {
        match handler {
            Handler::Finish { state, output } => {
                let state = self.local(*state)?;
                let output = self.expression(*output)?;
                self.draft.tuple(self.scope.gamma(), &[state, output])
            }
            Handler::Sequence { statements, rest } => self.statements(statements, rest, result),
            Handler::If { condition, yes, no } => self.branch(
                *condition,
                Outcome::Handler(yes),
                Outcome::Handler(no),
                result,
            ),
            Handler::Match { subject, arms } => {
                let branches = arms
                    .iter()
                    .map(|arm| {
                        let branch = Branch {
                            guard: arm.guard,
                            outcome: Outcome::Handler(&arm.body),
                        };
                        (Some(arm.pattern), branch)
                    })
                    .collect::<Vec<_>>();
                self.choose(*subject, &branches, result)
            }
            Handler::Arrow {
                state,
                arrow,
                argument,
            } => self.point_free(*state, *arrow, *argument),
        }
    }

    /// Statements from the first to the last, then the rest. Names that always hold make one long
    /// line; what may leave the line nests.
    pub(super) fn statements(
        &mut self,
        statements: &'m [Statement],
        rest: &'m Handler,
        result: TypeId,
    ) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let mark = self.scope.mark();
        let mut line = Vec::new();
        let mut end = None;
        for (index, statement) in statements.iter().enumerate() {
            let later = Outcome::Statements(&statements[index + 1..], rest);
            match statement {
                Statement::Let { pattern, value } if self.is_plain(*pattern) => {
                    line.extend(self.named(*pattern, *value)?);
                }
                _ => {
                    end = Some(self.statement(statement, later, result)?);
                    break;
                }
            }
        }
        line.push(match end {
            Some(end) => end,
            None => self.handler(rest, result)?,
        });
        self.scope.restore(mark);
        self.draft.chain(gamma, &line)
    }

    fn statement(
        &mut self,
        statement: &'m Statement,
        later: Outcome<'m>,
        result: TypeId,
    ) -> Translated<Arrow> {
        let always = |outcome| Branch {
            guard: None,
            outcome,
        };
        match statement {
            Statement::Let { pattern, value } => {
                self.choose(*value, &[(Some(*pattern), always(later))], result)
            }
            Statement::LetElse {
                pattern,
                value,
                otherwise,
            } => {
                let otherwise = always(Outcome::Handler(otherwise));
                let branches = [(Some(*pattern), always(later)), (None, otherwise)];
                self.choose(*value, &branches, result)
            }
            Statement::Require {
                condition,
                otherwise,
            } => self.branch(*condition, later, Outcome::Handler(otherwise), result),
        }
    }

    /// A clause in the other layer: the arrow is given the payload and threads the state.
    fn point_free(&mut self, state: Local, arrow: ArrowId, argument: ExprId) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let mark = self.scope.mark();
        let argument = self.expression(argument)?;
        let (extended, place) = self.scope.extend(&mut self.draft, argument)?;
        let state = self.scope.place(Variable::Local(state));
        let stepped = self.stepping(arrow, &place, &state)?;
        self.scope.restore(mark);
        self.draft.chain(gamma, &[extended, stepped])
    }

    /// `Γ -> S x O` from an arrow, its argument and the state before it.
    fn stepping(&mut self, arrow: ArrowId, argument: &Place, state: &Place) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let before = self.look(state)?;
        let arrow = self.arrow(arrow, argument)?;
        if !self.draft.node(arrow).stateful {
            return self.draft.tuple(gamma, &[before, arrow]);
        }
        let state = self.draft.codomain(before);
        let threaded = cam::state::thread(&mut self.draft, arrow, state)?;
        let identity = self.draft.identity(gamma)?;
        let start = self.draft.tuple(gamma, &[before, identity])?;
        self.draft.compose(start, threaded)
    }
}

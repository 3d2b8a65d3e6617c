//! `⟪ ⟫`: a decision becomes nested `case`s.
//!
//! A branch or a node that is reached once stands where it is reached. One that is reached more often
//! becomes a function that is given what it needs, unless it is so small that the call would be larger.
//! So code is as large as its decision.

use std::collections::BTreeSet;

use cam::combinator::{Arrow, Operation};
use cam::types::{BOOL, INT, TEXT, TypeId};

use super::decision::{Access, Decision, Node, NodeId};
use super::free::{Term, free, free_in_decision};
use super::outline::Outlined;
use super::scope::{Place, Variable};
use super::{Translated, Translator};
use crate::fault::Fault;
use crate::typed::{Arm, ExprId, ExprKind, Handler, PatternId, PatternKind, Statement};

/// What a branch does when it is taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome<'m> {
    /// It gives a value.
    Value(ExprId),
    /// It gives a value as a constructor: a round of a loop goes on or stops with it.
    Round { constructor: usize, value: ExprId },
    /// It goes on with a handler.
    Handler(&'m Handler),
    /// It goes on with these statements, then with the handler.
    Statements(&'m [Statement], &'m Handler),
}

impl<'m> Outcome<'m> {
    pub(super) fn terms(self) -> Vec<Term<'m>> {
        match self {
            Outcome::Value(value) | Outcome::Round { value, .. } => vec![Term::Expr(value)],
            Outcome::Handler(handler) => vec![Term::Handler(handler)],
            Outcome::Statements(statements, rest) => statements
                .iter()
                .map(Term::Statement)
                .chain([Term::Handler(rest)])
                .collect(),
        }
    }
}

/// One alternative of a choice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch<'m> {
    /// A condition on the names its row binds.
    pub(super) guard: Option<ExprId>,
    /// What it does.
    pub(super) outcome: Outcome<'m>,
}

/// A choice on its way to an arrow.
struct Choice<'d, 'm> {
    decision: &'d Decision,
    branches: &'d [Branch<'m>],
    /// Where each branch ends.
    result: TypeId,
    /// How often each branch is taken.
    takes: Vec<usize>,
    /// Functions of the branches that have one.
    outlined: Vec<Option<Outlined>>,
    /// Functions of the nodes that have one.
    shared: Vec<Option<Outlined>>,
    /// What each branch needs, once the first is asked for.
    needs: Vec<BTreeSet<Variable>>,
}

impl<'m> Translator<'m> {
    /// `Γ -> result`, where the subjects of the decision are bound.
    pub(super) fn decision(
        &mut self,
        decision: &Decision,
        branches: &[Branch<'m>],
        result: TypeId,
    ) -> Translated<Arrow> {
        let mut choice = Choice {
            decision,
            branches,
            result,
            takes: decision.takes(branches.len()),
            outlined: vec![None; branches.len()],
            shared: vec![None; decision.nodes().len()],
            needs: Vec::new(),
        };
        self.decided(&mut choice, decision.root())
    }

    /// `⟨id, ⟦condition⟧⟩ ; CASE{false: no, true: yes}`
    pub(super) fn branch(
        &mut self,
        condition: ExprId,
        yes: Outcome<'m>,
        no: Outcome<'m>,
        result: TypeId,
    ) -> Translated<Arrow> {
        if let Some(negated) = self.negation(condition) {
            return self.branch(negated, no, yes, result);
        }
        if let Some((subject, question)) = self.question(condition) {
            let outcomes = question.map(|(pattern, truth)| {
                let outcome = if truth { yes } else { no };
                let guard = None;
                (Some(pattern), Branch { guard, outcome })
            });
            return self.choose(subject, &outcomes, result);
        }
        let condition = self.expression(condition)?;
        self.case(
            condition,
            &mut |translator, constructor, _| {
                translator.outcome(if constructor == 1 { yes } else { no }, result)
            },
            2,
        )
    }

    /// `⟨id, subject⟩ ; CASE{…}`, each arm made in its own scope with its payload's place.
    pub(super) fn case(
        &mut self,
        subject: Arrow,
        arm: &mut dyn FnMut(&mut Self, usize, Place) -> Translated<Arrow>,
        constructors: usize,
    ) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let sum = self.draft.codomain(subject);
        let identity = self.draft.identity(gamma)?;
        let beside = self.draft.tuple(gamma, &[identity, subject])?;
        let mut arms = Vec::with_capacity(constructors);
        self.descend()?;
        for constructor in 0..constructors {
            let mark = self.scope.mark();
            let payload = self.payload(sum, constructor)?;
            let place = self.scope.enter_arm(&mut self.draft, payload)?;
            arms.push(arm(self, constructor, place)?);
            self.scope.restore(mark);
        }
        self.ascend();
        let case = self.draft.case(gamma, sum, &arms)?;
        self.draft.compose(beside, case)
    }

    /// What `not c` is made of; its branches can be swapped for nothing.
    fn negation(&self, condition: ExprId) -> Option<ExprId> {
        let is = |id: ExprId, truth: bool| matches!(self.terms.expr(id).kind, ExprKind::Bool(found) if found == truth);
        match self.terms.expr(condition).kind {
            ExprKind::If { condition, yes, no } if is(yes, false) && is(no, true) => {
                Some(condition)
            }
            _ => None,
        }
    }

    /// What `e is p`, `contains` and their like are made of: a match of two rows, one true and one
    /// false. Branching inside it spares a truth value that would be made only to be looked at.
    fn question(&self, condition: ExprId) -> Option<(ExprId, [(PatternId, bool); 2])> {
        let ExprKind::Match { subject, arms } = &self.terms.expr(condition).kind else {
            return None;
        };
        let [first, second] = &**arms else {
            return None;
        };
        let truth = |arm: &Arm| match self.terms.expr(arm.body).kind {
            ExprKind::Bool(truth) if arm.guard.is_none() => Some(truth),
            _ => None,
        };
        let (is_first, is_second) = (truth(first)?, truth(second)?);
        let rows = [(first.pattern, is_first), (second.pattern, is_second)];
        (is_first != is_second).then_some((*subject, rows))
    }

    pub(super) fn outcome(&mut self, outcome: Outcome<'m>, result: TypeId) -> Translated<Arrow> {
        if self.scope.is_deep() && !self.is_small_outcome(outcome) {
            let outlined = self.outline_outcome(outcome, result)?;
            return self.call_outlined(&outlined);
        }
        let mark = self.scope.mark();
        let arrow = match outcome {
            Outcome::Value(value) => self.expression(value)?,
            Outcome::Round { constructor, value } => {
                let value = self.expression(value)?;
                let inject = self.draft.inject(result, constructor)?;
                self.draft.compose(value, inject)?
            }
            Outcome::Handler(handler) => self.handler(handler, result)?,
            Outcome::Statements(statements, rest) => self.statements(statements, rest, result)?,
        };
        self.scope.restore(mark);
        Ok(arrow)
    }

    /// What follows from a node: where it stands, or as a call of its function.
    fn decided(&mut self, choice: &mut Choice<'_, 'm>, id: NodeId) -> Translated<Arrow> {
        let decides = choice.decision.node(id).has_cases();
        if choice.shared[id.index()].is_none()
            && (choice.decision.is_shared(id) || self.scope.is_deep() && decides)
        {
            let needs = self.needs(choice, id);
            let function = self.outline("otherwise", needs, |translator| {
                translator.standing(choice, id)
            })?;
            choice.shared[id.index()] = Some(function);
        }
        match &choice.shared[id.index()] {
            Some(function) => self.call_outlined(function),
            None => self.standing(choice, id),
        }
    }

    fn standing(&mut self, choice: &mut Choice<'_, 'm>, id: NodeId) -> Translated<Arrow> {
        match choice.decision.node(id) {
            Node::Take {
                branch,
                bindings,
                otherwise,
            } => {
                let mark = self.scope.mark();
                for (local, access) in bindings {
                    // A name that the branch does not use need not have come into its function.
                    if let Some(place) = self.scope.find(Variable::Subject(access.subject)) {
                        let place = place.parts(&access.path);
                        self.scope.bind(Variable::Local(*local), place);
                    }
                }
                let arrow = self.taken(choice, *branch, *otherwise)?;
                self.scope.restore(mark);
                Ok(arrow)
            }
            Node::Switch { subject, arms } => {
                let place = self.place(subject);
                let subject = self.look(&place)?;
                let subject = self.opened(subject)?;
                self.case(
                    subject,
                    &mut |translator, constructor, place| {
                        let (payload, arm) = arms[constructor];
                        translator.scope.bind(Variable::Subject(payload), place);
                        translator.decided(choice, arm)
                    },
                    arms.len(),
                )
            }
            Node::Test {
                subject,
                literal,
                equal,
                otherwise,
            } => {
                let test = self.test(subject, *literal)?;
                self.case(
                    test,
                    &mut |translator, constructor, _| {
                        let arm = if constructor == 1 { equal } else { otherwise };
                        translator.decided(choice, *arm)
                    },
                    2,
                )
            }
            Node::Unreachable => self.abort(Fault::Unreachable, choice.result),
        }
    }

    /// A branch whose names are bound; `otherwise` if it has a guard.
    fn taken(
        &mut self,
        choice: &mut Choice<'_, 'm>,
        branch: usize,
        otherwise: Option<NodeId>,
    ) -> Translated<Arrow> {
        let Branch { guard, .. } = choice.branches[branch];
        match (guard, otherwise) {
            (Some(guard), Some(otherwise)) => {
                let guard = self.expression(guard)?;
                self.case(
                    guard,
                    &mut |translator, constructor, _| {
                        if constructor == 1 {
                            translator.body(choice, branch)
                        } else {
                            translator.decided(choice, otherwise)
                        }
                    },
                    2,
                )
            }
            _ => self.body(choice, branch),
        }
    }

    fn body(&mut self, choice: &mut Choice<'_, 'm>, branch: usize) -> Translated<Arrow> {
        let Branch { outcome, .. } = choice.branches[branch];
        if choice.takes[branch] <= 1 || self.is_small_outcome(outcome) {
            return self.outcome(outcome, choice.result);
        }
        let outlined = match &choice.outlined[branch] {
            Some(outlined) => outlined.clone(),
            None => {
                let outlined = self.outline_outcome(outcome, choice.result)?;
                choice.outlined[branch] = Some(outlined.clone());
                outlined
            }
        };
        self.call_outlined(&outlined)
    }

    /// What a node needs, with all it leads to.
    fn needs(&self, choice: &mut Choice<'_, 'm>, id: NodeId) -> BTreeSet<Variable> {
        if choice.needs.is_empty() {
            let branches = choice.branches.iter();
            let needs = branches.map(|Branch { guard, outcome }| {
                let guard = guard.map(Term::Expr);
                free(self.terms, outcome.terms().into_iter().chain(guard))
            });
            choice.needs = needs.collect();
        }
        free_in_decision(choice.decision, id, &choice.needs)
    }

    /// `⟨id, ⟨snd, !c⟩ ; eq⟩` without the first half.
    fn test(&mut self, subject: &Access, literal: PatternId) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let place = self.place(subject);
        let found = self.look(&place)?;
        let (domain, value) = match &self.terms.pattern(literal).kind {
            PatternKind::Text(text) => (TEXT, cam::value::Value::text(text)),
            PatternKind::Int(number) => (INT, cam::value::Value::Int(*number)),
            _ => (BOOL, cam::value::Value::bool(true)), // a switch decides these
        };
        let wanted = self.draft.constant(gamma, domain, value)?;
        self.operate(Operation::Equal(domain), &[found, wanted])
    }

    fn place(&self, access: &Access) -> Place {
        self.scope
            .place(Variable::Subject(access.subject))
            .parts(&access.path)
    }
}

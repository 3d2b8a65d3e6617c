//! Handlers: trees of straight lines that change the state and end in an answer.

use super::exhaustive::Place;
use super::expression::result_span;
use super::types::Partial;
use super::{Checker, StateView};
use crate::ast::{self, StatementKind as Written};
use crate::problem::Problem;
use crate::problem::catalogue::M113;
use crate::source::Span;
use crate::typed::{ExprId, Handler, HandlerArm, Statement};

/// An answer at the end of one way through a handler.
pub(super) struct Ending {
    answer: ExprId,
    at: Span,
    /// The `if` or `match` it stands in.
    branch_of: Option<&'static str>,
}

/// What is known on the way through a handler.
#[derive(Clone, Copy, Default)]
struct Way {
    /// Where the state was changed.
    changed: Option<Span>,
    branch_of: Option<&'static str>,
}

impl Checker<'_> {
    /// A whole handler, its answers held to the output.
    pub(super) fn handler(&mut self, expr: &ast::Expr, output: Partial) -> Handler {
        let mut endings = Vec::new();
        let handler = self.way(expr, output, Way::default(), &mut endings);
        self.judge_endings(&endings, output);
        handler
    }

    fn judge_endings(&mut self, endings: &[Ending], output: Partial) {
        let mut good: Option<Span> = None;
        let mut bad = Vec::new();
        for ending in endings {
            let found = self.draft.type_of(ending.answer);
            if !self.types.unify(found, output) {
                bad.push((ending, found));
            } else if ending.branch_of.is_some() {
                good = good.or(Some(ending.at));
            }
        }
        for (ending, found) in bad {
            let problem = match (ending.branch_of, good) {
                (Some(word), Some(good)) => {
                    self.branch_mismatch(word, ending.at, found, good, output)
                }
                _ => self.mismatch(ending.at, found, output),
            };
            self.report(problem);
        }
    }

    pub(super) fn view(&self) -> StateView {
        self.frame
            .state
            .expect("a handler is checked in a frame with a state")
    }

    fn way(
        &mut self,
        expr: &ast::Expr,
        output: Partial,
        way: Way,
        endings: &mut Vec<Ending>,
    ) -> Handler {
        match &expr.kind {
            ast::ExprKind::Block(block) => self.sequence(block, output, way, endings),
            ast::ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                let condition = self.condition(condition);
                let way = Way {
                    branch_of: Some("if"),
                    ..way
                };
                let yes = Box::new(self.way(then, output, way, endings));
                let no = Box::new(self.way(otherwise, output, way, endings));
                Handler::If { condition, yes, no }
            }
            ast::ExprKind::Match { subject, arms } => {
                let way = Way {
                    branch_of: Some("match"),
                    ..way
                };
                let head = Span::new(expr.span.start, subject.span.end);
                self.match_in_handler(subject, arms, head, output, way, endings)
            }
            _ => {
                let answer = self.hinted(expr, Some(output));
                endings.push(Ending {
                    answer,
                    at: result_span(expr),
                    branch_of: way.branch_of,
                });
                Handler::Finish {
                    state: self.view().current,
                    output: answer,
                }
            }
        }
    }

    fn match_in_handler(
        &mut self,
        subject: &ast::Expr,
        arms: &[ast::Arm],
        head: Span,
        output: Partial,
        way: Way,
        endings: &mut Vec<Ending>,
    ) -> Handler {
        let matched = subject;
        let subject = self.infer(matched);
        let partial = self.draft.type_of(subject);
        let (mut checked, mut rows) = (Vec::new(), Vec::new());
        for arm in arms {
            let (mark, mistakes) = (self.scope.mark(), self.mistakes);
            let pattern = self.pattern(&arm.pattern, partial);
            self.lint_names(mark, Some(matched));
            rows.push(self.row(
                vec![pattern],
                arm.guard.is_some(),
                arm.pattern.span,
                mistakes,
            ));
            let guard = arm.guard.as_ref().map(|guard| self.condition(guard));
            let body = self.way(&arm.body, output, way, endings);
            self.leave(mark);
            checked.push(HandlerArm {
                pattern,
                guard,
                body,
            });
        }
        let addition = self.addition(head, arms, output);
        self.judge_later(partial, rows, head, Place::Match(addition));
        Handler::Match {
            subject,
            arms: checked,
        }
    }

    fn sequence(
        &mut self,
        block: &ast::Block,
        output: Partial,
        mut way: Way,
        endings: &mut Vec<Ending>,
    ) -> Handler {
        let (mark, before) = (self.scope.mark(), self.frame.state);
        let mut statements = Vec::new();
        for statement in &block.statements {
            self.statement(statement, output, &mut way, endings, &mut statements);
        }
        let rest = self.way(&block.result, output, way, endings);
        self.leave(mark);
        self.frame.state = before;
        if statements.is_empty() {
            rest
        } else {
            Handler::Sequence {
                statements,
                rest: Box::new(rest),
            }
        }
    }

    fn statement(
        &mut self,
        statement: &ast::Statement,
        output: Partial,
        way: &mut Way,
        endings: &mut Vec<Ending>,
        statements: &mut Vec<Statement>,
    ) {
        let span = statement.span;
        let out = Way {
            branch_of: None,
            ..*way
        };
        match &statement.kind {
            Written::Let {
                pattern,
                value,
                otherwise: None,
            } => {
                let value = self.infer(value);
                let (partial, mark) = (self.draft.type_of(value), self.scope.mark());
                let pattern = self.sure_pattern(pattern, partial, mark);
                statements.push(Statement::Let { pattern, value });
            }
            Written::Let {
                pattern,
                value,
                otherwise: Some(otherwise),
            } => {
                let value = self.infer(value);
                let partial = self.draft.type_of(value);
                let otherwise = self.way(otherwise, output, out, endings);
                let pattern = self.pattern(pattern, partial);
                statements.push(Statement::LetElse {
                    pattern,
                    value,
                    otherwise,
                });
            }
            Written::Require {
                condition,
                otherwise,
            } => {
                if let Some(changed) = way.changed {
                    self.report_late_require(span, changed);
                }
                let condition = self.condition(condition);
                let otherwise = self.way(otherwise, output, out, endings);
                statements.push(Statement::Require {
                    condition,
                    otherwise,
                });
            }
            Written::Set { field, path, value } => {
                way.changed = Some(span);
                self.set(field, path, value, span, statements);
            }
            Written::Become(value) => {
                way.changed = Some(span);
                let value = self.check(value, self.view().partial);
                self.become_state(value, span, statements);
            }
            Written::Error => self.spoil(),
        }
    }

    fn report_late_require(&mut self, span: Span, changed: Span) {
        let problem = Problem::new(
            M113,
            span,
            "this `require` comes after the state was changed",
        )
        .pointing_at(
            changed,
            "changed here, and kept even if the condition fails",
        )
        .helping("move the `require` up, or make it an `if`");
        self.report(problem);
    }

    /// The state has a new value from here on.
    pub(super) fn become_state(
        &mut self,
        value: ExprId,
        span: Span,
        statements: &mut Vec<Statement>,
    ) {
        let view = self.view();
        let (pattern, current) = self.fresh(view.partial, span);
        statements.push(Statement::Let { pattern, value });
        self.frame.state = Some(StateView { current, ..view });
    }
}

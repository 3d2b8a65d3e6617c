//! Blocks that only compute: `let`, `let … else` and `require` become matches around what follows them.

use super::Checker;
use super::expression::{Branch, result_span};
use super::types::Partial;
use crate::ast::{self, StatementKind as Written};
use crate::problem::Problem;
use crate::problem::catalogue::M110;
use crate::source::Span;
use crate::typed::{Arm, ExprId, ExprKind, PatternId};

/// A statement that waits for what follows it.
#[derive(Clone, Copy)]
enum Step {
    Let {
        pattern: PatternId,
        value: ExprId,
    },
    LetElse {
        pattern: PatternId,
        value: ExprId,
        otherwise: ExprId,
    },
    Require {
        condition: ExprId,
        otherwise: ExprId,
    },
}

impl Checker<'_> {
    /// A block where a value is wanted.
    pub(super) fn block(&mut self, block: &ast::Block, hint: Option<Partial>) -> ExprId {
        let mark = self.scope.mark();
        let mut steps: Vec<(Step, Span)> = Vec::new();
        let mut branches: Vec<Branch> = Vec::new();
        for statement in &block.statements {
            if let Some(step) =
                self.pure_statement(&statement.kind, statement.span, hint, &mut branches)
            {
                steps.push((step, statement.span));
            }
        }
        let result = self.hinted(&block.result, hint);
        self.leave(mark);
        let kind = self.draft.type_of(result);
        if !branches.is_empty() {
            branches.insert(
                0,
                Branch {
                    value: result,
                    at: result_span(&block.result),
                },
            );
            self.branches("block", &branches, Some(kind));
        }
        steps.into_iter().rev().fold(result, |body, (step, span)| {
            self.close(step, body, kind, span)
        })
    }

    fn pure_statement(
        &mut self,
        statement: &Written,
        span: Span,
        hint: Option<Partial>,
        branches: &mut Vec<Branch>,
    ) -> Option<Step> {
        match statement {
            Written::Let {
                pattern,
                value,
                otherwise: None,
            } => {
                let value = self.infer(value);
                let partial = self.draft.type_of(value);
                let mark = self.scope.mark();
                let pattern = self.sure_pattern(pattern, partial, mark);
                Some(Step::Let { pattern, value })
            }
            Written::Let {
                pattern,
                value,
                otherwise: Some(otherwise),
            } => {
                let value = self.infer(value);
                let partial = self.draft.type_of(value);
                let otherwise = self.way_out(otherwise, hint, branches);
                let pattern = self.pattern(pattern, partial);
                Some(Step::LetElse {
                    pattern,
                    value,
                    otherwise,
                })
            }
            Written::Require {
                condition,
                otherwise,
            } => {
                let condition = self.condition(condition);
                let otherwise = self.way_out(otherwise, hint, branches);
                Some(Step::Require {
                    condition,
                    otherwise,
                })
            }
            Written::Set { .. } | Written::Become(_) => {
                self.report_no_state_to_change(statement, span);
                None
            }
            Written::Error => {
                self.spoil();
                None
            }
        }
    }

    fn way_out(
        &mut self,
        expr: &ast::Expr,
        hint: Option<Partial>,
        branches: &mut Vec<Branch>,
    ) -> ExprId {
        let value = self.hinted(expr, hint);
        branches.push(Branch {
            value,
            at: result_span(expr),
        });
        value
    }

    fn report_no_state_to_change(&mut self, statement: &Written, span: Span) {
        let word = if matches!(statement, Written::Become(_)) {
            "become"
        } else {
            "set"
        };
        let problem = if self.frame.state.is_some() {
            Problem::new(M110, span, format!("`{word}` inside a value")).helping(
                "change the state in the handler itself, or in an `if` or `match` that ends it",
            )
        } else {
            Problem::new(M110, span, format!("`{word}` outside of a handler"))
                .helping("only `on` clauses change the state; return the new value instead")
        };
        self.report(problem);
    }

    fn close(&mut self, step: Step, body: ExprId, kind: Partial, span: Span) -> ExprId {
        let closed = match step {
            Step::Let { pattern, value } => ExprKind::Let {
                pattern,
                value,
                body,
            },
            Step::Require {
                condition,
                otherwise,
            } => ExprKind::If {
                condition,
                yes: body,
                no: otherwise,
            },
            Step::LetElse {
                pattern,
                value,
                otherwise,
            } => {
                let partial = self.draft.type_of(value);
                let any = self.any(partial, span);
                let arms = vec![
                    Arm {
                        pattern,
                        guard: None,
                        body,
                    },
                    Arm {
                        pattern: any,
                        guard: None,
                        body: otherwise,
                    },
                ];
                ExprKind::Match {
                    subject: value,
                    arms,
                }
            }
        };
        self.draft.expr(closed, kind, span)
    }
}

//! Blocks, statements, `if`, `match`, arms.

use super::expression::lone_manner;
use super::list::Manner;
use super::printer::{INDENT, Printer};
use crate::ast::{Arm, Block, Expr, ExprKind, PathStep, PathStepKind, Statement, StatementKind};

impl Printer<'_> {
    /// `{ statements… value }`. With statements each has a line of its own.
    pub(super) fn block(&mut self, block: &Block) {
        self.group(|printer| printer.block_in_group(block));
    }

    fn block_in_group(&mut self, block: &Block) {
        // A record in the place of a block stands for the block that gives it.
        if block.result.span == block.span {
            return self.braces_in_group(&block.result);
        }
        if !block.statements.is_empty() || self.opens_line() {
            self.force();
        }
        self.token();
        self.indented(INDENT, |printer| {
            printer.line();
            for statement in &block.statements {
                printer.statement(statement);
                printer.line_end();
            }
            printer.expr(&block.result);
            printer.comments_above();
        });
        self.line();
        self.token();
    }

    /// The branch of an `if`: a block or a record, whose lines end where the other branch's do.
    fn braces_in_group(&mut self, branch: &Expr) {
        match &branch.kind {
            ExprKind::Block(block) => self.block_in_group(block),
            ExprKind::Record(record) => {
                self.record_in_group(record, lone_manner(record));
            }
            _ => self.expr(branch),
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Let {
                pattern,
                value,
                otherwise,
            } => {
                self.token();
                self.space();
                self.pattern(pattern);
                self.value_after_word(value);
                if let Some(otherwise) = otherwise {
                    self.otherwise(otherwise);
                }
            }
            StatementKind::Require {
                condition,
                otherwise,
            } => {
                self.token();
                self.space();
                self.expr(condition);
                self.otherwise(otherwise);
            }
            StatementKind::Set {
                field: _,
                path,
                value,
            } => {
                self.token();
                self.space();
                self.token();
                path.iter().for_each(|step| self.path_step(step));
                self.value_after_word(value);
            }
            StatementKind::Become(value) => {
                self.token();
                self.space();
                self.expr(value);
            }
            StatementKind::Error => self.tokens_of(statement.span),
        }
    }

    fn path_step(&mut self, step: &PathStep) {
        match &step.kind {
            PathStepKind::Field(_) => {
                self.token();
                self.token();
            }
            PathStepKind::Key(key) => {
                self.token();
                self.expr(key);
                self.token();
            }
        }
    }

    /// ` = e`, ` => e`
    pub(super) fn value_after_word(&mut self, value: &Expr) {
        self.space();
        self.token();
        self.space();
        self.expr(value);
    }

    /// ` else e`: on the next line if it does not fit and is no block.
    fn otherwise(&mut self, value: &Expr) {
        if matches!(value.kind, ExprKind::Block(_)) {
            self.space();
            self.token();
            self.space();
            self.expr(value);
        } else {
            self.hanging(|printer| {
                printer.line();
                printer.token();
                printer.space();
                printer.expr(value);
            });
        }
    }

    /// `if c { a } else if d { b } else { e }`: all branches on one line, or all on lines of their own.
    pub(super) fn conditional(&mut self, condition: &Expr, then: &Expr, otherwise: &Expr) {
        self.group(|printer| {
            let (mut condition, mut then, mut otherwise) = (condition, then, otherwise);
            loop {
                printer.token();
                printer.space();
                printer.expr(condition);
                printer.space();
                printer.braces_in_group(then);
                printer.space();
                printer.token();
                printer.space();
                let ExprKind::If {
                    condition: next,
                    then: its_then,
                    otherwise: its_otherwise,
                } = &otherwise.kind
                else {
                    return printer.braces_in_group(otherwise);
                };
                (condition, then, otherwise) = (next, its_then, its_otherwise);
            }
        });
    }

    /// `match e { p => a }`
    pub(super) fn matching(&mut self, subject: &Expr, arms: &[Arm]) {
        self.token();
        self.space();
        self.expr(subject);
        self.space();
        self.arms(arms);
    }

    /// `{ p if g => e, q => f }`
    pub(super) fn arms(&mut self, arms: &[Arm]) {
        self.list(Manner::Arms, arms.len(), |printer, number| {
            let arm = &arms[number];
            printer.pattern(&arm.pattern);
            printer.guard(arm.guard.as_ref());
            printer.value_after_word(&arm.body);
        });
    }

    /// ` if g`
    pub(super) fn guard(&mut self, guard: Option<&Expr>) {
        if let Some(guard) = guard {
            self.space();
            self.token();
            self.space();
            self.expr(guard);
        }
    }
}

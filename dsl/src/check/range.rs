//! `range`: how many numbers there can be is known before a step begins.

use super::Checker;
use super::call::Given;
use super::names::Definition;
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::T126;
use crate::source::Span;
use crate::typed::{ExprId, ExprKind};

impl Checker<'_> {
    /// `range(from, to)` with literals, or `range(from, to, most)` with a literal for how many.
    pub(super) fn range(&mut self, given: &[Given<'_>], span: Span) -> ExprId {
        let int = self.types.int();
        let values: Vec<ExprId> = given
            .iter()
            .map(|value| self.argument(*value, int))
            .collect();
        let [from, to, ref rest @ ..] = *values else {
            return self.unknown(span);
        };
        let limits = if rest.is_empty() { &values } else { rest };
        let vague = limits
            .iter()
            .find(|limit| self.literal_number(**limit).is_none());
        if let Some(vague) = vague {
            self.report_vague_limit(*vague, rest.is_empty());
        }
        let most = rest.first().and_then(|most| self.literal_number(*most));
        let list = self.numbers();
        self.draft
            .expr(ExprKind::Range { from, to, most }, list, span)
    }

    /// The number of a literal, or of a constant that is one.
    fn literal_number(&self, expr: ExprId) -> Option<i64> {
        match *self.draft.kind_of(expr) {
            ExprKind::Int(number) => Some(number),
            ExprKind::Call { function, .. } => match self.names.signatures[function.index()].item {
                Definition::Const(constant) => match constant.value.kind {
                    ast::ExprKind::Int(number) => Some(number),
                    _ => None,
                },
                Definition::Function(_) => None,
            },
            _ => None,
        }
    }

    fn report_vague_limit(&mut self, limit: ExprId, is_bound: bool) {
        let partial = self.draft.type_of(limit);
        let int = self.types.int();
        if self.types.is_unknown(partial) || !self.types.unify(partial, int) {
            return; // what is wrong with it was reported
        }
        let span = self.draft.span_of(limit);
        let problem = if is_bound {
            Problem::new(T126, span, "this range has no limit")
                .noting("how long a step takes at most must be known before it begins")
                .helping("say how many numbers it may have: `range(from, to, 100)`")
        } else {
            Problem::new(T126, span, "the limit of a range is a literal")
                .helping("write a number, or the name of a constant that is one")
        };
        self.report(problem);
    }
}

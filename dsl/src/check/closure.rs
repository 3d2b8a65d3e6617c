//! `curry` and `apply`: functions that are made and used within one arrow.

use super::Checker;
use super::messages::with_article;
use super::types::{Form, Partial};
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::{T112, T113};
use crate::source::Span;
use crate::typed::{ArrowId, ArrowKind};

impl Checker<'_> {
    /// `curry f : A -> (B => C)` of `f : (A, B) -> C`. What `B` is, `f` or the place must say.
    pub(super) fn curry(
        &mut self,
        inside: &ast::Arrow,
        domain: Partial,
        hint: Option<Partial>,
        span: Span,
    ) -> ArrowId {
        let (argument, result) = match hint.map(|hint| self.types.form(hint)) {
            Some(Form::Function(argument, result)) => (argument, Some(result)),
            _ => (self.types.hole(span), None),
        };
        let pair = self.types.make(Form::Tuple(vec![domain, argument]));
        let arrow = self.arrow(inside, pair, result);
        if self.draft.is_stateful(arrow) {
            let title = "`curry` keeps this for later, so it cannot use the state";
            let problem = Problem::new(T113, inside.span, title);
            self.report(
                problem.helping("give it the state as a part of what it takes: `get &&& …`"),
            );
            return self.unknown_arrow(domain, span);
        }
        let codomain = self.draft.codomain(arrow);
        let function = self.types.make(Form::Function(argument, codomain));
        self.draft
            .arrow(ArrowKind::Curry(arrow), domain, function, span)
    }

    /// `apply : (B => C, B) -> C`
    pub(super) fn apply(&mut self, domain: Partial, span: Span) -> ArrowId {
        let Some((function, argument)) = self.pair(domain, "apply", span) else {
            return self.unknown_arrow(domain, span);
        };
        match self.types.form(function) {
            Form::Function(wanted, result) => {
                self.enforce_arrow("apply", argument, wanted, span);
                self.draft.arrow(ArrowKind::Apply, domain, result, span)
            }
            Form::Unknown => self.unknown_arrow(domain, span),
            _ => {
                let found = with_article(&self.types.describe(function));
                let title =
                    format!("`apply` is for a function and its argument, this is given {found}");
                let problem = Problem::new(T112, span, title);
                self.report(
                    problem.helping("make a function with `curry`: `curry f &&& g >>> apply`"),
                );
                self.unknown_arrow(domain, span)
            }
        }
    }
}

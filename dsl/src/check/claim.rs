//! Claims: invariants, properties and witnesses, each a condition on the names of its moment.

use std::collections::BTreeMap;

use super::machine::{Interface, Parts};
use super::types::{Form, Partial};
use super::{Checker, Frame, StateView};
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::T114;
use crate::source::Span;
use crate::typed::{Arm, Claim, ClaimKind, Claims, ExprId, ExprKind, PatternKind};

/// A claim as it was written.
#[derive(Clone, Copy)]
pub(super) enum Said<'a> {
    Invariant(&'a ast::Claim),
    Property(&'a ast::Property),
    Witness(&'a ast::Claim),
}

impl<'a> Said<'a> {
    fn name(self) -> &'a ast::Name {
        match self {
            Said::Invariant(claim) | Said::Witness(claim) => &claim.name,
            Said::Property(property) => &property.name,
        }
    }

    /// The older version that it is about.
    pub(super) fn across(self) -> Option<&'a ast::Version> {
        match self {
            Said::Property(ast::Property {
                moment: ast::Moment::Across(version),
                ..
            }) => Some(version),
            _ => None,
        }
    }

    fn condition(self) -> &'a ast::Expr {
        match self {
            Said::Invariant(claim) | Said::Witness(claim) => &claim.condition,
            Said::Property(property) => &property.condition,
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn claims(&mut self, parts: &Parts<'a>, this: &Interface) -> Claims {
        let mut claims = Claims {
            input: self.scope.fresh(),
            before: self.scope.fresh(),
            state: self.scope.fresh(),
            reply: self.scope.fresh(),
            list: Vec::new(),
        };
        let mut names: BTreeMap<&str, Span> = BTreeMap::new();
        for (said, span) in &parts.claims {
            let name = said.name();
            match names.get(name.text.as_str()) {
                Some(first) => self.report_second_claim(name, *first),
                None => {
                    names.insert(&name.text, name.span);
                }
            }
            let condition = said.condition().span;
            if let Some((kind, body)) = self.claim(*said, this, &claims) {
                claims.list.push(Claim {
                    name: name.text.as_str().into(),
                    kind,
                    body,
                    condition,
                    span: *span,
                });
            }
        }
        claims
    }

    fn report_second_claim(&mut self, name: &ast::Name, first: Span) {
        if name.text.is_empty() {
            return;
        }
        let title = format!("there are two claims named `{}`", name.text);
        let problem = Problem::new(T114, name.span, title).pointing_at(first, "the first is here");
        self.report(problem.helping("give one another name: reports tell them apart by it"));
    }

    fn claim(
        &mut self,
        said: Said<'a>,
        this: &Interface,
        locals: &Claims,
    ) -> Option<(ClaimKind, ExprId)> {
        let view = StateView {
            current: locals.state,
            entry: None,
            partial: this.state,
        };
        let of_state = Frame {
            state: Some(view),
            ..Frame::default()
        };
        let condition = said.condition();
        match said {
            Said::Invariant(_) => Some((ClaimKind::Invariant, self.holds(of_state, condition))),
            Said::Witness(_) => Some((ClaimKind::Witness, self.holds(of_state, condition))),
            Said::Property(property) => match &property.moment {
                ast::Moment::Always => {
                    let frame = Frame {
                        is_law: true,
                        ..Frame::default()
                    };
                    Some((ClaimKind::Law, self.holds(frame, condition)))
                }
                ast::Moment::After { input, state } => {
                    let pair = (input, state.as_ref());
                    let body = self.after(pair, condition, this, locals);
                    Some((ClaimKind::After, body))
                }
                ast::Moment::Across(version) => self.across(version, condition, this, view),
            },
        }
    }

    fn holds(&mut self, frame: Frame, condition: &ast::Expr) -> ExprId {
        self.within(frame, |checker| checker.condition(condition))
    }

    /// `match (input, before) { (P, S) => Some(e), _ => None }`
    fn after(
        &mut self,
        (input, state): (&ast::Pattern, Option<&ast::Pattern>),
        condition: &ast::Expr,
        this: &Interface,
        locals: &Claims,
    ) -> ExprId {
        let span = condition.span;
        let frame = Frame {
            state: Some(StateView {
                current: locals.state,
                entry: Some(locals.before),
                partial: this.state,
            }),
            stamps: this.stamps.clone(),
            reply: Some((locals.reply, this.output)),
            ..Frame::default()
        };
        let pair = self.types.make(Form::Tuple(vec![this.input, this.state]));
        let bool = self.types.bool();
        let asked = self.types.make(Form::Option(bool));
        let parts = vec![
            self.local(locals.input, this.input, span),
            self.local(locals.before, this.state, span),
        ];
        let subject = self.draft.expr(ExprKind::Tuple(parts), pair, span);
        let yes = self.within(frame, |checker| {
            let mark = checker.scope.mark();
            let on = checker.pattern_since(input, this.input, mark);
            let within = match state {
                Some(pattern) => checker.pattern_since(pattern, this.state, mark),
                None => checker.any(this.state, input.span.after()),
            };
            let condition = checker.condition(condition);
            checker.leave(mark);
            let body = checker.option(Some(condition), asked, span);
            let kind = PatternKind::Product(vec![on, within]);
            let pattern = checker.draft.pattern(kind, pair, input.span);
            Arm {
                pattern,
                guard: None,
                body,
            }
        });
        let no = Arm {
            pattern: self.any(pair, span),
            guard: None,
            body: self.option(None, asked, span),
        };
        let arms = vec![yes, no];
        self.draft
            .expr(ExprKind::Match { subject, arms }, asked, span)
    }

    fn option(&mut self, content: Option<ExprId>, kind: Partial, span: Span) -> ExprId {
        let constructor = usize::from(content.is_some());
        let payload = content.unwrap_or_else(|| {
            let unit = self.types.unit();
            self.draft.expr(ExprKind::Tuple(Vec::new()), unit, span)
        });
        let kind_of = ExprKind::Inject {
            constructor,
            payload,
        };
        self.draft.expr(kind_of, kind, span)
    }

    fn across(
        &mut self,
        version: &ast::Version,
        condition: &ast::Expr,
        this: &Interface,
        view: StateView,
    ) -> Option<(ClaimKind, ExprId)> {
        let Some(from) = self.older(version, this.version) else {
            return None; // what it says of `prev` cannot be judged
        };
        let old = self.scope.fresh();
        let frame = Frame {
            state: Some(view),
            past: Some((old, from.state)),
            ..Frame::default()
        };
        let body = self.holds(frame, condition);
        let kind = ClaimKind::Across {
            version: from.version,
            old,
            shape: self.types.shape(from.state)?,
        };
        Some((kind, body))
    }
}

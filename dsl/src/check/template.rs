//! Built-in functions that are written in the language: their text is read as an expression in which the arguments
//! have names, and checked like any other where the function is called. So their types follow from the
//! place, and there is no second way to say what they mean.

use super::call::{Callback, Given};
use super::types::Partial;
use super::{Checker, Frame};
use crate::ast::{
    Argument, Arm, Expr, ExprKind as Written, ExprPayload, Pattern, PatternKind as Shape,
    PatternPayload, Statement, StatementKind,
};
use crate::parse;
use crate::source::{Source, Span};
use crate::typed::{ExprId, ExprKind, PatternId, PatternKind};

/// The name a template calls its function argument by. It calls it once.
const FUNCTION: &str = "f";

/// The name of an argument that is not named again: it stands where the template has its name, once.
const SUBJECT: &str = "xs";

/// The names of the values in a template that has several, in order.
const VALUES: [&str; 3] = ["x", "y", "z"];

impl Checker<'_> {
    /// What a template means with one value for `xs`, and for `f` the function, if it has one.
    pub(super) fn expanded(
        &mut self,
        template: &'static str,
        subject: ExprId,
        function: Option<Callback>,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let frame = Frame {
            subject: Some(subject),
            function,
            is_template: true,
            ..Frame::default()
        };
        let expr = self.template(template, span);
        self.within(frame, |checker| {
            checker.unseen(|checker| checker.hidden(|checker| checker.hinted(&expr, hint)))
        })
    }

    /// The same with several values, for `x`, `y` and `z`; each is evaluated once, in order.
    pub(super) fn expanded_with(
        &mut self,
        template: &'static str,
        values: &[ExprId],
        function: Option<Callback>,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let frame = Frame {
            function,
            is_template: true,
            ..Frame::default()
        };
        let expr = self.template(template, span);
        let (mut lines, mark) = (Vec::new(), self.scope.mark());
        let work = |checker: &mut Self| {
            checker.hidden(|checker| {
                for (name, value) in VALUES.into_iter().zip(values) {
                    let kind = checker.draft.type_of(*value);
                    let local = checker.scope.bind(name, kind, span, false);
                    let pattern = checker.draft.pattern(PatternKind::Bind(local), kind, span);
                    lines.push((pattern, *value));
                }
                checker.hinted(&expr, hint)
            })
        };
        let mut body = self.within(frame, |checker| checker.unseen(work));
        self.scope.leave(mark);
        for (pattern, value) in lines.into_iter().rev() {
            body = self.named_in(pattern, value, body, span);
        }
        body
    }

    /// `let pattern = value; body`
    pub(super) fn named_in(
        &mut self,
        pattern: PatternId,
        value: ExprId,
        body: ExprId,
        span: Span,
    ) -> ExprId {
        let kind = self.draft.type_of(body);
        let whole = ExprKind::Let {
            pattern,
            value,
            body,
        };
        self.draft.expr(whole, kind, span)
    }

    /// A call of the function argument inside a template, if it is one.
    pub(super) fn template_call(
        &mut self,
        name: &str,
        given: &[Given<'_>],
        span: Span,
    ) -> Option<ExprId> {
        if name != FUNCTION {
            return None;
        }
        let callback = self.frame.function.take()?;
        let mut body = callback.body;
        let pairs = callback.patterns.iter().zip(given);
        for (pattern, value) in pairs.rev() {
            let kind = self.draft.pattern_type(*pattern);
            let value = self.argument(*value, kind);
            body = self.named_in(*pattern, value, body, span);
        }
        Some(body)
    }

    /// The value a name stands for inside a template, if it is not a local.
    pub(super) fn template_value(&mut self, name: &str) -> Option<ExprId> {
        if name == SUBJECT {
            self.frame.subject.take()
        } else {
            None
        }
    }

    /// A template as a tree, all of it at the place of the call.
    fn template(&mut self, template: &'static str, span: Span) -> Expr {
        let templates = &mut self.templates;
        let parsed = templates.entry(template).or_insert_with(|| {
            let read = Source::new("built-in", template).map(|source| parse::expression(&source).0);
            read.unwrap_or(Expr {
                kind: Written::Error,
                span,
            })
        });
        let mut expr = parsed.clone();
        Mover { to: span }.expr(&mut expr);
        expr
    }
}

/// Gives every node of a tree one place. It knows the forms that templates use.
struct Mover {
    to: Span,
}

impl Mover {
    fn expr(&self, expr: &mut Expr) {
        expr.span = self.to;
        match &mut expr.kind {
            Written::Name(name) => name.span = self.to,
            Written::Call {
                function,
                arguments,
            } => {
                function.span = self.to;
                arguments
                    .iter_mut()
                    .for_each(|argument| self.argument(argument));
            }
            Written::Constructor {
                constructor,
                payload: ExprPayload::Tuple(parts),
            } => {
                constructor.name.span = self.to;
                self.exprs(parts);
            }
            Written::Constructor { constructor, .. } => constructor.name.span = self.to,
            Written::Tuple(parts) | Written::List(parts) | Written::Set(parts) => self.exprs(parts),
            Written::Block(block) => {
                block.span = self.to;
                block
                    .statements
                    .iter_mut()
                    .for_each(|statement| self.statement(statement));
                self.expr(&mut block.result);
            }
            Written::If {
                condition,
                then,
                otherwise,
            } => [condition, then, otherwise]
                .into_iter()
                .for_each(|part| self.expr(part)),
            Written::Match { subject, arms } => {
                self.expr(subject);
                arms.iter_mut().for_each(|arm| self.arm(arm));
            }
            Written::Index { collection, key } => {
                self.expr(collection);
                self.expr(key);
            }
            Written::Binary {
                operator_span,
                left,
                right,
                ..
            } => {
                *operator_span = self.to;
                self.expr(left);
                self.expr(right);
            }
            Written::Not(inside) | Written::Negate(inside) => self.expr(inside),
            _ => {}
        }
    }

    fn exprs(&self, parts: &mut [Expr]) {
        parts.iter_mut().for_each(|part| self.expr(part));
    }

    fn argument(&self, argument: &mut Argument) {
        match argument {
            Argument::Value(value) => self.expr(value),
            Argument::Lambda(lambda) => {
                lambda.span = self.to;
                self.patterns(&mut lambda.parameters);
                self.expr(&mut lambda.body);
            }
            Argument::Arrow(arrow) => arrow.span = self.to,
        }
    }

    fn statement(&self, statement: &mut Statement) {
        statement.span = self.to;
        if let StatementKind::Let { pattern, value, .. } = &mut statement.kind {
            self.pattern(pattern);
            self.expr(value);
        }
    }

    fn arm(&self, arm: &mut Arm) {
        arm.span = self.to;
        self.pattern(&mut arm.pattern);
        self.expr(&mut arm.body);
    }

    fn patterns(&self, patterns: &mut [Pattern]) {
        patterns
            .iter_mut()
            .for_each(|pattern| self.pattern(pattern));
    }

    fn pattern(&self, pattern: &mut Pattern) {
        pattern.span = self.to;
        match &mut pattern.kind {
            Shape::Name(name) => name.span = self.to,
            Shape::Tuple(parts) => self.patterns(parts),
            Shape::Constructor {
                constructor,
                payload,
            } => {
                constructor.name.span = self.to;
                if let PatternPayload::Tuple(parts) = payload {
                    self.patterns(parts);
                }
            }
            _ => {}
        }
    }
}

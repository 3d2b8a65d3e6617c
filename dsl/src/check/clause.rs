//! How a machine steps: its `on` clauses, or its one arrow.

use super::exhaustive::{Handlers, Row};
use super::machine::{Interface, Parts};
use super::types::{Form, Partial};
use super::{Checker, Frame, StateView};
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::M115;
use crate::source::Span;
use crate::typed::{Clause, ExprId, Handler, Local, PatternId, PatternKind, Step};

impl<'a> Checker<'a> {
    pub(super) fn step(
        &mut self,
        machine: &ast::Machine,
        parts: &Parts<'a>,
        interface: &Interface,
    ) -> Option<Step> {
        if let Some((arrow, _)) = parts.step {
            let frame = Frame {
                stamps: interface.stamps.clone(),
                arrow_state: Some(interface.state),
                ..Frame::default()
            };
            let checked = self.within(frame, |checker| {
                checker.arrow(arrow, interface.input, Some(interface.output))
            });
            self.enforce_at(arrow.span, self.draft.codomain(checked), interface.output);
            return Some(Step::Arrow(checked));
        }
        let (mut clauses, mut rows) = (Vec::new(), Vec::new());
        for (handler, span) in &parts.handlers {
            let (clause, row) = self.clause(handler, *span, interface);
            clauses.extend(clause);
            rows.push(row);
        }
        let rows: Option<Vec<Row>> = rows.into_iter().collect();
        let (input, state) = (
            self.types.shape(interface.input)?,
            self.types.shape(interface.state)?,
        );
        // Without any handler, M101 has said so.
        if let Some(rows) = rows.filter(|rows| !rows.is_empty() && !parts.has_errors) {
            self.lint_inputs(&rows, interface);
            let example = self.example_output(parts, interface.output);
            let last = parts.handlers.last().map(|(_, span)| *span);
            let last = last.unwrap_or(machine.name.span);
            self.judge_handlers(&Handlers {
                rows,
                input,
                state,
                at: machine.name.span,
                last,
                indent: self.indent(last),
                example,
            });
        }
        Some(Step::Clauses(clauses))
    }

    fn clause(
        &mut self,
        handler: &ast::Handler,
        span: Span,
        interface: &Interface,
    ) -> (Option<Clause>, Option<Row>) {
        let entry = self.scope.fresh();
        let state = Some(StateView {
            current: entry,
            entry: Some(entry),
            partial: interface.state,
        });
        let frame = Frame {
            state,
            stamps: interface.stamps.clone(),
            ..Frame::default()
        };
        self.within(frame, |checker| {
            let (mark, mistakes) = (checker.scope.mark(), checker.mistakes);
            let (input, argument) = match &handler.body {
                ast::HandlerBody::Pointful(_) => (
                    checker.pattern_since(&handler.input, interface.input, mark),
                    None,
                ),
                ast::HandlerBody::PointFree(_) => {
                    checker.whole_payload(&handler.input, interface.input, mark)
                }
            };
            let state = match &handler.state {
                Some(pattern) => checker.pattern_since(pattern, interface.state, mark),
                None => checker.any(interface.state, handler.input.span.after()),
            };
            checker.lint_names(mark, None);
            let at = handler.state.as_ref().map_or(handler.input.span, |state| {
                handler.input.span.to(state.span)
            });
            let row = checker.row(vec![input, state], handler.guard.is_some(), at, mistakes);
            let guard = handler.guard.as_ref().map(|guard| checker.condition(guard));
            let body = match &handler.body {
                ast::HandlerBody::Pointful(body) => Some(checker.handler(body, interface.output)),
                ast::HandlerBody::PointFree(arrow) => {
                    checker.point_free(arrow, argument, entry, interface)
                }
            };
            checker.leave(mark);
            (
                body.map(|body| Clause {
                    input,
                    state,
                    entry,
                    guard,
                    body,
                    span,
                }),
                row,
            )
        })
    }

    /// The pattern of a point-free handler, and the value its arrow starts from: the payload, or the whole input.
    fn whole_payload(
        &mut self,
        pattern: &ast::Pattern,
        input: Partial,
        mark: usize,
    ) -> (PatternId, Option<ExprId>) {
        let span = pattern.span;
        let is_open = |pattern: &ast::Pattern| {
            matches!(
                pattern.kind,
                ast::PatternKind::Wildcard | ast::PatternKind::Name(_)
            )
        };
        match &pattern.kind {
            _ if is_open(pattern) => {
                let (bound, local) = self.fresh(input, span);
                (bound, Some(self.local(local, input, span)))
            }
            ast::PatternKind::Constructor {
                constructor,
                payload,
            } => {
                let is_whole = match payload {
                    ast::PatternPayload::None => true,
                    ast::PatternPayload::Tuple(parts) => {
                        matches!(parts.as_slice(), [one] if is_open(one))
                    }
                    ast::PatternPayload::Record(_) => false,
                };
                if !is_whole {
                    return self.not_whole(pattern, input, mark);
                }
                self.wish_pattern(constructor.name.span, input);
                match self.find_constructor(constructor, Some(input)) {
                    Some(found) if self.types.unify(found.variant, input) => {
                        let (payload, local) = self.fresh(found.payload, span);
                        let kind = PatternKind::Constructor {
                            constructor: found.index,
                            payload,
                        };
                        let argument = self.local(local, found.payload, span);
                        (self.draft.pattern(kind, input, span), Some(argument))
                    }
                    _ => (self.pattern_since(pattern, input, mark), None),
                }
            }
            _ => self.not_whole(pattern, input, mark),
        }
    }

    fn not_whole(
        &mut self,
        pattern: &ast::Pattern,
        input: Partial,
        mark: usize,
    ) -> (PatternId, Option<ExprId>) {
        let problem = Problem::new(
            M115,
            pattern.span,
            "a point-free handler takes the whole payload",
        )
        .helping("write `on Name = …`; the payload is what flows into the arrow");
        self.report(problem);
        (self.pattern_since(pattern, input, mark), None)
    }

    fn point_free(
        &mut self,
        arrow: &ast::Arrow,
        argument: Option<ExprId>,
        entry: Local,
        interface: &Interface,
    ) -> Option<Handler> {
        let argument = argument?;
        let domain = self.draft.type_of(argument);
        let stamps = interface.stamps.clone();
        let frame = Frame {
            stamps,
            arrow_state: Some(interface.state),
            ..Frame::default()
        };
        let checked = self.within(frame, |checker| {
            checker.hidden(|checker| checker.arrow(arrow, domain, Some(interface.output)))
        });
        self.enforce_at(arrow.span, self.draft.codomain(checked), interface.output);
        Some(Handler::Arrow {
            state: entry,
            arrow: checked,
            argument,
        })
    }

    /// The spaces before what stands first in its line.
    pub(super) fn indent(&self, span: Span) -> String {
        let before = self
            .source
            .map(|source| source.slice(Span::new(0, span.start)));
        let line = before.and_then(|text| text.rsplit('\n').next());
        let is_space = |line: &&str| line.trim().is_empty();
        line.filter(is_space).unwrap_or("  ").to_owned()
    }

    /// An answer that needs no payload, for a help line: the last that is declared.
    fn example_output(&mut self, parts: &Parts<'a>, output: Partial) -> String {
        if let Some(ast::TypeBody::Variant(variant)) = parts.output {
            let plain =
                |constructor: &&ast::ConstructorItem| constructor.payload == ast::TypePayload::None;
            if let Some(constructor) = variant.constructors.iter().rev().find(plain) {
                return constructor.name.text.clone();
            }
        }
        self.plain_constructor(output)
            .unwrap_or_else(|| "…".to_owned())
    }

    /// A constructor without payload.
    pub(super) fn plain_constructor(&mut self, variant: Partial) -> Option<String> {
        let constructors = self.constructors(variant)?;
        let plain = constructors
            .into_iter()
            .find(|(_, payload)| self.types.form(*payload) == Form::Tuple(Vec::new()));
        plain.map(|(name, _)| name.to_string())
    }
}

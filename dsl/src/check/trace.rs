//! Traces: inputs, expected answers and states, each in the types of the version that runs at that line.

use cam::schema::Stamp;

use super::machine::{Interface, Parts};
use super::{Checker, Frame, StateView};
use crate::ast::{self, ExpectedKind, TraceLineKind as Written};
use crate::chain;
use crate::problem::Problem;
use crate::problem::catalogue::{M301, M302, M303};
use crate::source::Span;
use crate::typed::{Expected, ExprId, Trace, TraceLine, TraceLineKind};

impl<'a> Checker<'a> {
    pub(super) fn traces(&mut self, parts: &Parts<'a>, this: &Interface) -> Vec<Trace> {
        let mut traces = Vec::new();
        for (trace, span) in &parts.traces {
            traces.extend(self.trace(trace, *span, parts, this));
        }
        traces
    }

    /// A state of the version that runs there.
    fn given(&mut self, state: &ast::Expr, running: &Interface) -> TraceLineKind {
        TraceLineKind::Given(self.within(Frame::default(), |checker| {
            checker.check(state, running.state)
        }))
    }

    fn trace(
        &mut self,
        trace: &'a ast::Trace,
        span: Span,
        parts: &Parts<'a>,
        this: &Interface,
    ) -> Option<Trace> {
        let mut running = match &trace.from {
            Some(version) => self.older(version, this.version)?,
            None => this.clone(),
        };
        let mut lines = Vec::new();
        if let Some(state) = &trace.given {
            let kind = self.given(state, &running);
            let span = state.span;
            lines.push(TraceLine { kind, span });
        }
        for line in &trace.lines {
            let kind = match &line.kind {
                Written::Send { .. } => self.send(&line.kind, line.span, parts, &running, this),
                Written::Check(condition) => Some(self.check_line(condition, &running)),
                Written::Given(state) => Some(self.given(state, &running)),
                Written::Upgrade { .. } if running.version == this.version => {
                    self.report_no_upgrade(line.span, this.version);
                    None
                }
                Written::Upgrade { at, sender } => {
                    running = this.clone();
                    let told = self.within(Frame::default(), |checker| {
                        checker.stamps_said(at.as_ref(), sender.as_ref(), this)
                    });
                    Some(TraceLineKind::Upgrade(told))
                }
                Written::Error => {
                    self.spoil();
                    None
                }
            };
            lines.extend(kind.map(|kind| TraceLine {
                kind,
                span: line.span,
            }));
        }
        let title = trace.title.value.as_str().into();
        Some(Trace {
            title,
            from: trace.from.map(|version| version.number),
            lines,
            span,
        })
    }

    fn report_no_upgrade(&mut self, span: Span, version: u32) {
        let problem = Problem::new(
            M301,
            span,
            format!("version {version} runs already at this line"),
        );
        let older = version.saturating_sub(1).max(1);
        self.report(problem.helping(format!(
            "start the trace in an older version: `trace \"…\" from {older} {{`"
        )));
    }

    fn check_line(&mut self, condition: &ast::Expr, running: &Interface) -> TraceLineKind {
        let state = self.scope.fresh();
        let view = StateView {
            current: state,
            entry: None,
            partial: running.state,
        };
        let frame = Frame {
            state: Some(view),
            ..Frame::default()
        };
        let condition = self.within(frame, |checker| match checker.is_session {
            true => checker.infer(condition),
            false => checker.condition(condition),
        });
        TraceLineKind::Check { state, condition }
    }

    fn send(
        &mut self,
        line: &Written,
        span: Span,
        parts: &Parts<'a>,
        running: &Interface,
        this: &Interface,
    ) -> Option<TraceLineKind> {
        let Written::Send {
            client,
            input,
            at,
            sender,
            expected,
        } = line
        else {
            return None;
        };
        let spoken = match client {
            Some(version) if version.number != running.version => {
                self.client(version, parts, running, this)?
            }
            _ => running.clone(),
        };
        self.within(Frame::default(), |checker| {
            let input = checker.check(input, spoken.input);
            let stamps = checker.stamps_said(at.as_ref(), sender.as_ref(), running);
            checker.check_stamps_given(span, &stamps, running);
            let expected = expected.as_ref().map(|expected| match &expected.kind {
                ExpectedKind::Fault => Expected::Fault,
                ExpectedKind::Retired => Expected::Retired,
                ExpectedKind::Value(value) => Expected::Output(checker.check(value, spoken.output)),
            });
            Some(TraceLineKind::Send {
                client: spoken.version,
                input,
                stamps,
                expected,
            })
        })
    }

    /// The interface an older client speaks.
    fn client(
        &mut self,
        version: &ast::Version,
        parts: &Parts<'a>,
        running: &Interface,
        this: &Interface,
    ) -> Option<Interface> {
        let number = version.number;
        if number > running.version {
            let title = format!(
                "version {} runs at this line and knows no clients of version {number}",
                running.version
            );
            self.report(
                Problem::new(M302, version.span, title).helping("move the line below `upgrade`"),
            );
            return None;
        }
        let at = version.span;
        let deaf = (running.version == this.version)
            .then(|| self.deaf_step(number, parts, this))
            .flatten();
        if let Some((title, help)) = deaf {
            self.report(Problem::new(M302, at, title).helping(help));
            return None;
        }
        self.older(version, this.version)
    }

    /// What is to be said if the machine takes nothing from clients of a version, and what to do then. Where the source
    /// does not say what becomes of their state, they are understood if each step of the way here understands them.
    fn deaf_step(
        &self,
        client: u32,
        parts: &Parts<'a>,
        this: &Interface,
    ) -> Option<(String, String)> {
        let is_adapted = |version: u32| {
            let mut adapters = parts.accepts.iter().chain(&parts.replies);
            adapters.any(|(adapter, _)| adapter.version.number == version)
        };
        let starts = parts.migrations.iter();
        let mut starts = starts.map(|(migrate, _)| migrate.from.number);
        let is_written = starts.clone().any(|start| start == client);
        let way = match is_written || is_adapted(client) {
            true => None,
            false => chain::way(self.history, client, &mut starts),
        };
        let way = way.unwrap_or_else(|| vec![client]);
        let is_deaf = |pair: &&[u32]| {
            let migration = self.history.migration(pair[0], pair[1]);
            migration.is_none_or(|migration| migration.adapters().is_none())
        };
        let (last, own) = (*way.last()?, this.version);
        if let Some(&[from, to]) = way.windows(2).find(is_deaf) {
            let title = format!("version {to} takes nothing from clients of version {from}");
            let help = format!(
                "say how they are understood here: `migrate from {client} …` and `accept from {client}`"
            );
            return Some((title, help));
        }
        if is_adapted(last) {
            return None;
        }
        let title = format!("version {own} takes nothing from clients of version {last}");
        Some((title, format!("add `accept from {last}`")))
    }

    /// The moment that a line says, if the version asks for it.
    fn stamps_said(
        &mut self,
        at: Option<&ast::Expr>,
        sender: Option<&ast::Expr>,
        running: &Interface,
    ) -> Vec<(Stamp, ExprId)> {
        let said = [(Stamp::At, at), (Stamp::From, sender)];
        let said = said.into_iter().filter_map(|(stamp, value)| {
            value.and_then(|value| self.stamp_value(stamp, value, running))
        });
        said.collect()
    }

    fn stamp_value(
        &mut self,
        stamp: Stamp,
        value: &ast::Expr,
        running: &Interface,
    ) -> Option<(Stamp, ExprId)> {
        let kind = self.stamp_type(stamp);
        let checked = self.check(value, kind);
        if !running.stamps.contains(&stamp) {
            let word = stamp.word();
            let title = format!(
                "version {} does not ask for `{word}`, so nothing in it sees this",
                running.version
            );
            let help = format!(
                "leave it out, or ask for it: `machine … version {} with {word}`",
                running.version
            );
            self.report(Problem::new(M303, value.span, title).helping(help));
            return None;
        }
        Some((stamp, checked))
    }

    /// The machine asks for a sender, and there is none: a test that says nothing about who sends is a slip.
    fn check_stamps_given(&mut self, span: Span, stamps: &[(Stamp, ExprId)], running: &Interface) {
        let has_sender = stamps.iter().any(|(stamp, _)| *stamp == Stamp::From);
        if running.stamps.contains(&Stamp::From) && !has_sender {
            let problem = Problem::new(M303, span, "this line does not say who sends it");
            self.report(problem.helping("add `as \"alice\"` after the input"));
        }
    }
}

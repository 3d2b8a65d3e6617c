//! Traces and their lines.

use super::printer::Printer;
use crate::ast::{Expected, ExpectedKind, Expr, Trace, TraceLine, TraceLineKind};

impl Printer<'_> {
    /// `trace "…" given e from N { lines }`
    pub(super) fn trace(&mut self, trace: &Trace) {
        self.words(2);
        if let Some(state) = &trace.given {
            self.space();
            self.token();
            self.space();
            self.expr(state);
        }
        if trace.from.is_some() {
            self.space();
            self.words(2);
        }
        self.space();
        self.lines(trace.lines.len(), |printer, number| {
            printer.trace_line(&trace.lines[number]);
        });
    }

    fn trace_line(&mut self, line: &TraceLine) {
        match &line.kind {
            TraceLineKind::Send {
                client,
                input,
                at,
                sender,
                expected,
            } => {
                if client.is_some() {
                    self.token();
                }
                self.token();
                self.space();
                self.expr(input);
                self.stamps([at, sender].into_iter().flatten());
                if let Some(expected) = expected {
                    self.expected(expected);
                }
            }
            TraceLineKind::Check(value) | TraceLineKind::Given(value) => {
                self.token();
                self.space();
                self.expr(value);
            }
            TraceLineKind::Upgrade { at, sender } => {
                self.token();
                self.stamps([at, sender].into_iter().flatten());
            }
            TraceLineKind::Error => self.tokens_of(line.span),
        }
    }

    /// ` at 5 as "ann"`, in the order of the source.
    fn stamps<'e>(&mut self, stamps: impl Iterator<Item = &'e Expr>) {
        let mut stamps: Vec<_> = stamps.collect();
        stamps.sort_by_key(|stamp| stamp.span.start);
        for stamp in stamps {
            self.space();
            self.token();
            self.space();
            self.expr(stamp);
        }
    }

    /// ` = output`, on a line of its own if it does not fit.
    fn expected(&mut self, expected: &Expected) {
        self.hanging(|printer| {
            printer.line();
            printer.token();
            printer.space();
            match &expected.kind {
                ExpectedKind::Fault | ExpectedKind::Retired => printer.token(),
                ExpectedKind::Value(value) => printer.expr(value),
            }
        });
    }
}

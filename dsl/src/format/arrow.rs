//! Arrows: chains, cases, records and islands of the other layer.

use super::list::Manner;
use super::printer::Printer;
use crate::ast::{Arrow, ArrowKind, CaseArm, FieldArrow, Lambda};

impl Printer<'_> {
    pub(super) fn arrow(&mut self, arrow: &Arrow) {
        self.in_parentheses(arrow.span, false, |printer| match &arrow.kind {
            ArrowKind::Identity
            | ArrowKind::Fst
            | ArrowKind::Snd
            | ArrowKind::Get
            | ArrowKind::Put
            | ArrowKind::Inl
            | ArrowKind::Inr
            | ArrowKind::Distl
            | ArrowKind::Apply
            | ArrowKind::Name(_) => printer.token(),
            ArrowKind::Const(value) => {
                printer.token();
                printer.space();
                printer.expr(value);
            }
            ArrowKind::First(on)
            | ArrowKind::Second(on)
            | ArrowKind::Curry(on)
            | ArrowKind::Each(on)
            | ArrowKind::Modify(on)
            | ArrowKind::Tap(on) => {
                printer.token();
                printer.space();
                printer.arrow(on);
            }
            ArrowKind::Choose(fields) => {
                printer.token();
                printer.space();
                printer.record_arrow(fields);
            }
            ArrowKind::Case(arms) => printer.case(arms),
            ArrowKind::Constructor(constructor) => printer.constructor_name(constructor),
            ArrowKind::Field(_) => {
                printer.token();
                printer.token();
            }
            ArrowKind::Record(fields) => printer.record_arrow(fields),
            ArrowKind::Lambda(lambda) => printer.lambda(lambda),
            ArrowKind::Chain {
                combinator: _,
                arrows,
            } => printer.arrow_chain(arrows),
            ArrowKind::Error => printer.tokens_of(arrow.span),
        });
    }

    /// What follows the `=` of an arrow: on the same line, or if it does not fit there and has no brackets
    /// to break, on the next.
    pub(super) fn arrow_after_equals(&mut self, arrow: &Arrow) {
        let breaks_inside = matches!(
            arrow.kind,
            ArrowKind::Case(_) | ArrowKind::Choose(_) | ArrowKind::Record(_)
        );
        if breaks_inside {
            self.space();
            self.arrow(arrow);
        } else {
            self.hanging(|printer| {
                printer.line();
                printer.arrow(arrow);
            });
        }
    }

    fn arrow_chain(&mut self, arrows: &[Arrow]) {
        self.group(|printer| {
            for (number, arrow) in arrows.iter().enumerate() {
                if number > 0 {
                    if printer.begins_line() {
                        printer.force();
                    }
                    printer.line();
                    printer.token();
                    printer.space();
                }
                printer.arrow(arrow);
            }
        });
    }

    fn case(&mut self, arms: &[CaseArm]) {
        self.token();
        self.space();
        self.list(Manner::Braces, arms.len(), |printer, number| {
            let arm = &arms[number];
            printer.constructor_name(&arm.constructor);
            printer.token();
            printer.space();
            printer.arrow(&arm.arrow);
        });
    }

    fn record_arrow(&mut self, fields: &[FieldArrow]) {
        self.list(Manner::Braces, fields.len(), |printer, number| {
            printer.token();
            printer.token();
            printer.space();
            printer.arrow(&fields[number].arrow);
        });
    }

    /// `fn(p, q) => e`
    pub(super) fn lambda(&mut self, lambda: &Lambda) {
        self.token();
        self.patterns(&lambda.parameters);
        self.space();
        self.token();
        self.space();
        self.expr(&lambda.body);
    }
}

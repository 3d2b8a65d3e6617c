//! Patterns, wherever they stand.

use super::list::Manner;
use super::printer::Printer;
use crate::ast::{
    ConstructorName, FieldPattern, Pattern, PatternKind, PatternPayload, RecordPattern,
};
use crate::token::{Symbol, TokenKind};

impl Printer<'_> {
    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        let is_own = matches!(pattern.kind, PatternKind::Tuple(_));
        self.in_parentheses(pattern.span, is_own, |printer| match &pattern.kind {
            PatternKind::Wildcard
            | PatternKind::Name(_)
            | PatternKind::Text(_)
            | PatternKind::Bool(_) => printer.token(),
            PatternKind::Int(_) => printer.integer(),
            PatternKind::Tuple(parts) => printer.patterns(parts),
            PatternKind::Record(record) => printer.record_pattern(record),
            PatternKind::Constructor {
                constructor,
                payload,
            } => printer.constructor_pattern(constructor, payload),
            PatternKind::List { items, rest } => printer.list_pattern(items, rest.is_some()),
            PatternKind::Alternatives(patterns) => printer.alternatives(patterns),
            PatternKind::Error => printer.tokens_of(pattern.span),
        });
    }

    /// `-1`: the minus is part of the literal.
    pub(super) fn integer(&mut self) {
        if self.is_symbol(Symbol::Minus) {
            self.token();
        }
        self.token();
    }

    /// `(p, q)`
    pub(super) fn patterns(&mut self, patterns: &[Pattern]) {
        self.list(Manner::Plain, patterns.len(), |printer, number| {
            printer.pattern(&patterns[number]);
        });
    }

    fn alternatives(&mut self, patterns: &[Pattern]) {
        self.hanging(|printer| {
            for (number, pattern) in patterns.iter().enumerate() {
                if number > 0 {
                    printer.line();
                    printer.token();
                    printer.space();
                }
                printer.pattern(pattern);
            }
        });
    }

    fn constructor_pattern(&mut self, constructor: &ConstructorName, payload: &PatternPayload) {
        self.constructor_name(constructor);
        match payload {
            PatternPayload::None => {}
            PatternPayload::Tuple(parts) => self.patterns(parts),
            PatternPayload::Record(record) => {
                self.space();
                self.record_pattern(record);
            }
        }
    }

    /// `C`, `T.C`
    pub(super) fn constructor_name(&mut self, constructor: &ConstructorName) {
        if constructor.of.is_some() {
            self.token();
            self.token();
        }
        self.token();
    }

    /// `[p, q]`, `[p, ..rest]`
    fn list_pattern(&mut self, items: &[Pattern], has_rest: bool) {
        let count = items.len() + usize::from(has_rest);
        self.list(Manner::Plain, count, |printer, number| {
            if let Some(item) = items.get(number) {
                return printer.pattern(item);
            }
            // The rest may have a name, `_` or nothing.
            printer.token();
            if printer.kind() == TokenKind::Lower || printer.is_symbol(Symbol::Underscore) {
                printer.token();
            }
        });
    }

    /// `{ x, y: p, .. }`; the dots may stand anywhere.
    pub(super) fn record_pattern(&mut self, record: &RecordPattern) {
        let mut fields = record.fields.iter();
        let count = record.fields.len() + usize::from(record.rest.is_some());
        self.list(Manner::Braces, count, |printer, _| {
            if printer.is_symbol(Symbol::Spread) {
                printer.token();
            } else if let Some(field) = fields.next() {
                printer.field_pattern(field);
            }
        });
    }

    fn field_pattern(&mut self, field: &FieldPattern) {
        self.token();
        if self.is_symbol(Symbol::Colon) {
            self.token();
            self.space();
            self.pattern(&field.pattern);
        }
    }
}

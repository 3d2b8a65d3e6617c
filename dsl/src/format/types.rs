//! Types, variants, fields.

use super::list::Manner;
use super::printer::Printer;
use crate::ast::{ConstructorItem, FieldType, Type, TypeBody, TypeKind, TypePayload, Variant};
use crate::token::Symbol;

impl Printer<'_> {
    /// What follows `input` and its like. `column` is where it begins, counted from the part's first word.
    pub(super) fn type_body(&mut self, body: &TypeBody, column: usize) {
        match body {
            TypeBody::Variant(variant) => self.variant(variant, column),
            TypeBody::Type(kind) => self.type_(kind),
        }
    }

    /// `A | B`, on one line or with each bar below the one before, two to the left of the first constructor.
    fn variant(&mut self, variant: &Variant, column: usize) {
        let starts_with_bar = self.is_symbol(Symbol::Bar);
        let bar_column = if starts_with_bar { column } else { column - 2 };
        self.group(|printer| {
            printer.indented(bar_column, |printer| {
                for (number, constructor) in variant.constructors.iter().enumerate() {
                    if number > 0 {
                        printer.break_before_bar();
                    }
                    if printer.is_symbol(Symbol::Bar) {
                        printer.token();
                        printer.space();
                    }
                    printer.constructor_item(constructor);
                }
            });
        });
    }

    fn break_before_bar(&mut self) {
        if self.begins_line() {
            self.force();
        }
        self.line();
    }

    fn constructor_item(&mut self, item: &ConstructorItem) {
        self.token();
        match &item.payload {
            TypePayload::None => {}
            TypePayload::Tuple(types) => self.types(types),
            TypePayload::Record(fields) => {
                self.space();
                self.field_types(fields);
            }
        }
    }

    pub(super) fn type_(&mut self, kind: &Type) {
        let is_own = matches!(kind.kind, TypeKind::Tuple(_));
        self.in_parentheses(kind.span, is_own, |printer| match &kind.kind {
            TypeKind::Name { name: _, arguments } => {
                printer.token();
                if printer.is_symbol(Symbol::OpenParen) && printer.is_inside(kind.span) {
                    printer.types(arguments);
                }
            }
            TypeKind::Tuple(parts) => printer.types(parts),
            TypeKind::Record(fields) => printer.field_types(fields),
            TypeKind::Error => printer.tokens_of(kind.span),
        });
    }

    fn types(&mut self, types: &[Type]) {
        self.list(Manner::Plain, types.len(), |printer, number| {
            printer.type_(&types[number]);
        });
    }

    fn field_types(&mut self, fields: &[FieldType]) {
        self.list(Manner::Braces, fields.len(), |printer, number| {
            printer.field_type(&fields[number]);
        });
    }

    /// `(x: A, y: B)`
    pub(super) fn parameters(&mut self, fields: &[FieldType]) {
        self.list(Manner::Plain, fields.len(), |printer, number| {
            printer.field_type(&fields[number]);
        });
    }

    fn field_type(&mut self, field: &FieldType) {
        self.token();
        self.token();
        self.space();
        self.type_(&field.kind);
    }
}

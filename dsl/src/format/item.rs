//! Files and definitions.

use super::printer::{INDENT, Printer};
use crate::ast::{ConstItem, Function, FunctionBody, Item, ItemKind, Module, TypeBody, TypeItem};
use crate::token::Symbol;

impl Printer<'_> {
    pub(super) fn module(&mut self, module: &Module) {
        for item in &module.items {
            self.line_end();
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Type(item) => self.type_item(item),
            ItemKind::Const(item) => self.const_item(item),
            ItemKind::Function(function) => self.function(function),
            ItemKind::Machine(machine) => self.machine(machine),
            ItemKind::Error => self.tokens_of(item.span),
        }
    }

    /// `type Name = body`. A variant that begins with a bar may begin below.
    fn type_item(&mut self, item: &TypeItem) {
        self.token();
        self.space();
        self.token();
        self.space();
        self.token();
        let column = "type  = ".len() + item.name.text.chars().count();
        let is_below = self.is_symbol(Symbol::Bar) && self.begins_line();
        match &item.body {
            TypeBody::Variant(_) if is_below => self.indented(INDENT, |printer| {
                printer.line_end();
                printer.type_body(&item.body, 0);
            }),
            body => {
                self.space();
                self.type_body(body, column);
            }
        }
    }

    fn const_item(&mut self, item: &ConstItem) {
        self.token();
        self.space();
        self.token();
        self.token();
        self.space();
        self.type_(&item.kind);
        self.value_after_word(&item.value);
    }

    fn function(&mut self, function: &Function) {
        self.token();
        self.space();
        self.token();
        match &function.body {
            FunctionBody::Pointful {
                parameters,
                result,
                block,
            } => {
                self.parameters(parameters);
                self.space();
                self.token();
                self.space();
                self.type_(result);
                self.space();
                self.block(block);
            }
            FunctionBody::PointFree { from, to, arrow } => {
                self.space();
                self.token();
                self.space();
                self.type_(from);
                self.space();
                self.token();
                self.space();
                self.type_(to);
                self.space();
                self.token();
                self.arrow_after_equals(arrow);
            }
        }
    }
}

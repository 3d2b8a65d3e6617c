//! Machines and their parts.

use super::list::Manner;
use super::printer::{INDENT, Printer};
use crate::ast::{
    Adapter, Handler, HandlerBody, Machine, Member, MemberKind, Migrate, MigrateBack, MigrateBody,
};
use crate::token::Symbol;

/// Where `input`, `output`, `state` and `init` have what they say: one column, so that it reads as a table.
const HEAD_COLUMN: usize = "output ".len();

impl Printer<'_> {
    /// `machine Name version N with at, from { … }`
    pub(super) fn machine(&mut self, machine: &Machine) {
        self.token();
        for _ in 0..3 {
            self.space();
            self.token();
        }
        for number in 0..machine.context.len() {
            if number == 0 {
                self.space();
                self.token();
            }
            self.space();
            self.token();
            if number + 1 < machine.context.len() {
                self.comma(",", ",");
            }
        }
        self.space();
        self.lines(machine.members.len(), |printer, number| {
            printer.member(&machine.members[number]);
        });
    }

    /// Braces, with each thing on a line of its own and no commas.
    pub(super) fn lines(&mut self, count: usize, mut thing: impl FnMut(&mut Self, usize)) {
        self.token();
        self.indented(INDENT, |printer| {
            for number in 0..count {
                printer.line_end();
                thing(printer, number);
            }
            printer.comments_above();
        });
        if count > 0 {
            self.soft_line();
        }
        self.token();
    }

    fn member(&mut self, member: &Member) {
        match &member.kind {
            MemberKind::Input(body) | MemberKind::Output(body) | MemberKind::State(body) => {
                self.head_word();
                self.type_body(body, HEAD_COLUMN);
            }
            MemberKind::Init(value) => {
                self.head_word();
                self.expr(value);
            }
            MemberKind::On(handler) => self.handler(handler),
            MemberKind::Step(arrow) => {
                self.token();
                self.space();
                self.token();
                self.arrow_after_equals(arrow);
            }
            MemberKind::Migrate(migrate) => self.migrate(migrate),
            MemberKind::MigrateBack(back) => self.migrate_back(back),
            MemberKind::Accept(adapter) | MemberKind::Reply(adapter) => self.adapter(adapter),
            MemberKind::Invariant(claim) | MemberKind::Witness(claim) => self.claim(claim),
            MemberKind::Property(property) => self.property(property),
            MemberKind::Trace(trace) => self.trace(trace),
            MemberKind::Error => self.tokens_of(member.span),
        }
    }

    fn head_word(&mut self) {
        self.comments_above();
        let width = self.text().chars().count();
        self.token();
        self.spaces(HEAD_COLUMN.saturating_sub(width));
    }

    fn handler(&mut self, handler: &Handler) {
        self.token();
        self.space();
        self.pattern(&handler.input);
        if let Some(state) = &handler.state {
            self.space();
            self.token();
            self.space();
            self.pattern(state);
        }
        self.guard(handler.guard.as_ref());
        match &handler.body {
            HandlerBody::Pointful(value) => self.value_after_word(value),
            HandlerBody::PointFree(arrow) => {
                self.space();
                self.token();
                self.arrow_after_equals(arrow);
            }
        }
    }

    fn migrate(&mut self, migrate: &Migrate) {
        self.words(3);
        self.space();
        match &migrate.body {
            MigrateBody::Unchanged(_) => self.token(),
            MigrateBody::By { pattern, value } => {
                self.pattern(pattern);
                self.value_after_word(value);
            }
            MigrateBody::Auto { pattern, value, .. } => {
                self.token();
                if let Some(fields) = pattern {
                    self.space();
                    self.record_pattern(fields);
                }
                if let Some(record) = value {
                    self.space();
                    self.token();
                    self.space();
                    self.record(record, Manner::Braces);
                }
            }
        }
    }

    fn migrate_back(&mut self, back: &MigrateBack) {
        self.words(if back.is_lossy { 5 } else { 4 });
        self.space();
        self.pattern(&back.pattern);
        self.value_after_word(&back.value);
    }

    fn adapter(&mut self, adapter: &Adapter) {
        self.words(3);
        if self.is_symbol(Symbol::OpenBrace) {
            self.space();
            self.arms(&adapter.arms);
        }
    }

    /// So many tokens with a space between.
    pub(super) fn words(&mut self, count: usize) {
        for number in 0..count {
            if number > 0 {
                self.space();
            }
            self.token();
        }
    }
}

//! Brackets and what is between them.

use super::printer::{INDENT, Printer};
use crate::source::Span;
use crate::token::Symbol;

/// How the things between two brackets are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// `(a, b)`, `[a, b]`: broken if it does not fit, then with a comma after each.
    Plain,
    /// `{ a, b }`: broken also if the author broke it, then with a comma after each.
    Braces,
    /// `{ a, }`: one thing that keeps its comma.
    LoneField,
    /// `{ a => b, c => d }`: as braces; broken it has no commas.
    Arms,
}

impl Manner {
    fn padding(self) -> &'static str {
        match self {
            Manner::Plain => "",
            Manner::Braces | Manner::LoneField | Manner::Arms => " ",
        }
    }

    /// What stands behind the last thing, if it is on the line of the closing bracket.
    fn last_comma(self) -> &'static str {
        match self {
            Manner::LoneField => ",",
            Manner::Plain | Manner::Braces | Manner::Arms => "",
        }
    }

    /// What stands behind a thing at the end of a line.
    fn broken_comma(self) -> &'static str {
        match self {
            Manner::Plain | Manner::Braces | Manner::LoneField => ",",
            Manner::Arms => "",
        }
    }

    fn may_be_broken_by_hand(self) -> bool {
        self != Manner::Plain
    }
}

impl<'a> Printer<'a> {
    /// A bracket, `count` things, and the closing bracket; `thing` writes one of them, by its number.
    pub(super) fn list(
        &mut self,
        manner: Manner,
        count: usize,
        thing: impl FnMut(&mut Printer<'a>, usize),
    ) {
        self.group(|printer| printer.list_in_group(manner, count, thing));
    }

    /// The same as part of a group that is open: its lines end where that group's do.
    pub(super) fn list_in_group(
        &mut self,
        manner: Manner,
        count: usize,
        mut thing: impl FnMut(&mut Printer<'a>, usize),
    ) {
        if manner.may_be_broken_by_hand() && self.opens_line() && count > 0 {
            self.force();
        }
        self.token();
        self.indented(INDENT, |printer| {
            for number in 0..count {
                match number {
                    0 => printer.break_or(manner.padding()),
                    _ => printer.next_line(),
                }
                thing(printer, number);
                let is_last = number + 1 == count;
                let flat = if is_last { manner.last_comma() } else { "," };
                printer.comma(flat, manner.broken_comma());
            }
            printer.comments_above();
        });
        if count > 0 {
            self.break_or(manner.padding());
        }
        self.token();
    }

    /// A bracket, things that never begin lines of their own, and the closing bracket. Fit if the last is
    /// something in brackets that can be broken itself.
    pub(super) fn hugged(&mut self, count: usize, mut thing: impl FnMut(&mut Printer<'a>, usize)) {
        self.token();
        for number in 0..count {
            if number > 0 {
                self.space();
            }
            thing(self, number);
            let comma = if number + 1 == count { "" } else { "," };
            self.comma(comma, comma);
        }
        self.token();
    }

    fn break_or(&mut self, flat: &'static str) {
        match flat {
            "" => self.soft_line(),
            _ => self.line(),
        }
    }

    /// To the next thing of a list. A blank line of the source stays, and breaks the list.
    fn next_line(&mut self) {
        if self.is_apart() {
            self.line_end();
        } else {
            self.line();
        }
    }

    /// Opens a pair of parentheses around what is no list, `count` times, and closes them.
    pub(super) fn in_parentheses(
        &mut self,
        span: Span,
        is_own: bool,
        content: impl FnOnce(&mut Printer<'a>),
    ) {
        let count = self.parentheses(span, is_own);
        for _ in 0..count {
            self.token();
        }
        content(self);
        for _ in 0..count {
            if self.is_symbol(Symbol::Comma) {
                self.comma("", "");
            }
            self.token();
        }
    }
}

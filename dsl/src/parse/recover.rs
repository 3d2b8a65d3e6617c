//! What happens when the text is wrong: report it once, put something in its place, find firm ground.
//!
//! A report makes the parser *recovering*: it reports nothing until what it wants is there again, or until it
//! has skipped to an *anchor* (a line that starts with a word no expression can start with), a comma or the
//! closing bracket. So one cause makes one report, and the next mistake makes the next.

use nom::Parser;

use super::cursor::{Cursor, Missing, Parsed};
use super::trace::begins_line;
use super::words::{begins_item, begins_member};
use crate::ast::{Arrow, ArrowKind, Expr, ExprKind, Name, Pattern, PatternKind, Type, TypeKind};
use crate::limits::{HEIGHT_MAX, NESTING_MAX};
use crate::problem::Problem;
use crate::problem::catalogue::{P010, P022, P029, P040};
use crate::source::Span;
use crate::token::{Symbol, TokenKind};

/// A node that stands for a mistake.
pub(super) trait ErrorNode {
    fn error(span: Span) -> Self;
}

macro_rules! error_node {
    ($($node:ident $kind:ident)*) => {
        $(impl ErrorNode for $node {
            fn error(span: Span) -> $node {
                $node { kind: $kind::Error, span }
            }
        })*
    };
}

error_node!(Expr ExprKind  Pattern PatternKind  Type TypeKind  Arrow ArrowKind);

impl ErrorNode for Name {
    fn error(span: Span) -> Name {
        Name {
            text: String::new(),
            span,
        }
    }
}

impl<'a> Cursor<'a> {
    /// Reports a problem that was found at this token, unless it follows from an earlier one.
    pub(super) fn report(self, problem: Problem) {
        let shared = self.shared;
        let is_known = shared
            .reported
            .get()
            .is_some_and(|place| place >= self.place());
        let is_broken = |kind| matches!(kind, TokenKind::Broken | TokenKind::Cut);
        let was_broken = is_broken(self.token().kind)
            || self.previous().is_some_and(|token| is_broken(token.kind));
        if !shared.is_recovering.get() && !is_known && !was_broken {
            shared.problems.borrow_mut().push(problem);
        }
        shared
            .reported
            .set(shared.reported.get().max(Some(self.place())));
        shared.is_recovering.set(true);
    }

    /// Reports a problem that does not put the parser off: the tree is as it was meant.
    pub(super) fn remark(self, problem: Problem) {
        let was_recovering = self.shared.is_recovering.get();
        self.report(problem);
        self.shared.is_recovering.set(was_recovering);
    }

    /// Reports that something else was wanted here.
    pub(super) fn report_missing(self, wanted: &str) {
        self.report(self.missing(wanted));
    }

    /// `expected …, found …`, at the end of the line before if that is where it is missing.
    pub(super) fn missing(self, wanted: &str) -> Problem {
        let next = self.token();
        let is_comparison =
            matches!(next.kind, TokenKind::Symbol(symbol) if symbol.is_comparison());
        match (next.kind, self.previous()) {
            (TokenKind::Symbol(symbol), _) if symbol.is_combinator() => {
                self.combinator_of_values(symbol)
            }
            (TokenKind::Symbol(symbol), _) if next.newline_before && is_comparison => {
                self.operator_in_front(symbol)
            }
            (_, Some(previous)) if next.newline_before => {
                let end = if self.is_end() {
                    "the end of the text"
                } else {
                    "the end of the line"
                };
                Problem::new(
                    P010,
                    previous.span.after(),
                    format!("expected {wanted}, found {end}"),
                )
            }
            (kind, _) => {
                let problem = Problem::new(
                    P010,
                    next.span,
                    format!("expected {wanted}, found {}", self.found()),
                );
                match self.habit(kind, wanted) {
                    Some(help) => problem.helping(help),
                    None => problem,
                }
            }
        }
    }

    /// What those mean who write this where they come from.
    fn habit(self, found: TokenKind, wanted: &str) -> Option<&'static str> {
        let before = self.previous().map(|token| token.kind);
        match (before, found) {
            (
                Some(TokenKind::Symbol(Symbol::Plus | Symbol::Minus | Symbol::Star)),
                TokenKind::Symbol(Symbol::Assign),
            ) => Some("write it out: `set total = total + n`"),
            (_, TokenKind::Symbol(Symbol::Assign)) => {
                Some("`==` compares, `set` changes the state, `let` names a value")
            }
            (_, TokenKind::Symbol(Symbol::OpenBracket)) if wanted == "a type" => {
                Some("a list is `List(Int)`, a map `Map(Int, Text)`")
            }
            _ => None,
        }
    }

    fn combinator_of_values(self, symbol: Symbol) -> Problem {
        let title = format!(
            "`{}` joins functions, and this is a place for a value",
            symbol.spelling()
        );
        Problem::new(P022, self.token().span, title).helping(
            "a handler or function that is an arrow is written with `=`: `on Read = get >>> Sum`",
        )
    }

    fn operator_in_front(self, symbol: Symbol) -> Problem {
        let title = format!(
            "`{}` at the start of a line does not continue the line before",
            symbol.spelling()
        );
        Problem::new(P029, self.token().span, title).helping("put it at the end of the line before")
    }

    /// The next token as it is called in a message.
    pub(super) fn found(self) -> String {
        match self.token().kind {
            TokenKind::End => "the end of the text".to_string(),
            TokenKind::Text => "a text".to_string(),
            TokenKind::Word(word) => format!("the reserved word `{}`", word.spelling()),
            _ => format!("`{}`", self.text().chars().take(40).collect::<String>()),
        }
    }

    /// Firm ground: what comes next is as wanted.
    pub(super) fn recovered(self) {
        self.shared.is_recovering.set(false);
    }

    pub(super) fn is_recovering(self) -> bool {
        self.shared.is_recovering.get()
    }

    /// Whether this line begins something that ends every bracket that is still open.
    pub(super) fn is_anchor(self) -> bool {
        let is_line = || self.shared.is_trace.get() && begins_line(self);
        self.token().newline_before && (begins_item(self) || begins_member(self) || is_line())
    }

    /// Whether a block or a list cannot go on here.
    pub(super) fn is_over(self) -> bool {
        self.is_end() || self.is_anchor()
    }

    /// Whether the next token closes a bracket that is open.
    pub(super) fn closes_an_open_bracket(self) -> bool {
        let open = self.shared.open.borrow();
        let kind = self.token().kind;
        open.iter()
            .any(|(open, _)| open.closer().map(TokenKind::Symbol) == Some(kind))
    }

    /// Skips to the first token at this depth that `stop` wants, to a closing bracket, or to an anchor.
    pub(super) fn skip_to(self, stop: impl Fn(Cursor<'a>) -> bool) -> Cursor<'a> {
        let mut rest = self;
        let mut depth = 0_usize;
        while !rest.is_over() {
            let TokenKind::Symbol(symbol) = rest.token().kind else {
                if depth == 0 && stop(rest) {
                    break;
                }
                rest = rest.advance();
                continue;
            };
            if depth == 0 && (symbol.is_closer() || stop(rest)) {
                break;
            }
            depth = if symbol.is_closer() {
                depth - 1
            } else {
                depth + usize::from(symbol.closer().is_some())
            };
            rest = rest.advance();
        }
        self.recovered();
        rest
    }

    /// Skips, if it is recovering, to an anchor or to a closing bracket that `is_own`. Others that come up on the
    /// way belong to what went wrong.
    pub(super) fn resume(self, is_own: impl Fn(Cursor<'a>) -> bool) -> Cursor<'a> {
        if !self.is_recovering() {
            return self;
        }
        let mut rest = self.skip_to(|_| false);
        while rest.is_closer() && !is_own(rest) {
            rest = rest.advance().skip_to(|_| false);
        }
        rest
    }

    pub(super) fn is_closer(self) -> bool {
        matches!(self.token().kind, TokenKind::Symbol(symbol) if symbol.is_closer())
    }
}

/// What `parser` reads, or an error node and a report that `wanted` was expected. Almost anything can be read
/// as a value or a pattern, so this is no firm ground: who was recovering still is.
pub(super) fn must<'a, T: ErrorNode>(
    input: Cursor<'a>,
    mut parser: impl Parser<Cursor<'a>, Output = T, Error = Missing>,
    wanted: &str,
) -> (Cursor<'a>, T) {
    let was_recovering = input.is_recovering();
    if !input.is_anchor()
        && let Ok((rest, found)) = parser.parse(input)
    {
        input
            .shared
            .is_recovering
            .set(was_recovering || input.is_recovering());
        return (rest, found);
    }
    input.report_missing(wanted);
    (input, T::error(input.token().span.before()))
}

/// What `parser` reads, which is firm ground, or a report that `wanted` was expected.
/// At an anchor something is always missing.
pub(super) fn expect<'a, T>(
    input: Cursor<'a>,
    mut parser: impl Parser<Cursor<'a>, Output = T, Error = Missing>,
    wanted: &str,
) -> (Cursor<'a>, Option<T>) {
    let was_recovering = input.shared.is_recovering.replace(false);
    if !input.is_anchor()
        && let Ok((rest, found)) = parser.parse(input)
    {
        return (rest, Some(found));
    }
    input.shared.is_recovering.set(was_recovering);
    input.report_missing(wanted);
    (input, None)
}

/// Past a token that must stand here. If it stands further on in the line, what is before it is skipped.
pub(super) fn past<'a>(input: Cursor<'a>, kind: TokenKind, wanted: &str) -> Cursor<'a> {
    let found = toward(input, kind, wanted);
    if found.token().kind == kind && !found.is_recovering() {
        found.advance()
    } else {
        found
    }
}

/// Up to a token that must stand here. If it stands further on in the line, what is before it is skipped.
pub(super) fn toward<'a>(input: Cursor<'a>, kind: TokenKind, wanted: &str) -> Cursor<'a> {
    if input.token().kind == kind && !input.is_anchor() {
        input.recovered();
        return input;
    }
    input.report_missing(wanted);
    let mut place = input;
    for _ in 0..TOWARD_TOKENS_MAX {
        if place.token().newline_before
            || place.is_symbol(Symbol::Comma)
            || place.closes_an_open_bracket()
        {
            break;
        }
        if place.token().kind == kind {
            place.recovered();
            return place;
        }
        place = place.advance();
    }
    input
}

/// How far a missing token is looked for. Without a limit, a line of mistakes would take quadratic time.
const TOWARD_TOKENS_MAX: usize = 24;

/// Reads a production that holds others of its kind, within the limits on nesting and height.
pub(super) fn deeper<'a, T: ErrorNode>(
    input: Cursor<'a>,
    parser: impl FnOnce(Cursor<'a>) -> Parsed<'a, T>,
) -> Parsed<'a, T> {
    let shared = input.shared;
    if shared.nesting.get() >= NESTING_MAX {
        let title = format!("more than {NESTING_MAX} things are inside each other here");
        input.report(
            Problem::new(P040, input.token().span, title)
                .helping("give parts of it a name with `let` or `fn`"),
        );
        return Ok((input, T::error(input.token().span.before())));
    }
    shared.nesting.set(shared.nesting.get() + 1);
    let outside = shared.height.replace(0);
    let result = parser(input);
    shared.height.set(outside.max(shared.height.get() + 1));
    shared.nesting.set(shared.nesting.get() - 1);
    result
}

/// Counts one more node on top of what was built. At the limit it reports that and says false: build no more.
pub(super) fn link(input: Cursor<'_>) -> bool {
    link_of(input, "operations build on each other")
}

/// The same for other things than operations.
pub(super) fn link_of(input: Cursor<'_>, what: &str) -> bool {
    let height = input.shared.height.get();
    if height >= HEIGHT_MAX {
        let title = format!("more than {HEIGHT_MAX} {what} here");
        input.report(
            Problem::new(P040, input.token().span, title)
                .helping("give parts of it a name with `let` or `fn`"),
        );
        return false;
    }
    input.shared.height.set(height + 1);
    true
}

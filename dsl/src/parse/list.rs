//! Brackets, and lists between them.

use super::cursor::{Cursor, Parsed};
use super::recover::{ErrorNode, expect, toward};
use super::stray_closer;
use super::words::{begins_statement, begins_value, symbol};
use crate::problem::Problem;
use crate::problem::catalogue::{P011, P020};
use crate::source::Span;
use crate::token::{Symbol, Token, TokenKind};

/// `(a, b)`: an opening bracket, elements, and the bracket that closes it.
pub(super) fn listed<'a, T>(
    input: Cursor<'a>,
    open: Symbol,
    wanted: &str,
    element: impl Fn(Cursor<'a>) -> Parsed<'a, T>,
) -> Parsed<'a, Vec<T>> {
    bracketed(input, open, |rest| commas(rest, wanted, element))
}

/// The same of elements of which one that does not parse is counted all the same.
pub(super) fn listed_with_errors<'a, T: ErrorNode>(
    input: Cursor<'a>,
    open: Symbol,
    wanted: &str,
    element: impl Fn(Cursor<'a>) -> Parsed<'a, T>,
) -> Parsed<'a, Vec<T>> {
    let lost = |span| Some(T::error(span));
    bracketed(input, open, |rest| elements(rest, wanted, element, lost))
}

/// An opening bracket, what `content` takes, and the bracket that closes it.
pub(super) fn bracketed<'a, T>(
    input: Cursor<'a>,
    open: Symbol,
    content: impl FnOnce(Cursor<'a>) -> (Cursor<'a>, T),
) -> Parsed<'a, T> {
    let (rest, opening) = symbol(open)(input)?;
    let shared = input.shared;
    shared.open.borrow_mut().push((open, opening.span));
    let was_head = shared.is_head.replace(false);
    let (rest, inside) = content(rest);
    shared.is_head.set(was_head);
    shared.open.borrow_mut().pop();
    Ok((close(rest, opening, open), inside))
}

/// Braces around `content` that must stand here. If the opening one is missing and the content is there, it is read.
pub(super) fn braced<'a, T: Default>(
    input: Cursor<'a>,
    wanted: &str,
    begins: impl Fn(Cursor<'a>) -> bool,
    content: impl FnOnce(Cursor<'a>) -> (Cursor<'a>, T),
) -> (Cursor<'a>, T) {
    let rest = toward(input, TokenKind::Symbol(Symbol::OpenBrace), wanted);
    if rest.is_symbol(Symbol::OpenBrace) && !rest.is_recovering() {
        return bracketed(rest, Symbol::OpenBrace, content).unwrap_or((rest, T::default()));
    }
    if !begins(rest) {
        return (rest, T::default());
    }
    rest.recovered();
    let (rest, inside) = content(rest);
    (
        if rest.is_symbol(Symbol::CloseBrace) {
            rest.advance()
        } else {
            rest
        },
        inside,
    )
}

/// Takes the closing bracket, or says which one is not closed.
fn close<'a>(input: Cursor<'a>, opening: Token, open: Symbol) -> Cursor<'a> {
    let wanted = open.closer().unwrap_or(open);
    if let Ok((rest, _)) = symbol(wanted)(input) {
        input.recovered();
        return rest;
    }
    if is_cut_off(input, opening.span) {
        return input;
    }
    let is_ours = input.is_closer() && !input.closes_an_open_bracket();
    if is_ours {
        let title = format!("this `{}` is closed by `{}`", open.spelling(), input.text());
        input.report(
            Problem::new(P011, input.token().span, title).pointing_at(opening.span, "opened here"),
        );
        return input.advance();
    }
    let title = format!("this `{}` is not closed", open.spelling());
    let problem = Problem::new(P011, opening.span, title);
    input.report(match input.is_end() {
        true => problem,
        false => problem.pointing_at(
            input.token().span,
            format!("expected `{}` before this", wanted.spelling()),
        ),
    });
    input.recovered();
    input
}

/// Elements with commas between them, up to a closing bracket. At a line's end the comma may be missing.
pub(super) fn commas<'a, T>(
    input: Cursor<'a>,
    wanted: &str,
    element: impl Fn(Cursor<'a>) -> Parsed<'a, T>,
) -> (Cursor<'a>, Vec<T>) {
    elements(input, wanted, element, |_| None)
}

/// The same, with what stands for an element that does not parse.
fn elements<'a, T>(
    input: Cursor<'a>,
    wanted: &str,
    element: impl Fn(Cursor<'a>) -> Parsed<'a, T>,
    lost: impl Fn(Span) -> Option<T>,
) -> (Cursor<'a>, Vec<T>) {
    let mut elements = Vec::new();
    let mut rest = past_stray_closers(input);
    while !is_list_over(rest) {
        let (after, found) = expect(rest, &element, wanted);
        elements.extend(found.or_else(|| lost(rest.token().span.before())));
        rest = past_stray_closers(separator(after));
    }
    (rest, elements)
}

/// Past closing brackets that cannot be meant for this list: no brace is written `)`, and a list that is closed
/// rightly by the next token is not closed by this one.
fn past_stray_closers(input: Cursor<'_>) -> Cursor<'_> {
    let wanted = input
        .shared
        .open
        .borrow()
        .last()
        .and_then(|(open, _)| open.closer());
    let mut rest = input;
    while let TokenKind::Symbol(found) = rest.token().kind {
        let is_closed_next = wanted.is_some_and(|wanted| rest.advance().is_symbol(wanted));
        let is_stray =
            found != Symbol::CloseBrace && (wanted == Some(Symbol::CloseBrace) || is_closed_next);
        if !found.is_closer() || rest.closes_an_open_bracket() || !is_stray {
            break;
        }
        rest.remark(stray_closer(rest));
        rest = separator(rest.advance());
    }
    rest
}

fn is_list_over(input: Cursor<'_>) -> bool {
    let is_statement = input.token().newline_before && begins_statement(input);
    let is_cut = input
        .shared
        .open
        .borrow()
        .last()
        .is_some_and(|(_, opening)| is_cut_off(input, *opening));
    input.is_closer() || is_statement || is_cut || input.is_over()
}

/// Whether the closing bracket was lost with the rest of a line that ends in an open text.
pub(super) fn is_cut_off(input: Cursor<'_>, opening: Span) -> bool {
    let line = |span: Span| input.shared.source.position(span.start).line;
    let cut = input
        .previous()
        .filter(|token| token.kind == TokenKind::Cut);
    cut.is_some_and(|cut| line(cut.span) == line(opening))
}

/// Past the comma, or to where the next element is, or to where the list ends.
fn separator(input: Cursor<'_>) -> Cursor<'_> {
    let is_new_line = input.token().newline_before && !input.is_recovering();
    if input.is_symbol(Symbol::Comma) {
        input.recovered();
        return input.advance();
    }
    if is_list_over(input) || (is_new_line && begins_value(input.token().kind)) {
        return input;
    }
    if begins_value(input.token().kind) && !input.is_recovering() {
        input.remark(missing_comma(input));
        return input;
    }
    input.report_missing("`,` or the closing bracket");
    let is_brace = input
        .shared
        .open
        .borrow()
        .last()
        .is_some_and(|(open, _)| *open == Symbol::OpenBrace);
    let is_stop = |rest: Cursor<'_>| {
        let goes_on = begins_statement(rest) || (is_brace && begins_value(rest.token().kind));
        let is_new_line = rest.token().newline_before && rest.place() > input.place();
        rest.is_symbol(Symbol::Comma) || (is_new_line && goes_on)
    };
    let rest = input.skip_to(is_stop);
    if rest.is_symbol(Symbol::Comma) {
        rest.advance()
    } else {
        rest
    }
}

fn missing_comma(input: Cursor<'_>) -> Problem {
    let place = input
        .previous()
        .map_or(Span::default(), |token| token.span.after());
    Problem::new(
        P020,
        place,
        format!("expected `,` before {}", input.found()),
    )
    .noting("a comma may be left out only at the end of a line")
    .fixed_by("insert `,`", place, ",")
}

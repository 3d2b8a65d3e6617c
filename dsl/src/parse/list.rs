//! Brackets, and lists between them.

use super::cursor::{Cursor, Parsed};
use super::recover::expect;
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
    let found = match input.token().kind {
        TokenKind::Symbol(found) if found.is_closer() => Some(found),
        _ => None,
    };
    let is_awaited = |found| {
        input
            .shared
            .open
            .borrow()
            .iter()
            .any(|(open, _)| open.closer() == Some(found))
    };
    let is_ours = found.is_some_and(|found| !is_awaited(found));
    if is_ours {
        let title = format!("this `{}` is closed by `{}`", open.spelling(), input.text());
        input.remark(
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
    let mut elements = Vec::new();
    let mut rest = input;
    while !is_list_over(rest) {
        let (after, found) = expect(rest, &element, wanted);
        elements.extend(found);
        rest = separator(after);
    }
    (rest, elements)
}

fn is_list_over(input: Cursor<'_>) -> bool {
    let is_closer = matches!(input.token().kind, TokenKind::Symbol(symbol) if symbol.is_closer());
    let is_statement = input.token().newline_before && begins_statement(input);
    let is_cut = input
        .shared
        .open
        .borrow()
        .last()
        .is_some_and(|(_, opening)| is_cut_off(input, *opening));
    is_closer || is_statement || is_cut || input.is_over()
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
    let is_stop = |rest: Cursor<'_>| {
        rest.is_symbol(Symbol::Comma) || (rest.token().newline_before && begins_statement(rest))
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

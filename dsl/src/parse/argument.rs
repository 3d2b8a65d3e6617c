//! Arguments of calls: values, and the only places where functions may stand.

use nom::Parser;

use super::arrow::arrow;
use super::cursor::{Cursor, Parsed};
use super::expression::expression;
use super::list::listed;
use super::pattern::pattern;
use super::recover::{expect, must, past};
use super::words::word;
use crate::ast::{Argument, Lambda};
use crate::token::{Symbol, TokenKind, Word};

/// A value, a lambda or an arrow.
pub(super) fn argument(input: Cursor<'_>) -> Parsed<'_, Argument> {
    if input.is_word(Word::Fn) {
        lambda.map(Argument::Lambda).parse(input)
    } else if is_arrow(input) {
        arrow.map(Argument::Arrow).parse(input)
    } else {
        expression.map(Argument::Value).parse(input)
    }
}

/// `fn(p, q) => e`
pub(super) fn lambda(input: Cursor<'_>) -> Parsed<'_, Lambda> {
    let (rest, _) = word(Word::Fn)(input)?;
    let parameters = |input| listed(input, Symbol::OpenParen, "a parameter", pattern);
    let (rest, parameters) = expect(rest, parameters, "`(` and the parameters of this function");
    let rest = past(rest, TokenKind::Symbol(Symbol::FatArrow), "`=>`");
    let (rest, body) = must(rest, expression, "what this function gives");
    let parameters = parameters.unwrap_or_default();
    Ok((
        rest,
        Lambda {
            parameters,
            body: Box::new(body),
            span: input.span_to(rest),
        },
    ))
}

/// Whether what begins here can only be an arrow. It looks ahead once over opening brackets and one name,
/// so the choice is made before anything is read and nothing is read twice.
fn is_arrow(input: Cursor<'_>) -> bool {
    let mut place = input;
    let mut open = 0;
    loop {
        let next = place.ahead(1).kind;
        match place.token().kind {
            TokenKind::Symbol(Symbol::OpenParen) => {
                open += 1;
                place = place.advance();
            }
            TokenKind::Symbol(Symbol::OpenBrace)
                if next == TokenKind::Lower
                    && place.ahead(2).kind == TokenKind::Symbol(Symbol::Colon) =>
            {
                open = 0;
                place = place.advance().advance().advance();
            }
            TokenKind::Symbol(Symbol::Dot) | TokenKind::Word(Word::Const | Word::Fn) => {
                return true;
            }
            TokenKind::Lower
                if ["first", "second", "each", "modify", "tap", "curry"]
                    .contains(&place.text()) =>
            {
                let after = place.advance();
                return begins_function(after) || is_before_combinator(after, open);
            }
            TokenKind::Lower if ["case", "choose"].contains(&place.text()) => {
                return next == TokenKind::Symbol(Symbol::OpenBrace);
            }
            TokenKind::Lower | TokenKind::Upper => {
                return is_before_combinator(place.advance(), open);
            }
            _ => return false,
        }
    }
}

/// Whether the function that `first` and `second` take can begin here.
fn begins_function(input: Cursor<'_>) -> bool {
    use Symbol as S;
    match input.token().kind {
        TokenKind::Lower | TokenKind::Upper | TokenKind::Word(Word::Const) => {
            !input.token().newline_before
        }
        TokenKind::Symbol(symbol) => {
            matches!(symbol, S::OpenParen | S::OpenBrace | S::Dot) && !input.token().newline_before
        }
        _ => false,
    }
}

/// Whether a combinator follows, after no more closing parentheses than were opened: in `(f(x)) >>> g` the
/// argument `x` is a value.
fn is_before_combinator(input: Cursor<'_>, open: usize) -> bool {
    let mut place = input;
    for _ in 0..open {
        if !place.is_symbol(Symbol::CloseParen) {
            break;
        }
        place = place.advance();
    }
    matches!(place.token().kind, TokenKind::Symbol(symbol) if symbol.is_combinator())
}

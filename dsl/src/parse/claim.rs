//! Claims: what an author says of all states, of all steps and of all upgrades, and what should be reached.

use super::cursor::Cursor;
use super::expression::expression;
use super::pattern::pattern;
use super::recover::{must, past};
use super::words::{define_lower, named, version};
use crate::ast::{Claim, Expr, MemberKind, Moment, Name, Property};
use crate::token::{Symbol, TokenKind};

/// `n: e`, after the word `invariant`.
pub(super) fn invariant(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    let (rest, claim) = claim(input, "the name of this invariant");
    (rest, MemberKind::Invariant(claim))
}

/// `n: e`, after the word `witness`.
pub(super) fn witness(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    let (rest, claim) = claim(input, "the name of this witness");
    (rest, MemberKind::Witness(claim))
}

/// `n: after P in S => e`, `n: across N => e` or `n: e`, after the word `property`.
pub(super) fn property(input: Cursor<'_>) -> (Cursor<'_>, MemberKind) {
    let (rest, name) = head(input, "the name of this property");
    let (rest, moment) = moment(rest);
    let (rest, condition) = condition(rest);
    (
        rest,
        MemberKind::Property(Property {
            name,
            moment,
            condition,
        }),
    )
}

fn claim<'a>(input: Cursor<'a>, wanted: &'static str) -> (Cursor<'a>, Claim) {
    let (rest, name) = head(input, wanted);
    let (rest, condition) = condition(rest);
    (rest, Claim { name, condition })
}

fn head<'a>(input: Cursor<'a>, wanted: &'static str) -> (Cursor<'a>, Name) {
    let (rest, name) = must::<Name>(input, define_lower, wanted);
    let rest = past(rest, TokenKind::Symbol(Symbol::Colon), "`:` after the name");
    (rest, name)
}

fn condition(input: Cursor<'_>) -> (Cursor<'_>, Expr) {
    must(input, expression, "a condition")
}

/// The words are names elsewhere: `after` and `across` may be constants, and a law may begin with one.
fn moment(input: Cursor<'_>) -> (Cursor<'_>, Moment) {
    let next = input.ahead(1).kind;
    let is_bare = next == TokenKind::Symbol(Symbol::FatArrow);
    if input.is_named("across") && (is_bare || matches!(next, TokenKind::Int(_))) {
        let (rest, from) = must(input.advance(), version, "the number of the older version");
        return (arrow(rest), Moment::Across(from));
    }
    if !input.is_named("after") || !(is_bare || begins_pattern(input)) {
        return (input, Moment::Always);
    }
    let (rest, on) = must(input.advance(), pattern, "an input after `after`");
    let (rest, state) = match named("in")(rest) {
        Ok((rest, _)) => {
            let (rest, state) = must(rest, pattern, "a state after `in`");
            (rest, Some(state))
        }
        Err(_) => (rest, None),
    };
    (arrow(rest), Moment::After { input: on, state })
}

/// Whether a pattern follows the word; with a parenthesis at its end it is a call.
fn begins_pattern(word: Cursor<'_>) -> bool {
    let next = word.ahead(1);
    match next.kind {
        TokenKind::Upper | TokenKind::Lower | TokenKind::Int(_) | TokenKind::Text => true,
        TokenKind::Symbol(Symbol::Underscore | Symbol::OpenBrace) => true,
        TokenKind::Symbol(Symbol::OpenParen) => next.span.start > word.token().span.end,
        _ => false,
    }
}

fn arrow(input: Cursor<'_>) -> Cursor<'_> {
    past(
        input,
        TokenKind::Symbol(Symbol::FatArrow),
        "`=>` and what must hold",
    )
}

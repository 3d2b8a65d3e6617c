//! Atoms: literals, names, calls, constructors, and everything in brackets.

use nom::Parser;
use nom::branch::alt;

use super::argument::{argument, lambda};
use super::block::{block, is_record, record};
use super::control::{conditional, matching};
use super::cursor::{Cursor, Parsed, missing};
use super::expression::{expression, integer};
use super::list::{bracketed, commas, listed};
use super::recover::{ErrorNode, must, past};
use super::words::{attached, constructor_name, lower, text, token, word};
use crate::ast::{Expr, ExprKind, ExprPayload, MapEntry};
use crate::problem::Problem;
use crate::problem::catalogue::P016;
use crate::token::{Symbol, TokenKind, Word, bytes_value};

/// One value without operators. The first token decides, so that a level of nesting costs few frames.
pub(super) fn atom(input: Cursor<'_>) -> Parsed<'_, Expr> {
    match input.token().kind {
        TokenKind::Int(_) => integer(input),
        TokenKind::Text | TokenKind::Word(Word::True | Word::False) => literal(input),
        TokenKind::Bytes => bytes(input),
        TokenKind::Lower => name_or_call(input),
        TokenKind::Upper if attached(Symbol::OpenBracket)(input.advance()).is_ok() => {
            collection(input)
        }
        TokenKind::Upper => constructor(input),
        TokenKind::Symbol(Symbol::OpenParen) => parenthesised(input),
        TokenKind::Symbol(Symbol::OpenBracket) => list(input),
        TokenKind::Symbol(Symbol::OpenBrace) => braces(input),
        TokenKind::Word(Word::If) => conditional(input),
        TokenKind::Word(Word::Match) => matching(input),
        TokenKind::Word(Word::Fn) => misplaced_function(input),
        TokenKind::Broken | TokenKind::Cut => {
            Ok((input.advance(), Expr::error(input.token().span)))
        }
        _ => missing(),
    }
}

fn literal(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, kind) = alt((
        text.map(|literal| ExprKind::Text(literal.value)),
        word(Word::True).map(|_| ExprKind::Bool(true)),
        word(Word::False).map(|_| ExprKind::Bool(false)),
    ))
    .parse(input)?;
    Ok((
        rest,
        Expr {
            kind,
            span: input.span_to(rest),
        },
    ))
}

fn bytes(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, token) = token(input, |kind| kind == TokenKind::Bytes)?;
    let kind = ExprKind::Bytes(bytes_value(input.text()));
    Ok((
        rest,
        Expr {
            kind,
            span: token.span,
        },
    ))
}

/// `x`, `f(x)`, and `refuse` where it has a meaning.
fn name_or_call(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, name) = lower(input)?;
    if attached(Symbol::OpenParen)(rest).is_err() {
        let is_refusal = name.text == "refuse" && input.shared.may_refuse.get();
        let kind = if is_refusal {
            ExprKind::Refuse
        } else {
            ExprKind::Name(name)
        };
        return Ok((
            rest,
            Expr {
                kind,
                span: input.span_to(rest),
            },
        ));
    }
    let (rest, arguments) = listed(rest, Symbol::OpenParen, "an argument", argument)?;
    Ok((
        rest,
        Expr {
            kind: ExprKind::Call {
                function: name,
                arguments,
            },
            span: input.span_to(rest),
        },
    ))
}

/// `C`, `C(x)`, `C { x: e }`
fn constructor(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, constructor) = constructor_name(input)?;
    let (rest, payload) = if attached(Symbol::OpenParen)(rest).is_ok() {
        let (rest, values) = listed(rest, Symbol::OpenParen, "a value", expression)?;
        (rest, ExprPayload::Tuple(values))
    } else if !input.shared.is_head.get() && attached(Symbol::OpenBrace)(rest).is_ok() {
        let (rest, record) = record(rest)?;
        (rest, ExprPayload::Record(Box::new(record)))
    } else {
        (rest, ExprPayload::None)
    };
    Ok((
        rest,
        Expr {
            kind: ExprKind::Constructor {
                constructor,
                payload,
            },
            span: input.span_to(rest),
        },
    ))
}

/// `Map["a": 1]`, `Set["a"]`
fn collection(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (after, token) = token(input, |kind| kind == TokenKind::Upper)?;
    let (rest, kind) = match input.text() {
        "Map" => {
            let (rest, entries) = listed(
                after,
                Symbol::OpenBracket,
                "an entry `key: value`",
                map_entry,
            )?;
            (rest, ExprKind::Map(entries))
        }
        "Set" => {
            let (rest, items) = listed(after, Symbol::OpenBracket, "a value", expression)?;
            (rest, ExprKind::Set(items))
        }
        name => {
            let problem = Problem::new(P016, token.span, format!("`{name}` has no `[…]`"))
                .helping("lists are written `[a, b]`, sets `Set[a, b]`, maps `Map[k: v]`");
            input.remark(problem);
            (
                listed(after, Symbol::OpenBracket, "a value", expression)?.0,
                ExprKind::Error,
            )
        }
    };
    Ok((
        rest,
        Expr {
            kind,
            span: input.span_to(rest),
        },
    ))
}

fn map_entry(input: Cursor<'_>) -> Parsed<'_, MapEntry> {
    let (rest, key) = expression(input)?;
    let rest = past(
        rest,
        TokenKind::Symbol(Symbol::Colon),
        "`:` and the value of this key",
    );
    let (rest, value) = must(rest, expression, "the value of this key");
    Ok((
        rest,
        MapEntry {
            key,
            value,
            span: input.span_to(rest),
        },
    ))
}

/// `(e)` is `e`; otherwise it is a tuple.
fn parenthesised(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, mut values) = listed(input, Symbol::OpenParen, "a value", expression)?;
    let span = input.span_to(rest);
    match values.pop() {
        Some(only) if values.is_empty() => Ok((rest, Expr { span, ..only })),
        last => {
            values.extend(last);
            Ok((
                rest,
                Expr {
                    kind: ExprKind::Tuple(values),
                    span,
                },
            ))
        }
    }
}

fn list(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, values) = bracketed(input, Symbol::OpenBracket, |inside| {
        commas(inside, "a value", expression)
    })?;
    Ok((
        rest,
        Expr {
            kind: ExprKind::List(values),
            span: input.span_to(rest),
        },
    ))
}

/// A record or a block: `{..`, `{x:` and `{x,` begin a record.
pub(super) fn braces(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, kind) = if is_record(input) {
        record.map(ExprKind::Record).parse(input)?
    } else {
        block.map(ExprKind::Block).parse(input)?
    };
    Ok((
        rest,
        Expr {
            kind,
            span: input.span_to(rest),
        },
    ))
}

fn misplaced_function(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, lambda) = lambda(input)?;
    let problem = Problem::new(P016, lambda.span, "a function is not a value")
        .noting("functions are arguments of built-ins such as `fold`, and stand nowhere else")
        .helping("define it with `fn` at the top of the file");
    input.remark(problem);
    Ok((rest, Expr::error(lambda.span)))
}

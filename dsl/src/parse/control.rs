//! `if`, `match`, and arms.

use nom::Parser;
use nom::combinator::opt;
use nom::sequence::preceded;

use super::atom::braces;
use super::cursor::{Cursor, Parsed, missing};
use super::expression::{expression, head};
use super::list::listed;
use super::pattern::pattern;
use super::recover::{ErrorNode, link, must, past, toward};
use super::words::word;
use crate::ast::{Arm, Expr, ExprKind};
use crate::problem::Problem;
use crate::problem::catalogue::{P017, P018};
use crate::token::{Symbol, TokenKind, Word};

/// `if c { a } else if d { b } else { e }`; a chain of `else if` costs no recursion.
pub(super) fn conditional(input: Cursor<'_>) -> Parsed<'_, Expr> {
    if !input.is_word(Word::If) {
        return missing();
    }
    let mut branches = Vec::new();
    let mut rest = input;
    let mut otherwise = None;
    loop {
        if !rest.is_word(Word::If) {
            let (after, last) = must(rest, braces, "`{` or `if` after `else`");
            otherwise = Some(last);
            rest = after;
            break;
        }
        let (after, condition) = must(rest.advance(), head, "a condition after `if`");
        let after = toward(
            after,
            TokenKind::Symbol(Symbol::OpenBrace),
            "`{` after the condition",
        );
        let (after, then) = must(after, braces, "`{` after the condition");
        branches.push(Branch {
            start: rest,
            condition,
            then,
        });
        rest = after;
        match word(Word::Else)(rest) {
            Ok((after, _)) => rest = after,
            Err(_) => break,
        }
    }
    let otherwise = otherwise.unwrap_or_else(|| without_else(input, rest));
    Ok((rest, joined(branches, otherwise, rest)))
}

/// One `if c { a }` of a chain.
struct Branch<'a> {
    start: Cursor<'a>,
    condition: Expr,
    then: Expr,
}

fn joined<'a>(branches: Vec<Branch<'a>>, last: Expr, end: Cursor<'a>) -> Expr {
    branches.into_iter().rev().fold(
        last,
        |otherwise,
         Branch {
             start,
             condition,
             then,
         }| {
            let span = start.span_to(end);
            if !link(start) {
                return Expr::error(span);
            }
            let (condition, then, otherwise) =
                (Box::new(condition), Box::new(then), Box::new(otherwise));
            Expr {
                kind: ExprKind::If {
                    condition,
                    then,
                    otherwise,
                },
                span,
            }
        },
    )
}

/// Who forgets the `else` thinks of a statement, and often writes no value either: that is one mistake.
fn without_else(input: Cursor<'_>, rest: Cursor<'_>) -> Expr {
    let span = input.span_to(rest);
    let is_no_value =
        |problem: &Problem| problem.code == P018 && problem.primary.span.start >= span.start;
    if !rest.is_recovering() {
        input
            .shared
            .problems
            .borrow_mut()
            .retain(|problem| !is_no_value(problem));
    }
    let problem = Problem::new(P017, input.token().span, "this `if` has no `else`")
        .noting("an `if` is a value, so it has one in either case");
    rest.remark(problem.helping("`require c else output` leaves a handler early"));
    Expr::error(rest.token().span.before())
}

/// `match e { p => a }`
pub(super) fn matching(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (rest, _) = word(Word::Match)(input)?;
    let (rest, subject) = must(rest, head, "a value after `match`");
    let rest = toward(
        rest,
        TokenKind::Symbol(Symbol::OpenBrace),
        "`{` and the alternatives of this `match`",
    );
    let (rest, arms) = opt(arms).parse(rest)?;
    let kind = ExprKind::Match {
        subject: Box::new(subject),
        arms: arms.unwrap_or_default(),
    };
    Ok((
        rest,
        Expr {
            kind,
            span: input.span_to(rest),
        },
    ))
}

/// `{ p if g => e, q => f }`
pub(super) fn arms(input: Cursor<'_>) -> Parsed<'_, Vec<Arm>> {
    listed(
        input,
        Symbol::OpenBrace,
        "an alternative `pattern => value`",
        arm,
    )
}

fn arm(input: Cursor<'_>) -> Parsed<'_, Arm> {
    let (rest, pattern) = pattern(input)?;
    let (rest, guard) = guard(rest)?;
    let rest = past(rest, TokenKind::Symbol(Symbol::FatArrow), "`=>`");
    let (rest, body) = must(rest, expression, "a value after `=>`");
    Ok((
        rest,
        Arm {
            pattern,
            guard,
            body,
            span: input.span_to(rest),
        },
    ))
}

/// `if g`; the arrow after it keeps a payload apart from a block, so this is no head.
pub(super) fn guard(input: Cursor<'_>) -> Parsed<'_, Option<Expr>> {
    let condition = |input| Ok(must(input, expression, "a condition after `if`"));
    opt(preceded(word(Word::If), condition)).parse(input)
}

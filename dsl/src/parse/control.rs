//! `if`, `match`, and arms.

use nom::Parser;
use nom::combinator::opt;
use nom::sequence::preceded;

use super::atom::braces;
use super::cursor::{Cursor, Parsed};
use super::expression::{expression, head};
use super::list::listed;
use super::pattern::pattern;
use super::recover::{ErrorNode, expect, link, must};
use super::words::{symbol, word};
use crate::ast::{Arm, Expr, ExprKind};
use crate::problem::Problem;
use crate::problem::catalogue::{P017, P018};
use crate::token::{Symbol, Word};

/// `if c { a } else if d { b } else { e }`; a chain of `else if` costs no recursion.
pub(super) fn conditional(input: Cursor<'_>) -> Parsed<'_, Expr> {
    let (mut rest, first) = condition(input)?;
    let mut conditions = vec![(input, first)];
    let mut last = None;
    while let Ok((after, _)) = word(Word::Else)(rest) {
        rest = after;
        if let Ok((after, next)) = condition(rest) {
            conditions.push((rest, next));
            rest = after;
        } else {
            let (after, otherwise) = must(rest, braces, "`{` or `if` after `else`");
            last = Some(otherwise);
            rest = after;
            break;
        }
    }
    let otherwise = last.unwrap_or_else(|| without_else(input, rest));
    let whole =
        conditions
            .into_iter()
            .rev()
            .fold(otherwise, |otherwise, (start, (condition, then))| {
                let span = start.span_to(rest);
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
            });
    Ok((rest, whole))
}

fn condition(input: Cursor<'_>) -> Parsed<'_, (Expr, Expr)> {
    let (rest, _) = word(Word::If)(input)?;
    let (rest, condition) = must(rest, head, "a condition after `if`");
    let (rest, then) = must(rest, braces, "`{` after the condition");
    Ok((rest, (condition, then)))
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
    let (rest, arms) = expect(rest, arms, "`{` and the alternatives of this `match`");
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
    let (rest, _) = expect(rest, symbol(Symbol::FatArrow), "`=>`");
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

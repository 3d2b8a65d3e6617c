//! Traces: a session with a machine, written down.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::opt;
use nom::sequence::preceded;

use super::cursor::{Cursor, Parsed, missing};
use super::expression::{expression, head, operand};
use super::list::braced;
use super::recover::{ErrorNode, must};
use super::words::{named, symbol, text, version};
use crate::ast::{Expected, ExpectedKind, Expr, Trace, TraceLine, TraceLineKind, Version};
use crate::problem::Problem;
use crate::problem::catalogue::{P010, P028};
use crate::token::{Symbol, Token, TokenKind};

/// `"…" given e from N { lines }`, after the word `trace`.
pub(super) fn trace(input: Cursor<'_>) -> (Cursor<'_>, Trace) {
    let (rest, title) = must(input, text, "the title of this trace in quotes");
    let (rest, given) = given(rest);
    let (rest, from) = match named("from")(rest) {
        Ok((rest, _)) => {
            let (rest, from) = must(rest, version, "the number of a version after `from`");
            (rest, Some(from))
        }
        Err(_) => (rest, None),
    };
    let (rest, lines) = braced(rest, "`{` and the lines of this trace", begins_line, lines);
    (
        rest,
        Trace {
            title,
            given,
            from,
            lines,
        },
    )
}

/// `given e` in the head of a trace. A brace after a name begins the lines.
fn given(input: Cursor<'_>) -> (Cursor<'_>, Option<Expr>) {
    match named("given")(input) {
        Ok((rest, _)) if !input.token().newline_before => {
            let (rest, state) = must(rest, head, "a state after `given`");
            (rest, Some(state))
        }
        _ => (input, None),
    }
}

fn lines(input: Cursor<'_>) -> (Cursor<'_>, Vec<TraceLine>) {
    let was_trace = input.shared.is_trace.replace(true);
    let mut lines = Vec::new();
    let mut rest = input;
    while !is_trace_over(rest) && (begins_line(rest) || !rest.is_over()) {
        match line(rest) {
            Ok((after, line)) => {
                lines.push(line);
                rest = after;
            }
            Err(_) => {
                rest.report(no_line(rest));
                rest = rest.advance();
            }
        }
        rest = rest.resume(is_trace_over);
    }
    input.shared.is_trace.set(was_trace);
    (rest, lines)
}

/// The brace of the trace itself: after that stands no line.
fn is_trace_over(input: Cursor<'_>) -> bool {
    input.is_symbol(Symbol::CloseBrace)
        && !(input.advance().token().newline_before && begins_line(input.advance()))
}

fn no_line(input: Cursor<'_>) -> Problem {
    Problem::new(
        P010,
        input.token().span,
        format!("expected a line of a trace, found {}", input.found()),
    )
    .noting("its lines are `> input = output`, `check condition`, `given state` and `upgrade`")
}

/// Whether a line of a trace begins here.
pub(super) fn begins_line(input: Cursor<'_>) -> bool {
    let is_word = ["check", "given", "upgrade"]
        .iter()
        .any(|word| input.is_named(word));
    is_word || input.is_symbol(Symbol::Greater) || client(input).is_ok()
}

fn line(input: Cursor<'_>) -> Parsed<'_, TraceLine> {
    let check = preceded(named("check"), |input| {
        let (rest, condition) = must(input, expression, "a condition after `check`");
        Ok(without_assignment(rest, condition))
    });
    let given = preceded(named("given"), |input| {
        Ok(must(input, expression, "a state after `given`"))
    });
    let (rest, kind) = alt((
        send,
        check.map(TraceLineKind::Check),
        given.map(TraceLineKind::Given),
        preceded(named("upgrade"), |input| {
            let (rest, (at, sender)) = stamps(input);
            Ok((rest, TraceLineKind::Upgrade { at, sender }))
        }),
    ))
    .parse(input)?;
    Ok((
        rest,
        TraceLine {
            kind,
            span: input.span_to(rest),
        },
    ))
}

/// `check count = 2`: the condition ends before the `=`, and what was meant is no condition yet.
fn without_assignment(input: Cursor<'_>, condition: Expr) -> (Cursor<'_>, Expr) {
    if !input.is_symbol(Symbol::Assign) || input.token().newline_before {
        return (input, condition);
    }
    let equals = input.token().span;
    let problem = Problem::new(P028, equals, "comparison is `==`, here is `=`")
        .helping("write `==`")
        .fixed_by("write `==`", equals, "==");
    input.remark(problem);
    let (rest, _) = must(input.advance(), expression, "a value after `==`");
    (rest, Expr::error(condition.span))
}

/// `v1> Incr at 5 as "ann" = Ok`
fn send(input: Cursor<'_>) -> Parsed<'_, TraceLineKind> {
    let (rest, client) = opt(client).parse(input)?;
    let (rest, _) = symbol(Symbol::Greater)(rest)?;
    let (rest, sent) = must(rest, expression, "an input after `>`");
    let (rest, (at, sender)) = stamps(rest);
    let (rest, expected) = opt(preceded(symbol(Symbol::Assign), |input| {
        Ok(expected(input))
    }))
    .parse(rest)?;
    Ok((
        rest,
        TraceLineKind::Send {
            client,
            input: sent,
            at,
            sender,
            expected,
        },
    ))
}

/// `at 5 as "ann"`, each at most once and in any order.
fn stamps(input: Cursor<'_>) -> (Cursor<'_>, (Option<Expr>, Option<Expr>)) {
    let (mut at, mut sender) = (None, None);
    let mut rest = input;
    loop {
        let (slot, wanted): (&mut Option<Expr>, _) = match () {
            () if at.is_none() && rest.is_named("at") => (&mut at, "a time after `at`"),
            () if sender.is_none() && rest.is_named("as") => (&mut sender, "a sender after `as`"),
            () => break,
        };
        let (after, value) = must(rest.advance(), operand, wanted);
        *slot = Some(value);
        rest = after;
    }
    (rest, (at, sender))
}

/// The `v1` of `v1>`.
fn client(input: Cursor<'_>) -> Parsed<'_, Version> {
    let token = input.token();
    let number = input
        .text()
        .strip_prefix('v')
        .and_then(|digits| digits.parse().ok());
    let is_followed = input.ahead(1).kind == TokenKind::Symbol(Symbol::Greater);
    match number {
        Some(number) if is_followed && token.kind == TokenKind::Lower => Ok((
            input.advance(),
            Version {
                number,
                span: token.span,
            },
        )),
        _ => missing(),
    }
}

fn expected(input: Cursor<'_>) -> (Cursor<'_>, Expected) {
    let word = alt((
        named("fault").map(|_: Token| ExpectedKind::Fault),
        named("retired").map(|_: Token| ExpectedKind::Retired),
    ));
    let value = |input| {
        Ok(must(
            input,
            expression,
            "an output, `fault` or `retired` after `=`",
        ))
    };
    let (rest, kind) = alt((word, value.map(ExpectedKind::Value)))
        .parse(input)
        .unwrap_or((input, ExpectedKind::Fault));
    (
        rest,
        Expected {
            kind,
            span: input.span_to(rest),
        },
    )
}

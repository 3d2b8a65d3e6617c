//! Arrows. There is no precedence between combinators: a chain uses one, and mixing two is an error that
//! shows both readings. (The first design had precedences, and its author misread his own program.)

use nom::Parser;
use nom::branch::alt;
use nom::combinator::opt;

use super::argument::lambda;
use super::atom::atom;
use super::cursor::{Cursor, Parsed, missing};
use super::expression::integer;
use super::list::{bracketed, listed};
use super::recover::{ErrorNode, deeper, must, past, toward};
use super::words::{constructor_name, lower, named, symbol, token, word};
use crate::ast::{Arrow, ArrowKind, CaseArm, Combinator, Expr, FieldArrow};
use crate::problem::Problem;
use crate::problem::catalogue::{P012, P014};
use crate::source::Span;
use crate::token::{Symbol, TokenKind, Word};

/// One arrow, or a chain of them.
pub(super) fn arrow(input: Cursor<'_>) -> Parsed<'_, Arrow> {
    deeper(input, chain)
}

/// One element of a chain, where it begins and ends, and the combinator before it.
struct Link<'a> {
    joint: Option<(Symbol, Span)>,
    start: Cursor<'a>,
    arrow: Arrow,
    end: Cursor<'a>,
}

fn chain(input: Cursor<'_>) -> Parsed<'_, Arrow> {
    let (mut rest, first) = element(input)?;
    let mut links = vec![Link {
        joint: None,
        start: input,
        arrow: first,
        end: rest,
    }];
    while let Some(symbol) = joint(rest) {
        let span = rest.token().span;
        let start = rest.advance();
        let wanted = format!("a function after `{}`", symbol.spelling());
        let (end, arrow) = must(start, element, &wanted);
        links.push(Link {
            joint: Some((symbol, span)),
            start,
            arrow,
            end,
        });
        rest = end;
    }
    report_bare_functions(&links);
    let combinator = combinator(input, &links);
    let span = input.span_to(rest);
    let is_chain = links.len() > 1;
    let mut arrows: Vec<Arrow> = links.into_iter().map(|link| link.arrow).collect();
    let kind = match combinator {
        Some(combinator) => ArrowKind::Chain { combinator, arrows },
        None if is_chain => ArrowKind::Error,
        None => return Ok((rest, arrows.pop().unwrap_or_else(|| Arrow::error(span)))),
    };
    Ok((rest, Arrow { kind, span }))
}

/// The combinator here; at the start of a line it continues the line before.
fn joint(input: Cursor<'_>) -> Option<Symbol> {
    match input.token().kind {
        TokenKind::Symbol(symbol) if symbol.is_combinator() => Some(symbol),
        _ => None,
    }
}

/// What joins a chain, if it is one combinator of this version of the language.
fn combinator(input: Cursor<'_>, links: &[Link<'_>]) -> Option<Combinator> {
    let (first, _) = links.get(1)?.joint?;
    if report_mixture(input, links, first) {
        return None;
    }
    match first {
        Symbol::Compose => Some(Combinator::Compose),
        Symbol::Fanout => Some(Combinator::Fanout),
        Symbol::Product => Some(Combinator::Product),
        Symbol::Choice => Some(Combinator::Choice),
        Symbol::Sum => Some(Combinator::Sum),
        _ => None,
    }
}

/// The body of a function goes on to the end, so in a chain nobody can see where it stops.
fn report_bare_functions(links: &[Link<'_>]) {
    let is_bare = |link: &&Link<'_>| {
        link.start.is_word(Word::Fn) && matches!(link.arrow.kind, ArrowKind::Lambda(_))
    };
    if links.len() < 2 {
        return;
    }
    for link in links.iter().filter(is_bare) {
        let span = link.start.span_to(link.end);
        let problem = Problem::new(
            P014,
            span,
            "a function in a chain of combinators needs parentheses",
        );
        link.start.remark(problem.helping("write `(fn(…) => …)`"));
    }
}

/// Says if another combinator than the first is in the chain, with both ways to read it.
fn report_mixture(input: Cursor<'_>, links: &[Link<'_>], first: Symbol) -> bool {
    let other = |link: &Link<'_>| link.joint.filter(|(symbol, _)| *symbol != first);
    let Some((place, (second, span))) = links
        .iter()
        .enumerate()
        .find_map(|(place, link)| Some((place, other(link)?)))
    else {
        return false;
    };
    let text = |from: usize, to: usize| {
        let span = links[from].start.span_to(links[to].end);
        input
            .shared
            .source
            .slice(span)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (one, two, last) = (first.spelling(), second.spelling(), links.len() - 1);
    let left_first = format!("({}) {two} {}", text(0, place - 1), text(place, last));
    let right_first = format!("{} {one} ({})", text(0, place - 2), text(place - 1, last));
    let mut problem = Problem::new(
        P012,
        span,
        format!("`{one}` and `{two}` are mixed without parentheses"),
    );
    if let Some((_, before)) = links[place - 1].joint {
        problem = problem.pointing_at(before, "");
    }
    if left_first.len() <= READING_BYTES_MAX {
        problem = problem.helping(format!("`{left_first}`\nor `{right_first}`"));
    }
    input.remark(problem);
    true
}

/// A longer reading would not be read.
const READING_BYTES_MAX: usize = 200;

fn element(input: Cursor<'_>) -> Parsed<'_, Arrow> {
    let (rest, kind) = alt((constant, on_another, choose, case, single_kind)).parse(input)?;
    Ok((
        rest,
        Arrow {
            kind,
            span: input.span_to(rest),
        },
    ))
}

/// `const e`
fn constant(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    let (rest, _) = word(Word::Const)(input)?;
    let (rest, value) = must::<Expr>(rest, alt((integer, atom)), "a value after `const`");
    Ok((rest, ArrowKind::Const(Box::new(value))))
}

/// `first f`, `each f` and their like.
fn on_another(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    let (rest, _) = token(input, |kind| kind == TokenKind::Lower)?;
    let kind = match input.text() {
        "first" => ArrowKind::First,
        "second" => ArrowKind::Second,
        "curry" => ArrowKind::Curry,
        "each" => ArrowKind::Each,
        "modify" => ArrowKind::Modify,
        "tap" => ArrowKind::Tap,
        _ => return missing(),
    };
    let wanted = format!(
        "a function after `{}`, in parentheses if it is a chain",
        input.text()
    );
    let (rest, arrow) = must(rest, single, &wanted);
    Ok((rest, kind(Box::new(arrow))))
}

/// `choose { test: p, yes: f, no: g }`
fn choose(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    let (rest, _) = named("choose")(input)?;
    let fields = |input| {
        listed(
            input,
            Symbol::OpenBrace,
            "a field `name: function`",
            field_arrow,
        )
    };
    let rest = toward(
        rest,
        TokenKind::Symbol(Symbol::OpenBrace),
        "`{` and the `test`, `yes` and `no` of this `choose`",
    );
    let (rest, fields) = opt(fields).parse(rest)?;
    Ok((rest, ArrowKind::Choose(fields.unwrap_or_default())))
}

/// `case { C: f, D: g }`
fn case(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    let (rest, _) = named("case")(input)?;
    let arms = |input| {
        listed(
            input,
            Symbol::OpenBrace,
            "an alternative `Constructor: function`",
            case_arm,
        )
    };
    let rest = toward(
        rest,
        TokenKind::Symbol(Symbol::OpenBrace),
        "`{` and the alternatives of this `case`",
    );
    let (rest, arms) = opt(arms).parse(rest)?;
    Ok((rest, ArrowKind::Case(arms.unwrap_or_default())))
}

fn case_arm(input: Cursor<'_>) -> Parsed<'_, CaseArm> {
    let (rest, constructor) = constructor_name(input)?;
    let rest = past(rest, TokenKind::Symbol(Symbol::Colon), "`:` and a function");
    let (rest, arrow) = must(rest, arrow, "a function for this constructor");
    Ok((
        rest,
        CaseArm {
            constructor,
            arrow,
            span: input.span_to(rest),
        },
    ))
}

/// An arrow that needs no parentheses.
fn single(input: Cursor<'_>) -> Parsed<'_, Arrow> {
    let (rest, kind) = single_kind(input)?;
    Ok((
        rest,
        Arrow {
            kind,
            span: input.span_to(rest),
        },
    ))
}

fn single_kind(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    alt((
        name,
        constructor_name.map(ArrowKind::Constructor),
        field,
        record,
        lambda.map(ArrowKind::Lambda),
        parenthesised,
        broken,
    ))
    .parse(input)
}

fn name(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    let (rest, name) = lower(input)?;
    let kind = match name.text.as_str() {
        "id" => ArrowKind::Identity,
        "fst" => ArrowKind::Fst,
        "snd" => ArrowKind::Snd,
        "get" => ArrowKind::Get,
        "put" => ArrowKind::Put,
        "inl" => ArrowKind::Inl,
        "inr" => ArrowKind::Inr,
        "distl" => ArrowKind::Distl,
        "apply" => ArrowKind::Apply,
        _ => ArrowKind::Name(name),
    };
    Ok((rest, kind))
}

/// `.x`
fn field(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    let (rest, _) = symbol(Symbol::Dot)(input)?;
    let (rest, field) = must(rest, lower, "the name of a field after `.`");
    Ok((rest, ArrowKind::Field(field)))
}

/// `{ x: f, y: g }`
fn record(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    let (rest, fields) = listed(
        input,
        Symbol::OpenBrace,
        "a field `name: function`",
        field_arrow,
    )?;
    Ok((rest, ArrowKind::Record(fields)))
}

fn field_arrow(input: Cursor<'_>) -> Parsed<'_, FieldArrow> {
    let (rest, name) = lower(input)?;
    let rest = past(rest, TokenKind::Symbol(Symbol::Colon), "`:` and a function");
    let (rest, arrow) = must(rest, arrow, "a function for this field");
    Ok((
        rest,
        FieldArrow {
            name,
            arrow,
            span: input.span_to(rest),
        },
    ))
}

fn parenthesised(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    let inside = |rest| must::<Arrow>(rest, arrow, "a function");
    bracketed(input, Symbol::OpenParen, inside).map(|(rest, arrow)| (rest, arrow.kind))
}

fn broken(input: Cursor<'_>) -> Parsed<'_, ArrowKind> {
    let (rest, _) = token(input, |kind| {
        matches!(kind, TokenKind::Broken | TokenKind::Cut)
    })?;
    Ok((rest, ArrowKind::Error))
}

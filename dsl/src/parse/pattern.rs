//! Patterns.

use nom::Parser;
use nom::branch::alt;

use super::cursor::{Cursor, Parsed};
use super::expression::literal_int;
use super::list::listed;
use super::recover::{deeper, link_of, must};
use super::words::{attached, constructor_name, lower, symbol, text, token, word};
use crate::ast::{FieldPattern, Name, Pattern, PatternKind, PatternPayload, RecordPattern};
use crate::problem::Problem;
use crate::problem::catalogue::P032;
use crate::source::Span;
use crate::token::{Symbol, TokenKind, Word};

/// A pattern, or several with `|` between them.
pub(super) fn pattern(input: Cursor<'_>) -> Parsed<'_, Pattern> {
    deeper(input, alternatives)
}

fn alternatives(input: Cursor<'_>) -> Parsed<'_, Pattern> {
    let (mut rest, first) = single(input)?;
    let mut patterns = vec![first];
    while let Ok((after, _)) = symbol(Symbol::Bar)(rest) {
        let (after, next) = must(after, single, "a pattern after `|`");
        patterns.push(next);
        rest = after;
    }
    let span = input.span_to(rest);
    match patterns.pop() {
        Some(only) if patterns.is_empty() => Ok((rest, only)),
        last => {
            patterns.extend(last);
            Ok((
                rest,
                Pattern {
                    kind: PatternKind::Alternatives(patterns),
                    span,
                },
            ))
        }
    }
}

fn single(input: Cursor<'_>) -> Parsed<'_, Pattern> {
    let (rest, kind) = alt((
        symbol(Symbol::Underscore).map(|_| PatternKind::Wildcard),
        lower.map(PatternKind::Name),
        literal_int.map(PatternKind::Int),
        text.map(|literal| PatternKind::Text(literal.value)),
        word(Word::True).map(|_| PatternKind::Bool(true)),
        word(Word::False).map(|_| PatternKind::Bool(false)),
        tuple,
        record.map(PatternKind::Record),
        constructor,
        list,
        broken.map(|_| PatternKind::Error),
    ))
    .parse(input)?;
    Ok((
        rest,
        Pattern {
            kind,
            span: input.span_to(rest),
        },
    ))
}

/// `(p)` is `p`; otherwise it is a tuple.
fn tuple(input: Cursor<'_>) -> Parsed<'_, PatternKind> {
    let (rest, mut parts) = listed(input, Symbol::OpenParen, "a pattern", pattern)?;
    match parts.pop() {
        Some(only) if parts.is_empty() => Ok((rest, only.kind)),
        last => {
            parts.extend(last);
            Ok((rest, PatternKind::Tuple(parts)))
        }
    }
}

/// `C`, `C(p)`, `C { x }`
fn constructor(input: Cursor<'_>) -> Parsed<'_, PatternKind> {
    let (rest, constructor) = constructor_name(input)?;
    let (rest, payload) = if attached(Symbol::OpenParen)(rest).is_ok() {
        listed(rest, Symbol::OpenParen, "a pattern", pattern)
            .map(|(rest, parts)| (rest, PatternPayload::Tuple(parts)))?
    } else if attached(Symbol::OpenBrace)(rest).is_ok() {
        record(rest).map(|(rest, record)| (rest, PatternPayload::Record(Box::new(record))))?
    } else {
        (rest, PatternPayload::None)
    };
    Ok((
        rest,
        PatternKind::Constructor {
            constructor,
            payload,
        },
    ))
}

/// What stands between the braces of a record pattern.
enum Part {
    Field(FieldPattern),
    Rest(Span),
}

/// `{ x, y: p, .. }`
pub(super) fn record(input: Cursor<'_>) -> Parsed<'_, RecordPattern> {
    let part = |input| {
        alt((
            field.map(Part::Field),
            symbol(Symbol::Spread).map(|token| Part::Rest(token.span)),
        ))
        .parse(input)
    };
    let (after, parts) = listed(input, Symbol::OpenBrace, "the name of a field", part)?;
    let mut rest = None;
    let mut fields = Vec::new();
    for part in parts {
        match part {
            Part::Field(field) => fields.push(field),
            Part::Rest(span) => rest = Some(span),
        }
    }
    Ok((
        after,
        RecordPattern {
            fields,
            rest,
            span: input.span_to(after),
        },
    ))
}

fn field(input: Cursor<'_>) -> Parsed<'_, FieldPattern> {
    let (rest, name) = lower(input)?;
    let (rest, pattern) = match symbol(Symbol::Colon)(rest) {
        Ok((rest, _)) => must(rest, pattern, "a pattern for this field"),
        Err(_) => (rest, same_name(&name)),
    };
    Ok((
        rest,
        FieldPattern {
            name,
            pattern,
            span: input.span_to(rest),
        },
    ))
}

fn same_name(name: &Name) -> Pattern {
    Pattern {
        kind: PatternKind::Name(name.clone()),
        span: name.span,
    }
}

/// What stands between the brackets of a list pattern.
enum Element {
    Item(Pattern),
    /// `..` or `..rest`
    Rest(Pattern),
}

/// `[]`, `[p, q]`, `[p, ..rest]`
fn list(input: Cursor<'_>) -> Parsed<'_, PatternKind> {
    let (after, elements) = listed(input, Symbol::OpenBracket, "a pattern", element)?;
    let (mut items, mut rest) = (Vec::new(), None);
    for element in elements {
        match element {
            // Later stages see the items after one as a part of it.
            Element::Item(item) => {
                report_not_last(input, rest.as_ref());
                if !link_of(input, "items follow one another in a pattern") {
                    return Ok((after, PatternKind::Error));
                }
                items.push(item);
            }
            Element::Rest(next) => {
                report_not_last(input, rest.as_ref());
                rest = Some(next);
            }
        }
    }
    let rest = rest.map(Box::new);
    Ok((after, PatternKind::List { items, rest }))
}

/// `p`, `..` or `..rest`
fn element(input: Cursor<'_>) -> Parsed<'_, Element> {
    let Ok((after, spread)) = symbol(Symbol::Spread)(input) else {
        return pattern.map(Element::Item).parse(input);
    };
    let mut named = alt((
        lower.map(PatternKind::Name),
        symbol(Symbol::Underscore).map(|_| PatternKind::Wildcard),
    ));
    let (rest, kind) = match named.parse(after) {
        Ok((rest, kind)) => (rest, kind),
        Err(_) => (after, PatternKind::Wildcard),
    };
    let span = match kind {
        PatternKind::Name(ref name) => name.span,
        _ => spread.span,
    };
    Ok((rest, Element::Rest(Pattern { kind, span })))
}

/// The items after the first ones are one list, so nothing can stand behind it.
fn report_not_last(input: Cursor<'_>, rest: Option<&Pattern>) {
    if let Some(rest) = rest {
        let title = "nothing can stand after the rest of a list";
        let problem = Problem::new(P032, rest.span, title);
        input.remark(problem.helping("match the `reverse` of the list to look at its end"));
    }
}

fn broken(input: Cursor<'_>) -> Parsed<'_, ()> {
    let (rest, _) = token(input, |kind| {
        matches!(kind, TokenKind::Broken | TokenKind::Cut)
    })?;
    Ok((rest, ()))
}

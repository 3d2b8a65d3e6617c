//! Types, variants, fields.

use std::cell::Cell;

use nom::Parser;
use nom::branch::alt;

use super::cursor::{Cursor, Parsed, missing};
use super::list::listed;
use super::recover::{ErrorNode, deeper, expect, must, past};
use super::words::{attached, define_lower, define_upper, symbol, token, upper};
use crate::ast::{
    ConstructorItem, FieldType, Name, Type, TypeBody, TypeKind, TypePayload, Variant,
};
use crate::problem::Problem;
use crate::problem::catalogue::P016;
use crate::source::Span;
use crate::token::{Symbol, TokenKind};

/// Built-in types with parameters: `List(Int)` is a type, where `Reading(Int)` is a variant of one constructor.
const TYPES_WITH_PARAMETERS: [&str; 5] = ["Option", "List", "Map", "Set", "Either"];

/// Names that are types wherever they stand alone.
const BUILT_IN: [&str; 9] = [
    "Int", "Bool", "Text", "Bytes", "Option", "List", "Map", "Set", "Either",
];

/// A type.
pub(super) fn type_(input: Cursor<'_>) -> Parsed<'_, Type> {
    deeper(input, form)
}

/// A variant in place, or a type that has its meaning elsewhere.
pub(super) fn type_body(input: Cursor<'_>) -> Parsed<'_, TypeBody> {
    if is_variant(input) {
        variant.map(TypeBody::Variant).parse(input)
    } else {
        stored.map(TypeBody::Type).parse(input)
    }
}

/// A variant in place has a `|` or a payload, or starts with `|`: `state Lamp` is the type `Lamp`.
/// Two names beside each other are one that lacks its `|`.
fn is_variant(input: Cursor<'_>) -> bool {
    if input.is_symbol(Symbol::Bar) {
        return true;
    }
    if input.token().kind != TokenKind::Upper {
        return false;
    }
    let mut rest = input.advance();
    let has_payload =
        attached(Symbol::OpenParen)(rest).is_ok() || attached(Symbol::OpenBrace)(rest).is_ok();
    if has_payload && !TYPES_WITH_PARAMETERS.contains(&input.text()) {
        return true;
    }
    if has_payload {
        rest = past_brackets(rest);
    }
    let is_beside = rest.token().kind == TokenKind::Upper && !BUILT_IN.contains(&input.text());
    rest.is_symbol(Symbol::Bar) || is_beside
}

/// Past a bracket and all inside it.
fn past_brackets(input: Cursor<'_>) -> Cursor<'_> {
    let mut depth = 0_usize;
    let mut rest = input;
    while !rest.is_over() {
        if let TokenKind::Symbol(symbol) = rest.token().kind {
            depth = if symbol.is_closer() {
                depth.saturating_sub(1)
            } else {
                depth + usize::from(symbol.closer().is_some())
            };
        }
        rest = rest.advance();
        if depth == 0 {
            break;
        }
    }
    rest
}

fn variant(input: Cursor<'_>) -> Parsed<'_, Variant> {
    let mut rest = input;
    let mut constructors = Vec::new();
    if !input.is_symbol(Symbol::Bar) {
        let (after, first) = constructor(input)?;
        constructors.push(first);
        rest = after;
    }
    loop {
        if let Ok((after, _)) = symbol(Symbol::Bar)(rest) {
            let (after, next) = expect(after, constructor, "a constructor after `|`");
            constructors.extend(next);
            rest = after;
        } else if rest.token().kind == TokenKind::Upper
            && let Ok((after, next)) = constructor(rest)
        {
            rest.remark(no_bar(rest, constructors.last(), &next));
            constructors.push(next);
            rest = after;
        } else {
            break;
        }
    }
    Ok((
        rest,
        Variant {
            constructors,
            span: input.span_to(rest),
        },
    ))
}

/// `Ok Sum(Int)`: nothing else begins with an upper-case letter here, so the bar is what is missing.
fn no_bar(input: Cursor<'_>, last: Option<&ConstructorItem>, next: &ConstructorItem) -> Problem {
    let shown = |item: &ConstructorItem| match item.payload {
        TypePayload::None => item.name.text.clone(),
        TypePayload::Tuple(_) => format!("{}(…)", item.name.text),
        TypePayload::Record(_) => format!("{} {{ … }}", item.name.text),
    };
    let last = last.map(shown).unwrap_or_default();
    input
        .missing("`|` between two constructors")
        .helping(format!(
            "write `|` between constructors: `{last} | {}`",
            shown(next)
        ))
        .fixed_by(
            "write a bar between them",
            input.token().span.before(),
            "| ",
        )
}

fn constructor(input: Cursor<'_>) -> Parsed<'_, ConstructorItem> {
    let (rest, name) = define_upper(input)?;
    let (rest, payload) = if attached(Symbol::OpenParen)(rest).is_ok() {
        listed(rest, Symbol::OpenParen, "a type", stored)
            .map(|(rest, types)| (rest, TypePayload::Tuple(types)))?
    } else if attached(Symbol::OpenBrace)(rest).is_ok() {
        fields(rest).map(|(rest, fields)| (rest, TypePayload::Record(fields)))?
    } else {
        (rest, TypePayload::None)
    };
    Ok((
        rest,
        ConstructorItem {
            name,
            payload,
            span: input.span_to(rest),
        },
    ))
}

fn fields(input: Cursor<'_>) -> Parsed<'_, Vec<FieldType>> {
    listed(input, Symbol::OpenBrace, "a field `name: Type`", field_type)
}

/// `name: T`
pub(super) fn field_type(input: Cursor<'_>) -> Parsed<'_, FieldType> {
    let (rest, name) = define_lower(input)?;
    let rest = past(rest, TokenKind::Symbol(Symbol::Colon), "`:` and a type");
    let (rest, kind) = must(rest, stored, "a type");
    Ok((
        rest,
        FieldType {
            name,
            kind,
            span: input.span_to(rest),
        },
    ))
}

/// `name: T` or `_: T`. One that does not parse is still a parameter, so that no call has one too many.
pub(super) fn parameter(input: Cursor<'_>) -> Parsed<'_, FieldType> {
    let is_type_alone =
        input.token().kind == TokenKind::Upper && !input.advance().is_symbol(Symbol::Colon);
    if is_type_alone {
        return missing();
    }
    let Ok((rest, underscore)) = symbol(Symbol::Underscore)(input) else {
        return field_type(input);
    };
    let rest = past(rest, TokenKind::Symbol(Symbol::Colon), "`:` and a type");
    let (rest, kind) = must(rest, stored, "a type");
    let name = Name {
        text: input.text().to_owned(),
        span: underscore.span,
    };
    let span = input.span_to(rest);
    Ok((rest, FieldType { name, kind, span }))
}

impl ErrorNode for FieldType {
    fn error(span: Span) -> FieldType {
        FieldType {
            name: Name::error(span),
            kind: Type::error(span),
            span,
        }
    }
}

/// A type of something that is kept: a function is not.
fn stored(input: Cursor<'_>) -> Parsed<'_, Type> {
    let (rest, kind) = type_(input)?;
    let Ok((after, _)) = symbol(Symbol::ThinArrow)(rest) else {
        return Ok((rest, kind));
    };
    let (rest, _) = must(after, type_, "a type after `->`");
    let span = input.span_to(rest);
    let problem = Problem::new(P016, span, "a function is not a value")
        .noting("state, inputs and outputs are saved, sent and compared")
        .helping(
            "use a variant for the choices and one `match`, for example `next: Double | Half`",
        );
    input.remark(problem);
    Ok((rest, Type::error(span)))
}

fn form(input: Cursor<'_>) -> Parsed<'_, Type> {
    let (rest, kind) = alt((name, tuple, fields.map(TypeKind::Record), broken)).parse(input)?;
    Ok((
        rest,
        Type {
            kind,
            span: input.span_to(rest),
        },
    ))
}

fn name(input: Cursor<'_>) -> Parsed<'_, TypeKind> {
    let (rest, name) = upper(input)?;
    let (rest, arguments) = match attached(Symbol::OpenParen)(rest) {
        Ok(_) => listed(rest, Symbol::OpenParen, "a type", stored)?,
        Err(_) if attached(Symbol::Less)(rest).is_ok() => return Ok(angled(rest)),
        Err(_) => (rest, Vec::new()),
    };
    Ok((rest, TypeKind::Name { name, arguments }))
}

/// `Map<Int, Text>`, as other languages write it.
fn angled(input: Cursor<'_>) -> (Cursor<'_>, TypeKind) {
    let problem = input.missing("`(`");
    input.report(problem.helping("the parts of a type stand in parentheses: `Map(Int, Text)`"));
    let open = Cell::new(0_usize);
    let rest = input.skip_to(|next| {
        match next.token().kind {
            TokenKind::Symbol(Symbol::Less) => open.set(open.get() + 1),
            TokenKind::Symbol(Symbol::Greater) => open.set(open.get().saturating_sub(1)),
            _ => {}
        }
        open.get() == 0
    });
    let is_closed = rest.is_symbol(Symbol::Greater);
    (
        if is_closed { rest.advance() } else { rest },
        TypeKind::Error,
    )
}

/// `(A)` is `A`; otherwise it is a tuple.
fn tuple(input: Cursor<'_>) -> Parsed<'_, TypeKind> {
    let (rest, mut parts) = listed(input, Symbol::OpenParen, "a type", stored)?;
    match parts.pop() {
        Some(only) if parts.is_empty() => Ok((rest, only.kind)),
        last => {
            parts.extend(last);
            Ok((rest, TypeKind::Tuple(parts)))
        }
    }
}

fn broken(input: Cursor<'_>) -> Parsed<'_, TypeKind> {
    let (rest, _) = token(input, |kind| {
        matches!(kind, TokenKind::Broken | TokenKind::Cut)
    })?;
    Ok((rest, TypeKind::Error))
}

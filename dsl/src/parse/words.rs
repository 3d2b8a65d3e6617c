//! Single tokens, names, and what a line begins with.

use super::cursor::{Cursor, Parsed, missing};
use super::recover::{ErrorNode, expect};
use crate::ast::{ConstructorName, Name, TextLiteral, Version};
use crate::problem::catalogue::{P005, P027};
use crate::problem::{Problem, nearest};
use crate::source::Span;
use crate::token::{Symbol, Token, TokenKind, Word, text_value};

/// Words that begin a definition.
pub(super) const ITEM_WORDS: [&str; 4] = ["machine", "type", "fn", "const"];

/// Words that begin a part of a machine.
pub(super) const MEMBER_WORDS: [&str; 13] = [
    "input",
    "output",
    "state",
    "init",
    "on",
    "step",
    "migrate",
    "accept",
    "reply",
    "trace",
    "invariant",
    "property",
    "witness",
];

/// The next token, if it is this symbol.
pub(super) fn symbol<'a>(wanted: Symbol) -> impl Fn(Cursor<'a>) -> Parsed<'a, Token> {
    move |input| token(input, |kind| kind == TokenKind::Symbol(wanted))
}

/// The next token, if it is this symbol and on the line of the token before it.
pub(super) fn attached<'a>(wanted: Symbol) -> impl Fn(Cursor<'a>) -> Parsed<'a, Token> {
    move |input| {
        if input.token().newline_before {
            missing()
        } else {
            symbol(wanted)(input)
        }
    }
}

/// The next token, if it is this reserved word.
pub(super) fn word<'a>(wanted: Word) -> impl Fn(Cursor<'a>) -> Parsed<'a, Token> {
    move |input| token(input, |kind| kind == TokenKind::Word(wanted))
}

/// The next token, if it is this word, which is not a reserved one.
pub(super) fn named<'a>(wanted: &'static str) -> impl Fn(Cursor<'a>) -> Parsed<'a, Token> {
    move |input| {
        if input.is_named(wanted) {
            Ok((input.advance(), input.token()))
        } else {
            missing()
        }
    }
}

/// The next token, if it is of this kind.
pub(super) fn token(input: Cursor<'_>, is_wanted: impl Fn(TokenKind) -> bool) -> Parsed<'_, Token> {
    let next = input.token();
    if is_wanted(next.kind) {
        Ok((input.advance(), next))
    } else {
        missing()
    }
}

/// A word that must stand here. One that is nearly it is reported and taken for it.
pub(super) fn must_named<'a>(input: Cursor<'a>, wanted: &'static str) -> Cursor<'a> {
    let is_slip =
        input.token().kind == TokenKind::Lower && nearest(input.text(), [wanted]).is_some();
    if is_slip && !input.is_recovering() {
        let problem = input
            .missing(&format!("`{wanted}`"))
            .helping(format!("did you mean `{wanted}`?"));
        input.remark(problem.fixed_by(format!("write `{wanted}`"), input.token().span, wanted));
        return input.advance();
    }
    expect(input, named(wanted), &format!("`{wanted}`")).0
}

/// `lower_case`
pub(super) fn lower(input: Cursor<'_>) -> Parsed<'_, Name> {
    let (rest, token) = token(input, |kind| kind == TokenKind::Lower)?;
    Ok((
        rest,
        Name {
            text: input.text().to_string(),
            span: token.span,
        },
    ))
}

/// `UpperCase`
pub(super) fn upper(input: Cursor<'_>) -> Parsed<'_, Name> {
    let (rest, token) = token(input, |kind| kind == TokenKind::Upper)?;
    Ok((
        rest,
        Name {
            text: input.text().to_string(),
            span: token.span,
        },
    ))
}

/// A name that is defined here and should begin with a lower-case letter; one with an upper-case letter is reported and taken.
pub(super) fn define_lower(input: Cursor<'_>) -> Parsed<'_, Name> {
    define(
        input,
        TokenKind::Lower,
        TokenKind::Upper,
        "lower-case",
        str::to_ascii_lowercase,
    )
}

/// A name that is defined here and should begin with an upper-case letter; one with a lower-case letter is reported and taken.
pub(super) fn define_upper(input: Cursor<'_>) -> Parsed<'_, Name> {
    define(
        input,
        TokenKind::Upper,
        TokenKind::Lower,
        "upper-case",
        str::to_ascii_uppercase,
    )
}

fn define<'a>(
    input: Cursor<'a>,
    right: TokenKind,
    wrong: TokenKind,
    case: &str,
    to_case: fn(&str) -> String,
) -> Parsed<'a, Name> {
    let (rest, token) = token(input, |kind| kind == right || kind == wrong)?;
    let text = input.text().to_string();
    if token.kind == wrong {
        let first = text.len().min(1);
        let better = to_case(&text[..first]) + &text[first..];
        let title = format!("`{text}` must begin with an {case} letter here")
            .replace("an lower", "a lower");
        let problem = Problem::new(P027, token.span, title)
            .noting("values, fields and functions begin with a lower-case letter; types, constructors and machines with an upper-case one");
        input.remark(problem.fixed_by(format!("write `{better}`"), token.span, better));
    }
    Ok((
        rest,
        Name {
            text,
            span: token.span,
        },
    ))
}

/// `Some`, `Reason.TooLittle`
pub(super) fn constructor_name(input: Cursor<'_>) -> Parsed<'_, ConstructorName> {
    let (rest, name) = upper(input)?;
    let is_qualified = rest.is_symbol(Symbol::Dot) && rest.ahead(1).kind == TokenKind::Upper;
    if !is_qualified {
        return Ok((rest, ConstructorName { of: None, name }));
    }
    let (rest, inner) = upper(rest.advance())?;
    Ok((
        rest,
        ConstructorName {
            of: Some(Box::new(name)),
            name: inner,
        },
    ))
}

/// The number of a version.
pub(super) fn version(input: Cursor<'_>) -> Parsed<'_, Version> {
    let (rest, token) = token(input, |kind| matches!(kind, TokenKind::Int(_)))?;
    let number = match token.kind {
        TokenKind::Int(number) => u32::try_from(number).ok(),
        _ => None,
    };
    if number.is_none() {
        let title = format!("a version is at most {}", u32::MAX);
        input.remark(Problem::new(P005, token.span, title));
    }
    Ok((
        rest,
        Version {
            number: number.unwrap_or_default(),
            span: token.span,
        },
    ))
}

impl ErrorNode for Version {
    fn error(span: Span) -> Version {
        Version { number: 0, span }
    }
}

/// `"…"`
pub(super) fn text(input: Cursor<'_>) -> Parsed<'_, TextLiteral> {
    let (rest, token) = token(input, |kind| kind == TokenKind::Text)?;
    Ok((
        rest,
        TextLiteral {
            value: text_value(input.text()),
            span: token.span,
        },
    ))
}

impl ErrorNode for TextLiteral {
    fn error(span: Span) -> TextLiteral {
        TextLiteral {
            value: String::new(),
            span,
        }
    }
}

/// Whether a definition begins here. `fn` and `const` are words of arrows too, so one token more decides.
pub(super) fn begins_item(input: Cursor<'_>) -> bool {
    let next = input.ahead(1).kind;
    match input.token().kind {
        TokenKind::Word(Word::Machine | Word::Type) => true,
        TokenKind::Word(Word::Fn) => matches!(next, TokenKind::Lower | TokenKind::Upper),
        TokenKind::Word(Word::Const) => {
            next == TokenKind::Lower && input.ahead(2).kind == TokenKind::Symbol(Symbol::Colon)
        }
        _ => false,
    }
}

/// Whether a part of a machine begins here. Except `on` its words are not reserved; with the token
/// after them on the same line they make something no expression can hold.
pub(super) fn begins_member(input: Cursor<'_>) -> bool {
    let next = input.ahead(1);
    match input.token().kind {
        TokenKind::Word(Word::On) => true,
        TokenKind::Lower if !next.newline_before => begins_named_member(input, next.kind),
        _ => false,
    }
}

fn begins_named_member(input: Cursor<'_>, next: TokenKind) -> bool {
    let is_symbol = |symbol| next == TokenKind::Symbol(symbol);
    let is_other_word = matches!(
        next,
        TokenKind::Lower | TokenKind::Upper | TokenKind::Int(_) | TokenKind::Text
    );
    match input.text() {
        "input" | "output" | "state" => {
            is_other_word || is_symbol(Symbol::OpenBrace) || is_symbol(Symbol::Bar)
        }
        "init" => is_other_word || is_symbol(Symbol::OpenBrace),
        "step" => is_symbol(Symbol::Assign),
        word => is_other_word && MEMBER_WORDS.contains(&word),
    }
}

/// Whether a statement begins here; its words are reserved.
pub(super) fn begins_statement(input: Cursor<'_>) -> bool {
    matches!(
        input.token().kind,
        TokenKind::Word(Word::Let | Word::Set | Word::Become | Word::Require)
    )
}

/// Whether a value, a pattern or an arrow can begin with this token.
pub(super) fn begins_value(kind: TokenKind) -> bool {
    use Symbol as S;
    match kind {
        TokenKind::Lower
        | TokenKind::Upper
        | TokenKind::Int(_)
        | TokenKind::Text
        | TokenKind::Bytes => true,
        TokenKind::Word(word) => {
            matches!(
                word,
                Word::If
                    | Word::Match
                    | Word::True
                    | Word::False
                    | Word::Not
                    | Word::Fn
                    | Word::Const
            )
        }
        TokenKind::Symbol(symbol) => {
            matches!(
                symbol,
                S::OpenParen
                    | S::OpenBracket
                    | S::OpenBrace
                    | S::Minus
                    | S::Dot
                    | S::Underscore
                    | S::Spread
            )
        }
        TokenKind::Broken | TokenKind::Cut | TokenKind::End => false,
    }
}

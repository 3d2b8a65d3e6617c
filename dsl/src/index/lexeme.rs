//! The words and symbols of a source, for colours. What a name means is in the index; this is how it is written.

use crate::source::{Source, Span};
use crate::token::{TokenKind, tokens};

/// How a piece of source is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lexeme {
    /// A reserved word, or one that has a meaning where it stands.
    Keyword,
    /// A name that begins with a small letter.
    Lower,
    /// A name that begins with a capital letter.
    Upper,
    /// `1_000`
    Number,
    /// `"…"`, `x"00"`
    Text,
    /// `// …`
    Comment,
    /// `/// …`
    Documentation,
    /// `+`, `>>>`
    Operator,
}

/// Words with a meaning only where a member, a line of a trace or an arrow has them.
const SOFT_WORDS: &[&str] = &[
    "accept",
    "across",
    "after",
    "as",
    "at",
    "auto",
    "back",
    "check",
    "each",
    "first",
    "from",
    "given",
    "in",
    "init",
    "input",
    "invariant",
    "lossy",
    "migrate",
    "output",
    "property",
    "refuse",
    "reply",
    "retired",
    "fault",
    "second",
    "state",
    "step",
    "to",
    "trace",
    "unchanged",
    "upgrade",
    "version",
    "with",
    "witness",
    "case",
    "choose",
    "modify",
    "tap",
    "curry",
    "apply",
    "get",
    "put",
    "id",
    "fst",
    "snd",
    "inl",
    "inr",
    "distl",
];

/// All pieces of a source but brackets, commas and the like, in its order. Whether one of the words that are names
/// elsewhere is a keyword, the index knows better: where it knows a name, it is one.
#[must_use]
pub fn lexemes(source: &Source) -> Vec<(Span, Lexeme)> {
    let (lexed, _) = tokens(source);
    let comments = lexed.comments.iter().map(|comment| {
        let kind = match comment.is_documentation {
            true => Lexeme::Documentation,
            false => Lexeme::Comment,
        };
        (comment.span, kind)
    });
    let mut found: Vec<(Span, Lexeme)> = comments.collect();
    for token in &lexed.tokens {
        let text = source.slice(token.span);
        let kind = match token.kind {
            TokenKind::Word(_) => Lexeme::Keyword,
            TokenKind::Lower if SOFT_WORDS.contains(&text) => Lexeme::Keyword,
            TokenKind::Lower => Lexeme::Lower,
            TokenKind::Upper => Lexeme::Upper,
            TokenKind::Int(_) => Lexeme::Number,
            TokenKind::Text | TokenKind::Bytes | TokenKind::Cut => Lexeme::Text,
            TokenKind::Symbol(_) if is_operator(text) => Lexeme::Operator,
            TokenKind::Symbol(_) | TokenKind::Broken | TokenKind::End => continue,
        };
        found.push((token.span, kind));
    }
    found.sort_by_key(|(span, _)| *span);
    found
}

fn is_operator(symbol: &str) -> bool {
    !matches!(
        symbol,
        "(" | ")" | "[" | "]" | "{" | "}" | "," | ":" | "." | "_"
    )
}

//! One way to write every program: the layout of a source, without options.
//!
//! The formatter walks the tree and prints the tokens of the source in their order; it decides only what stands
//! between them (spaces, line ends) and which commas there are. So names, numbers and parentheses stay as they
//! were written, and a comment stays before or behind the token it was at: comments belong to tokens, not to
//! nodes. Every `match` on the tree is exhaustive: a new node does not compile until it is printed.
//!
//! What the author decides: blank lines between things (one stays), and whether a bracket with braces, a chain
//! of `|>` or of combinators is broken although it would fit. All else follows from the width.

mod arrow;
mod block;
mod claim;
mod expression;
mod item;
mod layout;
mod list;
mod machine;
mod pattern;
mod printer;
mod trace;
mod trivia;
mod types;

use crate::parse;
use crate::problem::{Problems, Severity};
use crate::source::Source;
use crate::token::{Symbol, TokenKind, Tokens, tokens};
use printer::Printer;

/// Columns of a line, unless one word is longer.
pub const WIDTH: usize = 100;

/// Layouts of a layout. A comment that moved can move once more; the text is then as it stays.
const ROUNDS: usize = 4;

/// Why a source was not formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unformatted {
    /// It does not parse.
    Problems(Problems),
    /// The layout would have said something else: a mistake of the formatter.
    Changed,
}

/// The source in the one layout.
///
/// # Errors
///
/// A source that does not parse has no layout. What is returned was read again and compared with the source:
/// the same tokens and comments, and it parses.
pub fn format(source: &Source) -> Result<String, Unformatted> {
    let mut text = round(source).map_err(Unformatted::Problems)?;
    for _ in 0..ROUNDS {
        let laid = Source::new(source.name(), text.as_str()).map_err(|_| Unformatted::Changed)?;
        if !says_the_same(source, &laid) {
            return Err(Unformatted::Changed);
        }
        let again = round(&laid).map_err(|_| Unformatted::Changed)?;
        if again == text {
            return Ok(text);
        }
        text = again;
    }
    Err(Unformatted::Changed)
}

/// What a source is changed to, laid out if the source was: a tool that adds a line does not lay out the others.
pub(crate) fn after_change(source: &Source, text: String) -> String {
    let is_laid_out = format(source).is_ok_and(|laid_out| laid_out == source.text());
    if !is_laid_out {
        return text;
    }
    let changed = Source::new(source.name(), text.as_str());
    let laid_out = changed.ok().and_then(|changed| format(&changed).ok());
    laid_out.unwrap_or(text)
}

/// One layout of a source.
fn round(source: &Source) -> Result<String, Problems> {
    let (lexed, _) = tokens(source);
    let (module, problems) = parse::module(source);
    if problems
        .iter()
        .any(|problem| problem.severity() == Severity::Error)
    {
        return Err(problems);
    }
    let mut printer = Printer::new(source, &lexed);
    printer.module(&module);
    Ok(layout::rendered(&printer.finished(), WIDTH))
}

/// Whether two sources have the same tokens, but for commas, and the same comments in the same order.
fn says_the_same(one: &Source, other: &Source) -> bool {
    words(one, &tokens(one).0).eq(words(other, &tokens(other).0))
        && comments(one, &tokens(one).0).eq(comments(other, &tokens(other).0))
}

fn words<'a>(source: &'a Source, lexed: &Tokens) -> impl Iterator<Item = (TokenKind, &'a str)> {
    let comma = TokenKind::Symbol(Symbol::Comma);
    let kept = lexed.tokens.iter().filter(move |token| token.kind != comma);
    let words: Vec<_> = kept
        .map(|token| (token.kind, source.slice(token.span)))
        .collect();
    words.into_iter()
}

fn comments<'a>(source: &'a Source, lexed: &Tokens) -> impl Iterator<Item = &'a str> {
    let texts: Vec<_> = lexed
        .comments
        .iter()
        .map(|comment| source.slice(comment.span).trim_end())
        .collect();
    texts.into_iter()
}

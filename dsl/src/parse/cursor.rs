//! The tokens that are left, as an input for nom, and what all parsers share.

use std::cell::{Cell, RefCell};

use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Input, Needed};

use crate::problem::Problems;
use crate::source::{Source, Span};
use crate::token::{Symbol, Token, TokenKind, Word};

/// What a parser returns: `Err` only if not one token was taken, so that another may try.
/// From its first token on a parser is committed: what goes wrong is reported, and `Ok` holds an error node.
pub(super) type Parsed<'a, T> = IResult<Cursor<'a>, T, Missing>;

/// What was looked for is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missing;

impl<'a> ParseError<Cursor<'a>> for Missing {
    fn from_error_kind(_: Cursor<'a>, _: ErrorKind) -> Missing {
        Missing
    }

    fn append(_: Cursor<'a>, _: ErrorKind, other: Missing) -> Missing {
        other
    }
}

/// What is not here.
pub(super) fn missing<'a, T>() -> Parsed<'a, T> {
    Err(nom::Err::Error(Missing))
}

/// What the parsers of one text share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) source: &'a Source,
    pub(super) problems: RefCell<Problems>,
    /// After a report nothing more is reported until the parser stands on firm ground again.
    pub(super) is_recovering: Cell<bool>,
    /// The token of the last report: one token is not wrong twice.
    pub(super) reported: Cell<Option<usize>>,
    /// The brackets that are open, outermost first.
    pub(super) open: RefCell<Vec<(Symbol, Span)>>,
    /// How many productions are inside each other here.
    pub(super) nesting: Cell<usize>,
    /// The height of what was built of the production that is being read.
    pub(super) height: Cell<usize>,
    /// In the head of `if` and `match` a brace belongs to the statement: `if x == Closed { … }`.
    pub(super) is_head: Cell<bool>,
    /// In the arms of `accept` the word `refuse` is an answer.
    pub(super) may_refuse: Cell<bool>,
    /// In a trace a line that begins like one of its lines is an anchor.
    pub(super) is_trace: Cell<bool>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(source: &'a Source, problems: Problems) -> Shared<'a> {
        Shared {
            source,
            problems: RefCell::new(problems),
            is_recovering: Cell::new(false),
            reported: Cell::new(None),
            open: RefCell::new(Vec::new()),
            nesting: Cell::new(0),
            height: Cell::new(0),
            is_head: Cell::new(false),
            may_refuse: Cell::new(false),
            is_trace: Cell::new(false),
        }
    }
}

/// The tokens from a place on, and the ones before it, for spans that end there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    tokens: &'a [Token],
    start: usize,
    end: usize,
    pub(super) shared: &'a Shared<'a>,
}

impl<'a> Cursor<'a> {
    /// At the first token; the last one must be `End`.
    pub(super) fn new(tokens: &'a [Token], shared: &'a Shared<'a>) -> Cursor<'a> {
        Cursor {
            tokens,
            start: 0,
            end: tokens.len(),
            shared,
        }
    }

    /// The next token; at the end it is `End`, again and again.
    pub(super) fn token(self) -> Token {
        self.ahead(0)
    }

    /// The token after the next `count` ones.
    pub(super) fn ahead(self, count: usize) -> Token {
        let place = (self.start + count).min(self.tokens.len().saturating_sub(1));
        let none = Token {
            kind: TokenKind::End,
            span: self.shared.source.span().after(),
            newline_before: true,
        };
        self.tokens.get(place).copied().unwrap_or(none)
    }

    /// The token before the next one.
    pub(super) fn previous(self) -> Option<Token> {
        self.tokens.get(self.start.checked_sub(1)?).copied()
    }

    /// The place of the next token among all.
    pub(super) fn place(self) -> usize {
        self.start
    }

    /// Past the next token, but never past `End`.
    pub(super) fn advance(self) -> Cursor<'a> {
        let last = self.tokens.len().saturating_sub(1);
        Cursor {
            start: (self.start + 1).min(last),
            ..self
        }
    }

    /// From here to the last token taken when `rest` was reached; empty if none was taken.
    pub(super) fn span_to(self, rest: Cursor<'a>) -> Span {
        let here = self.token().span;
        match rest.previous() {
            Some(last) if rest.start > self.start => here.to(last.span),
            _ => here.before(),
        }
    }

    pub(super) fn text(self) -> &'a str {
        self.shared.source.slice(self.token().span)
    }

    pub(super) fn is_symbol(self, symbol: Symbol) -> bool {
        self.token().kind == TokenKind::Symbol(symbol)
    }

    pub(super) fn is_word(self, word: Word) -> bool {
        self.token().kind == TokenKind::Word(word)
    }

    pub(super) fn is_end(self) -> bool {
        self.token().kind == TokenKind::End
    }

    /// Whether the next token is the name `text`, a word that is not reserved.
    pub(super) fn is_named(self, text: &str) -> bool {
        self.token().kind == TokenKind::Lower && self.text() == text
    }
}

/// nom's view: a sequence of tokens that can be cut anywhere.
impl<'a> Input for Cursor<'a> {
    type Item = Token;
    type Iter = std::iter::Copied<std::slice::Iter<'a, Token>>;
    type IterIndices = std::iter::Enumerate<Self::Iter>;

    fn input_len(&self) -> usize {
        self.end - self.start
    }

    fn take(&self, count: usize) -> Self {
        Cursor {
            end: self.start + count,
            ..*self
        }
    }

    fn take_from(&self, count: usize) -> Self {
        Cursor {
            start: self.start + count,
            ..*self
        }
    }

    fn take_split(&self, count: usize) -> (Self, Self) {
        (self.take_from(count), self.take(count))
    }

    fn position<P: Fn(Token) -> bool>(&self, predicate: P) -> Option<usize> {
        self.iter_elements().position(predicate)
    }

    fn iter_elements(&self) -> Self::Iter {
        self.tokens[self.start..self.end].iter().copied()
    }

    fn iter_indices(&self) -> Self::IterIndices {
        self.iter_elements().enumerate()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        match count.checked_sub(self.input_len()) {
            None | Some(0) => Ok(count),
            Some(more) => Err(Needed::new(more)),
        }
    }
}

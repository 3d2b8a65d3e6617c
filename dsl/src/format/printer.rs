//! Tokens to pieces: what all parts of the printer share.

use super::layout::Piece;
use super::trivia::{Trivia, trivia};
use crate::source::{Source, Span};
use crate::token::{Symbol, Token, TokenKind, Tokens};

/// Spaces of one level.
pub(super) const INDENT: usize = 2;

/// A walk over the tokens of a source that writes the layout.
pub(super) struct Printer<'a> {
    source: &'a Source,
    tokens: &'a [Token],
    trivia: Vec<Trivia>,
    /// For each opening bracket the place of the one that closes it; for other tokens their own.
    closers: Vec<usize>,
    /// The next token.
    place: usize,
    /// How many comments above the next token are written.
    above_written: usize,
    /// The comment behind the last token, which must come after the comma and out of the groups that end there.
    behind: Option<String>,
    /// Whether the last token was an opening bracket: no blank line follows it.
    is_opened: bool,
    pieces: Vec<Piece>,
}

impl<'a> Printer<'a> {
    pub(super) fn new(source: &'a Source, lexed: &'a Tokens) -> Printer<'a> {
        Printer {
            source,
            tokens: &lexed.tokens,
            trivia: trivia(source, lexed),
            closers: closers(&lexed.tokens),
            place: 0,
            above_written: 0,
            behind: None,
            is_opened: true,
            pieces: Vec::new(),
        }
    }

    /// All pieces. Tokens that no node has asked for are there too, so that nothing is ever lost.
    pub(super) fn finished(mut self) -> Vec<Piece> {
        while self.kind() != TokenKind::End {
            self.token();
            self.space();
        }
        self.comments_above();
        self.comment_behind();
        self.pieces
    }

    /// What the next token is.
    pub(super) fn kind(&self) -> TokenKind {
        self.tokens[self.place].kind
    }

    pub(super) fn is_symbol(&self, symbol: Symbol) -> bool {
        self.kind() == TokenKind::Symbol(symbol)
    }

    /// Whether nothing of what is being written follows: a closing bracket is next, or the end.
    fn is_last(&self) -> bool {
        self.kind() == TokenKind::End || self.is_closer()
    }

    fn is_closer(&self) -> bool {
        matches!(self.kind(), TokenKind::Symbol(symbol) if symbol.is_closer())
    }

    /// Whether the next token begins a line of the source.
    pub(super) fn begins_line(&self) -> bool {
        self.tokens[self.place].newline_before
    }

    /// Whether the token after the next begins a line of the source.
    pub(super) fn opens_line(&self) -> bool {
        let next = self.tokens.get(self.place + 1);
        next.is_some_and(|token| token.newline_before)
    }

    /// Whether the next token is inside a span.
    pub(super) fn is_inside(&self, span: Span) -> bool {
        self.tokens[self.place].span.start < span.end && self.kind() != TokenKind::End
    }

    /// The text of the next token.
    pub(super) fn text(&self) -> &'a str {
        self.source.slice(self.tokens[self.place].span)
    }

    /// Characters of the tokens of a span, without what is between them.
    pub(super) fn size(&self, span: Span) -> usize {
        let from_here = self.tokens[self.place..].iter();
        from_here
            .take_while(|token| token.span.start < span.end)
            .filter(|token| token.span.start >= span.start)
            .map(|token| self.source.slice(token.span).chars().count())
            .sum()
    }

    /// How many pairs of parentheses are around what a span holds. `is_own` if its last pair is its own.
    pub(super) fn parentheses(&self, span: Span, is_own: bool) -> usize {
        let end = self
            .tokens
            .partition_point(|token| token.span.start < span.end);
        let (mut first, mut last) = (self.place, end.saturating_sub(1));
        let mut count = 0;
        while first < last && self.tokens[first].kind == TokenKind::Symbol(Symbol::OpenParen) {
            if self.tokens[last].kind == TokenKind::Symbol(Symbol::Comma) {
                last -= 1;
            }
            if self.closers[first] != last {
                break;
            }
            count += 1;
            first += 1;
            last -= 1;
        }
        count - usize::from(is_own && count > 0)
    }

    /// Writes the next token.
    pub(super) fn token(&mut self) {
        self.comments_above();
        let text = self.text().to_owned();
        let kind = self.kind();
        self.push(Piece::Text(text));
        self.pass();
        self.is_opened = matches!(kind, TokenKind::Symbol(symbol) if symbol.closer().is_some());
    }

    /// Writes tokens without anything between them up to the end of a span.
    pub(super) fn tokens_of(&mut self, span: Span) {
        while self.is_inside(span) {
            self.token();
        }
    }

    /// Goes past the next token, which is written or left out; the comment behind it waits.
    fn pass(&mut self) {
        self.comment_behind();
        self.behind = self.trivia[self.place].behind.take();
        self.place = (self.place + 1).min(self.tokens.len() - 1);
        self.above_written = 0;
    }

    /// Writes a comma directly behind the last token, whether the source has one or not.
    pub(super) fn comma(&mut self, flat: &'static str, broken: &'static str) {
        self.pieces.push(Piece::Either(flat, broken));
        if self.is_symbol(Symbol::Comma) {
            if !self.trivia[self.place].above.is_empty() {
                self.comments_above();
            }
            self.pass();
        }
    }

    /// Writes the comments above the next token.
    pub(super) fn comments_above(&mut self) {
        let above = std::mem::take(&mut self.trivia[self.place].above);
        if above.is_empty() {
            return;
        }
        for comment in above {
            let is_apart = comment.is_apart && !self.is_opened;
            self.push(Piece::Comment(comment.text, is_apart));
            self.is_opened = false;
        }
        if self.trivia[self.place].is_apart && !self.is_last() {
            self.push(Piece::LineEnd(true));
        }
    }

    fn comment_behind(&mut self) {
        if let Some(text) = self.behind.take() {
            self.pieces.push(Piece::Behind(text));
        }
    }

    fn push(&mut self, piece: Piece) {
        self.comment_behind();
        self.pieces.push(piece);
    }

    pub(super) fn space(&mut self) {
        self.push(Piece::Space);
    }

    /// So many spaces, for the words of a machine's parts, which are in one column.
    pub(super) fn spaces(&mut self, count: usize) {
        self.push(Piece::Text(" ".repeat(count)));
    }

    /// A space, or the end of a line.
    pub(super) fn line(&mut self) {
        self.push(Piece::Break(" "));
    }

    /// Nothing, or the end of a line.
    pub(super) fn soft_line(&mut self) {
        self.push(Piece::Break(""));
    }

    /// The end of a line, and a blank one if the source has one here.
    pub(super) fn line_end(&mut self) {
        let is_apart = self.trivia[self.place].begins_apart() && !self.is_opened;
        self.push(Piece::LineEnd(is_apart));
    }

    /// Whether the source has a blank line here.
    pub(super) fn is_apart(&self) -> bool {
        self.trivia[self.place].begins_apart()
    }

    /// Breaks the groups around this place.
    pub(super) fn force(&mut self) {
        self.push(Piece::Forced);
    }

    /// What `content` writes stays on one line or ends its lines at all its breaks.
    pub(super) fn group(&mut self, content: impl FnOnce(&mut Printer<'a>)) {
        self.comments_above();
        self.push(Piece::Begin);
        content(self);
        self.pieces.push(Piece::End);
    }

    /// Lines that begin in `content` begin further to the right.
    pub(super) fn indented(&mut self, by: usize, content: impl FnOnce(&mut Printer<'a>)) {
        self.push(Piece::Indent(by));
        content(self);
        self.pieces.push(Piece::Dedent);
    }

    /// A group whose lines after the first are indented.
    pub(super) fn hanging(&mut self, content: impl FnOnce(&mut Printer<'a>)) {
        self.group(|printer| printer.indented(INDENT, content));
    }
}

/// For each opening bracket the place of its closing one; for other tokens, and where it is missing, their own.
fn closers(tokens: &[Token]) -> Vec<usize> {
    let mut closers: Vec<usize> = (0..tokens.len()).collect();
    let mut open = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Symbol(symbol) if symbol.closer().is_some() => open.push(place),
            TokenKind::Symbol(symbol) if symbol.is_closer() => {
                if let Some(opening) = open.pop() {
                    closers[opening] = place;
                }
            }
            _ => {}
        }
    }
    closers
}

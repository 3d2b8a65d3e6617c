//! What stands between tokens: comments and blank lines, each kept with a token.

use crate::source::{Source, Span};
use crate::token::{Comment, Tokens};

/// A comment on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnLine {
    pub(super) text: String,
    /// Whether a blank line is above it.
    pub(super) is_apart: bool,
}

/// What is kept with a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trivia {
    /// The comments above it.
    pub(super) above: Vec<OwnLine>,
    /// Whether a blank line is directly above it, below its comments.
    pub(super) is_apart: bool,
    /// The comment behind it on its line.
    pub(super) behind: Option<String>,
}

impl Trivia {
    /// Whether a blank line is above the token and its comments.
    pub(super) fn begins_apart(&self) -> bool {
        self.above
            .first()
            .map_or(self.is_apart, |comment| comment.is_apart)
    }
}

/// The trivia of each token, in the order of the tokens.
pub(super) fn trivia(source: &Source, lexed: &Tokens) -> Vec<Trivia> {
    let mut all: Vec<Trivia> = Vec::with_capacity(lexed.tokens.len());
    let mut comments = lexed.comments.iter().peekable();
    let mut end = 0;
    for token in &lexed.tokens {
        let mut here = Trivia::default();
        while let Some(comment) = comments.next_if(|next| next.span.start < token.span.start) {
            let text = shown(source, comment);
            let between = source.slice(Span::new(end, comment.span.start));
            let is_behind = !between.contains('\n') && here.above.is_empty();
            match all.last_mut().filter(|_| is_behind) {
                Some(previous) => previous.behind = Some(text),
                None => here.above.push(OwnLine {
                    text,
                    is_apart: has_blank_line(between),
                }),
            }
            end = comment.span.end;
        }
        here.is_apart = has_blank_line(source.slice(Span::new(end, token.span.start)));
        end = token.span.end;
        all.push(here);
    }
    all
}

fn shown(source: &Source, comment: &Comment) -> String {
    source.slice(comment.span).trim_end().to_owned()
}

fn has_blank_line(between: &str) -> bool {
    between.matches('\n').count() > 1
}

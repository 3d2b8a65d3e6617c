//! A position in one line of assembly.

use super::error::{AssemblyError, AssemblyReason, cut};
use super::spots::Spot;
use crate::malformed::MalformedReason;

/// A position in one line. Whatever is read is read once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    number: usize,
    at: usize,
}

/// A word or sign, and where it starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// As it stands; without the quotes of a text.
    pub(super) text: &'a str,
    pub(super) at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The end of the line, or the start of a comment.
    End,
    Word,
    Sign,
    /// `"..."`
    Text,
    /// `x"..."`
    Bytes,
}

impl<'a> Cursor<'a> {
    /// The start of line `number`.
    pub(super) fn new(text: &'a str, number: usize) -> Cursor<'a> {
        Cursor {
            text,
            number,
            at: 0,
        }
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, AssemblyError> {
        let rest = self.text[self.at..].trim_start();
        let at = self.text.len() - rest.len();
        let mut letters = rest.chars();
        let kind = match letters.next() {
            None | Some('#') => Kind::End,
            Some('"') => return self.quoted(at, at + 1, Kind::Text),
            Some('x') if letters.next() == Some('"') => {
                return self.quoted(at, at + 2, Kind::Bytes);
            }
            Some(letter) if is_sign(letter) => Kind::Sign,
            Some(_) => Kind::Word,
        };
        let length = match kind {
            Kind::End => 0,
            Kind::Sign if rest.starts_with("=>") => 2,
            Kind::Sign => rest.chars().next().map_or(0, char::len_utf8),
            _ => rest.find(ends_word).unwrap_or(rest.len()),
        };
        self.at = at + length;
        let text = &rest[..length];
        Ok(Token { kind, text, at })
    }

    fn quoted(&mut self, at: usize, from: usize, kind: Kind) -> Result<Token<'a>, AssemblyError> {
        let inside = &self.text[from..];
        let mut escaped = false;
        for (end, letter) in inside.char_indices() {
            match letter {
                '"' if !escaped => {
                    self.at = from + end + 1;
                    let text = &inside[..end];
                    return Ok(Token { kind, text, at });
                }
                letter => escaped = letter == '\\' && !escaped,
            }
        }
        Err(self.error(at, AssemblyReason::UnclosedText))
    }

    /// What comes next, without taking it.
    pub(super) fn peek(&self) -> Result<Token<'a>, AssemblyError> {
        Cursor::next(&mut self.clone())
    }

    /// Where the next word stands.
    pub(super) fn spot(&self) -> Result<Spot, AssemblyError> {
        let (line, byte) = (self.number, self.peek()?.at);
        Ok(Spot { line, byte })
    }

    /// Whether the line has no more words.
    pub(super) fn is_done(&self) -> Result<bool, AssemblyError> {
        Ok(self.peek()?.kind == Kind::End)
    }

    /// The next word.
    pub(super) fn word(&mut self, expected: &'static str) -> Result<Token<'a>, AssemblyError> {
        let token = self.next()?;
        match token.kind {
            Kind::Word => Ok(token),
            _ => Err(self.unexpected(token, expected)),
        }
    }

    /// Takes `sign` if it comes next.
    pub(super) fn takes(&mut self, sign: &str) -> Result<bool, AssemblyError> {
        let token = self.peek()?;
        let is_next = token.text == sign && matches!(token.kind, Kind::Sign | Kind::Word);
        if is_next {
            self.next()?;
        }
        Ok(is_next)
    }

    /// Takes `sign`, which must come next; `expected` is `sign` in words or quotes.
    pub(super) fn sign(&mut self, sign: &str, expected: &'static str) -> Result<(), AssemblyError> {
        if self.takes(sign)? {
            Ok(())
        } else {
            Err(self.unexpected(self.peek()?, expected))
        }
    }

    /// Takes the end of the line, which must come next.
    pub(super) fn end(&self) -> Result<(), AssemblyError> {
        let token = self.peek()?;
        match token.kind {
            Kind::End => Ok(()),
            _ => Err(self.unexpected(token, "the end of the line")),
        }
    }

    pub(super) fn unexpected(&self, token: Token<'_>, expected: &'static str) -> AssemblyError {
        let found = (token.kind != Kind::End).then(|| cut(token.text));
        self.error(token.at, AssemblyReason::Expected { expected, found })
    }

    pub(super) fn malformed(&self, at: usize, reason: MalformedReason) -> AssemblyError {
        self.error(at, AssemblyReason::Malformed(reason))
    }

    /// An error at byte `at` of the line.
    pub(super) fn error(&self, at: usize, reason: AssemblyReason) -> AssemblyError {
        AssemblyError {
            line: self.number,
            column: self.text[..at].chars().count() + 1,
            reason,
        }
    }
}

fn is_sign(letter: char) -> bool {
    matches!(
        letter,
        '(' | ')' | '[' | ']' | '{' | '}' | ',' | ':' | ';' | '='
    )
}

fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || is_sign(letter) || matches!(letter, '"' | '#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_words_signs_and_texts() {
        let mut line = Cursor::new(r#"  é-1 {x"0f"=>"a # \" b"} x # no "more"#, 7);
        let mut found = Vec::new();
        while !line.is_done().expect("closed") {
            let token = line.next().expect("closed");
            found.push((token.kind, token.text, token.at));
        }
        let expected = [
            (Kind::Word, "é-1", 2),
            (Kind::Sign, "{", 7),
            (Kind::Bytes, "0f", 8),
            (Kind::Sign, "=>", 13),
            (Kind::Text, "a # \\\" b", 15),
            (Kind::Sign, "}", 25),
            (Kind::Word, "x", 27),
        ];
        assert_eq!(found, expected);
        assert_eq!(line.error(7, AssemblyReason::BadEscape).column, 7);
    }

    #[test]
    fn a_text_ends_in_its_line() {
        for open in ["\"", "\"abc", "\"abc\\\"", "x\"00"] {
            let error = Cursor::new(open, 1).next().expect_err(open);
            assert_eq!(
                (error.reason, error.column),
                (AssemblyReason::UnclosedText, 1)
            );
        }
    }
}

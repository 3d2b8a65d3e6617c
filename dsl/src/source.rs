//! Source text, and places in it.

use std::fmt;
use std::ops::Range;

use crate::limits::SOURCE_BYTES_MAX;

/// A file of source text with the name it is shown under. It was read by somebody else: this crate has no files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// The byte at which each line starts.
    line_starts: Vec<u32>,
}

impl Source {
    /// Takes a text and the name shown in messages (`src/door.cam`).
    ///
    /// # Errors
    /// If the text is longer than [`SOURCE_BYTES_MAX`].
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Result<Source, SourceTooLarge> {
        let (name, text) = (name.into(), text.into());
        if text.len() > SOURCE_BYTES_MAX {
            return Err(SourceTooLarge {
                name,
                bytes: text.len(),
            });
        }
        let mut line_starts = vec![0];
        line_starts.extend(
            text.bytes()
                .zip(1_u32..)
                .filter_map(|(byte, next)| (byte == b'\n').then_some(next)),
        );
        Ok(Source {
            name,
            text,
            line_starts,
        })
    }

    /// The name shown in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty if the span is not of this source.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The span of the whole text.
    pub fn span(&self) -> Span {
        Span::new(0, self.length())
    }

    /// Line and column of a byte; past the end it is the end.
    pub fn position(&self, byte: u32) -> Position {
        let byte = byte.min(self.length());
        let line = self
            .line_starts
            .partition_point(|start| *start <= byte)
            .max(1)
            - 1;
        let start = self.line_starts[line];
        let column = self
            .text
            .bytes()
            .take(byte as usize)
            .skip(start as usize)
            .filter(|b| !is_continuation(*b))
            .count();
        Position {
            line: line + 1,
            column: column + 1,
            byte,
        }
    }

    /// The span of the lines a span touches, without the last line's end.
    pub fn lines_around(&self, span: Span) -> Span {
        let first = self.position(span.start).line - 1;
        let last = self.position(span.end).line;
        let end = self
            .line_starts
            .get(last)
            .map_or(self.length(), |next| next - 1);
        Span::new(self.line_starts[first], end)
    }

    fn length(&self) -> u32 {
        u32::try_from(self.text.len()).expect("a source is at most SOURCE_BYTES_MAX long")
    }
}

/// Whether a byte of UTF-8 continues a scalar value that an earlier byte began.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// A text that is too long to be source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTooLarge {
    /// The name it would have been shown under.
    pub name: String,
    /// Its length in bytes.
    pub bytes: usize,
}

impl fmt::Display for SourceTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` has {} bytes, a source file at most {SOURCE_BYTES_MAX}",
            self.name, self.bytes
        )
    }
}

impl std::error::Error for SourceTooLarge {}

/// A place in a source: bytes from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl From<Span> for cam::debug::Span {
    fn from(span: Span) -> cam::debug::Span {
        let Span { start, end } = span;
        cam::debug::Span { start, end }
    }
}

impl Span {
    /// The bytes from `start` to `end`; empty if they are the wrong way round.
    pub fn new(start: u32, end: u32) -> Span {
        Span {
            start,
            end: end.max(start),
        }
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The empty span just before this one.
    pub fn before(self) -> Span {
        Span {
            start: self.start,
            end: self.start,
        }
    }

    /// The empty span just after this one.
    pub fn after(self) -> Span {
        Span {
            start: self.end,
            end: self.end,
        }
    }

    /// The span as indices into the text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A byte of a source as people and editors count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in Unicode scalar values.
    pub column: usize,
    /// From 0.
    pub byte: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_scalar_values_from_one() {
        let source = Source::new("a.cam", "ab\nçd\r\n\ne").unwrap();
        let table = [
            (0, 1, 1),
            (1, 1, 2),
            (2, 1, 3),
            (3, 2, 1),
            (5, 2, 2),
            (8, 3, 1),
            (9, 4, 1),
            (10, 4, 2),
            (99, 4, 2),
        ];
        for (byte, line, column) in table {
            let found = source.position(byte);
            assert_eq!((found.line, found.column), (line, column), "byte {byte}");
        }
    }

    #[test]
    fn a_span_knows_its_lines() {
        let source = Source::new("a.cam", "ab\ncd\n\nef").unwrap();
        let table = [
            (0, 1, "ab"),
            (1, 4, "ab\ncd"),
            (2, 2, "ab"),
            (6, 6, ""),
            (8, 9, "ef"),
            (0, 9, "ab\ncd\n\nef"),
        ];
        for (start, end, lines) in table {
            assert_eq!(
                source.slice(source.lines_around(Span::new(start, end))),
                lines,
                "{start}..{end}"
            );
        }
    }

    #[test]
    fn a_source_may_be_as_long_as_the_limit_and_no_longer() {
        assert!(Source::new("a.cam", "a".repeat(SOURCE_BYTES_MAX)).is_ok());
        let refused = Source::new("a.cam", "a".repeat(SOURCE_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`a.cam` has 4194305 bytes, a source file at most 4194304"
        );
    }

    #[test]
    fn a_span_of_another_source_slices_to_nothing() {
        let source = Source::new("a.cam", "ç").unwrap();
        assert_eq!(source.slice(Span::new(0, 9)), "");
        assert_eq!(source.slice(Span::new(1, 2)), "");
    }
}

//! Places as editors count them: lines from zero, and in a line the 16-bit units of UTF-16.

use dsl::source::Span;
use gen_lsp_types::{Position, Range};

/// The lines of one text.
#[derive(Clone, Default, Debug)]
pub(super) struct Lines {
    /// The byte at which each begins. A line ends with `\n`, `\r\n` or `\r`.
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn new(text: &str) -> Lines {
        let bytes = text.as_bytes();
        let is_end = |place: &usize| match bytes[*place] {
            b'\n' => true,
            b'\r' => bytes.get(place + 1) != Some(&b'\n'),
            _ => false,
        };
        let ends = (0..bytes.len()).filter(is_end);
        Lines {
            starts: std::iter::once(0).chain(ends.map(|end| end + 1)).collect(),
        }
    }

    /// The place of a byte; past the end it is the end, inside a character its beginning.
    pub(super) fn position(&self, text: &str, byte: u32) -> Position {
        let mut byte = usize::try_from(byte).unwrap_or(usize::MAX).min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= byte) - 1;
        let before = &text[self.starts[line]..byte];
        let units: usize = before.chars().map(char::len_utf16).sum();
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            character: u32::try_from(units).unwrap_or(u32::MAX),
        }
    }

    /// The byte of a place. Past the end of a line it is that end, inside a pair of surrogates its beginning.
    pub(super) fn byte(&self, text: &str, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line) else {
            return text.len();
        };
        let next = line.saturating_add(1);
        let end = self.starts.get(next).copied().unwrap_or(text.len());
        let content = text[*start..end].trim_end_matches(['\n', '\r']);
        let wanted = usize::try_from(position.character).unwrap_or(usize::MAX);
        let mut units = 0;
        for (place, character) in content.char_indices() {
            units += character.len_utf16();
            if units > wanted {
                return start + place;
            }
        }
        start + content.len()
    }

    pub(super) fn range(&self, text: &str, span: Span) -> Range {
        Range {
            start: self.position(text, span.start),
            end: self.position(text, span.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ab\n𝄞ç\r\n\re";

    #[test]
    fn bytes_and_places_lead_to_each_other() {
        let lines = Lines::new(TEXT);
        // byte, line, character
        let table = [
            (0, 0, 0),
            (2, 0, 2),
            (3, 1, 0),
            (7, 1, 2),
            (9, 1, 3),
            (11, 2, 0),
            (12, 3, 0),
            (13, 3, 1),
        ];
        for (byte, line, character) in table {
            let place = lines.position(TEXT, byte);
            assert_eq!((place.line, place.character), (line, character), "{byte}");
            assert_eq!(lines.byte(TEXT, place), byte as usize, "{byte}");
        }
    }

    #[test]
    fn a_place_that_is_none_is_the_nearest_before_it() {
        let lines = Lines::new(TEXT);
        // line, character, byte
        let table = [
            (0, 9, 2),
            (1, 1, 3),
            (1, 99, 9),
            (2, 5, 11),
            (9, 0, 13),
            (u32::MAX, u32::MAX, 13),
        ];
        for (line, character, byte) in table {
            let place = Position { line, character };
            assert_eq!(lines.byte(TEXT, place), byte, "{line}:{character}");
        }
        let inside = lines.position(TEXT, 5);
        assert_eq!((inside.line, inside.character), (1, 0));
        assert_eq!(lines.position(TEXT, 99), lines.position(TEXT, 13));
    }
}

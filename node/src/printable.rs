//! Text from a peer, made safe to print.

use std::fmt::{self, Write};

/// Shows text with every character escaped that could move a cursor, end a log line, change colours,
/// turn the direction of writing or hide itself.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if is_dangerous(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Control characters (Unicode category Cc) and those that format text without being seen (Cf, Zl, Zp).
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dangerous_is_escaped_and_the_rest_is_left() {
        let cases = [
            ("Grüße, 世界 `ok` \\", "Grüße, 世界 `ok` \\"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
            ("\u{200b}\u{feff}\u{7f}", "\\u{200b}\\u{feff}\\u{7f}"),
            ("\u{2028}\u{e0041}", "\\u{2028}\\u{e0041}"),
        ];
        for (text, expected) in cases {
            assert_eq!(Printable(text).to_string(), expected);
        }
    }
}

//! Texts in quotes, and their escapes.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::char;
use nom::sequence::{pair, preceded};

use super::TokenKind;
use super::read::{Piece, Read, bytes};
use crate::problem::Problem;
use crate::problem::catalogue::{P002, P003, P008};
use crate::source::Span;

/// The content of a text literal with its quotes. Escapes that were reported are left out.
pub(crate) fn text_value(literal: &str) -> String {
    let content = literal.strip_prefix('"').unwrap_or(literal);
    let content = content.strip_suffix('"').unwrap_or(content);
    scan(content)
        .filter_map(|(_, character)| character.ok())
        .collect()
}

pub(super) fn text_literal(input: &str) -> Read<'_, Piece> {
    let (after_quote, _) = char('"').parse(input)?;
    let (content, is_closed) = content(after_quote);
    let text = &input[..content.len() + 1 + usize::from(is_closed)];
    let rest = &input[text.len()..];
    if !is_closed {
        let span = Span::new(0, bytes(text));
        let problem = Problem::new(P002, span, "this text is not closed on its line")
            .helping("write `\\n` for a line end inside a text");
        return Ok((rest, Piece::Wrong(TokenKind::Cut, Box::new(problem))));
    }
    let mistake = scan(content)
        .find_map(|(start, character)| character.err().map(|length| (start + 1, length)));
    let piece = match mistake {
        None => Piece::Token(TokenKind::Text),
        Some((start, length)) => Piece::Wrong(
            TokenKind::Text,
            Box::new(unknown_escape(text, start, length)),
        ),
    };
    Ok((rest, piece))
}

/// The content of a literal of bytes, `x"00ff"`; empty if it was reported.
pub(crate) fn bytes_value(literal: &str) -> Vec<u8> {
    let digits = literal.strip_prefix("x\"").unwrap_or(literal);
    let digits = digits.strip_suffix('"').unwrap_or(digits).as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    });
    pairs.collect::<Option<Vec<u8>>>().unwrap_or_default()
}

/// `x"00ff"`, and `b"…"` of other languages.
pub(super) fn bytes_literal(input: &str) -> Read<'_, Piece> {
    let (after_quote, prefix) = alt((tag("x\""), tag("b\""))).parse(input)?;
    let (content, is_closed) = content(after_quote);
    let text = &input[..content.len() + 2 + usize::from(is_closed)];
    let rest = &input[text.len()..];
    if !is_closed {
        let span = Span::new(0, bytes(text));
        let problem = Problem::new(P002, span, "these bytes are not closed on their line");
        return Ok((rest, Piece::Wrong(TokenKind::Cut, Box::new(problem))));
    }
    let strange = content.char_indices().find(|(_, c)| !c.is_ascii_hexdigit());
    let piece = match strange {
        _ if prefix.starts_with('b') => of_another_language(text, strange.is_none()),
        None if content.len() % 2 == 0 => Piece::Token(TokenKind::Bytes),
        None => {
            let span = Span::new(0, bytes(text));
            let problem = Problem::new(P008, span, "the last byte has only one digit")
                .helping("a byte has two digits, from `00` to `ff`");
            Piece::Wrong(TokenKind::Bytes, Box::new(problem))
        }
        Some((start, c)) => {
            let span = Span::new(
                bytes(&text[..start + 2]),
                bytes(&text[..start + 2 + c.len_utf8()]),
            );
            let problem = Problem::new(P008, span, "this is no hexadecimal digit")
                .helping("bytes are written in pairs of digits: `x\"00ff\"`");
            Piece::Wrong(TokenKind::Bytes, Box::new(problem))
        }
    };
    Ok((rest, piece))
}

/// `b"…"`, whose content is text elsewhere: only digits are kept as they are.
fn of_another_language(text: &str, is_digits: bool) -> Piece {
    let problem = Problem::new(
        P008,
        Span::new(0, bytes(text)),
        "bytes are written with `x`, not with `b`",
    )
    .helping("bytes are written in pairs of digits: `x\"00ff\"`");
    let problem = match is_digits {
        true => problem.fixed_by("write `x`", Span::new(0, 1), "x"),
        false => problem,
    };
    Piece::Wrong(TokenKind::Bytes, Box::new(problem))
}

/// Up to the closing quote or the end of the line, and which of them it is.
fn content(input: &str) -> (&str, bool) {
    let mut is_escaped = false;
    for (place, c) in input.char_indices() {
        match c {
            '\n' => return (&input[..place], false),
            '"' if !is_escaped => return (&input[..place], true),
            _ => is_escaped = c == '\\' && !is_escaped,
        }
    }
    (input, false)
}

/// The characters of a content with their places; the length of an escape that has no meaning.
fn scan(content: &str) -> impl Iterator<Item = (usize, Result<char, usize>)> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let start = content.len() - rest.len();
        let first = rest.chars().next()?;
        let character = match escape(rest) {
            Ok((after, character)) => {
                rest = after;
                character
            }
            Err(_) => {
                rest = &rest[first.len_utf8()..];
                Ok(first)
            }
        };
        Some((start, character))
    })
}

/// An escape, if the input begins with one.
fn escape(input: &str) -> Read<'_, Result<char, usize>> {
    let (rest, letter) = preceded(char('\\'), nom::character::complete::anychar).parse(input)?;
    let simple = match letter {
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        '0' => Ok('\0'),
        '"' => Ok('"'),
        '\\' => Ok('\\'),
        'u' => return Ok(scalar(rest).unwrap_or((rest, Err(2)))),
        other => Err(1 + other.len_utf8()),
    };
    Ok((rest, simple))
}

/// `{1f600}` after `\u`.
fn scalar(input: &str) -> Read<'_, Result<char, usize>> {
    let digits = take_while(|c: char| c.is_ascii_hexdigit());
    let (rest, (_, digits)) = pair(char('{'), digits).parse(input)?;
    let (rest, _) = char('}').parse(rest)?;
    let code = if digits.len() <= 6 {
        u32::from_str_radix(digits, 16).ok()
    } else {
        None
    };
    let length = "\\u{}".len() + digits.len();
    Ok((rest, code.and_then(char::from_u32).ok_or(length)))
}

fn unknown_escape(text: &str, start: usize, length: usize) -> Problem {
    let span = Span::new(bytes(&text[..start]), bytes(&text[..start + length]));
    Problem::new(P003, span, "this escape has no meaning")
        .helping("there are `\\n`, `\\r`, `\\t`, `\\0`, `\\\"`, `\\\\` and `\\u{1f600}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_the_characters_they_name() {
        let table = [
            (r#""""#, ""),
            (r#""ab""#, "ab"),
            (r#""\n\r\t\0\"\\""#, "\n\r\t\0\"\\"),
            (r#""\u{e7}\u{1F600}""#, "ç😀"),
            (r#""a\\""#, "a\\"),
        ];
        for (literal, expected) in table {
            let (rest, piece) = text_literal(literal).unwrap();
            assert!(
                rest.is_empty() && matches!(piece, Piece::Token(TokenKind::Text)),
                "{literal}"
            );
            assert_eq!(text_value(literal), expected, "{literal}");
        }
    }

    #[test]
    fn unknown_escapes_are_reported_where_they_are() {
        let table = [
            (r#""a\q""#, 2, 4),
            (r#""\ç""#, 1, 4),
            (r#""\u{d800}""#, 1, 9),
            (r#""\u{1234567}""#, 1, 12),
            (r#""\u12""#, 1, 3),
            (r#""\u{}""#, 1, 5),
        ];
        for (literal, start, end) in table {
            let (_, piece) = text_literal(literal).unwrap();
            let Piece::Wrong(TokenKind::Text, problem) = piece else {
                panic!("{literal} is accepted")
            };
            assert_eq!(
                (problem.code, problem.primary.span),
                (P003, Span::new(start, end)),
                "{literal}"
            );
        }
    }

    #[test]
    fn bytes_are_pairs_of_hexadecimal_digits() {
        let table: [(&str, &[u8]); 3] = [
            (r#"x"""#, &[]),
            (r#"x"00fF""#, &[0, 255]),
            (r#"x"0""#, &[0]),
        ];
        for (literal, expected) in table {
            assert_eq!(bytes_value(literal), expected, "{literal}");
        }
        for (literal, start, end) in [(r#"x"0""#, 0, 4), (r#"x"00g0""#, 4, 5), (r#"x"ä""#, 2, 4)] {
            let (_, piece) = bytes_literal(literal).unwrap();
            let Piece::Wrong(TokenKind::Bytes, problem) = piece else {
                panic!("{literal} is accepted")
            };
            assert_eq!(
                (problem.code, problem.primary.span),
                (P008, Span::new(start, end)),
                "{literal}"
            );
        }
    }

    #[test]
    fn a_text_ends_with_its_line() {
        for literal in ["\"abc\n\"", "\"abc", "\"abc\\", "\"abc\\\"\n", "\""] {
            let (_, piece) = text_literal(literal).unwrap();
            assert!(
                matches!(piece, Piece::Wrong(TokenKind::Cut, p) if p.code == P002),
                "{literal}"
            );
        }
    }
}

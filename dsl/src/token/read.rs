//! Text to tokens, in one pass, in time linear in the text.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{none_of, satisfy};
use nom::combinator::{map, recognize, value, verify};
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

use super::number::number;
use super::text::{bytes_literal, text_literal};
use super::{Comment, Symbol, Token, TokenKind, Tokens, Word};
use crate::problem::catalogue::{P001, P007, P027, P028};
use crate::problem::{Problem, Problems};
use crate::source::{Source, Span};

/// Cuts a source into tokens. Every mistake is in the problems, and there is a token for it.
pub(crate) fn tokens(source: &Source) -> (Tokens, Problems) {
    let mut reader = Reader {
        text: source.text(),
        tokens: Vec::new(),
        comments: Vec::new(),
        problems: hidden_characters(source.text()),
        newline_before: true,
    };
    let mut rest = source.text();
    while !rest.is_empty() {
        rest = reader.step(rest);
    }
    let end = TokenKind::End;
    reader.tokens.push(Token {
        kind: end,
        span: source.span().after(),
        newline_before: true,
    });
    (
        Tokens {
            tokens: reader.tokens,
            comments: reader.comments,
        },
        reader.problems,
    )
}

/// One piece of text.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Token(TokenKind),
    /// A token, and what is wrong with it: the problem's span is relative to the token.
    Wrong(TokenKind, Box<Problem>),
    Comment {
        is_documentation: bool,
    },
    Space,
    LineEnd,
    /// Something that may be left out; the problem says so.
    Skipped(Box<Problem>),
}

/// A parser over text. It takes the text itself, so that a span is a difference of lengths.
pub(super) type Read<'a, T> = IResult<&'a str, T>;

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    comments: Vec<Comment>,
    problems: Problems,
    newline_before: bool,
}

impl<'a> Reader<'a> {
    /// Reads one piece and returns what is left.
    fn step(&mut self, input: &'a str) -> &'a str {
        let (rest, piece) = piece(input).unwrap_or_else(|_| strange(input));
        let span = Span::new(self.offset(input), self.offset(rest));
        match piece {
            Piece::Token(kind) => self.token(kind, span),
            Piece::Wrong(kind, problem) => {
                self.report(*problem, span);
                self.token(kind, span);
            }
            Piece::Comment { is_documentation } => self.comments.push(Comment {
                span,
                is_documentation,
            }),
            Piece::Space => {}
            Piece::LineEnd => self.newline_before = true,
            Piece::Skipped(problem) => self.report(*problem, span),
        }
        rest
    }

    fn token(&mut self, kind: TokenKind, span: Span) {
        let newline_before = std::mem::take(&mut self.newline_before);
        self.tokens.push(Token {
            kind,
            span,
            newline_before,
        });
    }

    /// Moves a problem from the start of its token to where the token is.
    fn report(&mut self, mut problem: Problem, token: Span) {
        let fixes = problem
            .fixes
            .iter_mut()
            .flat_map(|fix| fix.edits.iter_mut().map(|edit| &mut edit.span));
        for span in fixes.chain([&mut problem.primary.span]) {
            *span = Span::new(span.start + token.start, span.end + token.start);
        }
        self.problems.push(problem);
    }

    fn offset(&self, rest: &str) -> u32 {
        bytes(&self.text[..self.text.len() - rest.len()])
    }
}

/// The length of a piece of a source.
pub(super) fn bytes(text: &str) -> u32 {
    u32::try_from(text.len()).expect("a source is at most SOURCE_BYTES_MAX long")
}

fn piece(input: &str) -> Read<'_, Piece> {
    alt((
        space,
        line_end,
        comment,
        bytes_literal,
        name,
        number,
        text_literal,
        foreign,
        symbol,
    ))
    .parse(input)
}

fn space(input: &str) -> Read<'_, Piece> {
    let is_space = |c: char| c == ' ' || c == '\t' || c == '\r' || is_hidden(c);
    value(Piece::Space, take_while1(is_space)).parse(input)
}

fn line_end(input: &str) -> Read<'_, Piece> {
    value(Piece::LineEnd, tag("\n")).parse(input)
}

fn comment(input: &str) -> Read<'_, Piece> {
    map(
        preceded(tag("//"), take_while(|c| c != '\n')),
        |text: &str| Piece::Comment {
            is_documentation: text.starts_with('/') && !text.starts_with("//"),
        },
    )
    .parse(input)
}

fn name(input: &str) -> Read<'_, Piece> {
    let letters = recognize(pair(
        satisfy(|c| c.is_ascii_alphabetic() || c == '_'),
        take_while(is_name),
    ));
    let (rest, text) = verify(letters, |text: &str| text != "_").parse(input)?;
    let piece = match Word::ALL.iter().find(|word| word.spelling() == text) {
        Some(word) => Piece::Token(TokenKind::Word(*word)),
        None if text.starts_with(|c: char| c.is_ascii_uppercase()) => {
            Piece::Token(TokenKind::Upper)
        }
        None if text.starts_with('_') => {
            let problem = Problem::new(
                P027,
                Span::new(0, bytes(text)),
                "a name begins with a letter",
            )
            .helping("`_` alone stands for a value that is not used");
            Piece::Wrong(TokenKind::Lower, Box::new(problem))
        }
        None => Piece::Token(TokenKind::Lower),
    };
    Ok((rest, piece))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn symbol(input: &str) -> Read<'_, Piece> {
    let found = Symbol::ALL
        .iter()
        .find(|symbol| input.starts_with(symbol.spelling()));
    let (spelling, symbol) = found.map_or(("no symbol", None), |s| (s.spelling(), Some(*s)));
    let kind = symbol.map_or(TokenKind::Broken, TokenKind::Symbol);
    value(Piece::Token(kind), tag(spelling)).parse(input)
}

/// Symbols people bring from other languages; `&&&` and `!=` are ours.
fn foreign(input: &str) -> Read<'_, Piece> {
    let ours = input.starts_with("&&&") || input.starts_with("|||") || input.starts_with("!=");
    let word = |text, word: Word| map(tag(text), move |_| in_words(text, word));
    let (rest, found) = alt((
        word("&&", Word::And),
        word("||", Word::Or),
        word("!", Word::Not),
        map(tag(";"), |_| without_semicolon()),
    ))
    .parse(input)?;
    if ours {
        Err(nom::Err::Error(nom::error::make_error(
            input,
            nom::error::ErrorKind::Not,
        )))
    } else {
        Ok((rest, found))
    }
}

fn in_words(text: &str, word: Word) -> Piece {
    let span = Span::new(0, bytes(text));
    let problem = Problem::new(
        P028,
        span,
        format!("`{text}` is written `{}`", word.spelling()),
    )
    .fixed_by(
        format!("write `{}`", word.spelling()),
        span,
        format!(" {} ", word.spelling()),
    );
    Piece::Wrong(TokenKind::Word(word), Box::new(problem))
}

fn without_semicolon() -> Piece {
    let span = Span::new(0, 1);
    let problem = Problem::new(P028, span, "statements need no `;` between them").fixed_by(
        "remove `;`",
        span,
        "",
    );
    Piece::Skipped(Box::new(problem))
}

/// Characters that begin nothing, up to the next that could begin something: one report for a run of them.
fn strange(input: &str) -> (&str, Piece) {
    let is_strange = |c: char| {
        !(c.is_ascii_alphanumeric() || c.is_whitespace() || c == '"' || is_symbol_start(c))
    };
    let run = recognize(pair(none_of(""), take_while(is_strange)));
    let (rest, text) = alt((single_quoted, run))
        .parse(input)
        .unwrap_or(("", input));
    let shown: String = text.chars().take(20).flat_map(shown).collect();
    let mut problem = Problem::new(
        P001,
        Span::new(0, bytes(text)),
        format!("`{shown}` has no meaning here"),
    );
    if text.starts_with(['\'', '`', '“', '”', '‘', '’', '„']) {
        problem = problem.helping("texts are written in straight double quotes: `\"…\"`");
    } else if text.starts_with('?') {
        problem = problem.helping("what may be missing is an `Option`: `Option(Int)`");
    } else if text.starts_with('#') {
        problem = problem.helping("a comment begins with `//`");
    }
    (rest, Piece::Wrong(TokenKind::Broken, Box::new(problem)))
}

/// `'abc'`, which other languages have.
fn single_quoted(input: &str) -> Read<'_, &str> {
    recognize((tag("'"), take_while(|c| c != '\'' && c != '\n'), tag("'"))).parse(input)
}

fn is_symbol_start(c: char) -> bool {
    c == '!'
        || c == ';'
        || Symbol::ALL
            .iter()
            .any(|symbol| symbol.spelling().starts_with(c))
}

fn shown(c: char) -> impl Iterator<Item = char> {
    let escape = c.is_control().then(|| c.escape_default());
    let itself = (!c.is_control()).then_some(c);
    escape.into_iter().flatten().chain(itself)
}

/// A text that turns direction or overwrites itself on a screen reads otherwise than it runs
/// ("Trojan Source", Boucher and Anderson 2021), in comments and texts too.
fn hidden_characters(text: &str) -> Problems {
    let mut problems = Problems::new();
    for (start, c) in text.char_indices() {
        let is_lone_return = c == '\r' && !text[start..].starts_with("\r\n");
        let is_byte_order_mark = c == '\u{feff}' && start == 0;
        if (is_hidden(c) || is_lone_return) && !is_byte_order_mark {
            let start = bytes(&text[..start]);
            let span = Span::new(start, start + bytes(c.encode_utf8(&mut [0; 4])));
            let title = format!(
                "the control character U+{:04X} hides what the text says",
                u32::from(c)
            );
            problems
                .push(Problem::new(P007, span, title).helping("in a text, write it as `\\u{…}`"));
        }
    }
    problems
}

fn is_hidden(c: char) -> bool {
    let is_direction = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_direction || c == '\u{feff}' || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;
    use crate::problem::catalogue::{P002, P004, P005, P006, P008};
    use crate::source::Source;

    fn read(text: &str) -> (Vec<TokenKind>, Vec<&'static str>) {
        let (tokens, problems) = tokens(&Source::new("a.cam", text).unwrap());
        let kinds = tokens
            .tokens
            .iter()
            .map(|token| token.kind)
            .filter(|kind| *kind != TokenKind::End);
        (
            kinds.collect(),
            problems.iter().map(|problem| problem.code.name).collect(),
        )
    }

    #[test]
    fn texts_become_these_tokens() {
        use Symbol as S;
        use TokenKind as T;
        let table: &[(&str, &[TokenKind])] = &[
            ("", &[]),
            (
                "\u{feff}a Bc on _",
                &[
                    T::Lower,
                    T::Upper,
                    T::Word(Word::On),
                    T::Symbol(S::Underscore),
                ],
            ),
            (
                "1_000 0 20.500#3 5#2",
                &[T::Int(1_000), T::Int(0), T::Int(20_500), T::Int(500)],
            ),
            ("9223372036854775808", &[T::Int(1 << 63)]),
            (
                "x.y .. 1..2",
                &[
                    T::Lower,
                    T::Symbol(S::Dot),
                    T::Lower,
                    T::Symbol(S::Spread),
                    T::Int(1),
                    T::Symbol(S::Spread),
                    T::Int(2),
                ],
            ),
            (
                "a>>>b>=c>d",
                &[
                    T::Lower,
                    T::Symbol(S::Compose),
                    T::Lower,
                    T::Symbol(S::GreaterOrEqual),
                    T::Lower,
                    T::Symbol(S::Greater),
                    T::Lower,
                ],
            ),
            (
                "&&&***|||+++|>!=",
                &[
                    T::Symbol(S::Fanout),
                    T::Symbol(S::Product),
                    T::Symbol(S::Choice),
                    T::Symbol(S::Sum),
                    T::Symbol(S::Pipe),
                    T::Symbol(S::NotEqual),
                ],
            ),
            ("\"a // b\" // c\n/// d", &[T::Text]),
            ("x x1 ab\"\"", &[T::Lower, T::Lower, T::Lower, T::Text]),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), (expected.to_vec(), vec![]), "{text}");
        }
    }

    #[test]
    fn mistakes_in_tokens_are_reported_once_and_leave_a_token() {
        use TokenKind as T;
        let table: &[(&str, Code, &[TokenKind])] = &[
            ("@§$", P001, &[T::Broken]),
            ("'a", P001, &[T::Broken, T::Lower]),
            ("\"abc)\n)", P002, &[T::Cut, T::Symbol(Symbol::CloseParen)]),
            ("12ab", P004, &[T::Broken]),
            ("1_", P004, &[T::Broken]),
            ("1.5", P004, &[T::Broken]),
            ("1#19", P004, &[T::Broken]),
            ("9223372036854775809", P005, &[T::Broken]),
            ("10#18", P005, &[T::Broken]),
            ("20.0005#3", P006, &[T::Broken]),
            ("a\u{202e}b", P007, &[T::Lower, T::Lower]),
            ("// \u{1b}", P007, &[]),
            ("a\rb", P007, &[T::Lower, T::Lower]),
            ("_a", P027, &[T::Lower]),
            ("a && b", P028, &[T::Lower, T::Word(Word::And), T::Lower]),
            ("!a", P028, &[T::Word(Word::Not), T::Lower]),
            ("a;b", P028, &[T::Lower, T::Lower]),
            ("x\"0\"", P008, &[T::Bytes]),
            ("b\"00ff\"", P008, &[T::Bytes]),
            ("b\"it is\"", P008, &[T::Bytes]),
            ("x\"0\n)", P002, &[T::Cut, T::Symbol(Symbol::CloseParen)]),
        ];
        for (text, code, expected) in table {
            assert_eq!(read(text), (expected.to_vec(), vec![code.name]), "{text}");
        }
    }

    #[test]
    fn a_token_knows_whether_it_is_the_first_of_its_line() {
        let (found, _) = tokens(&Source::new("a.cam", "a b\n\n // c\n c\n").unwrap());
        let first: Vec<bool> = found
            .tokens
            .iter()
            .map(|token| token.newline_before)
            .collect();
        assert_eq!(first, [true, false, true, true]);
        assert_eq!(
            found.comments,
            [Comment {
                span: Span::new(6, 10),
                is_documentation: false
            }]
        );
    }

    #[test]
    fn long_tokens_take_linear_time() {
        let long = 600_000;
        let table = [
            ("a".repeat(long), 1),
            ("1".repeat(long), 1),
            (format!("\"{}\"", "\\\\".repeat(long / 2)), 1),
            ("@".repeat(long), 1),
            ("/".repeat(long), 0),
            ("\u{202e}".repeat(long / 3), 0),
            ("_".repeat(long), 1),
        ];
        for (text, count) in table {
            assert_eq!(read(&text).0.len(), count, "{}", &text[..9]);
        }
    }
}

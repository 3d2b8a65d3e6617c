//! Tokens: the first stage of parsing, nom over text.
//!
//! Every byte of the text is in a token, in a comment or is white space. A mistake inside a token is reported
//! here, and the token becomes `Broken` or `Cut`, so that the grammar does not report it again.

mod number;
mod read;
mod text;

pub(crate) use read::tokens;
pub(crate) use text::{bytes_value, text_value};

use crate::source::Span;

/// A word, number, text or symbol of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
    /// Whether it is the first of its line; three rules of the grammar depend on that.
    pub(crate) newline_before: bool,
}

/// What a token is. Names and texts are looked up in the source by the span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// `lower_case`
    Lower,
    /// `UpperCase`
    Upper,
    /// A reserved word.
    Word(Word),
    /// The amount of a number, scaled if it has a scale; at most 2^63, which only a minus makes an Int.
    Int(u64),
    /// A text with correct escapes.
    Text,
    /// `x"00ff"`
    Bytes,
    Symbol(Symbol),
    /// Something that was reported; a value was probably meant.
    Broken,
    /// A text that is not closed: the rest of its line is lost.
    Cut,
    /// After the last token there is this one, always.
    End,
}

/// A comment; documentation if it starts with three slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) span: Span,
    pub(crate) is_documentation: bool,
}

/// What a text was cut into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Never empty; the last one is `End`.
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Comment>,
}

macro_rules! spelling {
    ($(#[$about:meta])* $name:ident { $($variant:ident $text:literal)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),* }

        impl $name {
            /// All of them, in the order of the table.
            pub(crate) const ALL: &[$name] = &[$($name::$variant),*];

            /// How it is written.
            pub(crate) fn spelling(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }
        }
    };
}

spelling! {
    /// Reserved words. All other words have a meaning only where a member or a line of a trace can start.
    Word {
        Machine "machine"
        Fn "fn"
        Type "type"
        Const "const"
        Let "let"
        Set "set"
        Become "become"
        Require "require"
        Match "match"
        If "if"
        Else "else"
        On "on"
        True "true"
        False "false"
        And "and"
        Or "or"
        Not "not"
        Is "is"
    }
}

spelling! {
    /// Symbols; a longer one stands before its beginnings, because the first that fits is taken.
    Symbol {
        Compose ">>>"
        Fanout "&&&"
        Product "***"
        Choice "|||"
        Sum "+++"
        Pipe "|>"
        Equal "=="
        NotEqual "!="
        LessOrEqual "<="
        GreaterOrEqual ">="
        FatArrow "=>"
        ThinArrow "->"
        Otherwise "??"
        Append "++"
        Spread ".."
        Less "<"
        Greater ">"
        Plus "+"
        Minus "-"
        Star "*"
        Slash "/"
        Percent "%"
        Assign "="
        Bar "|"
        Dot "."
        Comma ","
        Colon ":"
        OpenParen "("
        CloseParen ")"
        OpenBracket "["
        CloseBracket "]"
        OpenBrace "{"
        CloseBrace "}"
        Underscore "_"
    }
}

impl Symbol {
    /// The bracket that closes this one.
    pub(crate) fn closer(self) -> Option<Symbol> {
        match self {
            Symbol::OpenParen => Some(Symbol::CloseParen),
            Symbol::OpenBracket => Some(Symbol::CloseBracket),
            Symbol::OpenBrace => Some(Symbol::CloseBrace),
            _ => None,
        }
    }

    /// Whether it closes a bracket.
    pub(crate) fn is_closer(self) -> bool {
        matches!(
            self,
            Symbol::CloseParen | Symbol::CloseBracket | Symbol::CloseBrace
        )
    }

    /// Whether it compares two values.
    pub(crate) fn is_comparison(self) -> bool {
        use Symbol as S;
        matches!(
            self,
            S::Equal | S::NotEqual | S::Less | S::LessOrEqual | S::Greater | S::GreaterOrEqual
        )
    }

    /// Whether it joins arrows.
    pub(crate) fn is_combinator(self) -> bool {
        matches!(
            self,
            Symbol::Compose | Symbol::Fanout | Symbol::Product | Symbol::Choice | Symbol::Sum
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_symbol_hides_a_longer_one_that_stands_below_it() {
        for (place, symbol) in Symbol::ALL.iter().enumerate() {
            for below in &Symbol::ALL[place + 1..] {
                assert!(
                    !below.spelling().starts_with(symbol.spelling()),
                    "{symbol:?} hides {below:?}"
                );
            }
        }
    }
}

//! Colours: what each word of a document is.

use std::collections::BTreeMap;

use dsl::index::{Kind, Lexeme, lexemes};
use dsl::source::Span;
use gen_lsp_types::{SemanticToken, SemanticTokens, SemanticTokensLegend};

use super::document::Document;

/// THE list of what is coloured; tokens name its places.
const TYPES: [(Colour, &str); 10] = [
    (Colour::Keyword, "keyword"),
    (Colour::Comment, "comment"),
    (Colour::Number, "number"),
    (Colour::Text, "string"),
    (Colour::Operator, "operator"),
    (Colour::Type, "type"),
    (Colour::Constructor, "enumMember"),
    (Colour::Function, "function"),
    (Colour::Variable, "variable"),
    (Colour::Field, "property"),
];

/// `declaration`, `documentation`, `defaultLibrary`
const MODIFIERS: [&str; 3] = ["declaration", "documentation", "defaultLibrary"];
const DECLARATION: u32 = 1;
const DOCUMENTATION: u32 = 2;
const LANGUAGE: u32 = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    Keyword,
    Comment,
    Number,
    Text,
    Operator,
    Type,
    Constructor,
    Function,
    Variable,
    Field,
}

pub(super) fn legend() -> SemanticTokensLegend {
    SemanticTokensLegend {
        token_types: TYPES.map(|(_, name)| name.to_owned()).to_vec(),
        token_modifiers: MODIFIERS.map(str::to_owned).to_vec(),
    }
}

/// The colours of a whole document.
pub(super) fn tokens(document: &mut Document) -> SemanticTokens {
    let words = match document.study() {
        Ok(study) => {
            let mut names: BTreeMap<Span, (Kind, bool)> = BTreeMap::new();
            for (span, kind, is_definition) in study.index.names() {
                // `{ count }` is a field and a value; the value is what the reader sees.
                let entry = names.entry(span).or_insert((kind, is_definition));
                if entry.0 == Kind::Field {
                    *entry = (kind, is_definition);
                }
            }
            let words = lexemes(&study.source).into_iter();
            words
                .map(|(span, lexeme)| (span, colour(lexeme, names.get(&span).copied())))
                .collect()
        }
        Err(_) => Vec::new(),
    };
    let mut data = Vec::with_capacity(words.len());
    let (mut line, mut start) = (0, 0);
    for (span, (colour, modifiers)) in words {
        let range = document.range(span);
        if range.start.line != range.end.line {
            continue; // nothing of the language goes over a line's end
        }
        let is_same_line = range.start.line == line;
        data.push(SemanticToken {
            delta_line: range.start.line - line,
            delta_start: range.start.character - if is_same_line { start } else { 0 },
            length: range.end.character - range.start.character,
            token_type: number(colour),
            token_modifiers_bitset: modifiers,
        });
        (line, start) = (range.start.line, range.start.character);
    }
    SemanticTokens {
        result_id: None,
        data,
    }
}

fn number(colour: Colour) -> u32 {
    let place = TYPES.iter().position(|(own, _)| *own == colour);
    place
        .and_then(|place| u32::try_from(place).ok())
        .unwrap_or(0)
}

fn colour(lexeme: Lexeme, name: Option<(Kind, bool)>) -> (Colour, u32) {
    if let Some((kind, is_definition)) = name {
        let declared = if is_definition { DECLARATION } else { 0 };
        return match kind {
            Kind::Local => (Colour::Variable, declared),
            Kind::Function => (Colour::Function, declared),
            Kind::Type => (Colour::Type, declared),
            Kind::Constructor => (Colour::Constructor, declared),
            Kind::Field => (Colour::Field, declared),
            Kind::Builtin => (Colour::Function, LANGUAGE),
            Kind::Word => (Colour::Variable, LANGUAGE),
        };
    }
    match lexeme {
        Lexeme::Keyword => (Colour::Keyword, 0),
        Lexeme::Lower => (Colour::Variable, 0),
        Lexeme::Upper => (Colour::Type, 0),
        Lexeme::Number => (Colour::Number, 0),
        Lexeme::Text => (Colour::Text, 0),
        Lexeme::Comment => (Colour::Comment, 0),
        Lexeme::Documentation => (Colour::Comment, DOCUMENTATION),
        Lexeme::Operator => (Colour::Operator, 0),
    }
}

//! Why a text is no module, and where.

use std::fmt;

use super::words::ROLES;
use crate::bytecode::COST_MODEL;
use crate::combinator::Role;
use crate::malformed::MalformedReason;

/// What scripts say of a module, in the specification and nowhere else.
const STATEMENTS: [&str; 10] = [
    "run",
    "trap",
    "cost",
    "stack",
    "refuse",
    "refused",
    "malformed",
    "start",
    "step",
    "stop",
];

/// A text that is no module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssemblyError {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// Why.
    pub reason: AssemblyReason,
}

/// Why a text is no module. Words of the text are cut after 64 characters.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AssemblyReason {
    /// Something else stands where a word or sign is needed.
    Expected {
        /// What is needed.
        expected: &'static str,
        /// What stands there; nothing at the end of a line.
        found: Option<String>,
    },
    /// A word that starts neither a section nor an instruction.
    UnknownWord {
        /// The word.
        word: String,
        /// The section or instruction whose name is nearest, if one is near.
        nearest: Option<&'static str>,
    },
    /// A name that nothing has.
    UnknownName {
        /// What it would be the name of: `type`, `constant`, `function`, `shape`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name that has been given.
    NameTaken {
        /// What it is the name of.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A thing that has been declared, under another name.
    Repeated {
        /// What it is: `type`, `constant`, `shape`, `role`, `stamp`, `field`, `line`.
        what: &'static str,
        /// The name or word by which it is known.
        name: String,
    },
    /// A number outside its range.
    BadNumber {
        /// The word.
        word: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Code before the first function.
    CodeOutside,
    /// A text without its closing quote.
    UnclosedText,
    /// A backslash and what is no escape.
    BadEscape,
    /// The names of a machine without one of the lines that they need.
    MissingLine(&'static str),
    /// A shape that nothing in the interface reaches.
    UnusedShape(String),
    /// The rule of well-formed bytes that the module would break.
    Malformed(MalformedReason),
}

impl fmt::Display for AssemblyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AssemblyError { line, column, .. } = self;
        write!(f, "line {line}, column {column}: {}", self.reason)
    }
}

impl fmt::Display for AssemblyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AssemblyReason::Expected { expected, found } => match found {
                Some(found) => write!(f, "expected {expected}, found `{found}`"),
                None => write!(f, "expected {expected}, found the end of the line"),
            },
            AssemblyReason::UnknownWord { word, .. } => {
                write!(f, "`{word}` starts no section and is no instruction")
            }
            AssemblyReason::UnknownName { what, name } => {
                write!(f, "there is no {what} `{name}`")
            }
            AssemblyReason::NameTaken { what, name } => {
                write!(f, "there is already a {what} `{name}`")
            }
            AssemblyReason::Repeated { what, name } => {
                write!(f, "this {what} is there already, as `{name}`")
            }
            AssemblyReason::BadNumber { word, expected } => {
                write!(f, "`{word}` is not {expected}")
            }
            AssemblyReason::CodeOutside => f.write_str("code outside a function"),
            AssemblyReason::UnclosedText => f.write_str("the text has no closing quote"),
            AssemblyReason::BadEscape => f.write_str("this is no escape"),
            AssemblyReason::MissingLine(line) => {
                write!(f, "the names of a machine need a line `{line}`")
            }
            AssemblyReason::UnusedShape(name) => {
                write!(f, "the interface does not reach shape `{name}`")
            }
            AssemblyReason::Malformed(reason) => reason.fmt(f),
        }
    }
}

impl std::error::Error for AssemblyError {}

impl AssemblyReason {
    /// What to do about it, where the reason alone does not tell.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            AssemblyReason::UnknownWord {
                nearest: Some(nearest),
                ..
            } => Some(format!("perhaps `{nearest}` is meant")),
            AssemblyReason::UnknownName { what: "type", .. } => {
                Some("a type is declared before it is used, with `type NAME = FORM ..`".to_owned())
            }
            AssemblyReason::UnknownName { what: "shape", .. } => Some(
                "a shape is declared before it is used, with `shape NAME = FORM ..`".to_owned(),
            ),
            AssemblyReason::UnknownName { what: "role", .. } => {
                let roles = ROLES.map(Role::word).join(", ");
                Some(format!("the roles are {roles}"))
            }
            AssemblyReason::UnknownWord { word, .. } if STATEMENTS.contains(&word.as_str()) => {
                Some(
                    "statements like this follow a module in the scripts of the specification only"
                        .to_owned(),
                )
            }
            AssemblyReason::Malformed(MalformedReason::WrongFormat { uses, .. }) => Some(format!(
                "write `cam {uses} cost {COST_MODEL}`, or leave the line out"
            )),
            AssemblyReason::BadEscape => {
                Some(r#"the escapes are \n \r \t \0 \" \\ and \u{1f600}"#.to_owned())
            }
            AssemblyReason::CodeOutside => {
                Some("a function starts with `fn NAME DOMAIN -> CODOMAIN`".to_owned())
            }
            AssemblyReason::Repeated { what, name } if matches!(*what, "type" | "shape") => {
                Some(format!("use `{name}`"))
            }
            _ => None,
        }
    }
}

/// The start of a word of the text, for a message: a word may be as long as the text.
pub(super) fn cut(word: &str) -> String {
    match word.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

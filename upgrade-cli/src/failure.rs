//! Failures: why a command did not do what it was asked, and what to do about it.
//!
//! Each room has an error enum of its own. What all of them can say stands here, as data; `report` is
//! the only place that makes text of it.

pub(crate) mod catalogue;

use std::borrow::Cow;
use std::error::Error;

use node::printable::Printable;
use serde_json::{Map, Value};

use crate::exit::Exit;

/// What a failure is called in brackets, for `cam explain`.
pub(crate) type Code = Cow<'static, str>;

/// An error that a person or a script meets.
pub(crate) trait Failure: Error {
    /// How the command ends.
    fn exit(&self) -> Exit;

    /// The short name by which `cam explain` knows it; those of this side's own failures are in `catalogue`.
    fn code(&self) -> Code;

    /// Facts that explain it, each with a label.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// What to do, in words that can be pasted.
    fn help(&self) -> Vec<String> {
        Vec::new()
    }

    /// The whole message, if this failure has a renderer of its own.
    fn rendered(&self, _style: Style) -> Option<String> {
        None
    }

    /// What `--json` says besides message, code and help.
    fn fields(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// A name that the user wrote, as messages show it: cut where no name of ours goes on, so that one of
/// megabytes does not fill the screen.
pub(crate) fn named(name: &str) -> String {
    match name.char_indices().nth(NAME_CHARS_MAX) {
        Some((end, _)) => format!("{}…", Printable(&name[..end])),
        None => Printable(name).to_string(),
    }
}

/// The longest name that anything has here.
const NAME_CHARS_MAX: usize = node::limits::NAME_BYTES_MAX;

/// How messages look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Style {
    /// With colours.
    pub(crate) colour: bool,
    /// One line for each problem of a source.
    pub(crate) short: bool,
}

/// Any failure.
pub(crate) type AnyFailure = Box<dyn Failure>;

impl<F: Failure + 'static> From<F> for AnyFailure {
    fn from(failure: F) -> Self {
        Box::new(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_none_moves_the_cursor() {
        assert_eq!(named("größe"), "größe");
        assert_eq!(named(&"ö".repeat(64)), "ö".repeat(64));
        assert_eq!(named(&"ö".repeat(65)), "ö".repeat(64) + "…");
        assert_eq!(named("a\u{1b}[2J"), "a\\u{1b}[2J");
    }
}

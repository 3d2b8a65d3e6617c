//! Failures: why a command did not do what it was asked, and what to do about it.
//!
//! Each room has an error enum of its own. What all of them can say stands here, as data; `report` is
//! the only place that makes text of it.

use std::error::Error;

use serde_json::{Map, Value};

use crate::exit::Exit;

/// An error that a person or a script meets.
pub(crate) trait Failure: Error {
    /// How the command ends.
    fn exit(&self) -> Exit;

    /// A short name that `cam explain` knows, if there is one.
    fn code(&self) -> Option<String> {
        None
    }

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

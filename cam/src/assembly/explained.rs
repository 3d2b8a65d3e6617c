//! Why a module does not type, in the words of its text.

use super::{Names, Spots};
use crate::bytecode::Bytecode;
use crate::combinator::FunctionId;
use crate::types::TypeId;
use crate::verify::{Invalid, InvalidReason};

/// The place and the reason, with the names that [`print()`](super::print()) gives to types and functions. It is as short
/// as [`Invalid`] itself: names have a bound.
#[must_use]
pub fn explained(invalid: &Invalid, bytecode: &Bytecode) -> String {
    let names = Names::of(bytecode);
    let why = reason(&invalid.reason, &names);
    match invalid.at {
        None => format!("invalid module: {why}"),
        Some(at) => {
            let (instruction, byte) = (at.instruction, at.offset);
            let function = match names.function(at.function) {
                "" => at.function.to_string(),
                name => format!("`{name}`"),
            };
            format!(
                "invalid at function {function}, instruction {instruction} (byte {byte}): {why}"
            )
        }
    }
}

/// What the parts of a module are called: in its text, or as `cam disasm` would call them.
pub trait Called {
    /// A type.
    fn type_(&self, id: TypeId) -> Option<&str>;
    /// A function.
    fn function(&self, id: FunctionId) -> Option<&str>;
    /// A `type`, `constant` or `function` by its number.
    fn part(&self, what: &str, index: usize) -> Option<&str>;
}

impl Called for Spots<'_> {
    fn type_(&self, id: TypeId) -> Option<&str> {
        self.type_name(id)
    }

    fn function(&self, id: FunctionId) -> Option<&str> {
        self.function(id)
    }

    fn part(&self, what: &str, index: usize) -> Option<&str> {
        self.part(what, index).map(|(name, _)| name)
    }
}

impl Called for Names {
    fn type_(&self, id: TypeId) -> Option<&str> {
        Some(self.type_name(id)).filter(|name| !name.is_empty())
    }

    fn function(&self, id: FunctionId) -> Option<&str> {
        Some(Names::function(self, id.index())).filter(|name| !name.is_empty())
    }

    fn part(&self, _: &str, _: usize) -> Option<&str> {
        None
    }
}

/// A type by its name, or by the number that may stand for it.
fn type_word(named: &impl Called, id: TypeId) -> String {
    let name = named.type_(id);
    name.map_or_else(
        || format!("type {}", id.index()),
        |name| format!("`{name}`"),
    )
}

/// The reason with the names that its parts have, where they have some.
#[must_use]
pub fn reason(reason: &InvalidReason, named: &impl Called) -> String {
    let type_ = |id: &TypeId| type_word(named, *id);
    match reason {
        InvalidReason::Mismatch { expected, found } => {
            format!("expected {}, found {}", type_(expected), type_(found))
        }
        InvalidReason::WrongForm { needs, found } => {
            format!("needs a {needs}, found {}", type_(found))
        }
        InvalidReason::NoSuchPart { part, found } => format!("{} has no part {part}", type_(found)),
        InvalidReason::FunctionNotAllowed { place, found } => {
            format!("functions may not stand in {place}, found {}", type_(found))
        }
        InvalidReason::ArmsDiffer { first, found } => {
            let (first, found) = (type_(first), type_(found));
            format!("the first arm ends with {first}, this one with {found}")
        }
        InvalidReason::ForwardCall(callee) => match named.function(*callee) {
            Some(name) => format!("function `{name}` does not come before its caller"),
            None => reason.to_string(),
        },
        InvalidReason::Unused { what, index } => match named.part(what, *index) {
            Some(name) => format!("{what} `{name}` is not used"),
            None => reason.to_string(),
        },
        other => other.to_string(),
    }
}

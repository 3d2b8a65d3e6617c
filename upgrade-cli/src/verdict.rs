//! Modules that are refused: the reason by the name under which the specification explains it, and the place.

use std::fmt::Debug;

use cam::assembly::{Names, Spots};
use cam::combinator::FunctionId;
use cam::decode::{self, Malformed};
use cam::types::TypeId;
use cam::verify::{Invalid, InvalidReason};
use serde_json::{Map, Value, json};

/// Where to read on about bytes that do not decode.
pub(crate) fn of_bytes(malformed: &Malformed) -> String {
    let name = name_of(&malformed.reason);
    format!("chapter 3 of the specification has the bytes of a module, and `{name}`")
}

/// Where to read on about a module that does not verify.
pub(crate) fn of_code(invalid: &Invalid) -> String {
    let name = name_of(&invalid.reason);
    format!("chapter 4 of the specification has the rules, and `{name}`")
}

/// What programs are told of it.
pub(crate) fn malformed(malformed: &Malformed) -> Map<String, Value> {
    let reason = name_of(&malformed.reason);
    object(json!({"kind": "malformed", "reason": reason, "byte": malformed.offset}))
}

/// The same of a module that does not verify. No place is a fault of the module as a whole.
pub(crate) fn invalid(invalid: &Invalid) -> Map<String, Value> {
    object(json!({
        "kind": "invalid",
        "reason": name_of(&invalid.reason),
        "function": invalid.at.map(|at| at.function),
        "instruction": invalid.at.map(|at| at.instruction),
        "byte": invalid.at.map(|at| at.offset),
    }))
}

/// A module that does not verify, in the words of `cam disasm`.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", place(invalid))]
pub(crate) struct Unverified {
    /// What the verifier says.
    pub(crate) invalid: Invalid,
    why: String,
}

impl Unverified {
    /// What is wrong with the module in these bytes.
    pub(crate) fn new(invalid: Invalid, bytes: &[u8]) -> Unverified {
        let why = match decode::module(bytes) {
            Ok(bytecode) => told(&invalid.reason, &Names::of(&bytecode)),
            Err(_) => invalid.reason.to_string(),
        };
        Unverified { invalid, why }
    }
}

fn place(invalid: &Invalid) -> String {
    match invalid.at {
        Some(at) => format!(
            "invalid at function {}, instruction {} (byte {})",
            at.function, at.instruction, at.offset
        ),
        None => "invalid module".to_owned(),
    }
}

/// What the parts of a module are called: in its text, or as `cam disasm` would call them.
pub(crate) trait Named {
    /// A type.
    fn type_(&self, id: TypeId) -> Option<&str>;
    /// A function.
    fn function(&self, id: FunctionId) -> Option<&str>;
    /// A `type`, `constant` or `function` by its number.
    fn part(&self, what: &str, index: usize) -> Option<&str>;
}

impl Named for Spots<'_> {
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

impl Named for Names {
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
fn type_word(named: &impl Named, id: TypeId) -> String {
    let name = named.type_(id);
    name.map_or_else(
        || format!("type {}", id.index()),
        |name| format!("`{name}`"),
    )
}

/// The reason with the names that its parts have, where they have some.
pub(crate) fn told(reason: &InvalidReason, named: &impl Named) -> String {
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

fn object(verdict: Value) -> Map<String, Value> {
    Map::from_iter([("verdict".to_owned(), verdict)])
}

/// The name of a reason is that of its variant, in the tables of chapters 3 and 4 and in the vectors too.
pub(crate) fn name_of(reason: &impl Debug) -> String {
    let words = format!("{reason:?}");
    let name = words.split(|letter: char| !letter.is_alphanumeric()).next();
    name.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cam::decode::MalformedReason;

    #[test]
    fn a_reason_has_the_name_that_the_chapters_give_it() {
        assert_eq!(name_of(&MalformedReason::Truncated), "Truncated");
        assert_eq!(name_of(&MalformedReason::UnknownByte(3)), "UnknownByte");
        assert_eq!(name_of(&InvalidReason::NoSuchType(9)), "NoSuchType");
        assert_eq!(
            name_of(&InvalidReason::StackNotEmpty { left: 1 }),
            "StackNotEmpty"
        );
    }
}

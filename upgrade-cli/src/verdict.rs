//! Modules that are refused: the reason by the name under which the specification explains it, and the place.

use std::fmt::Debug;

use cam::assembly;
use cam::decode::{self, Malformed};
use cam::verify::Invalid;
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
#[error("{told}")]
pub(crate) struct Unverified {
    /// What the verifier says.
    pub(crate) invalid: Invalid,
    told: String,
}

impl Unverified {
    /// What is wrong with the module in these bytes.
    pub(crate) fn new(invalid: Invalid, bytes: &[u8]) -> Unverified {
        let told = match decode::module(bytes) {
            Ok(bytecode) => assembly::explained(&invalid, &bytecode),
            Err(_) => invalid.to_string(),
        };
        Unverified { invalid, told }
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
    use cam::verify::InvalidReason;

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

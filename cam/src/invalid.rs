//! Why a module does not type, and where: the verifier's refusals.

use std::fmt;

use crate::combinator::{FunctionId, Role};
use crate::limits::{CALL_HEIGHT_MAX, CASE_DEPTH_MAX, STACK_MAX};
use crate::types::TypeId;

/// A module that does not type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invalid {
    /// Where: function and instruction, or nothing for the module as a whole.
    pub at: Option<Place>,
    /// Why.
    pub reason: InvalidReason,
}

/// An instruction of a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Which function.
    pub function: usize,
    /// Which instruction of it, counted from 0.
    pub instruction: usize,
    /// Where its bytes stand in the encoded module.
    pub offset: usize,
}

/// Why a module does not type.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum InvalidReason {
    /// The register or a stack entry has another type than the instruction needs.
    Mismatch {
        /// The type that is needed.
        expected: TypeId,
        /// The type that stands there.
        found: TypeId,
    },
    /// The register or a stack entry is not of the form the instruction needs.
    WrongForm {
        /// The form that is needed.
        needs: &'static str,
        /// The type that stands there.
        found: TypeId,
    },
    /// The instruction takes more from the stack than this arm or function has put there.
    StackUnderflow,
    /// More values on the stack than the limit.
    StackOverflow,
    /// Values are left on the stack where an arm or the function ends.
    StackNotEmpty {
        /// How many.
        left: usize,
    },
    /// `drop 0`, which would be a second spelling of nothing.
    DropNothing,
    /// A product has no such part, a sum no such constructor.
    NoSuchPart {
        /// The part that is asked for.
        part: u32,
        /// The type that stands there.
        found: TypeId,
    },
    /// The table has no such type.
    NoSuchType(u32),
    /// The pool has no such constant.
    NoSuchConstant(u32),
    /// A constant that has a spelling of its own: integers are always inline.
    NeedlessConstant(u32),
    /// Functions where only data may be chosen, carried on or sent.
    FunctionNotAllowed {
        /// Where they would stand.
        place: &'static str,
        /// The type that stands there.
        found: TypeId,
    },
    /// A callee, a closure's body or a round's body that does not come before its caller.
    ForwardCall(FunctionId),
    /// The call path is longer than the limit.
    CallTooHigh,
    /// Cases are nested deeper than the limit.
    CaseTooDeep,
    /// An arm ends with another type than the first arm.
    ArmsDiffer {
        /// How the first arm ended.
        first: TypeId,
        /// How this one ends.
        found: TypeId,
    },
    /// `else` outside a case, or after its last arm.
    StrayElse,
    /// `end` of a case before its last arm.
    MissingArms {
        /// How many arms are still to come.
        missing: usize,
    },
    /// Code follows the end of the body.
    CodeAfterEnd,
    /// The body has no end.
    NoEnd,
    /// A type, constant, shape or function that nothing uses.
    Unused {
        /// What it is.
        what: &'static str,
        /// Its number.
        index: usize,
    },
    /// An export that the module must have, or must not.
    Export {
        /// Its role.
        role: Role,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The module of a machine has no schema, or that of a migration has one.
    Schema(&'static str),
    /// The module was not read from bytes and is not what its own bytes say.
    NotCanonical,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.at {
            write!(
                f,
                "invalid at function {}, instruction {} (byte {}): ",
                place.function, place.instruction, place.offset
            )?;
        } else {
            f.write_str("invalid module: ")?;
        }
        fmt::Display::fmt(&self.reason, f)
    }
}

impl fmt::Display for InvalidReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidReason::Mismatch { expected, found } => {
                write!(f, "expected type {}, found type {}", expected.0, found.0)
            }
            InvalidReason::WrongForm { needs, found } => {
                write!(f, "needs a {needs}, found type {}", found.0)
            }
            InvalidReason::StackUnderflow => f.write_str("takes more than is on the stack"),
            InvalidReason::StackOverflow => write!(f, "more than {STACK_MAX} values on the stack"),
            InvalidReason::StackNotEmpty { left } => write!(f, "leaves {left} values on the stack"),
            InvalidReason::DropNothing => f.write_str("`drop 0` drops nothing"),
            InvalidReason::NoSuchPart { part, found } => {
                write!(f, "type {} has no part {part}", found.0)
            }
            InvalidReason::NoSuchType(index) => write!(f, "the table has no type {index}"),
            InvalidReason::NoSuchConstant(index) => write!(f, "the pool has no constant {index}"),
            InvalidReason::NeedlessConstant(index) => {
                write!(f, "constant {index} is an integer, which is written inline")
            }
            InvalidReason::FunctionNotAllowed { place, found } => {
                write!(
                    f,
                    "functions may not stand in {place}, found type {}",
                    found.0
                )
            }
            InvalidReason::ForwardCall(callee) => {
                write!(f, "function {} does not come before its caller", callee.0)
            }
            InvalidReason::CallTooHigh => {
                write!(f, "the call path is longer than {CALL_HEIGHT_MAX}")
            }
            InvalidReason::CaseTooDeep => write!(f, "more than {CASE_DEPTH_MAX} nested cases"),
            InvalidReason::ArmsDiffer { first, found } => {
                write!(
                    f,
                    "the first arm ends with type {}, this one with {}",
                    first.0, found.0
                )
            }
            InvalidReason::StrayElse => f.write_str("`else` without an arm to start"),
            InvalidReason::MissingArms { missing } => write!(f, "{missing} arms are missing"),
            InvalidReason::CodeAfterEnd => f.write_str("code follows the end of the function"),
            InvalidReason::NoEnd => f.write_str("the function has no end"),
            InvalidReason::Unused { what, index } => write!(f, "{what} {index} is not used"),
            InvalidReason::Export { role, problem } => {
                write!(f, "export `{}` {problem}", role.word())
            }
            InvalidReason::Schema(problem) => f.write_str(problem),
            InvalidReason::NotCanonical => f.write_str("the module is not what its own bytes say"),
        }
    }
}

impl std::error::Error for Invalid {}

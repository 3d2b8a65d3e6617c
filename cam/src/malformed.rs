//! Why bytes are refused before anything is typed, and at which byte.

use std::fmt;

/// Bytes that are not the canonical form of anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// Why.
    pub reason: MalformedReason,
}

/// Why bytes are malformed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MalformedReason {
    /// The bytes end too early.
    Truncated,
    /// Bytes remain after the end.
    Trailing,
    /// A module does not start with the magic bytes.
    NotAModule,
    /// The module needs a newer reader.
    NeedsFormat {
        /// The format of the module.
        need: u64,
        /// The newest format of this reader.
        have: u64,
    },
    /// The module says another format than the newest that anything in it needs.
    WrongFormat {
        /// The format it says.
        says: u64,
        /// The format it uses.
        uses: u64,
    },
    /// The module counts fuel by a cost model that this reader does not know.
    NeedsCostModel {
        /// The cost model of the module.
        need: u64,
        /// The cost model of this reader.
        have: u64,
    },
    /// A number is not in its shortest form, or does not fit.
    LongNumber,
    /// More of something than the limits allow.
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
    },
    /// An opcode that is not in the table.
    UnknownOpcode(u8),
    /// A byte that starts no type, shape, role or stamp.
    UnknownByte(u8),
    /// A text or name is not valid UTF-8, or a name is no identifier.
    BadText,
    /// An index names nothing, or nothing that came before.
    DanglingIndex(u64),
    /// A table or map is not in strictly rising order.
    OutOfOrder,
    /// A type is too high, too wide, or a map's key holds a map.
    TypeOutOfLimits,
    /// Functions in a sum, a list, a map or a constant: they are no data.
    FunctionNotAllowed {
        /// Where they would stand.
        place: &'static str,
    },
    /// A sum's tag has no constructor.
    UnknownConstructor(u8),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed at byte {}: {}", self.offset, self.reason)
    }
}

impl fmt::Display for MalformedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            MalformedReason::Truncated => f.write_str("the bytes end too early"),
            MalformedReason::Trailing => f.write_str("bytes remain after the end"),
            MalformedReason::NotAModule => f.write_str("this is no module"),
            MalformedReason::NeedsFormat { need, have } => {
                write!(
                    f,
                    "the module is of format {need}, this reader knows formats up to {have}"
                )
            }
            MalformedReason::WrongFormat { says, uses } => {
                write!(f, "the module says format {says} and uses format {uses}")
            }
            MalformedReason::NeedsCostModel { need, have } => {
                write!(
                    f,
                    "the module needs cost model {need}, this reader has {have}"
                )
            }
            MalformedReason::LongNumber => f.write_str("a number is not in its shortest form"),
            MalformedReason::TooMany { what, limit } => {
                write!(f, "more than {limit} {what}")
            }
            MalformedReason::UnknownOpcode(byte) => write!(f, "opcode {byte:#04x} does not exist"),
            MalformedReason::UnknownByte(byte) => write!(f, "byte {byte:#04x} means nothing here"),
            MalformedReason::BadText => f.write_str("a text or name is not well-formed"),
            MalformedReason::DanglingIndex(index) => {
                write!(f, "index {index} names nothing that came before")
            }
            MalformedReason::OutOfOrder => f.write_str("entries are not in strictly rising order"),
            MalformedReason::TypeOutOfLimits => f.write_str("a type is outside the limits"),
            MalformedReason::FunctionNotAllowed { place } => {
                write!(f, "functions may not stand in {place}")
            }
            MalformedReason::UnknownConstructor(tag) => {
                write!(f, "the variant has no constructor {tag}")
            }
        }
    }
}

impl std::error::Error for Malformed {}

impl Malformed {
    pub(crate) fn unknown_opcode(offset: usize, opcode: u8) -> Malformed {
        Malformed {
            offset,
            reason: MalformedReason::UnknownOpcode(opcode),
        }
    }
}

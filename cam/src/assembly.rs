//! Assembly: a module as text, for people and for tools that have no library.
//!
//! ```text
//! cam 1 cost 1
//!
//! type O = sum Unit Int
//! const hello Text "hello"
//!
//! machine Counter 1 at from
//! shape int = int
//! interface int int int
//!
//! fn step A -> R
//!   push
//!   proj 1
//! end
//!
//! export step step
//! ```
//!
//! A module has one text ([`print()`]), and a person may write many for it: the order of types, constants,
//! fields and exports is free, and [`parse`] puts them into the canonical one, as a compiler would. For every
//! well-formed module `parse(&print(module))` is the module. What is read is well-formed and no more: it may
//! name functions that do not exist and add texts; the verifier judges it as it judges bytes.
//!
//! Code is written through the table of instructions alone. An instruction's text has the operands of its
//! bytes, so a new row of the table needs nothing here.

mod code;
mod constant;
mod cursor;
mod error;
mod explained;
mod listing;
mod names;
mod parse;
mod sections;
mod shapes;
mod spots;
mod words;

use crate::bytecode::Bytecode;
pub use constant::parse_value;
pub use error::{AssemblyError, AssemblyReason};
pub use explained::{Called, explained, reason};
pub use listing::Listing;
pub use names::Names;
pub use parse::{parse, parse_with_spots};
pub use spots::{Spot, Spots};

/// The text of a module. It is never longer than what [`parse`] reads.
#[must_use]
pub fn print(bytecode: &Bytecode) -> String {
    Listing::new(bytecode).to_string()
}

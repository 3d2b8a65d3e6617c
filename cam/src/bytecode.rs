//! Bytecode: a module as it was compiled or received, believed by nobody.
//!
//! Its parts are well-formed (every instruction is in the table, every number in its shortest form) but
//! nothing in it has been checked against anything else. [`verify`](crate::verify) consumes it.

use crate::combinator::{FunctionId, Role};
use crate::instruction::Instruction;
use crate::schema::Schema;
use crate::types::{TypeId, TypeTable};
use crate::value::Value;

/// The newest format this crate reads and writes.
pub const FORMAT: u64 = 2;

/// The cost model: what the numbers in the instruction table's cost column mean.
pub const COST_MODEL: u64 = 1;

/// A module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bytecode {
    /// The types it names.
    pub types: TypeTable,
    /// Its constants with their types.
    pub pool: Vec<(TypeId, Value)>,
    /// Its functions; each calls only those before it.
    pub functions: Vec<Body>,
    /// What it offers.
    pub exports: Vec<(Role, FunctionId)>,
    /// The names of a machine's interface; a migration has none.
    pub schema: Option<Schema>,
}

impl Bytecode {
    /// The format it is written in: the newest that anything in it needs, so that an old module keeps
    /// its bytes and its digest, and is read wherever it was read before.
    #[must_use]
    pub fn format(&self) -> u64 {
        let code = self.functions.iter().flat_map(|body| &body.code);
        code.map(|instruction| instruction.row().since)
            .max()
            .unwrap_or(1)
    }
}

/// A function: its claimed type and its code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body {
    /// The type of the register when it starts.
    pub domain: TypeId,
    /// The type of the register when it ends.
    pub codomain: TypeId,
    /// The code, up to and with the last `end`.
    pub code: Vec<Instruction>,
}

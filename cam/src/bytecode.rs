//! Bytecode: a module as it was compiled or received, believed by nobody.
//!
//! Its parts are well-formed (every instruction is in the table, every number in its shortest form) but
//! nothing in it has been checked against anything else. [`verify`](crate::verify) consumes it.

use std::ops::{Deref, DerefMut};

use crate::code::Code;
use crate::combinator::{FunctionId, Role};
use crate::digest::Digest;
use crate::schema::Schema;
use crate::types::{Type, TypeId, TypeTable};
use crate::value::Value;

/// The newest format this crate reads and writes.
pub const FORMAT: u64 = 3;

/// The cost model: what the numbers in the instruction table's cost column mean.
pub const COST_MODEL: u64 = 1;

/// A module's parts, as anybody may put them together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
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

impl Parts {
    /// The format it is written in: the newest that anything in it needs, so that an old module keeps
    /// its bytes and its digest, and is read wherever it was read before.
    #[must_use]
    pub fn format(&self) -> u64 {
        let types = self.types.declared().iter().map(Type::since);
        let code = self.functions.iter().flat_map(|body| &body.code);
        let code = code.map(|instruction| instruction.row().since);
        let roles = self.exports.iter().map(|(role, _)| role.since());
        types.chain(code).chain(roles).max().unwrap_or(1)
    }
}

/// A module: its parts, and whether they are what its bytes say.
///
/// A module that the decoder made carries the digest of the bytes it was read from, and the verifier
/// need not ask again whether its parts obey the decoder's rules. Who takes hold of the parts to change
/// them takes that mark away, and who puts parts together never has it; the verifier then writes the
/// module and reads it back. There is no other way to a mark, so a module built by hand is no way round.
#[derive(Clone, Debug)]
pub struct Bytecode {
    parts: Parts,
    digest: Option<Digest>,
}

impl Bytecode {
    /// What the decoder has read from bytes of this digest.
    pub(crate) fn decoded(parts: Parts, digest: Digest) -> Bytecode {
        let digest = Some(digest);
        Bytecode { parts, digest }
    }

    /// The digest of the bytes it was read from, if it was and is unchanged.
    pub(crate) fn digest(&self) -> Option<Digest> {
        self.digest
    }
}

impl From<Parts> for Bytecode {
    fn from(parts: Parts) -> Bytecode {
        let digest = None;
        Bytecode { parts, digest }
    }
}

impl Deref for Bytecode {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl DerefMut for Bytecode {
    fn deref_mut(&mut self) -> &mut Parts {
        self.digest = None;
        &mut self.parts
    }
}

/// Modules are equal when their parts are, wherever they come from.
impl PartialEq for Bytecode {
    fn eq(&self, other: &Bytecode) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Bytecode {}

/// A function: its claimed type and its code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body {
    /// The type of the register when it starts.
    pub domain: TypeId,
    /// The type of the register when it ends.
    pub codomain: TypeId,
    /// The code, up to and with the last `end`.
    pub code: Code,
}

//! A module taken apart: types, constants, code and exports as plain numbers that anything may be done to.
//!
//! It knows of an instruction only what the table says of its operands, so new rows are mutated from the
//! day they land. It is written by hand, byte by byte, and believes nothing: what comes out may be no
//! module at all.

use std::sync::LazyLock;

use cam::bytecode::{Bytecode, Parts};
use cam::encode;
use cam::instruction::{Instruction, Row, TABLE};
use cam::types::{PREDECLARED, TypeTable};
use cam::value::Value;

use self::constructor::{FUNCTION, PRODUCT, SUM};
use crate::bytes::{integer, number};

/// Operands of one instruction at most.
pub const OPERANDS_MAX: usize = 2;

/// An instruction: the row of the table and the operands, of which the row says how many count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code {
    /// Position in the table of instructions.
    pub row: usize,
    /// The operands in order.
    pub operands: [i64; OPERANDS_MAX],
}

/// An entry of the table of types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Form {
    /// The constructor's byte.
    pub constructor: u8,
    /// The entries it is made of.
    pub operands: Vec<usize>,
}

/// A function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body {
    /// Where it starts.
    pub domain: usize,
    /// Where it ends.
    pub codomain: usize,
    /// The code, up to and with the last `end`.
    pub code: Vec<Code>,
}

/// A module in parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Anatomy {
    /// The types, the predeclared ones first.
    pub types: Vec<Form>,
    /// The constants with their types.
    pub pool: Vec<(usize, Value)>,
    /// The bytes of the schema, with the byte before them that says whether there is one.
    pub schema: Vec<u8>,
    /// The functions in order.
    pub functions: Vec<Body>,
    /// The exports: role and function.
    pub exports: Vec<(u8, usize)>,
}

/// The constructors of types.
pub mod constructor {
    #![allow(missing_docs)]
    pub const PRODUCT: u8 = 0x01;
    pub const SUM: u8 = 0x02;
    pub const INTEGER: u8 = 0x03;
    pub const LIST: u8 = 0x06;
    pub const MAP: u8 = 0x07;
    pub const FUNCTION: u8 = 0x08;
}

impl Code {
    /// The instruction with this opcode and without operands, or with zeros for them.
    ///
    /// # Panics
    /// If the table has no such opcode.
    #[must_use]
    pub fn new(opcode: u8, operands: [i64; OPERANDS_MAX]) -> Code {
        let row = ROWS[usize::from(opcode)].expect("the table has the opcode");
        Code { row, operands }
    }

    /// The row of the table.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &TABLE[self.row]
    }

    /// The opcode.
    #[must_use]
    pub fn opcode(self) -> u8 {
        self.row().code
    }

    /// Operand `index` as a position in a table or on the stack.
    #[must_use]
    pub fn index(self, index: usize) -> usize {
        usize::try_from(self.operands[index]).unwrap_or(usize::MAX)
    }

    /// The position of the operand of `kind`, if the row has one.
    #[must_use]
    pub fn operand_of(self, kind: &str) -> Option<usize> {
        self.row().kinds.iter().position(|own| *own == kind)
    }

    fn of(instruction: Instruction) -> Code {
        let mut bytes = Vec::new();
        instruction.write(&mut bytes);
        let mut code = Code::new(bytes[0], [0; OPERANDS_MAX]);
        let mut rest = &bytes[1..];
        for (operand, kind) in code.operands.iter_mut().zip(TABLE[code.row].kinds) {
            let length = rest.iter().take_while(|byte| **byte >= 0x80).count() + 1;
            let raw = rest[..length].iter().rev();
            let raw = raw.fold(0_u64, |sum, byte| sum << 7 | u64::from(byte & 0x7F));
            *operand = match *kind {
                "i64" => (raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()),
                _ => raw.cast_signed(),
            };
            rest = &rest[length..];
        }
        code
    }

    fn write(self, out: &mut Vec<u8>) {
        out.push(self.opcode());
        for (operand, kind) in self.operands.iter().zip(self.row().kinds) {
            match *kind {
                "i64" => integer(out, *operand),
                _ => number(out, operand.cast_unsigned()),
            }
        }
    }
}

/// Where each opcode stands in the table.
static ROWS: LazyLock<[Option<usize>; 256]> = LazyLock::new(|| {
    let mut rows = [None; 256];
    for (index, row) in TABLE.iter().enumerate() {
        rows[usize::from(row.code)] = Some(index);
    }
    rows
});

/// The opcodes that the mutators treat in a way of their own.
pub mod opcode {
    #![allow(missing_docs)]
    pub const PUSH: u8 = 0x01;
    pub const SWAP: u8 = 0x02;
    pub const POP: u8 = 0x03;
    pub const DROP: u8 = 0x04;
    pub const ACC: u8 = 0x05;
    pub const INT: u8 = 0x06;
    pub const QUOTE: u8 = 0x07;
    pub const TUPLE: u8 = 0x10;
    pub const PROJECT: u8 = 0x11;
    pub const WITH: u8 = 0x12;
    pub const INJECT: u8 = 0x13;
    pub const CASE: u8 = 0x14;
    pub const ELSE: u8 = 0x15;
    pub const END: u8 = 0x16;
    pub const CALL: u8 = 0x18;
    pub const CUR: u8 = 0x19;
    pub const APP: u8 = 0x1A;
    pub const ABORT: u8 = 0x1B;
}

impl Anatomy {
    /// Takes a module apart.
    ///
    /// # Panics
    /// If the parts do not make the same bytes again.
    #[must_use]
    pub fn of(bytecode: &Bytecode) -> Anatomy {
        let types = (0..bytecode.types.len()).map(|index| {
            let index = u32::try_from(index).expect("a table is short");
            let id = bytecode.types.at(index).expect("below the length");
            let entry = bytecode.types.get(id);
            let operands = entry.operands().into_iter().map(|id| id.index()).collect();
            Form {
                constructor: entry.constructor(),
                operands,
            }
        });
        let functions = bytecode.functions.iter().map(|body| Body {
            domain: body.domain.index(),
            codomain: body.codomain.index(),
            code: body.code.iter().map(Code::of).collect(),
        });
        let constants = bytecode.pool.iter();
        let exports = bytecode.exports.iter();
        let anatomy = Anatomy {
            types: types.collect(),
            pool: constants
                .map(|(id, value)| (id.index(), value.clone()))
                .collect(),
            schema: schema_bytes(bytecode),
            functions: functions.collect(),
            exports: exports
                .map(|(role, function)| (*role as u8, function.index()))
                .collect(),
        };
        assert_eq!(
            anatomy.encoded(),
            encode::module(bytecode),
            "the parts are the whole"
        );
        anatomy
    }

    /// The bytes.
    #[must_use]
    pub fn encoded(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.extend(b"\x7FCAM");
        number(&mut out, self.format());
        number(&mut out, cam::bytecode::COST_MODEL);
        let declared = &self.types[PREDECLARED as usize..];
        number(&mut out, declared.len() as u64);
        for form in declared {
            out.push(form.constructor);
            if matches!(form.constructor, PRODUCT | SUM) {
                number(&mut out, form.operands.len() as u64);
            }
            let operands = form.operands.iter();
            operands.for_each(|part| number(&mut out, *part as u64));
        }
        number(&mut out, self.pool.len() as u64);
        for (id, constant) in &self.pool {
            number(&mut out, *id as u64);
            out.extend(encode::value(constant));
        }
        out.extend(&self.schema);
        number(&mut out, self.functions.len() as u64);
        for body in &self.functions {
            number(&mut out, body.domain as u64);
            number(&mut out, body.codomain as u64);
            number(&mut out, body.code.len() as u64);
            body.code.iter().for_each(|code| code.write(&mut out));
        }
        number(&mut out, self.exports.len() as u64);
        for (role, function) in &self.exports {
            out.push(*role);
            number(&mut out, *function as u64);
        }
        out
    }

    /// The least format that has all that is used.
    fn format(&self) -> u64 {
        let codes = self.functions.iter().flat_map(|body| &body.code);
        let rows = codes.map(|code| code.row().since);
        let closures = self.types.iter().any(|form| form.constructor == FUNCTION);
        let roles = self.exports.iter().map(|(role, _)| match role {
            2 | 3 => 2,
            8.. => 3,
            _ => 1,
        });
        let newest = rows.max().unwrap_or(1);
        let newest = roles.fold(newest, u64::max);
        newest.max(1 + u64::from(closures))
    }

    /// The entry equal to `form`, made if it is new. [`tidied`](Anatomy::tidied) puts it in its place.
    pub fn intern(&mut self, constructor: u8, operands: &[usize]) -> usize {
        let equal = |form: &Form| form.constructor == constructor && form.operands == operands;
        self.types.iter().position(equal).unwrap_or_else(|| {
            let operands = operands.to_vec();
            self.types.push(Form {
                constructor,
                operands,
            });
            self.types.len() - 1
        })
    }

    /// Whether values of `types[id]` may stand in containers: no closure is inside.
    #[must_use]
    pub fn is_data(&self, id: usize) -> bool {
        !self.has(id, FUNCTION)
    }

    /// Whether a constructor occurs in `types[id]`.
    #[must_use]
    pub fn has(&self, id: usize, constructor: u8) -> bool {
        let Some(form) = self.types.get(id) else {
            return false;
        };
        // Entries are made out of those before them; a circle that a mutation has made is cut short.
        let mut below = form.operands.iter().filter(|part| **part < id);
        form.constructor == constructor || below.any(|part| self.has(*part, constructor))
    }

    /// Whether `types[id]` is a product, and of what.
    #[must_use]
    pub fn parts(&self, id: usize) -> Option<&[usize]> {
        let form = self.types.get(id)?;
        (form.constructor == PRODUCT).then_some(form.operands.as_slice())
    }

    /// Whether `types[id]` is a sum, and of what.
    #[must_use]
    pub fn payloads(&self, id: usize) -> Option<&[usize]> {
        let form = self.types.get(id)?;
        (form.constructor == SUM).then_some(form.operands.as_slice())
    }
}

/// A module of nothing but the schema has all other bytes at known places.
fn schema_bytes(bytecode: &Bytecode) -> Vec<u8> {
    let bytes = encode::module(&Bytecode::from(Parts {
        types: TypeTable::new(),
        pool: Vec::new(),
        functions: Vec::new(),
        exports: Vec::new(),
        schema: bytecode.schema.clone(),
    }));
    bytes[8..bytes.len() - 2].to_vec()
}

//! The table of instructions: number, name, operands, stack effect and cost stand here and nowhere else.
//!
//! The machine is the categorical abstract machine of Cousineau, Curien and Mauny (1987): one register
//! and one stack. Their `push swap cons fst snd quote` are here as `push swap tuple proj quote`; the
//! n-ary forms are the finite products and sums of the same category, and `acc` is the access to an
//! environment that is kept on the stack. Control is structured: `case .. else .. end` nests like
//! brackets in a flat stream, so there is no jump, no offset on the wire and no loop in the verifier.
//!
//! In the effects `(r; S)` is the register and the stack, top first; `a b c` are any types, `d` data,
//! `k` a key type, `e` a fold's accumulator.

use crate::combinator::FunctionId;
use crate::malformed::Malformed;
use crate::reader::Reader;
use crate::types::TypeId;
use crate::writer::{write_integer, write_number};

/// An operand as it stands in the byte stream.
trait Operand: Copy {
    fn write(self, out: &mut Vec<u8>);
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed>;
    fn as_type(self) -> Option<TypeId> {
        None
    }
    fn as_function(self) -> Option<FunctionId> {
        None
    }
}

impl Operand for u32 {
    fn write(self, out: &mut Vec<u8>) {
        write_number(out, u64::from(self));
    }
    fn read(reader: &mut Reader<'_>) -> Result<u32, Malformed> {
        reader.index()
    }
}

impl Operand for i64 {
    fn write(self, out: &mut Vec<u8>) {
        write_integer(out, self);
    }
    fn read(reader: &mut Reader<'_>) -> Result<i64, Malformed> {
        reader.integer()
    }
}

impl Operand for TypeId {
    fn write(self, out: &mut Vec<u8>) {
        write_number(out, u64::from(self.0));
    }
    fn read(reader: &mut Reader<'_>) -> Result<TypeId, Malformed> {
        reader.index().map(TypeId)
    }
    fn as_type(self) -> Option<TypeId> {
        Some(self)
    }
}

impl Operand for FunctionId {
    fn write(self, out: &mut Vec<u8>) {
        write_number(out, u64::from(self.0));
    }
    fn read(reader: &mut Reader<'_>) -> Result<FunctionId, Malformed> {
        reader.index().map(FunctionId)
    }
    fn as_function(self) -> Option<FunctionId> {
        Some(self)
    }
}

/// One row of the table, for documents and tests.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The opcode.
    pub code: u8,
    /// The name in assembly.
    pub mnemonic: &'static str,
    /// What the operands are, in order.
    pub operands: &'static [&'static str],
    /// How each is written: `u32`, `i64` (zigzag), `TypeId`, `FunctionId`.
    pub kinds: &'static [&'static str],
    /// What it does to register and stack.
    pub effect: &'static str,
    /// Change of the stack's height, where it does not depend on an operand.
    pub growth: Option<i32>,
    /// Fuel charged for it, before what its operands' sizes add.
    pub cost: u64,
}

macro_rules! instructions {
    ($($code:literal $variant:ident($($operand:ident: $kind:ty),*) $mnemonic:literal
       $growth:expr, $cost:literal, $effect:literal;)*) => {
        /// One instruction with its operands.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Instruction {
            $(#[doc = concat!("`", $mnemonic, "`: `", $effect, "`")] $variant($($kind),*),)*
        }

        /// All instructions, by rising opcode.
        pub const TABLE: &[Row] = &[$(Row {
            code: $code,
            mnemonic: $mnemonic,
            operands: &[$(stringify!($operand)),*],
            kinds: &[$(stringify!($kind)),*],
            effect: $effect,
            growth: $growth,
            cost: $cost,
        }),*];

        impl Instruction {
            /// The row of the table.
            #[must_use]
            pub fn row(self) -> &'static Row {
                #[derive(Clone, Copy)]
                enum Position { $($variant),* }
                &TABLE[match self { $(Instruction::$variant(..) => Position::$variant),* } as usize]
            }

            /// Appends opcode and operands.
            pub fn write(self, out: &mut Vec<u8>) {
                out.push(self.row().code);
                match self { $(Instruction::$variant($($operand),*) => { $($operand.write(out);)* })* }
            }

            /// The type it names, if it names one.
            #[must_use]
            pub fn named_type(self) -> Option<TypeId> {
                match self { $(Instruction::$variant($($operand),*) => None$(.or($operand.as_type()))*),* }
            }

            /// The function it names, if it names one: a callee or the body of a fold.
            #[must_use]
            pub fn callee(self) -> Option<FunctionId> {
                match self { $(Instruction::$variant($($operand),*) => None$(.or($operand.as_function()))*),* }
            }

            /// Reads opcode and operands.
            ///
            /// # Errors
            /// `Malformed` with the offset, for an opcode that is not in the table or an operand that
            /// is not in its shortest form.
            pub fn read(reader: &mut Reader<'_>) -> Result<Instruction, Malformed> {
                let at = reader.offset();
                match reader.byte()? {
                    $($code => Ok(Instruction::$variant($(<$kind as Operand>::read(reader)?),*)),)*
                    opcode => Err(Malformed::unknown_opcode(at, opcode)),
                }
            }
        }
    };
}

instructions! {
    0x01 Push()                          "push"   Some(1),  1, "(a; S) -> (a; a:S)";
    0x02 Swap()                          "swap"   Some(0),  1, "(a; b:S) -> (b; a:S)";
    0x03 Pop()                           "pop"    Some(-1), 1, "(a; b:S) -> (b; S)";
    0x04 Drop(count: u32)                "drop"   None,     1, "(a; x1:..:xn:S) -> (a; S), n >= 1";
    0x05 Acc(index: u32)                 "acc"    Some(0),  1, "(a; S) -> (S[n]; S)";
    0x06 Int(integer: i64)               "int"    Some(0),  1, "(a; S) -> (Int; S)";
    0x07 Quote(constant: u32)            "quote"  Some(0),  1, "(a; S) -> (the constant's type; S)";
    0x10 Tuple(product: TypeId)          "tuple"  None,     2, "(an; ..:a1:S) -> (a1 x .. x an; S); (a; S) -> (Unit; S) for n = 0";
    0x11 Project(part: u32)              "proj"   Some(0),  1, "(a1 x .. x an; S) -> (ai; S)";
    0x12 With(part: u32)                 "with"   Some(-1), 2, "(ai; a1 x .. x an:S) -> (a1 x .. x an; S)";
    0x13 Inject(sum: TypeId, constructor: u32) "inj" Some(0), 1, "(di; S) -> (d1 + .. + dn; S)";
    0x14 Case()                          "case"   Some(0),  1, "(d1 + .. + dn; S): arm i starts (di; S), every arm ends (d; S)";
    0x15 Else()                          "else"   Some(0),  0, "ends an arm, starts the next";
    0x16 End()                           "end"    Some(0),  0, "ends the last arm, or the body";
    0x18 Call(function: FunctionId)      "call"   Some(0),  3, "(domain; S) -> (codomain; S), of an earlier function";
    0x1B Abort(result: TypeId)           "abort"  Some(0),  1, "(Int; S) -> (d; S); never gets there";
    0x20 Add()                           "add"    Some(-1), 1, "(Int; Int:S) -> (Int; S), may overflow";
    0x21 Subtract()                      "sub"    Some(-1), 1, "(Int; Int:S) -> (Int; S), may overflow";
    0x22 Multiply()                      "mul"    Some(-1), 1, "(Int; Int:S) -> (Int; S), may overflow";
    0x23 Divide()                        "div"    Some(-1), 2, "(Int; Int:S) -> (Int; S), Euclidean, may overflow or divide by zero";
    0x24 Remainder()                     "rem"    Some(-1), 2, "(Int; Int:S) -> (Int; S), Euclidean, may divide by zero";
    0x30 Equal()                         "eq"     Some(-1), 2, "(d; d:S) -> (Bool; S)";
    0x31 Compare()                       "cmp"    Some(-1), 2, "(k; k:S) -> (Ordering; S)";
    0x32 Less()                          "lt"     Some(-1), 1, "(Int; Int:S) -> (Bool; S)";
    0x33 LessOrEqual()                   "le"     Some(-1), 1, "(Int; Int:S) -> (Bool; S)";
    0x50 ListEmpty(list: TypeId)         "lnil"   Some(0),  2, "(a; S) -> (List d; S)";
    0x51 ListPush()                      "lpush"  Some(-1), 4, "(d; List d:S) -> (List d; S)";
    0x52 ListLength()                    "llen"   Some(0),  1, "(List d; S) -> (Int; S)";
    0x58 ListFold(body: FunctionId)      "lfold"  Some(-2), 4, "(List d; e:c:S) -> (e; S), body c x e x d -> e";
    0x60 MapEmpty(map: TypeId)           "mnil"   Some(0),  2, "(a; S) -> (Map k d; S)";
    0x61 MapLength()                     "mlen"   Some(0),  1, "(Map k d; S) -> (Int; S)";
    0x62 MapGet(option: TypeId)          "mget"   Some(-1), 8, "(k; Map k d:S) -> (Option d; S)";
    0x63 MapPut()                        "mput"   Some(-2), 12, "(d; k:Map k d:S) -> (Map k d; S)";
    0x64 MapDelete()                     "mdel"   Some(-1), 12, "(k; Map k d:S) -> (Map k d; S)";
    0x68 MapFold(body: FunctionId)       "mfold"  Some(-2), 4, "(Map k d; e:c:S) -> (e; S), body c x e x k x d -> e, in key order";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opcodes_rise_and_names_are_unique() {
        for pair in TABLE.windows(2) {
            assert!(
                pair[0].code < pair[1].code,
                "{} before {}",
                pair[0].mnemonic,
                pair[1].mnemonic
            );
        }
        let mut names: Vec<_> = TABLE.iter().map(|row| row.mnemonic).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn every_row_is_found_by_its_instruction() {
        assert_eq!(Instruction::Push().row().mnemonic, "push");
        assert_eq!(Instruction::MapFold(FunctionId(0)).row().mnemonic, "mfold");
    }
}

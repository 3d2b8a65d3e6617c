//! The table of instructions: number, name, operands, stack effect, cost, and the format in which it came
//! stand here and nowhere else.
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
use crate::reader::{Checked, Reader};
use crate::types::TypeId;
use crate::writer::{write_integer, write_number};

/// An operand as it stands in the byte stream.
trait Operand: Copy {
    fn write(self, out: &mut Vec<u8>);
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed>;
    fn unpack(bytes: &mut Checked<'_>) -> Self;
    fn as_type(self) -> Option<TypeId> {
        None
    }
    fn as_function(self) -> Option<FunctionId> {
        None
    }
    fn renamed(self, _names: &dyn Names) -> Self {
        self
    }
}

/// New names for the types and functions that an instruction has as operands.
pub(crate) trait Names {
    fn type_name(&self, id: TypeId) -> TypeId;
    fn function_name(&self, function: FunctionId) -> FunctionId;
}

impl Operand for u32 {
    fn write(self, out: &mut Vec<u8>) {
        write_number(out, u64::from(self));
    }
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Result<u32, Malformed> {
        reader.index()
    }
    #[inline]
    fn unpack(bytes: &mut Checked<'_>) -> u32 {
        bytes.index()
    }
}

impl Operand for i64 {
    fn write(self, out: &mut Vec<u8>) {
        write_integer(out, self);
    }
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Result<i64, Malformed> {
        reader.integer()
    }
    #[inline]
    fn unpack(bytes: &mut Checked<'_>) -> i64 {
        bytes.integer()
    }
}

impl Operand for TypeId {
    fn write(self, out: &mut Vec<u8>) {
        write_number(out, u64::from(self.0));
    }
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Result<TypeId, Malformed> {
        reader.index().map(TypeId)
    }
    #[inline]
    fn unpack(bytes: &mut Checked<'_>) -> TypeId {
        TypeId(bytes.index())
    }
    fn as_type(self) -> Option<TypeId> {
        Some(self)
    }
    fn renamed(self, names: &dyn Names) -> TypeId {
        names.type_name(self)
    }
}

impl Operand for FunctionId {
    fn write(self, out: &mut Vec<u8>) {
        write_number(out, u64::from(self.0));
    }
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Result<FunctionId, Malformed> {
        reader.index().map(FunctionId)
    }
    #[inline]
    fn unpack(bytes: &mut Checked<'_>) -> FunctionId {
        FunctionId(bytes.index())
    }
    fn as_function(self) -> Option<FunctionId> {
        Some(self)
    }
    fn renamed(self, names: &dyn Names) -> FunctionId {
        names.function_name(self)
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
    /// The first format that has it.
    pub since: u64,
    /// What it does to register and stack.
    pub effect: &'static str,
    /// Change of the stack's height, where it does not depend on an operand.
    pub growth: Option<i32>,
    /// Fuel charged for it, before what its operands' sizes add.
    pub cost: u64,
    /// How it can end, and how it is paid for.
    pub manner: Manner,
}

/// The columns that the verifier adds up, by opcode, so small that they stay in the cache.
#[derive(Clone, Copy)]
pub(crate) struct Charge {
    pub(crate) cost: u8,
    pub(crate) manner: Manner,
}

impl Charge {
    /// Nothing for an opcode that is not in the table.
    #[inline]
    pub(crate) fn of(opcode: u8) -> Charge {
        CHARGES[usize::from(opcode)]
    }
}

/// How an instruction can end, and how it is paid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manner {
    /// Whether it may trap for another reason than fuel.
    pub traps: bool,
    /// Whether it is charged by the sizes of its operands as well.
    pub sized: bool,
    /// Whether it is charged by rounds, or by what it is handed to run.
    pub loops: bool,
}

/// It has a result, and costs what the table says.
pub(crate) const TOTAL: Manner = Manner {
    traps: false,
    sized: false,
    loops: false,
};
const TRAPS: Manner = Manner {
    traps: true,
    ..TOTAL
};
const SIZED: Manner = Manner {
    sized: true,
    ..TOTAL
};
const BUILDS: Manner = Manner {
    traps: true,
    sized: true,
    ..TOTAL
};
const LOOPS: Manner = Manner {
    loops: true,
    ..TOTAL
};
/// Its keys are compared as well.
const STORES: Manner = Manner {
    sized: true,
    ..LOOPS
};

macro_rules! instructions {
    ($($code:literal $variant:ident($($operand:ident: $kind:ty),*) $mnemonic:literal
       $since:literal, $growth:expr, $cost:literal, $manner:expr, $effect:literal;)*) => {
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
            since: $since,
            effect: $effect,
            growth: $growth,
            cost: $cost,
            manner: $manner,
        }),*];

        const CHARGES: [Charge; 256] = {
            let mut charges = [Charge { cost: 0, manner: TOTAL }; 256];
            $(charges[$code] = Charge { cost: $cost, manner: $manner };)*
            charges
        };

        impl Instruction {
            /// The row of the table.
            #[must_use]
            #[inline]
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
            #[inline]
            pub fn named_type(self) -> Option<TypeId> {
                match self { $(Instruction::$variant($($operand),*) => None$(.or($operand.as_type()))*),* }
            }

            /// The same instruction under other names of types and functions.
            pub(crate) fn renamed(self, names: &dyn Names) -> Instruction {
                match self { $(Instruction::$variant($($operand),*) =>
                    Instruction::$variant($($operand.renamed(names)),*)),* }
            }

            /// The function it names, if it names one: a callee, or the body of a closure or of rounds.
            #[must_use]
            #[inline]
            pub fn callee(self) -> Option<FunctionId> {
                match self { $(Instruction::$variant($($operand),*) => None$(.or($operand.as_function()))*),* }
            }

            /// Takes apart the next instruction of bytes that are known to be canonical.
            #[inline(always)]
            pub(crate) fn unpack(bytes: &mut Checked<'_>) -> Option<Instruction> {
                Some(match bytes.byte()? {
                    $($code => Instruction::$variant($(<$kind as Operand>::unpack(bytes)),*),)*
                    _ => return None,
                })
            }

            /// Reads opcode and operands.
            ///
            /// # Errors
            /// `Malformed` with the offset, for an opcode that is not in the table or an operand that
            /// is not in its shortest form.
            #[inline(always)] // where the operands are not wanted, none are kept
            pub fn read(reader: &mut Reader<'_>) -> Result<Instruction, Malformed> {
                let at = reader.offset();
                match reader.byte()? {
                    $($code => {
                        reader.met($since);
                        Ok(Instruction::$variant($(<$kind as Operand>::read(reader)?),*))
                    })*
                    opcode => Err(Malformed::unknown_opcode(at, opcode)),
                }
            }
        }
    };
}

instructions! {
    0x01 Push()                          "push"   1, Some(1),  1,  TOTAL, "(a; S) -> (a; a:S)";
    0x02 Swap()                          "swap"   1, Some(0),  1,  TOTAL, "(a; b:S) -> (b; a:S)";
    0x03 Pop()                           "pop"    1, Some(-1), 1,  TOTAL, "(a; b:S) -> (b; S)";
    0x04 Drop(count: u32)                "drop"   1, None,     1,  TOTAL, "(a; x1:..:xn:S) -> (a; S), n >= 1";
    0x05 Acc(index: u32)                 "acc"    1, Some(0),  1,  TOTAL, "(a; S) -> (S[n]; S)";
    0x06 Int(integer: i64)               "int"    1, Some(0),  1,  TOTAL, "(a; S) -> (Int; S)";
    0x07 Quote(constant: u32)            "quote"  1, Some(0),  1,  TOTAL, "(a; S) -> (the constant's type; S)";
    0x10 Tuple(product: TypeId)          "tuple"  1, None,     2,  TOTAL, "(an; ..:a1:S) -> (a1 x .. x an; S); (a; S) -> (Unit; S) for n = 0";
    0x11 Project(part: u32)              "proj"   1, Some(0),  1,  TOTAL, "(a1 x .. x an; S) -> (ai; S)";
    0x12 With(part: u32)                 "with"   1, Some(-1), 2,  TOTAL, "(ai; a1 x .. x an:S) -> (a1 x .. x an; S)";
    0x13 Inject(sum: TypeId, constructor: u32) "inj" 1, Some(0), 1,  TOTAL, "(di; S) -> (d1 + .. + dn; S)";
    0x14 Case()                          "case"   1, Some(0),  1,  TOTAL, "(d1 + .. + dn; S): arm i starts (di; S), every arm ends (d; S)";
    0x15 Else()                          "else"   1, Some(0),  0,  TOTAL, "ends an arm, starts the next";
    0x16 End()                           "end"    1, Some(0),  0,  TOTAL, "ends the last arm, or the body";
    0x18 Call(function: FunctionId)      "call"   1, Some(0),  3,  TOTAL, "(domain; S) -> (codomain; S), of an earlier function";
    0x19 Curry(body: FunctionId, closure: TypeId) "cur" 2, Some(0), 2, TOTAL, "(c; S) -> (Fn a b; S), body c x a -> b";
    0x1A Apply()                         "app"    2, Some(-1), 3, LOOPS, "(a; Fn a b:S) -> (b; S)";
    0x1B Abort(result: TypeId)           "abort"  1, Some(0),  1,  TRAPS, "(Int; S) -> (d; S); never gets there";
    0x20 Add()                           "add"    1, Some(-1), 1,  TRAPS, "(Int; Int:S) -> (Int; S), may overflow";
    0x21 Subtract()                      "sub"    1, Some(-1), 1,  TRAPS, "(Int; Int:S) -> (Int; S), may overflow";
    0x22 Multiply()                      "mul"    1, Some(-1), 1,  TRAPS, "(Int; Int:S) -> (Int; S), may overflow";
    0x23 Divide()                        "div"    1, Some(-1), 2,  TRAPS, "(Int; Int:S) -> (Int; S), Euclidean, may overflow or divide by zero";
    0x24 Remainder()                     "rem"    1, Some(-1), 2,  TRAPS, "(Int; Int:S) -> (Int; S), Euclidean, may divide by zero";
    0x25 MultiplyDivide()                "muldiv" 2, Some(-2), 3,  TRAPS, "(Int; Int:Int:S) -> (Int; S), a * b / c with a 128-bit middle, Euclidean, may overflow or divide by zero";
    0x26 AddWrapping()                   "addw"   2, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Int; S), modulo 2^64";
    0x27 SubtractWrapping()              "subw"   2, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Int; S), modulo 2^64";
    0x28 MultiplyWrapping()              "mulw"   2, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Int; S), modulo 2^64";
    0x29 And()                           "and"    2, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Int; S), bit by bit";
    0x2A Or()                            "or"     2, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Int; S), bit by bit";
    0x2B Xor()                           "xor"    2, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Int; S), bit by bit";
    0x2C ShiftLeft()                     "shl"    2, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Int; S), by the amount modulo 64";
    0x2D ShiftRight()                    "shr"    2, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Int; S), by the amount modulo 64, keeps the sign";
    0x2E ShiftRightUnsigned()            "shru"   2, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Int; S), by the amount modulo 64, fills with zeros";
    0x30 Equal()                         "eq"     1, Some(-1), 2,  SIZED, "(d; d:S) -> (Bool; S)";
    0x31 Compare()                       "cmp"    1, Some(-1), 2,  SIZED, "(k; k:S) -> (Ordering; S)";
    0x32 Less()                          "lt"     1, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Bool; S)";
    0x33 LessOrEqual()                   "le"     1, Some(-1), 1,  TOTAL, "(Int; Int:S) -> (Bool; S)";
    0x40 TextConcat()                    "tcat"   2, Some(-1), 2,  BUILDS, "(Text; Text:S) -> (Text; S)";
    0x41 TextLength()                    "tlen"   2, Some(0),  1,  SIZED, "(Text; S) -> (Int; S), in scalar values";
    0x42 TextSlice(option: TypeId)       "tsub"   2, Some(-2), 4,  SIZED, "(Int; Int:Text:S) -> (Option Text; S), so many scalar values from there";
    0x43 TextOfInt()                     "itot"   2, Some(0),  4,  TOTAL, "(Int; S) -> (Text; S), decimal";
    0x44 IntOfText(option: TypeId)       "ttoi"   2, Some(0),  4,  TOTAL, "(Text; S) -> (Option Int; S), what `itot` writes";
    0x45 BytesOfText()                   "ttob"   2, Some(0),  1,  TOTAL, "(Text; S) -> (Bytes; S), UTF-8";
    0x46 TextOfBytes(option: TypeId)     "btot"   2, Some(0),  4,  SIZED, "(Bytes; S) -> (Option Text; S), none unless UTF-8";
    0x47 BytesConcat()                   "bcat"   2, Some(-1), 2,  BUILDS, "(Bytes; Bytes:S) -> (Bytes; S)";
    0x48 BytesLength()                   "blen"   2, Some(0),  1,  TOTAL, "(Bytes; S) -> (Int; S)";
    0x49 BytesGet(option: TypeId)        "bget"   2, Some(-1), 2,  TOTAL, "(Int; Bytes:S) -> (Option Int; S)";
    0x4A BytesSlice(option: TypeId)      "bsub"   2, Some(-2), 4,  SIZED, "(Int; Int:Bytes:S) -> (Option Bytes; S), so many bytes from there";
    0x4B Encode()                        "enc"    2, Some(0),  4,  BUILDS, "(d; S) -> (Bytes; S), the bytes of the value";
    0x4C Hash()                          "hash"   2, Some(0),  16, SIZED, "(Bytes; S) -> (Bytes; S), BLAKE3, 32 bytes";
    0x4D Decode(option: TypeId)          "dec"    3, Some(0),  4,  SIZED, "(Bytes; S) -> (Option d; S), the value whose bytes they are";
    0x50 ListEmpty(list: TypeId)         "lnil"   1, Some(0),  2,  TOTAL, "(a; S) -> (List d; S)";
    0x51 ListPush()                      "lpush"  1, Some(-1), 4,  SIZED, "(d; List d:S) -> (List d; S)";
    0x52 ListLength()                    "llen"   1, Some(0),  1,  TOTAL, "(List d; S) -> (Int; S)";
    0x53 ListGet(option: TypeId)         "lget"   2, Some(-1), 3,  TOTAL, "(Int; List d:S) -> (Option d; S)";
    0x54 ListSet(option: TypeId)         "lset"   2, Some(-2), 8,  SIZED, "(d; Int:List d:S) -> (Option (List d); S), none if there is no such item";
    0x55 ListConcat()                    "lcat"   2, Some(-1), 8,  BUILDS, "(List d; List d:S) -> (List d; S)";
    0x56 ListSlice()                     "lsub"   2, Some(-2), 8,  SIZED, "(Int; Int:List d:S) -> (List d; S), so many items from there, or those that there are";
    0x57 ListMap(body: FunctionId, list: TypeId) "lmap" 2, Some(-1), 4, LOOPS, "(List d; c:S) -> (List e; S), body c x d -> e";
    0x58 ListFold(body: FunctionId)      "lfold"  1, Some(-2), 4,  LOOPS, "(List d; e:c:S) -> (e; S), body c x e x d -> e";
    0x60 MapEmpty(map: TypeId)           "mnil"   1, Some(0),  2,  TOTAL, "(a; S) -> (Map k d; S)";
    0x61 MapLength()                     "mlen"   1, Some(0),  1,  TOTAL, "(Map k d; S) -> (Int; S)";
    0x62 MapGet(option: TypeId)          "mget"   1, Some(-1), 8,  SIZED, "(k; Map k d:S) -> (Option d; S)";
    0x63 MapPut()                        "mput"   1, Some(-2), 16, SIZED, "(d; k:Map k d:S) -> (Map k d; S)";
    0x64 MapDelete()                     "mdel"   1, Some(-1), 12, SIZED, "(k; Map k d:S) -> (Map k d; S)";
    0x65 MapNext(option: TypeId)         "mnext"  2, Some(-1), 10, SIZED, "(Option k; Map k d:S) -> (Option (k x d); S): the least entry, or the least above a key";
    0x66 MapMap(body: FunctionId, map: TypeId) "mmap" 2, Some(-1), 4, STORES, "(Map k d; c:S) -> (Map k e; S), body c x k x d -> e, in key order";
    0x67 MapFilter(body: FunctionId)     "mfilt"  2, Some(-1), 4, STORES, "(Map k d; c:S) -> (Map k d; S), body c x k x d -> Bool, in key order";
    0x68 MapFold(body: FunctionId)       "mfold"  1, Some(-2), 4,  LOOPS, "(Map k d; e:c:S) -> (e; S), body c x e x k x d -> e, in key order";
    0x70 Loop(body: FunctionId, sum: TypeId) "loop" 2, Some(-2), 4, LOOPS, "(Int n; e:c:S) -> (e + r; S), body c x e x Int -> e + r: rounds 0 to n - 1, until one gives an r";
    0x71 TextFind(option: TypeId)        "tfind"  2, Some(-2), 4,  SIZED, "(Int; Text:Text:S) -> (Option Int; S), where the second text is in the first, from there on";
    0x72 TextSplit(list: TypeId)         "tsplit" 2, Some(-1), 8,  SIZED, "(Text; Text:S) -> (List Text; S), what is between the separators";
    0x73 TextJoin()                      "tjoin"  2, Some(-1), 4,  BUILDS, "(Text; List Text:S) -> (Text; S), with the separator between";
    0x74 ListOfText(list: TypeId)        "ttol"   2, Some(0),  6,  SIZED, "(Text; S) -> (List Int; S), its scalar values";
    0x75 TextOfList(option: TypeId)      "ltot"   2, Some(0),  4,  BUILDS, "(List Int; S) -> (Option Text; S), none unless scalar values";
    0x76 ListOfBytes(list: TypeId)       "btol"   2, Some(0),  6,  SIZED, "(Bytes; S) -> (List Int; S), its bytes";
    0x77 BytesOfList(option: TypeId)     "ltob"   2, Some(0),  4,  BUILDS, "(List Int; S) -> (Option Bytes; S), none unless all are 0 to 255";
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

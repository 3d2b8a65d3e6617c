//! The code of a function, held as the bytes that it is written as.
//!
//! Most instructions are one byte, and one that is taken apart is sixteen: a stranger's mebibyte would
//! become sixteen, and touching them for the first time took longer than all rules of typing. Who reads
//! code goes through it once and takes instructions apart on the way. Who jumps in it, the reference
//! interpreter alone, has them taken apart once for all its runs.

use std::fmt;

use crate::instruction::{Charge, Instruction};
use crate::malformed::Malformed;
use crate::reader::{Checked, Reader};

/// Instructions in a row, each in its one canonical form.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Code {
    bytes: Box<[u8]>,
    length: usize,
}

impl Code {
    /// Reads `length` instructions, and keeps their bytes.
    pub(crate) fn read(reader: &mut Reader<'_>, length: usize) -> Result<Code, Malformed> {
        // By value for the while: see `reader`.
        let mut here = reader.clone();
        for _ in 0..length {
            Instruction::read(&mut here)?;
        }
        let bytes = here.since(reader).into();
        *reader = here;
        Ok(Code { bytes, length })
    }

    /// How many instructions it is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is no instruction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The canonical bytes, instruction after instruction.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The instructions in order.
    #[must_use]
    pub fn iter(&self) -> Instructions<'_> {
        Instructions {
            rest: Checked::new(&self.bytes),
        }
    }

    /// The instruction at position `index`, if there is one. Those before it are read on the way.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Instruction> {
        self.iter().nth(index)
    }

    /// The instructions taken apart, to be changed and collected again.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Instruction> {
        let mut all = Vec::with_capacity(self.length);
        all.extend(self);
        all
    }
}

impl FromIterator<Instruction> for Code {
    fn from_iter<I: IntoIterator<Item = Instruction>>(instructions: I) -> Code {
        let (mut bytes, mut length) = (Vec::new(), 0);
        for instruction in instructions {
            instruction.write(&mut bytes);
            length += 1;
        }
        let bytes = bytes.into();
        Code { bytes, length }
    }
}

impl<'a> IntoIterator for &'a Code {
    type Item = Instruction;
    type IntoIter = Instructions<'a>;

    fn into_iter(self) -> Instructions<'a> {
        self.iter()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// The instructions of a [`Code`] in order.
#[derive(Clone)]
pub struct Instructions<'a> {
    rest: Checked<'a>,
}

impl Instructions<'_> {
    /// What is charged for the next instruction.
    #[inline]
    pub(crate) fn charge(&self) -> Option<Charge> {
        self.rest.peek().map(Charge::of)
    }

    /// How many bytes were read.
    pub(crate) fn offset(&self) -> usize {
        self.rest.offset()
    }
}

impl Iterator for Instructions<'_> {
    type Item = Instruction;

    /// The bytes were read or written as instructions, so only their end is no instruction. Were it
    /// otherwise, the code would seem to end there, and the verifier would say so.
    #[inline(always)] // an instruction then stays in registers
    fn next(&mut self) -> Option<Instruction> {
        Instruction::unpack(&mut self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combinator::FunctionId;
    use crate::types::INT;

    #[test]
    fn code_gives_back_the_instructions_it_was_made_of() {
        let instructions = [
            Instruction::Push(),
            Instruction::Int(i64::MIN),
            Instruction::Inject(INT, 300),
            Instruction::Loop(FunctionId(u32::MAX), INT),
            Instruction::End(),
        ];
        let code: Code = instructions.into_iter().collect();
        assert_eq!((code.len(), code.to_vec()), (5, instructions.to_vec()));
        assert_eq!(code.get(4), Some(Instruction::End()));
        assert_eq!(code.get(5), None);
        let read = Code::read(&mut Reader::new(code.bytes()), 5);
        assert_eq!(read.as_ref(), Ok(&code));
        assert!(Code::read(&mut Reader::new(code.bytes()), 6).is_err());
    }
}
